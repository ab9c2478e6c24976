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

    // MARK: Add

    /// Makes a data version of each path: content into the cache, a line in `.gitignore`, a `.dvc` file beside the data.
    ///
    /// Nothing is written before all paths are looked at. Doing it again is safe, also after a crash in the middle.
    ///
    /// - Throws: ``DataVersionsError`` `.invalidPath` for what is not there, outside of the project, tracked by git or
    ///   already a part of other data; `.locked` while another process changes the data.
    package func add(_ paths: [FilePath]) async throws -> [DataPointer] {
        var wanted: [String] = []
        for path in paths {
            let relative = try self.relative(path)
            try checkNew(relative)
            wanted.append(relative)
        }
        try await checkUntracked(wanted)
        let lock = try lock()
        defer { lock.release() }
        var pointers: [DataPointer] = []
        var texts: [(path: FilePath, text: String)] = []
        for relative in wanted {
            let file = relative + ".dvc"
            let old = FileSystem.exists(root.appending(file)) ? try text(of: file) : nil
            let pointer = try await store(relative)
            let text = try old.map { try PointerFile.text(of: pointer, replacing: $0, file: file) }
            if text != old || text == nil {
                texts.append((root.appending(file), text ?? PointerFile.text(of: pointer)))
            }
            pointers.append(pointer)
        }
        // Git must not see data that it does not ignore yet beside a pointer.
        try await ignore(wanted)
        let written = texts
        try await BlockingPool.shared.run { for (path, text) in written { try AtomicFile.write(text, to: path) } }
        return pointers
    }

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
    package func ignore(_ relatives: [String]) async throws {
        let git = Git(root: root)
        for relative in relatives where try await !git.ignores(relative) {
            let path = root.appending(relative)
            try await BlockingPool.shared.run { try GitIgnore.add(path) }
        }
    }

    // MARK: Pointers

    /// All pointers of the work tree, sorted by path: those of `.dvc` files.
    package func pointers() async throws -> [DataPointer] {
        let tree = DataTree(root: root)
        return try await BlockingPool.shared.run(cancellable: { flag in
            try tree.pointerFiles(flag).flatMap { try pointers(file: $0) }
        })
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
        guard rest.removePrefix(root), !rest.isEmpty else {
            throw refusal("\(path)", "it does not lie inside `\(root)`")
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

    private func missing(_ relative: String) -> DataVersionsError {
        refusal(relative, "there is no such file or folder")
    }

    private func text(of relative: String) throws -> String {
        try FileReader.text(of: root.appending(relative), limit: 1 << 20)
    }

    /// What may become data of its own.
    private func checkNew(_ relative: String) throws {
        let path = root.appending(relative)
        let parts = ProjectPath.parts(relative)
        guard FileSystem.exists(path) else { throw missing(relative) }
        let isDirectory = FileSystem.isDirectory(path)
        if isDirectory, try FileSystem.status(of: path, followingLinks: false).isSymlink {
            throw refusal(relative, "it is a link to another folder", next: "version the folder where it lies")
        }
        guard let name = parts.last, !name.hasSuffix(".dvc"), !["dvc.yaml", "dvc.lock", ".dvcignore"].contains(name)
        else {
            throw refusal(relative, "git holds such files, not the cache")
        }
        guard !relative.unicodeScalars.contains("\n") else { throw refusal(relative, "git cannot ignore such a name") }
        for count in 1..<max(parts.count, 1) {
            let folder = parts.prefix(count).joined(separator: "/")
            guard FileSystem.exists(root.appending(folder + ".dvc")) else { continue }
            throw refusal(relative, "it is a part of `\(folder)`", next: "run `gyre add \(folder)`")
        }
        if try DataTree(root: root).ignores(relative, isDirectory: isDirectory) {
            throw refusal(relative, "`.dvcignore` leaves it out", next: "remove that pattern")
        }
    }

    private func checkUntracked(_ relatives: [String]) async throws {
        guard let tracked = try await Git(root: root).trackedFiles(below: relatives).first else { return }
        let relative = relatives.first { ProjectPath.overlap($0, tracked) } ?? tracked
        throw refusal(
            relative,
            "git tracks `\(tracked)`, and only one of both can",
            next: "run `git rm -r --cached \(relative)` first"
        )
    }
}
