// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage

extension DataRepository {
    /// Puts contents into the work tree.
    ///
    /// All pointers are looked at before anything changes. Files that are right already are not touched, those that change
    /// are replaced one by one, whole: after a crash in the middle a second checkout goes on.
    ///
    /// - Parameters:
    ///   - pointers: What to restore.
    ///   - force: Overwrite content that is in no version.
    /// - Returns: The paths that changed.
    /// - Throws: ``DataVersionsError`` `.wouldOverwrite` unless `force` is set, `.missingContent`, `.corruptContent`,
    ///   `.invalidPath`, `.locked`.
    package func checkout(_ pointers: [DataPointer], force: Bool = false) async throws -> [String] {
        let lock = try lock()
        defer { lock.release() }
        var changes: [Change] = []
        for pointer in pointers {
            if let change = try await change(to: pointer, force: force) { changes.append(change) }
        }
        for change in changes { try await apply(change, force: force) }
        return changes.map(\.pointer.path)
    }

    /// What must happen at one path.
    private struct Change: Sendable {
        let pointer: DataPointer
        /// Paths from the data's own; empty for a file.
        let removed: [String]
        let placed: [Snapshot.File]
    }

    /// A name by its bytes: two spellings of `é` are two files.
    private struct Key: Hashable {
        let bytes: [UInt8]
        init(_ path: String) { bytes = Array(path.utf8) }
    }

    private func change(to pointer: DataPointer, force: Bool) async throws -> Change? {
        try checkPlace(pointer.path)
        let target = root.appending(pointer.path)
        let wanted = try await files(of: pointer)
        // A link is not the data: what it leads to stays as it is, and the link makes way.
        let isLink = (try? FileSystem.status(of: target, followingLinks: false))?.isSymlink == true
        let current = isLink ? nil : try await Snapshot.take(pointer.path, in: root)
        if isLink, !pointer.isDirectory, try await measure(pointer.path)?.md5 == pointer.md5 { return nil }
        let links = try pointer.isDirectory && current?.isDirectory == true ? linkedFolders(in: target, wanted) : []
        let there = Dictionary(
            (current?.files ?? []).map { (Key($0.path), $0) },
            uniquingKeysWith: { first, _ in first }
        )
        let names = Set(wanted.map { Key($0.path) })
        let placed = wanted.filter { file in
            guard let now = there[Key(file.path)] else { return true }
            // Inside of folders DVC keeps no permissions.
            return now.md5 != file.md5 || !pointer.isDirectory && now.isExecutable != file.isExecutable
        }
        let removed = (current?.files ?? []).filter { !names.contains(Key($0.path)) }
        let isKindRight = current.map { $0.isDirectory == pointer.isDirectory } ?? false
        if placed.isEmpty, removed.isEmpty, links.isEmpty, isKindRight { return nil }
        for file in placed where !cache.holds(file.md5) { throw missingContent(pointer.path, file.md5) }
        if !force {
            let replaced = placed.compactMap { file in there[Key(file.path)].flatMap { $0.md5 == file.md5 ? nil : $0 } }
            try await checkKept(removed + replaced, of: pointer.path)
        }
        return Change(pointer: pointer, removed: links + removed.map(\.path), placed: placed)
    }

    private func files(of pointer: DataPointer) async throws -> [Snapshot.File] {
        guard pointer.isDirectory else {
            return [
                Snapshot.File(path: "", md5: pointer.md5, size: pointer.size, isExecutable: pointer.isExecutable)
            ]
        }
        guard cache.holds(pointer.md5) else { throw missingContent(pointer.path, pointer.md5) }
        let cache = cache
        let listing = try await BlockingPool.shared.run { try cache.listing(pointer.md5, name: pointer.path) }
        return listing.entries.map { Snapshot.File(path: $0.path, md5: $0.md5, size: 0, isExecutable: false) }
    }

