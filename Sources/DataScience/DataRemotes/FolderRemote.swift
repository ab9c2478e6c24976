// SPDX-License-Identifier: Apache-2.0

import CPlatform
import Files
import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// A remote in a folder of this machine, or of one that is mounted here.
struct FolderRemote: RemoteStorage {
    let root: FilePath
    private let objects: FileBatch
    private let others: FileBatch

    let concurrency = 8

    init(root: FilePath) throws {
        self.root = root
        // As in a cache: nobody changes an object.
        objects = try FileBatch(root: root, permissions: [.ownerRead, .groupRead, .otherRead])
        others = try FileBatch(root: root, permissions: nil)
    }

    func existing(_ keys: [String]) async throws -> Set<String> {
        let found = try await BlockingPool.shared.map(chunks(of: keys, 512)) { keys, flag in
            try flag.check()
            return keys.filter { FileSystem.exists(root.appending($0)) }
        }
        return Set(found.joined())
    }

    func scan(_ start: String, _ body: ([(key: String, size: Int64)]) async throws -> Void) async throws {
        let folder = start.split(separator: "/").dropLast(start.hasSuffix("/") ? 0 : 1).joined(separator: "/")
        let place = folder.isEmpty ? root : root.appending(folder)
        let names = try await BlockingPool.shared.run { () throws -> [FolderEntry] in
            FileSystem.isDirectory(place) ? try FileSystem.entries(of: place) : []
        }
        for entry in names {
            guard let name = entry.name, !TemporaryName.isOne(name) else { continue }
            let key = folder.isEmpty ? name : "\(folder)/\(name)"
            guard key.hasPrefix(start) || start.hasPrefix(key + "/") else { continue }
            if entry.kind == .folder {
                try await body(try await files(below: key))
            } else if entry.kind == .file {
                // One that is gone by now is none.
                guard let status = try? FileSystem.status(of: root.appending(key)) else { continue }
                try await body([(key, status.size)])
            }
        }
    }

    private func files(below folder: String) async throws -> [(key: String, size: Int64)] {
        try await BlockingPool.shared.run(cancellable: { flag in
            var found: [(key: String, size: Int64)] = []
            var open = [folder]
            while let folder = open.popLast() {
                try flag.check()
                for entry in try FileSystem.entries(of: root.appending(folder)) {
                    guard let name = entry.name, !TemporaryName.isOne(name) else { continue }
                    let key = "\(folder)/\(name)"
                    if entry.kind == .folder { open.append(key) }
                    guard entry.kind == .file else { continue }
                    // One that is gone by now is none.
                    guard let status = try? FileSystem.status(of: root.appending(key)) else { continue }
                    found.append((key, status.size))
                }
            }
            return found
        })
    }

    func send(_ key: String, from file: FilePath, md5: String?) async throws -> Int64 {
        let target = root.appending(key)
        let batch = key.hasPrefix("runs/") ? others : objects
        return try await BlockingPool.shared.run(cancellable: { flag in
            let copy = try Self.copy(file, into: batch, flag)
            guard md5 == nil || copy.md5 == md5 else { throw damaged(cache: file) }
            try batch.add(copy.file, size: copy.size, as: target)
            return copy.size
        })
    }

    func send(_ key: String, bytes: [UInt8]) async throws {
        let target = root.appending(key)
        try await BlockingPool.shared.run {
            let file = try objects.make()
            try bytes.withUnsafeBytes { try file.write($0, at: 0) }
            try objects.add(file, size: Int64(bytes.count), as: target)
        }
    }

    func bytes(of key: String, limit: Int) async throws -> [UInt8]? {
        let source = root.appending(key)
        return try await BlockingPool.shared.run {
            do {
                return try FileReader.bytes(of: source, limit: limit)
            } catch let error as FilesError where error.code == .notFound {
                return nil
            }
        }
    }

    func finish() async throws {
        try await BlockingPool.shared.run {
            try objects.finish()
            try others.finish()
        }
    }

    func receive(_ key: String, into batch: FileBatch, as path: FilePath, md5: String?) async throws -> Int64 {
        let source = root.appending(key)
        return try await BlockingPool.shared.run(cancellable: { flag in
            let copy: (file: FileBatch.Pending, size: Int64, md5: String)
            do {
                copy = try Self.copy(source, into: batch, flag)
            } catch let error as FilesError where error.code == .notFound {
                throw missing(key)
            }
            guard md5 == nil || copy.md5 == md5 else { throw damaged(key) }
            try batch.add(copy.file, size: copy.size, as: path)
            return copy.size
        })
    }

    func remove(_ keys: [String]) async throws {
        _ = try await BlockingPool.shared.map(chunks(of: keys, 512)) { keys, flag in
            for key in keys {
                try flag.check()
                do {
                    try FileSystem.remove(root.appending(key))
                } catch let error as FilesError where error.code == .notFound {
                    // Somebody else removed it.
                }
            }
        }
    }

    /// Copies a file by sharing its blocks, or else piece by piece, and hashes what is read.
    private static func copy(
        _ source: FilePath,
        into batch: FileBatch,
        _ flag: CancellationFlag
    ) throws -> (file: FileBatch.Pending, size: Int64, md5: String) {
        let file = try batch.make()
        let input = open(source.string, O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { throw FilesError(Errno(rawValue: errno), "read", source) }
        defer { close(input) }
        let isShared = gyre_clone_file(input, file.descriptor) == 0
        var hasher = StreamingHasher(.md5)
        var size: Int64 = 0
        try FileReader.chunks(of: source) { chunk in
            try flag.check()
            hasher.update(chunk)
            if !isShared { try file.write(chunk, at: size) }
            size += Int64(chunk.count)
        }
        return (file, size, hasher.finish().hex)
    }
}

/// An array in pieces of at most `size`.
func chunks<Element>(of array: [Element], _ size: Int) -> [[Element]] {
    stride(from: 0, to: array.count, by: size).map { Array(array[$0..<min($0 + size, array.count)]) }
}
