// SPDX-License-Identifier: Apache-2.0

import Files
package import SystemPackage

/// Another repository, looked at from outside at one of its commits: its files, and the data that its pointers name.
///
/// Nothing of it is changed, and nothing is copied that nobody asks for.
package struct Origin: Sendable {
    /// A file of the commit, or data that a pointer names.
    package struct Output: Sendable, Hashable {
        /// The path from the repository's root.
        package let path: String
        /// The MD5, with `.dir` behind it for a folder.
        package let md5: String
        /// The size in bytes, if the pointer says it.
        package let size: Int64?
        /// How many files a folder has.
        package let fileCount: Int?
        /// Whether it is a file to run.
        package let isExecutable: Bool
        /// Whether DVC 2 made it: its hash has another meaning, and its content lies at another place.
        package let isLegacy: Bool

        /// Whether it is a folder.
        package var isDirectory: Bool { md5.hasSuffix(".dir") }
    }

    /// The address as it was given.
    package let address: String
    /// The revision as it was given.
    package let revision: String?
    /// The full id of the commit.
    package let commit: String
    /// The folder of a local repository; nil for a clone.
    let local: FilePath?
    /// The files that git holds, by path.
    let files: [GitObjects.File]
    /// The data that pointers name.
    package let outputs: [Output]
    /// The settings of the repository: where its data is.
    let config: RepositoryConfig
    let objects: GitObjects

    /// Opens a repository at a commit.
    ///
    /// - Parameters:
    ///   - address: A folder, or a URL of git's.
    ///   - revision: A branch, a tag or a commit; what is checked out, or the default branch, if nil.
    ///   - folder: The folder that a relative address begins at.
    ///   - clones: Where clones are kept.
    ///   - stages: Knows the folders of stages that templates name.
    ///   - sizes: Whether the sizes of git's files are known then, for which a clone has to fetch every one.
    /// - Returns: The place, at one commit of it.
    /// - Throws: ``DataVersionsError`` `.git` if there is no such repository or revision.
    package static func open(
        _ address: String,
        revision: String? = nil,
        from folder: FilePath,
        clones: OriginClones,
        stages: StageFolders,
        sizes: Bool = false
    ) async throws -> Origin {
        let local = try await localFolder(address, from: folder)
        let (place, commit): (FilePath, String)
        if let local {
            let objects = GitObjects(root: local)
            var found = try await objects.commit(revision ?? "HEAD")
            if found == nil, let revision { found = try await objects.commit("origin/\(revision)") }
            guard let found else { throw unknownRevision(revision ?? "HEAD", address) }
            (place, commit) = (local, found)
        } else {
            (place, commit) = try await clones.clone(address, revision: revision)
        }
        let objects = GitObjects(root: place)
        let files = try await objects.files(of: commit, sizes: sizes)
        let reader = OriginPointers(files: files, objects: objects, folders: stages)
        let outputs = try await reader.outputs()
        return Origin(
            address: address,
            revision: revision,
            commit: commit,
            local: local,
            files: files,
            outputs: outputs,
            config: try await config(files, objects, local, place),
            objects: objects
        )
    }

    /// Settings of the commit; for a folder, those that count there now, which may name places that git does not know.
    private static func config(
        _ files: [GitObjects.File],
        _ objects: GitObjects,
        _ local: FilePath?,
        _ place: FilePath
    ) async throws -> RepositoryConfig {
        if let local, FileSystem.isDirectory(local.appending(".dvc")) {
            return try RepositoryConfig(folder: local.appending(".dvc"))
        }
        let file = files.first { $0.path == ".dvc/config" }
        let bytes = try await file.asyncMap { try await objects.contents(of: [$0.object])[$0.object] } ?? nil
        let text = bytes.map { String(decoding: $0, as: UTF8.self) } ?? ""
        return try RepositoryConfig(text: text, file: place.appending(".dvc").appending("config"))
    }

    /// The root of the work tree that an address names as a folder; nil if it names none.
    private static func localFolder(_ address: String, from folder: FilePath) async throws -> FilePath? {
        let path = address.hasPrefix("file://") ? String(address.dropFirst("file://".count)) : address
        let place = folder.pushing(FilePath(path)).lexicallyNormalized()
        guard FileSystem.isDirectory(place) else {
            guard !address.contains("://"), !address.contains(":") else { return nil }
            throw DataVersionsError(
                .git,
                what: "cannot look into `\(address)`",
                why: "there is no such folder, and it is no URL",
                next: "name a git repository by its folder or its URL"
            )
        }
        let program = GitProgram(root: place)
        let answer = try await program.run(["rev-parse", "--show-toplevel"], paths: .own)
        // A bare repository has no work tree; it is as good a place to read from.
        if answer.code == 0 { return FilePath(answer.line) }
        guard answer.error.contains("work tree") else { throw program.failure(["rev-parse"], answer) }
        return place
    }

    static func unknownRevision(_ revision: String, _ address: String) -> DataVersionsError {
        DataVersionsError(
            .git,
            what: "cannot look into `\(address)`",
            why: "it has no revision `\(revision)`",
            next: "name a branch, a tag or a commit of it by `--rev`"
        )
    }
}

extension Optional where Wrapped: Sendable {
    fileprivate func asyncMap<T>(_ body: (Wrapped) async throws -> T) async rethrows -> T? {
        guard let self else { return nil }
        return try await body(self)
    }
}
