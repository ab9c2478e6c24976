// SPDX-License-Identifier: Apache-2.0

import Files
package import SystemPackage

/// Bare clones of other repositories, kept beside each other so that the next look is quick.
///
/// A clone has the commits that were asked for, without their history, and of their files only those that were read.
package struct OriginClones: Sendable {
    private let folder: FilePath

    /// Clones in a folder, which need not exist.
    package init(folder: FilePath) { self.folder = folder }

    /// The clones of this user, in the system's temporary folder.
    package static func shared(user: UInt32, temporary: FilePath = "/tmp") -> OriginClones {
        OriginClones(folder: temporary.appending("gyre-origins-\(user)"))
    }

    /// The clone of an address with a commit in it.
    ///
    /// - Parameters:
    ///   - address: A URL of git's.
    ///   - revision: A branch, a tag or a commit; the default branch if nil.
    /// - Returns: The clone's folder and the full id of the commit.
    /// - Throws: ``DataVersionsError`` `.git` with git's words if there is no such repository or revision.
    func clone(_ address: String, revision: String?) async throws -> (folder: FilePath, commit: String) {
        let place = folder.appending(String(FileHashing.digest(of: Array(address.utf8), .sha256).hex.prefix(32)))
        try FileSystem.createDirectory(folder)
        // Other users' eyes have no business in what may be private code.
        try FileSystem.setPermissions([.ownerReadWriteExecute], of: folder)
        let lock = try await lock(place)
        defer { lock.release() }
        if !FileSystem.exists(place.appending("HEAD")) { try await create(place, address) }
        let objects = GitObjects(root: place)
        if let revision, revision.count == 40, let commit = try await objects.commit(revision) {
            return (place, commit)
        }
        if let commit = try await fetchOne(revision ?? "HEAD", objects) { return (place, commit) }
        // Servers give single commits by full names only: the rest needs the whole history, of which no file comes.
        let isShallow = FileSystem.exists(place.appending("shallow"))
        _ = try await objects.program.checked(
            ["fetch", "-q", "--filter=blob:none", "--tags", "--force"] + (isShallow ? ["--unshallow"] : [])
                + ["origin", "+refs/heads/*:refs/remotes/origin/*"],
            paths: .own
        )
        for name in [revision ?? "HEAD", "origin/\(revision ?? "HEAD")"] {
            if let commit = try await objects.commit(name) { return (place, commit) }
        }
        throw Origin.unknownRevision(revision ?? "HEAD", address)
    }

    private func fetchOne(_ name: String, _ objects: GitObjects) async throws -> String? {
        let answer = try await objects.program.run(
            ["fetch", "-q", "--depth", "1", "--filter=blob:none", "--no-tags", "--force", "origin", name],
            paths: .own
        )
        if answer.code == 0 { return try await objects.commit("FETCH_HEAD") }
        // What is no answer about the name is one about the repository.
        let words = answer.error
        let isAboutName = ["couldn't find remote ref", "not our ref", "unadvertised object", "invalid refspec"]
        if isAboutName.contains(where: words.contains) { return nil }
        throw objects.program.failure(["fetch"], answer)
    }

    private func create(_ place: FilePath, _ address: String) async throws {
        let building = folder.appending(".\(UInt64.random(in: .min ... .max))")
        try FileSystem.createDirectory(building)
        defer {
            // What was renamed is gone from here.
            try? FileSystem.removeTree(building)
        }
        let program = GitProgram(root: building)
        _ = try await program.checked(["init", "-q", "--bare", "--template=", "."], paths: .own)
        for (key, value) in [
            ("remote.origin.url", address), ("remote.origin.promisor", "true"),
            ("remote.origin.partialclonefilter", "blob:none"), ("core.repositoryformatversion", "1"),
            ("extensions.partialClone", "origin"), ("gc.auto", "0"),
        ] {
            _ = try await program.checked(["config", key, value], paths: .own)
        }
        try FileSystem.removeTree(place)
        try FileSystem.rename(building, to: place)
    }

    /// Waits for another process that fetches into the same clone.
    private func lock(_ place: FilePath) async throws -> FileLock {
        let file = FilePath(place.string + ".lock")
        var pause = Duration.milliseconds(20)
        while true {
            do { return try FileLock.acquire(file, mode: .exclusive, owner: "gyre") } catch {
                guard error.code == .locked else { throw error }
                try await Task.sleep(for: pause)
                pause = min(pause * 2, .seconds(1))
            }
        }
    }
}
