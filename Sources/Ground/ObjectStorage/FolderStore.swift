// SPDX-License-Identifier: Apache-2.0

package import Files
package import NIOCore
package import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// Objects as files below a folder: the key is the path.
///
/// Links below the folder are not followed out of it: whatever a key names must lie inside.
package struct FolderStore: ObjectStore {
    /// The folder, without links in its path.
    package let root: FilePath
    private let pool: BlockingPool

    /// A store in a folder, which is made if it is missing.
    package init(root: FilePath, pool: BlockingPool = .shared) throws(FilesError) {
        try FileSystem.createDirectory(root)
        self.root = try FileSystem.realPath(root)
        self.pool = pool
    }

    /// Where the object's file is, or would be.
    package func localPath(of key: ObjectKey) -> FilePath { root.appending(key.text) }

    package func put<Body: AsyncSequence<ByteBuffer, any Error> & Sendable>(
        _ key: ObjectKey,
        limit: Int64?,
        _ body: Body
    ) async throws -> ObjectInfo {
        let path = localPath(of: key)
        let upload = try await run { try Upload(root: root, path: path) }
        var count: Int64 = 0
        do {
            for try await piece in body {
                count += Int64(piece.readableBytes)
                if let limit, count > limit {
                    throw ObjectStorageError(
                        .tooLarge,
                        what: "cannot store `\(key)`",
                        why: "it has more than \(limit) bytes"
                    )
                }
                try await run { try upload.append(piece) }
            }
            return try await run {
                try upload.commit()
                return info(key, try FileSystem.status(of: path))
            }
        } catch {
            upload.discard()
            throw error
        }
    }

    package func get(_ key: ObjectKey, range: Range<Int64>?) async throws -> ObjectBody {
        let path = localPath(of: key)
        let (file, status) = try await run {
            try confine(path, key)
            return try OpenFile.open(path, key)
        }
        let whole = 0..<status.size
        let wanted = range.map { $0.lowerBound..<max($0.lowerBound, min($0.upperBound, status.size)) } ?? whole
        guard wanted.lowerBound >= 0, wanted.lowerBound <= status.size else {
            throw ObjectStorageError(
                .invalidRange,
                what: "cannot read `\(key)` from byte \(wanted.lowerBound)",
                why: "it has \(status.size) bytes"
            )
        }
        let pool = pool
        return ObjectBody(info: info(key, status), range: wanted) { piece in
            try await pool.run { try file.read(piece) }
        }
    }

    package func info(_ key: ObjectKey) async throws -> ObjectInfo? {
        let path = localPath(of: key)
        return try await run {
            guard FileSystem.exists(path) else { return nil }
            try confine(path, key)
            let status = try FileSystem.status(of: path)
            return status.isDirectory ? nil : info(key, status)
        }
    }

    package func list(prefix: String, recursive: Bool, after: String?, limit: Int) async throws -> ObjectPage {
        let key = try prefix.isEmpty ? nil : ObjectKey(prefix)
        return try await run {
            let folder = key.map(localPath(of:)) ?? root
            guard FileSystem.isDirectory(folder) else { return ObjectPage(entries: [], next: nil) }
            if let key { try confine(folder, key) }
            var entries: [ObjectEntry] = []
            try collect(folder, prefix, recursive, after, limit + 1, &entries)
            entries.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
            let page = Array(entries.prefix(limit))
            return ObjectPage(entries: page, next: entries.count > limit ? page.last?.name : nil)
        }
    }

    package func delete(_ key: ObjectKey) async throws {
        let path = localPath(of: key)
        try await run {
            guard FileSystem.exists(path) else { return }
            try confine(path, key)
            try FileSystem.remove(path)
        }
    }

    package func deleteAll(prefix: ObjectKey) async throws {
        let path = localPath(of: prefix)
        try await run {
            guard FileSystem.exists(path) else { return }
            try confine(path, prefix)
            try FileSystem.removeTree(path)
        }
    }

    // MARK: On the pool's threads

    private func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await pool.run {
            do {
                return try body()
            } catch let error as FilesError {
                let isMissing = error.code == .notFound || error.code == .wrongKind
                let code: ObjectStorageError.Code = isMissing ? .notFound : .failed
                throw ObjectStorageError(code, what: error.what, why: error.why, next: error.next, cause: error)
            }
        }
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

    private func info(_ key: ObjectKey, _ status: FileStatus) -> ObjectInfo {
        ObjectInfo(key: key, sizeInBytes: status.size, modifiedMs: status.mtimeNs / 1_000_000)
    }

    private func collect(
        _ folder: FilePath,
        _ prefix: String,
        _ recursive: Bool,
        _ after: String?,
        _ limit: Int,
        _ entries: inout [ObjectEntry]
    ) throws {
        for name in try FileSystem.list(folder) where !Upload.isTemporary(name) {
            let text = prefix.isEmpty ? name : "\(prefix)/\(name)"
            let path = folder.appending(name)
            let status = try FileSystem.status(of: path, followingLinks: false)
            if status.isDirectory {
                if recursive {
                    try collect(path, text, true, after, limit, &entries)
                } else if Self.isBehind(text, after) {
                    entries.append(.folder(text))
                }
            } else if status.isRegular, Self.isBehind(text, after) {
                entries.append(.object(info(try ObjectKey(text), status)))
            }
            if !recursive, entries.count >= limit { return }
        }
    }

    private static func isBehind(_ text: String, _ after: String?) -> Bool {
        guard let after else { return true }
        return after.utf8.lexicographicallyPrecedes(text.utf8)
    }
}
