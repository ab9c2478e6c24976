// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Files
package import SystemPackage

/// Makes a folder a project.
package struct ProjectFounder: Sendable {
    /// What was made.
    package struct Report: Sendable {
        /// The project's folder.
        package let root: FilePath
        /// The files that were written, relative to it; those that existed are not among them.
        package let written: [String]
        /// Whether a git repository was made.
        package let madeRepository: Bool
    }

    /// How the folder becomes a repository of data, as options of DVC have it.
    package struct Wishes: Sendable {
        /// Whether no git is to hold the small files.
        package var withoutGit = false
        /// Whether the folder may lie inside of a git repository.
        package var isBelowGit = false
        /// Whether a `.dvc` that is there makes way, with its cache.
        package var replaces = false

        /// As for a folder of its own.
        package init() {}
    }

    private let example: Example?
    private let wishes: Wishes

    /// A founder that starts from an example, or from an empty `gyre.yaml`.
    package init(example: Example? = nil, _ wishes: Wishes = Wishes()) {
        self.example = example
        self.wishes = wishes
    }

    /// Makes a folder a project.
    ///
    /// Doing it twice changes nothing; files that exist are kept. If it fails, what it made is gone again.
    package func found(_ folder: FilePath) async throws -> Report {
        let isNew = !FileSystem.exists(folder)
        // What there is before is not ours to remove.
        let own = [".git", ".dvc", ".dvcignore", ".gyre"].map { folder.appending($0) }.filter { !FileSystem.exists($0) }
        var written: [String] = []
        do {
            return try await found(folder, &written)
        } catch {
            // The first failure is the one to report; what cannot be removed now stays.
            for path in own + written.map({ folder.appending($0) }) { try? FileSystem.removeTree(path) }
            if isNew { try? FileSystem.removeTree(folder) }
            throw error
        }
    }

    private func found(_ folder: FilePath, _ written: inout [String]) async throws -> Report {
        // First, because it tells a folder that takes no changes best.
        try Workspace(root: folder).prepareState()
        let git = Git(root: folder)
        let isNewData = wishes.replaces || !FileSystem.exists(folder.appending(".dvc"))
        if isNewData, !wishes.withoutGit, !wishes.isBelowGit, let top = try await git.top(), top != folder {
            throw DataVersionsError(
                .invalidPath,
                what: "cannot make `\(folder)` a project",
                why: "it lies inside of the git repository `\(top)`",
                next: "pass `--subdir` if it shall be one of its own there, or `--no-scm`"
            )
        }
        let hasRepository = try await git.isRepository()
        let madeRepository = !wishes.withoutGit && !hasRepository
        if madeRepository { try await git.initialize() }
        if wishes.replaces { try FileSystem.removeTree(folder.appending(".dvc")) }
        for (path, bytes) in files(folder) {
            let target = folder.appending(path)
            guard !FileSystem.exists(target) else { continue }
            try FileSystem.createDirectory(target.removingLastComponent())
            try AtomicFile.write(bytes, to: target)
            written.append(path)
        }
        _ = try DataRepository.initialize(at: folder)
        if isNewData, wishes.withoutGit {
            try ConfigEditor(folder: folder.appending(".dvc"))
                .set(.init(.plain("core"), "no_scm"), to: "True", .repo, in: folder)
        }
        // As dvc does: what is to be committed first is at hand.
        if isNewData, !wishes.withoutGit { try await git.add([".dvc/.gitignore", ".dvc/config", ".dvcignore"]) }
        return Report(root: folder, written: written, madeRepository: madeRepository)
    }

    private func files(_ folder: FilePath) -> [(path: String, bytes: [UInt8])] {
        if let example { return example.files }
        let name = folder.lastComponent?.string ?? "project"
        let text = """
            # What Gyre knows about this project. Every key may be left out.
            project: \(YAMLText.scalar(name))

            """
        return [("gyre.yaml", Array(text.utf8))]
    }
}
