// SPDX-License-Identifier: Apache-2.0

package import Files
package import NIOCore
package import SystemPackage

/// Objects as files below a folder: the key is the path.
///
/// Links below the folder are not followed out of it: whatever a key names must lie inside. An object and a folder cannot
/// have one name. Names of files that are being written are no keys.
package struct FolderStore: ObjectStore {
    /// How much of an object is gathered before it is written.
    private static let pieceSize = 1 << 18

    /// The folder, without links in its path.
    package let root: FilePath
    private let reserve: Int64
    private let pool: BlockingPool

    /// A store in a folder, which is made if it is missing.
    ///
    /// - Parameters:
    ///   - root: The folder.
    ///   - reserve: Bytes of the disk that objects must leave to others, such as the database beside them.
    ///   - pool: Where the blocking work is done.
    /// - Throws: ``FilesError`` if the folder cannot be made.
    package init(root: FilePath, reserve: Int64 = 0, pool: BlockingPool = .shared) throws(FilesError) {
        try FileSystem.createDirectory(root)
        self.root = try FileSystem.realPath(root)
        self.reserve = reserve
        self.pool = pool
    }

    /// Where the object's file is, or would be.
    package func localPath(of key: ObjectKey) -> FilePath { root.appending(key.text) }

    package func put<Body: AsyncSequence<ByteBuffer, any Error> & Sendable>(
        _ key: ObjectKey,
        limit: Int64?,
        _ body: Body
    ) async throws -> ObjectInfo {
        let upload = try await run("store", key) {
            try requireSpace(key)
            return try begin(key)
        }
        do {
            var count: Int64 = 0
            var waiting = ByteBuffer()
            for try await piece in body {
                count += Int64(piece.readableBytes)
                if let limit, count > limit {
                    throw ObjectStorageError(
                        .tooLarge,
                        what: "cannot store `\(key)`",
                        why: "it has more than \(limit) bytes"
                    )
                }
                waiting.writeImmutableBuffer(piece)
                guard waiting.readableBytes >= Self.pieceSize else { continue }
                let full = waiting
                waiting = ByteBuffer()
                try await run("store", key) {
                    try requireSpace(key)
                    try upload.append(full)
                }
            }
            // Some streams end when their reader is cancelled, as if that were all.
            try Task.checkCancellation()
            let rest = waiting
            return try await run("store", key) {
                try upload.append(rest)
                return ObjectInfo(key, try upload.commit())
            }
        } catch {
            upload.discard()
            throw error
        }
    }

    package func get(_ key: ObjectKey, range: Range<Int64>?) async throws -> ObjectBody {
        let file = try await run("read", key) {
            let path = localPath(of: key)
            try confine(path, key)
            return try OpenFile(path)
        }
        let size = file.status.size
        let wanted = range.map { $0.lowerBound..<max($0.lowerBound, min($0.upperBound, size)) } ?? 0..<size
        guard wanted.lowerBound >= 0, wanted.lowerBound <= size else {
            throw ObjectStorageError(
                .invalidRange,
                what: "cannot read `\(key)` from byte \(wanted.lowerBound)",
                why: "it has \(size) bytes"
            )
        }
        return ObjectBody(info: ObjectInfo(key, file.status), range: wanted) { piece in
            try await run("read", key) { try file.read(piece) }
        }
    }

    package func info(_ key: ObjectKey) async throws -> ObjectInfo? {
        do {
            return try await run("read", key) {
                let path = localPath(of: key)
                try confine(path, key)
                let status = try FileSystem.status(of: path)
                return status.isRegular ? ObjectInfo(key, status) : nil
            }
        } catch let error as ObjectStorageError where error.code == .notFound {
            return nil
        }
    }

    package func list(prefix: String, recursive: Bool, after: String?, limit: Int) async throws -> ObjectPage {
        let key = try prefix.isEmpty ? nil : ObjectKey(prefix)
        return try await run("list", key) {
            let folder = key.map(localPath(of:)) ?? root
            guard FileSystem.isDirectory(folder) else { return ObjectPage(entries: [], next: nil) }
            if let key { try confine(folder, key) }
            var listing = FolderListing(recursive: recursive, after: after, limit: limit)
            return try listing.page(of: folder, prefix)
        }
    }

    /// One reading of the folder; each batch asks about its own files.
    package func batches(of prefix: String) -> ObjectBatches {
        ObjectBatches {
            let key = try prefix.isEmpty ? nil : ObjectKey(prefix)
            let folder = key.map(localPath(of:)) ?? root
            let keyPrefix = prefix.isEmpty ? "" : prefix + "/"
            let lines = try await run("list", key) { () throws -> [FolderListing.Line] in
                guard FileSystem.isDirectory(folder) else { return [] }
                if let key { try confine(folder, key) }
                var listing = FolderListing(recursive: false, after: nil, limit: 0)
                return try listing.lines(of: folder, keyPrefix)
            }
            return try await batch(lines[...], folder, keyPrefix)
        }
    }

    private func batch(
        _ lines: ArraySlice<FolderListing.Line>,
        _ folder: FilePath,
        _ prefix: String
    ) async throws -> ObjectBatches.Batch {
        let entries = try await run("list", nil) { () throws -> [ObjectEntry] in
            var listing = FolderListing(recursive: false, after: nil, limit: 0)
            var entries: [ObjectEntry] = []
            for line in lines.prefix(ObjectBatches.size) {
                if let entry = try listing.entry(of: line, in: folder, prefix) { entries.append(entry) }
            }
            return entries
        }
        let rest = lines.dropFirst(ObjectBatches.size)
        guard !rest.isEmpty else { return ObjectBatches.Batch(entries, next: nil) }
        return ObjectBatches.Batch(entries) { try await batch(rest, folder, prefix) }
    }

    package func delete(_ key: ObjectKey) async throws {
        try await run("remove", key) {
            let path = localPath(of: key)
            guard let status = try status(of: path), !status.isDirectory else { return }
            try confine(path.removingLastComponent(), key)
            try removeAll(path)
            try FileSystem.syncDirectory(path.removingLastComponent())
        }
    }

    package func deleteAll(prefix: ObjectKey) async throws {
        try await run("remove", prefix) {
            let path = localPath(of: prefix)
            guard try status(of: path) != nil else { return }
            try confine(path.removingLastComponent(), prefix)
            try removeAll(path)
            try FileSystem.syncDirectory(path.removingLastComponent())
        }
    }

    // MARK: On the pool's threads

    private func run<T: Sendable>(
        _ verb: String,
        _ key: ObjectKey?,
        _ body: @escaping @Sendable () throws -> T
    ) async throws -> T {
        if let key, key.text.split(separator: "/").contains(where: { TemporaryName.isOne(String($0)) }) {
            throw ObjectStorageError(
                .invalidKey,
                what: "cannot use the path `\(key)`",
                why: "such names are kept for what is being written"
            )
        }
        return try await pool.run {
            do {
                return try body()
            } catch let error as FilesError {
                let code: ObjectStorageError.Code =
                    switch error.code {
                    case .wrongKind, .alreadyExists: verb == "store" ? .conflict : .notFound
                    case .notFound: .notFound
                    case .diskFull: .noSpace
                    default: .failed
                    }
                // The words of the lower error hold the path of the folder, which is nobody's business.
                throw ObjectStorageError(
                    code,
                    what: "cannot \(verb) `\(key?.text ?? "/")`",
                    why: code == .notFound ? "there is no such object" : error.why,
                    next: error.next,
                    cause: error
                )
            }
        }
    }

    /// Refuses to fill the disk that others need too.
    private func requireSpace(_ key: ObjectKey) throws {
        guard reserve > 0, try FileSystem.freeBytes(at: root) < reserve else { return }
        throw ObjectStorageError(
            .noSpace,
            what: "cannot store `\(key)`",
            why: "no space is left there",
            next: "free some space: \(reserve >> 20) MiB of the disk are kept for the database"
        )
    }

    /// The status of what is at a path, links not followed; nil if nothing is.
    private func status(of path: FilePath) throws(FilesError) -> FileStatus? {
        do {
            return try FileSystem.status(of: path, followingLinks: false)
        } catch {
            guard error.code == .notFound || error.code == .wrongKind else { throw error }
            return nil
        }
    }

    /// Removes what is at a path and below it, but for what others are writing; links are removed, not followed.
    private func removeAll(_ path: FilePath) throws(FilesError) {
        do throws(FilesError) {
            if try status(of: path)?.isDirectory == true {
                for entry in try FileSystem.entries(of: path) where !TemporaryName.isOne(entry.name ?? "") {
                    try removeAll(path.appending(entry.component))
                }
            }
            try FileSystem.remove(path)
        } catch {
            // Somebody removes it too, or stored an object there that is newer than this wish.
            guard error.code == .notFound || error.code == .alreadyExists else { throw error }
        }
    }

    private func begin(_ key: ObjectKey) throws -> Upload {
        let path = localPath(of: key)
        var attempts = 100
        var isNew = false
        while true {
            attempts -= 1
            do {
                if try makeFolder(path.removingLastComponent(), key) { isNew = true }
                return try Upload(to: path, below: root, isFolderNew: isNew)
            } catch let error as FilesError where error.code == .notFound && attempts > 0 {
                // Somebody removed the folder again.
            }
        }
    }

    /// Makes the folder of an object, unless links lead it out of the store.
    ///
    /// - Returns: Whether it was not there before.
    private func makeFolder(_ folder: FilePath, _ key: ObjectKey) throws -> Bool {
        // What is there already decides; below it nothing can lead elsewhere.
        var nearest = folder
        while nearest != root, !FileSystem.exists(nearest) { nearest.removeLastComponent() }
        try confine(nearest, key)
        if nearest != folder { try FileSystem.createDirectory(folder) }
        return nearest != folder
    }

    /// Refuses a path that links lead out of the store.
    private func confine(_ path: FilePath, _ key: ObjectKey) throws {
        guard try FileSystem.realPath(path).starts(with: root) else {
            throw ObjectStorageError(
                .invalidKey,
                what: "cannot use the path `\(key)`",
                why: "it leads out of the store"
            )
        }
    }
}
