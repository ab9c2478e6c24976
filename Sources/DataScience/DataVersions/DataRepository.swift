// SPDX-License-Identifier: Apache-2.0

import Documents
import Files
package import SystemPackage

/// The versioned data of a project, in DVC's files: `.dvc` pointers, the cache, and what git ignores.
package struct DataRepository: Sendable {
    /// The folder that holds `.dvc`.
    package let root: FilePath
    /// The folder of contents by hash.
    package let cache: FilePath

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
        let config = "[cache]\n    dir = \(shared.cache.removingLastComponent().removingLastComponent())\n"
        try FileSystem.createDirectory(path.appending(".dvc"))
        try AtomicFile.write(config, to: path.appending(".dvc").appending("config.local"))
        return try DataRepository(root: path)
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
        return try DataRepository(root: root)
    }

    private init(root: FilePath) throws {
        self.root = root
        var base = root.appending(".dvc").appending("cache")
        for name in ["config", "config.local"] {
            let file = root.appending(".dvc").appending(name)
            guard FileSystem.exists(file), let folder = Self.cacheFolder(try FileReader.text(of: file)) else {
                continue
            }
            base = root.appending(".dvc").pushing(FilePath(folder))
        }
        cache = base.appending("files").appending("md5")
    }

    /// `dir` of the section `[cache]`.
    private static func cacheFolder(_ config: String) -> String? {
        var section = ""
        for line in config.split(separator: "\n") {
            let line = line.drop { $0 == " " || $0 == "\t" }
            if line.hasPrefix("[") { section = String(line.trimmingSuffix { $0 == " " }) }
            let parts = line.split(separator: "=", maxSplits: 1)
            if section == "[cache]", parts.count == 2, parts[0].trimmingSuffix(while: { $0 == " " }) == "dir" {
                return String(parts[1].drop { $0 == " " })
            }
        }
        return nil
    }

    // MARK: Add

    /// Makes a data version of each path: content into the cache, a `.dvc` file beside the data, a line in `.gitignore`.
    ///
    /// - Throws: ``DataVersionsError`` `.invalidPath` for what is not there or outside of the project.
    package func add(_ paths: [FilePath]) async throws -> [DataPointer] {
        var pointers: [DataPointer] = []
        for path in paths {
            let relative = try self.relative(path)
            let pointer = try await store(relative)
            try AtomicFile.write(pointer.fileText, to: root.appending(relative + ".dvc"))
            try GitIgnore.add(root.appending(relative))
            pointers.append(pointer)
        }
        return pointers
    }

    /// Puts the content at a path into the cache and returns its pointer; the path stays as it is.
    package func store(_ relative: String) async throws -> DataPointer {
        let path = root.appending(relative)
        guard FileSystem.exists(path) else {
            throw DataVersionsError(
                .invalidPath,
                what: "cannot version `\(relative)`",
                why: "there is no such file or folder"
            )
        }
        guard FileSystem.isDirectory(path) else {
            let size = try FileSystem.status(of: path).size
            let digest = try await BlockingPool.shared.run { try FileHashing.digest(of: path, .md5) }
            try await keep(path, as: digest.hex)
            return DataPointer(path: relative, md5: digest.hex, size: size, fileCount: nil)
        }
        let files = try await TreeWalk.files(under: path, ignoring: try ignored())
        let digests = try await FileHashing.digests(of: files.map { path.appending($0.relativePath) }, .md5)
        for (file, digest) in zip(files, digests) { try await keep(path.appending(file.relativePath), as: digest.hex) }
        let listing = DirectoryListing(zip(files, digests).map { ($0.relativePath, $1.hex) })
        let digest = FileHashing.digest(of: listing.bytes, .md5).hex + ".dir"
        let object = object(digest)
        if !FileSystem.exists(object) {
            try FileSystem.createDirectory(object.removingLastComponent())
            try AtomicFile.write(listing.bytes, to: object, permissions: [.ownerRead, .groupRead, .otherRead])
        }
        return DataPointer(
            path: relative,
            md5: digest,
            size: files.reduce(0) { $0 + $1.status.size },
            fileCount: files.count
        )
    }

    /// The pointer that a path would get, without storing anything; nil if nothing is there.
    package func measure(_ relative: String) async throws -> DataPointer? {
        let path = root.appending(relative)
        guard FileSystem.exists(path) else { return nil }
        guard FileSystem.isDirectory(path) else {
            let size = try FileSystem.status(of: path).size
            let digest = try await BlockingPool.shared.run { try FileHashing.digest(of: path, .md5) }
            return DataPointer(path: relative, md5: digest.hex, size: size, fileCount: nil)
        }
        let files = try await TreeWalk.files(under: path, ignoring: try ignored())
        let digests = try await FileHashing.digests(of: files.map { path.appending($0.relativePath) }, .md5)
        let listing = DirectoryListing(zip(files, digests).map { ($0.relativePath, $1.hex) })
        return DataPointer(
            path: relative,
            md5: FileHashing.digest(of: listing.bytes, .md5).hex + ".dir",
            size: files.reduce(0) { $0 + $1.status.size },
            fileCount: files.count
        )
    }

    // MARK: Checkout

    /// All pointers of the work tree, sorted by path: those of `.dvc` files.
    package func pointers() async throws -> [DataPointer] {
        let skipped = IgnorePatterns("/.git/\n/.dvc/\n/.gyre/\n.venv/\n").adding(try ignored())
        let files = try await TreeWalk.files(under: root, ignoring: skipped)
        return try files.filter { $0.relativePath.hasSuffix(".dvc") }.map { try pointer(file: $0.relativePath) }
    }

    /// The pointer in a `.dvc` file.
    package func pointer(file relative: String) throws -> DataPointer {
        let text = try FileReader.text(of: root.appending(relative), limit: 1 << 20)
        let node = try YAMLDocument.parse(text, file: relative)
        guard let output = node["outs"]?.sequence?.first, let name = output["path"]?.string else {
            throw DataVersionsError(
                .invalidFile,
                what: "cannot read `\(relative)`",
                why: "it has no `outs` with a `path`"
            )
        }
        let folder = relative.split(separator: "/").dropLast().joined(separator: "/")
        guard let pointer = DataPointer(output, at: folder.isEmpty ? name : "\(folder)/\(name)") else {
            throw DataVersionsError(.invalidFile, what: "cannot read `\(relative)`", why: "its output has no `md5`")
        }
        return pointer
    }

    /// Puts contents into the work tree.
    ///
    /// Paths are restored in the order given. The first that fails ends it; those before it stay restored.
    ///
    /// - Parameters:
    ///   - pointers: What to restore.
    ///   - force: Overwrite content that would be lost.
    /// - Returns: The paths that changed.
    /// - Throws: ``DataVersionsError`` `.wouldOverwrite` if a path holds content that is in no cache and `force` is not
    ///   set, `.missingContent` if the cache lacks what a pointer asks for.
    package func checkout(_ pointers: [DataPointer], force: Bool = false) async throws -> [String] {
        var changed: [String] = []
        for pointer in pointers {
            let current = try await measure(pointer.path)
            if current?.md5 == pointer.md5 { continue }
            if let current, !force, !FileSystem.exists(object(current.md5)) {
                throw DataVersionsError(
                    .wouldOverwrite,
                    what: "cannot restore `\(pointer.path)`",
                    why: "it holds content that is in no version and would be lost",
                    next: "version it by `gyre add \(pointer.path)`, or pass `--force`"
                )
            }
            try await restore(pointer)
            changed.append(pointer.path)
        }
        return changed
    }

    private func restore(_ pointer: DataPointer) async throws {
        let target = root.appending(pointer.path)
        try FileSystem.createDirectory(target.removingLastComponent())
        guard pointer.isDirectory else {
            try FileSystem.removeTree(target)
            return try await place(pointer.md5, at: target, pointer.path)
        }
        let object = try existing(pointer.md5, pointer.path)
        let listing = try DirectoryListing(bytes: try FileReader.bytes(of: object))
        for entry in listing.entries { _ = try existing(entry.md5, pointer.path) }
        try FileSystem.removeTree(target)
        try FileSystem.createDirectory(target)
        for entry in listing.entries {
            let path = target.appending(entry.path)
            try FileSystem.createDirectory(path.removingLastComponent())
            try await place(entry.md5, at: path, pointer.path)
        }
    }

    private func place(_ md5: String, at target: FilePath, _ name: String) async throws {
        let object = try existing(md5, name)
        _ = try await BlockingPool.shared.run { try FileCopy.place(object, at: target) }
    }

    private func existing(_ md5: String, _ name: String) throws -> FilePath {
        let path = object(md5)
        guard FileSystem.exists(path) else {
            throw DataVersionsError(
                .missingContent,
                what: "cannot restore `\(name)`",
                why: "the cache has no content with the hash \(md5)",
                next: "fetch it, for example by `dvc pull`"
            )
        }
        return path
    }

    // MARK: Parts

    /// Where the cache keeps a content.
    package func object(_ md5: String) -> FilePath {
        cache.appending(String(md5.prefix(2))).appending(String(md5.dropFirst(2)))
    }

    /// A path as it is written in pointers: relative to the root.
    package func relative(_ path: FilePath) throws -> String {
        var path = path.lexicallyNormalized()
        guard path.removePrefix(root), !path.isEmpty else {
            throw DataVersionsError(
                .invalidPath,
                what: "cannot version `\(path)`",
                why: "it does not lie inside `\(root)`"
            )
        }
        return path.string
    }

    private func ignored() throws -> IgnorePatterns {
        let file = root.appending(".dvcignore")
        return IgnorePatterns(FileSystem.exists(file) ? try FileReader.text(of: file, limit: 1 << 20) : "")
    }

    private func keep(_ path: FilePath, as md5: String) async throws {
        let object = object(md5)
        guard !FileSystem.exists(object) else { return }
        try FileSystem.createDirectory(object.removingLastComponent())
        _ = try await BlockingPool.shared.run {
            try FileCopy.place(path, at: object, permissions: [.ownerRead, .groupRead, .otherRead])
        }
    }
}