    /// Links to folders where the data has folders of its own; nothing may be written through them.
    private func linkedFolders(in target: FilePath, _ wanted: [Snapshot.File]) throws -> [String] {
        var folders: Set<String> = []
        for file in wanted {
            let parts = ProjectPath.parts(file.path)
            for count in 1..<max(parts.count, 1) { folders.insert(parts.prefix(count).joined(separator: "/")) }
        }
        return folders.sorted().filter { folder in
            // What is not there is no link.
            (try? FileSystem.status(of: target.appending(folder), followingLinks: false))?.isSymlink == true
        }
    }

    /// Makes sure that the cache has what the work tree is about to lose, byte for byte.
    private func checkKept(_ files: [Snapshot.File], of path: String) async throws {
        let cache = cache
        let kept = try await BlockingPool.shared.map(files) { file, flag in try cache.isWhole(file.md5, flag) }
        guard let lost = zip(files, kept).first(where: { !$1 })?.0 else { return }
        let name = lost.path.isEmpty ? "it" : "`\(path)/\(lost.path)`"
        throw DataVersionsError(
            .wouldOverwrite,
            what: "cannot restore `\(path)`",
            why: "\(name) holds content that is in no version and would be lost",
            next: "version it by `gyre add \(path)`, or pass `--force`"
        )
    }

    private func apply(_ change: Change, force: Bool) async throws {
        let target = root.appending(change.pointer.path)
        let (cache, name, isDirectory) = (cache, change.pointer.path, change.pointer.isDirectory)
        try await BlockingPool.shared.run(cancellable: { flag in
            for path in change.removed {
                try flag.check()
                try FileSystem.removeTree(path.isEmpty ? target : target.appending(path))
                removeEmptyFolders(above: path, in: target)
            }
            try makeRoom(at: target, isDirectory: isDirectory, name: name, force: force)
            var folders: Set<FilePath> = []
            for file in change.placed where isDirectory {
                folders.insert(target.appending(file.path).removingLastComponent())
            }
            for folder in folders { try FileSystem.createDirectory(folder) }
        })
        _ = try await BlockingPool.shared.map(change.placed) { file, flag in
            let place = file.path.isEmpty ? target : target.appending(file.path)
            try cache.restore(file.md5, to: place, isExecutable: file.isExecutable, name: name, flag)
        }
    }

    private func missingContent(_ name: String, _ md5: String) -> DataVersionsError {
        DataVersionsError(
            .missingContent,
            what: "cannot restore `\(name)`",
            why: "the cache has no content with the hash \(md5)",
            next: "fetch it, for example by `dvc pull`"
        )
    }
}

/// Removes the folders that a removed file leaves empty.
private func removeEmptyFolders(above path: String, in target: FilePath) {
    var parts = ProjectPath.parts(path)
    while parts.popLast() != nil, !parts.isEmpty {
        // A folder that is not empty refuses, and stays.
        guard (try? FileSystem.remove(target.appending(parts.joined(separator: "/")))) != nil else { return }
    }
}

/// Leaves at `target` nothing that is not of the wanted kind: a folder, or a file to be replaced.
private func makeRoom(at target: FilePath, isDirectory: Bool, name: String, force: Bool) throws {
    // What has no status is not there.
    let status = try? FileSystem.status(of: target, followingLinks: false)
    if isDirectory {
        if let status, !status.isDirectory { try FileSystem.remove(target) }
        return try FileSystem.createDirectory(target)
    }
    try FileSystem.createDirectory(target.removingLastComponent())
    guard status?.isDirectory == true else { return }
    do {
        if force { try FileSystem.removeTree(target) } else { try removeFolders(target) }
    } catch {
        throw DataVersionsError(
            .wouldOverwrite,
            what: "cannot restore `\(name)`",
            why: "a folder with files that `.dvcignore` leaves out is in its place",
            next: "move it away, or pass `--force`",
            cause: error
        )
    }
}

/// Removes a folder that holds nothing but folders.
private func removeFolders(_ path: FilePath) throws {
    for name in try FileSystem.list(path) where FileSystem.isDirectory(path.appending(name)) {
        try removeFolders(path.appending(name))
    }
    try FileSystem.remove(path)
}
