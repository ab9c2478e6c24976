// SPDX-License-Identifier: Apache-2.0

import Files
package import SystemPackage

/// The versioned data of a project, in DVC's files: `.dvc` pointers, the cache, and what git ignores.
///
/// Changes take the lock that DVC takes, so that both can be used on one project.
package struct DataRepository: Sendable {
    /// The folder that holds `.dvc`.
    package let root: FilePath
    /// The contents by hash.
    package let cache: ContentCache
    /// The settings when it was opened.
    package let config: RepositoryConfig
    /// How long to wait for locks that others hold; nil for as long as DVC does, which is about three seconds.
    package var patience: Duration?

    /// Opens the repository that holds `path`.
    ///
    /// - Throws: ``DataVersionsError`` `.notARepository`.
    package static func open(at path: FilePath) throws -> DataRepository {
        var candidate = path.lexicallyNormalized()
        while true {
            if FileSystem.isDirectory(candidate.appending(".dvc")) { return try DataRepository(root: candidate) }
            guard candidate.removeLastComponent() else { break }
        }
        throw DataVersionsError(
            .notARepository,
            what: "cannot version data in `\(path)`",
            why: "neither the folder nor one above it has `.dvc`",
            next: "run `gyre init` in the project's folder"
        )
    }

    /// Opens a second work tree of a repository, which shares the first one's cache.
    package static func open(at path: FilePath, sharingCacheOf other: FilePath) throws -> DataRepository {
        let shared = try open(at: other)
        let base = shared.cache.base
        try FileSystem.createDirectory(path.appending(".dvc"))
        let settings = ConfigEditor(folder: path.appending(".dvc"))
        try settings.set(ConfigName(.plain("cache"), "dir"), to: base.string, .local, in: path)
        return try DataRepository(root: path.lexicallyNormalized())
    }

    /// Makes a repository, with the files that `dvc init` makes; those that exist are kept.
    package static func initialize(at root: FilePath) throws -> DataRepository {
        let folder = root.appending(".dvc")
        try FileSystem.createDirectory(folder)
        let files = [
            (folder.appending("config"), ""), (folder.appending(".gitignore"), "/config.local\n/tmp\n/cache\n"),
            (
                root.appending(".dvcignore"),
                """
                # Add patterns of files dvc should ignore, which could improve
                # the performance. Learn more at
                # https://dvc.org/doc/user-guide/dvcignore

                """
            ),
        ]
        for (path, text) in files where !FileSystem.exists(path) { try AtomicFile.write(text, to: path) }
        return try DataRepository(root: root.lexicallyNormalized())
    }

    private init(root: FilePath) throws {
        self.root = root
        let folder = root.appending(".dvc")
        config = try RepositoryConfig(folder: folder)
        let base = config.value("cache", "dir").map { FilePath($0) } ?? folder.appending("cache")
        cache = ContentCache(
            base: base,
            links: (config.list("cache", "type") ?? []).compactMap { FileCopy.Method(rawValue: $0) },
            isShared: config.value("cache", "shared") == "group"
        )
    }

    // MARK: Contents

    /// The files that git should hold for pointers: their `.dvc` files, and the `.gitignore` files beside them.
    package func gitFiles(of pointers: [DataPointer]) -> [String] {
        var files: [String] = []
        for pointer in pointers {
            let folder = ProjectPath.parts(pointer.path).dropLast()
            let ignore = (folder + [".gitignore"]).joined(separator: "/")
            files.append(pointer.path + ".dvc")
            if FileSystem.exists(root.appending(ignore)), !files.contains(ignore) { files.append(ignore) }
        }
        return files
    }

    /// Puts the content at a path into the cache and returns its pointer; the path stays as it is.
    ///
    /// - Parameter relative: The path as pointers write it.
    /// - Returns: The pointer.
    /// - Throws: ``DataVersionsError`` `.invalidPath`, `.changed`.
    package func store(_ relative: String) async throws -> DataPointer {
        guard let image = try await WorkTree(root: root, cache: cache).images(of: [relative], storing: true)[0] else {
            throw missing(relative)
        }
        return image.pointer
    }

    /// The pointer that a path would get, without storing anything; nil if nothing is there.
    package func measure(_ relative: String) async throws -> DataPointer? { try await measure([relative])[0] }

    /// The pointers that paths would get, without storing anything; nil where nothing is.
    package func measure(_ relatives: [String]) async throws -> [DataPointer?] {
        try await WorkTree(root: root, cache: cache).images(of: relatives).map { $0?.pointer }
    }

    /// Adds lines to `.gitignore` for paths that git does not ignore yet.
    ///
    /// Those whose folder is not there are left until they are written.
    package func ignore(_ relatives: [String]) async throws {
        guard try config.bool("core", "no_scm") != true else { return }
        let root = root
        let open = try await BlockingPool.shared.run {
            relatives.filter { relative in
                let path = root.pushing(FilePath(relative))
                return !GitIgnore.has(path) && FileSystem.exists(path.removingLastComponent())
            }
        }
        guard !open.isEmpty else { return }
        let ignored = try await Git(root: root).ignored(open)
        try await BlockingPool.shared.run {
            for relative in open where !ignored.contains(relative) { try GitIgnore.add(root.appending(relative)) }
        }
    }

    // MARK: Pointers

    /// All pointers of the work tree, sorted by path: those of `.dvc` files.
    package func pointers() async throws -> [DataPointer] {
        try await outputs().compactMap { $0.isCached ? $0.pointer : nil }
    }

    /// The outputs that the work tree names.
    ///
    /// - Parameter sources: Who else names outputs, besides `.dvc` files.
    /// - Returns: The outputs, those of `.dvc` files first.
    /// - Throws: ``DataVersionsError`` `.invalidFile`, ``DocumentError``.
    package func outputs(_ sources: [any OutputSource] = []) async throws -> [TrackedOutput] {
        let tree = FileTree.workTree(root)
        var outputs = try await PointerFiles().outputs(in: tree)
        for source in sources { outputs += try await source.outputs(in: tree) }
        return outputs
    }

    /// The pointers in a `.dvc` file.
    package func pointers(file relative: String) throws -> [DataPointer] {
        try PointerFile.pointers(try text(of: relative), file: relative)
    }

    // MARK: Parts

    /// A path as it is written in pointers: relative to the root.
    ///
    /// - Throws: ``DataVersionsError`` `.invalidPath` if it does not lie in the project, or a link leads there.
    package func relative(_ path: FilePath) throws -> String {
        var rest = path.lexicallyNormalized()
        guard rest.removePrefix(root) else { throw refusal("\(path)", "it does not lie inside `\(root)`") }
        guard !rest.isEmpty else {
            throw refusal("\(path)", "it is the repository itself", next: "name files or folders in it")
        }
        try checkPlace(rest.string)
        return rest.string
    }

    /// Whether a path may be read and written below the root: no link leads out of it, and it is not ours or git's.
    package func checkPlace(_ relative: String) throws {
        let parts = ProjectPath.parts(relative)
        if let first = parts.first, [".git", ".dvc", ".gyre"].contains(first) {
            throw refusal(relative, "`\(first)` holds no data of the project")
        }
        for count in 1..<max(parts.count, 1) {
            let folder = parts.prefix(count).joined(separator: "/")
            // What is not there yet is no link.
            if (try? FileSystem.status(of: root.appending(folder), followingLinks: false))?.isSymlink == true {
                throw refusal(relative, "`\(folder)` is a link to another folder")
            }
        }
    }

    func refusal(_ path: String, _ why: String, next: String? = nil) -> DataVersionsError {
        DataVersionsError(.invalidPath, what: "cannot version `\(path)`", why: why, next: next)
    }

    func missing(_ relative: String) -> DataVersionsError {
        guard (try? FileSystem.status(of: root.appending(relative), followingLinks: false))?.isSymlink == true else {
            return refusal(relative, "there is no such file or folder")
        }
        return refusal(relative, "the link leads to no file or folder", next: "correct or remove it")
    }

    func text(of relative: String) throws -> String {
        try FileReader.text(of: root.appending(relative), limit: 1 << 20)
    }
}
