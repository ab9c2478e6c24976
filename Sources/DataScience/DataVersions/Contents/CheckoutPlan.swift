// SPDX-License-Identifier: Apache-2.0

import Files
import Synchronization
import SystemPackage

/// What a checkout must change, seen before anything does.
struct CheckoutPlan: Sendable {
    /// What must happen at one path.
    struct Change: Sendable {
        let pointer: DataPointer
        let kind: CheckoutReport.Kind
        /// Links to folders in the place of folders of the data, by their paths from its own.
        let links: [String]
        /// Files that are no longer there, by their paths from the data's own; empty for the data itself.
        let removed: [String]
        /// The files that shall be there; those that are right have what the system says of them.
        var wanted: FileTable
        /// Which of them are placed.
        let placed: [Int]
        /// How many of these had no file in their place.
        let added: Int
    }

    let repository: DataRepository
    let options: CheckoutOptions
    let isLegacy: Bool

    /// Whether permissions tell anything: those of a link are the object's, which DVC takes back whenever it looks at it.
    private var seesModes: Bool { cache.links.first != .hardlink && cache.links.first != .symlink }
    private var root: FilePath { repository.root }
    private var cache: ContentCache { repository.cache }

    /// The changes that bring the data at the pointers' paths about.
    func changes(to pointers: [DataPointer], _ report: inout CheckoutReport) async throws -> [Change] {
        for pointer in pointers { try repository.checkPlace(pointer.path) }
        var tree = WorkTree(root: root, cache: cache)
        tree.isLegacy = isLegacy
        let links = pointers.map { pointer in
            // What is not there is no link.
            (try? FileSystem.status(of: root.appending(pointer.path), followingLinks: false))?.isSymlink == true
        }
        // A link to a folder is not the data: what it leads to stays as it is, and the link makes way. One that leads nowhere does
        // too.
        let looked = zip(pointers, links).map { pointer, isLink in
            !isLink || !pointer.isDirectory && !FileSystem.isDirectory(root.appending(pointer.path))
        }
        let images = try await tree.images(of: zip(pointers, looked).filter { $1 }.map(\.0.path))
        var next = images.startIndex
        var changes: [Change] = []
        for (position, pointer) in pointers.enumerated() {
            var current: DataImage?
            if looked[position] {
                current = images[next]
                next += 1
            }
            // Behind a link is somebody else's file; only the cache's own count as the data.
            if links[position], current.map({ $0.digest.hex != pointer.md5 }) == true { current = nil }
            if let change = try await change(to: pointer, from: current, &report) { changes.append(change) }
        }
        return changes
    }

    private func change(
        to pointer: DataPointer,
        from current: DataImage?,
        _ report: inout CheckoutReport
    ) async throws -> Change? {
        let isKindRight = current.map { $0.isDirectory == pointer.isDirectory } ?? false
        if !options.relink, let current, isKindRight, current.pointer.md5 == pointer.md5,
            pointer.isDirectory || !seesModes || current.pointer.isExecutable == pointer.isExecutable
        {
            return nil
        }
        guard var wanted = try await files(of: pointer, &report) else { return nil }
        let folders = current.map { $0.isDirectory && pointer.isDirectory } ?? false
        let links = folders ? linkedFolders(in: root.appending(pointer.path), wanted) : []
        var (removed, placed, replaced): ([Int], [Int], [Int]) = ([], [], [])
        let before = current.flatMap { isKindRight ? $0.table : nil } ?? FileTable()
        var (left, right) = (0, 0)
        while left < before.count || right < wanted.count {
            let order = left == before.count ? 1 : right == wanted.count ? -1 : before.compare(left, wanted, right)
            if order < 0 {
                removed.append(left)
                left += 1
            } else if order > 0 {
                placed.append(right)
                right += 1
            } else {
                let isSame = before.rows[left].digest == wanted.rows[right].digest
                // Inside of folders DVC keeps no permissions.
                let isRight =
                    isSame
                    && (pointer.isDirectory || !seesModes || before.rows[left].isExecutable == pointer.isExecutable)
                if isRight, !options.relink {
                    wanted.rows[right].setContent(of: before.rows[left])
                } else {
                    placed.append(right)
                    if !isSame { replaced.append(left) }
                }
                left += 1
                right += 1
            }
        }
        let added = placed.count - (before.count - removed.count - (wanted.count - placed.count))
        if let lacking = try lacking(wanted, placed) {
            guard options.allowsMissing else { throw cache.missing(wanted.rows[lacking].digest.hex, pointer.path) }
            report.missing.append(pointer.path)
            return nil
        }
        var lost: [String] = []
        if let current {
            let doomed =
                isKindRight
                ? (removed + replaced).map { ($0, before) } : current.table.rows.indices.map { ($0, current.table) }
            if !options.force { try await checkKept(doomed, of: pointer.path, isDirectory: current.isDirectory) }
            if isKindRight {
                lost = removed.map { before.path($0) }
            } else if !current.isDirectory {
                lost = [""]
            } else {
                lost = current.table.rows.indices.map { current.table.path($0) }
            }
        }
        return Change(
            pointer: pointer,
            kind: current == nil ? .added : .modified,
            links: links,
            removed: lost,
            wanted: wanted,
            placed: placed,
            added: added
        )
    }

