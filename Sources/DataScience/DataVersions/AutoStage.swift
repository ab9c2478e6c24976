// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage

extension DataRepository {
    /// Does work, and stages for the next commit what it changed of the files that git holds, if `core.autostage` says so.
    ///
    /// Those are `.dvc` files, `dvc.yaml`, `dvc.lock` and `.gitignore`. If the work fails nothing is staged, as in DVC.
    ///
    /// - Throws: what `work` throws; ``DataVersionsError`` `.git`.
    package func staging<Result>(_ work: () async throws -> Result) async throws -> Result {
        guard try config.bool("core", "autostage") == true, try config.bool("core", "no_scm") != true else {
            return try await work()
        }
        let git = Git(root: root)
        guard try await git.isRepository() else { return try await work() }
        let before = try await git.dataFiles()
        let result = try await work()
        let after = try await git.dataFiles()
        let changed = Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }
        try await git.stage(changed.sorted())
        return result
    }
}

extension Git {
    /// The state of each file of DVC that git holds or would take, by its path from the root.
    fileprivate func dataFiles() async throws -> [String: FileStatus] {
        let patterns = ["*.dvc", "dvc.yaml", "dvc.lock", ".gitignore", ".dvcignore"].map { ":(glob)**/\($0)" }
        let list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--"] + patterns
        let names = try await program.checked(list, paths: .own).split(separator: "\0").map(String.init)
        let root = root
        return try await BlockingPool.shared.run {
            var states: [String: FileStatus] = [:]
            for name in names {
                states[name] = try? FileSystem.status(of: root.pushing(FilePath(name)), followingLinks: false)
            }
            return states
        }
    }

    /// Takes files as they are now, or that they are gone, for the next commit.
    fileprivate func stage(_ files: [String]) async throws {
        for chunk in Self.chunks(files) {
            _ = try await program.checked(["update-index", "--add", "--remove", "--"] + chunk)
        }
    }
}