    /// The files of a pointer; nil if their list is missing and may be.
    private func files(of pointer: DataPointer, _ report: inout CheckoutReport) async throws -> FileTable? {
        guard pointer.isDirectory else {
            var table = FileTable()
            table.append(pointer.path, digest: MD5Digest(hex: pointer.md5) ?? .none)
            return table
        }
        if options.allowsMissing, !cache.holds(pointer.md5, isLegacy: isLegacy) {
            report.missing.append(pointer.path)
            return nil
        }
        let (cache, isLegacy) = (cache, isLegacy)
        return try await BlockingPool.shared.run {
            try cache.listing(pointer.md5, name: pointer.path, isLegacy: isLegacy)
        }
    }

    /// The first of the files that the cache has no object of.
    private func lacking(_ table: FileTable, _ placed: [Int]) throws -> Int? {
        guard !placed.isEmpty else { return nil }
        let folder = isLegacy ? cache.legacyFolder : cache.folder
        guard FileSystem.isDirectory(folder) else { return placed.first }
        return ObjectLookup(objects: try OpenFolder(folder)).firstMissing(of: table.rows, at: placed)
    }

    /// Links to folders where the data has folders of its own; nothing may be written through them.
    private func linkedFolders(in target: FilePath, _ wanted: FileTable) -> [String] {
        var folders: [String] = []
        var last = ""
        for position in 0..<wanted.count {
            let parts = wanted.path(position).utf8.split(separator: UInt8(ascii: "/")).dropLast()
            let folder = parts.map { String(Substring($0)) }.joined(separator: "/")
            guard !folder.isEmpty, folder != last else { continue }
            last = folder
            for count in 1...parts.count {
                let path = parts.prefix(count).map { String(Substring($0)) }.joined(separator: "/")
                if folders.last != path { folders.append(path) }
            }
        }
        return Set(folders).sorted().filter { folder in
            // What is not there is no link.
            (try? FileSystem.status(of: target.appending(folder), followingLinks: false))?.isSymlink == true
        }
    }

    /// Makes sure that the cache has what the work tree is about to lose.
    private func checkKept(_ files: [(Int, FileTable)], of path: String, isDirectory: Bool) async throws {
        let (cache, isLegacy) = (cache, isLegacy)
        let lost = Mutex<Int?>(nil)
        try await Workers.run(files.count, make: { ReadBuffer() }) { number, buffer, flag in
            let row = files[number].1.rows[files[number].0]
            if try cache.isWhole(row.digest, isLegacy: isLegacy, buffer, flag) { return }
            lost.withLock { $0 = min($0 ?? number, number) }
        }
        guard let first = lost.withLock({ $0 }) else { return }
        let file = files[first].1.path(files[first].0)
        let name = isDirectory ? "`\(path)/\(file)`" : "it"
        throw DataVersionsError(
            .wouldOverwrite,
            what: "cannot restore `\(path)`",
            why: "\(name) holds content that is in no version and would be lost",
            next: "version it by `gyre add \(path)`, or pass `--force`"
        )
    }
}

extension ContentCache {
    /// Whether there is an object of that hash, and its bytes have it.
    func isWhole(
        _ digest: MD5Digest,
        isLegacy: Bool,
        _ buffer: ReadBuffer,
        _ flag: CancellationFlag
    ) throws -> Bool {
        let object = object(digest.hex, isLegacy: isLegacy)
        guard FileSystem.exists(object) else { return false }
        let folder = try OpenFolder(object.removingLastComponent())
        let name = object.lastComponent?.string ?? ""
        return try name.withCString { try OpenFile($0, of: folder).digest(buffer, flag, isLegacy: isLegacy) } == digest
    }
}
