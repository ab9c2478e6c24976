// SPDX-License-Identifier: Apache-2.0

import Files
import NIOCore
import ObjectStorage
import SystemPackage

/// A remote in a bucket of S3, or of a store that speaks it.
struct BucketRemote: RemoteStorage {
    let store: S3Store
    let concurrency: Int
    /// At most so many bytes are in memory, whatever is on its way.
    private let budget = ByteBudget(96 << 20)
    /// How much is asked for at once; a larger object comes in several ranges side by side.
    private let rangeSize: Int64 = 8 << 20

    init(_ store: S3Store, concurrency: Int) {
        self.store = store
        self.concurrency = concurrency
    }

    // MARK: What is there

    func existing(_ keys: [String]) async throws -> Set<String> {
        var found: Set<String> = []
        // Of names that begin with hashes the number is known by that of some.
        var rest = keys
        for start in ["files/md5/", "files/chunks/", "files/manifests/"] {
            let some = Set(rest.filter { $0.hasPrefix(start) })
            guard some.count > 64 else { continue }
            rest.removeAll(where: some.contains)
            found.formUnion(try await existing(some, below: start))
        }
        return found.union(try await asked(rest))
    }

    private func existing(_ keys: Set<String>, below start: String) async throws -> Set<String> {
        // Hashes are spread evenly, so that one folder of 256 says how many objects there are. A page of a thousand costs a
        // store about as much as a few questions.
        let estimate = try await store.count("\(start)00/") * 256
        guard estimate / 1_000 * 3 < keys.count else { return try await asked(Array(keys)) }
        let starts = estimate < 16_000 ? [start] : (0..<16).map { "\(start)\(String($0, radix: 16))" }
        var found: Set<String> = []
        try await withThrowingTaskGroup(of: Set<String>.self) { group in
            for start in starts {
                group.addTask {
                    var found: Set<String> = []
                    try await store.scan(start) { infos in
                        for info in infos where keys.contains(info.key.text) { found.insert(info.key.text) }
                    }
                    return found
                }
            }
            for try await some in group { found.formUnion(some) }
        }
        return found
    }

    private func asked(_ keys: [String]) async throws -> Set<String> {
        let store = store
        let found = try await Concurrently.map(keys, limit: concurrency) { key in
            try await store.info(try ObjectKey(key)) != nil ? key : nil
        }
        return Set(found.compactMap(\.self))
    }

    func scan(_ start: String, _ body: ([(key: String, size: Int64)]) async throws -> Void) async throws {
        try await store.scan(start) { infos in try await body(infos.map { ($0.key.text, $0.sizeInBytes) }) }
    }

    // MARK: Sending

    func send(_ key: String, from file: FilePath, md5: String?) async throws -> Int64 {
        do {
            return try await store.put(try ObjectKey(key), file: file, expecting: md5, budget: budget)
        } catch let error as ObjectStorageError where error.code == .incomplete {
            throw damaged(cache: file)
        }
    }

    func send(_ key: String, bytes: [UInt8]) async throws {
        try await budget.take(bytes.count)
        do {
            try await store.put(try ObjectKey(key), ByteBuffer(bytes: bytes), md5: nil)
        } catch {
            await budget.give(bytes.count)
            throw error
        }
        await budget.give(bytes.count)
    }

    func finish() async throws {}

    func remove(_ keys: [String]) async throws { try await store.delete(try keys.map { try ObjectKey($0) }) }

    // MARK: Receiving

    func receive(_ key: String, into batch: FileBatch, as path: FilePath, md5: String?) async throws -> Int64 {
        do {
            return try await receiveOnce(key, into: batch, as: path, md5: md5)
        } catch let error as DataRemotesError where error.code == .corruptContent {
            // It may be the way that changed the bytes, and not the store.
            return try await receiveOnce(key, into: batch, as: path, md5: md5)
        }
    }

    func bytes(of key: String, limit: Int) async throws -> [UInt8]? {
        do {
            let body = try await store.get(try ObjectKey(key), range: nil)
            guard body.info.sizeInBytes <= limit else { throw damaged(key) }
            return Array(try await gathered(body).readableBytesView)
        } catch let error as ObjectStorageError where error.code == .notFound {
            return nil
        }
    }

    private func receiveOnce(
        _ key: String,
        into batch: FileBatch,
        as path: FilePath,
        md5: String?
    ) async throws -> Int64 {
        let name = try ObjectKey(key)
        let body: ObjectBody
        do {
            body = try await store.get(name, range: 0..<rangeSize)
        } catch let error as ObjectStorageError where error.code == .notFound {
            throw missing(key)
        }
        let size = body.info.sizeInBytes
        let isWhole = size <= rangeSize
        let file = try await BlockingPool.shared.run { try batch.make() }
        if isWhole {
            let bytes = try await gathered(body)
            try await BlockingPool.shared.run {
                let found = bytes.withUnsafeReadableBytes { bytes in
                    var hasher = StreamingHasher(.md5)
                    hasher.update(bytes)
                    return hasher.finish().hex
                }
                guard md5 == nil || found == md5 else { throw damaged(key) }
                try bytes.withUnsafeReadableBytes { try file.write($0, at: 0) }
                try batch.add(file, size: size, as: path)
            }
            return size
        }
        try await write(body, to: file)
        let starts = Array(stride(from: rangeSize, to: size, by: Int64.Stride(rangeSize)))
        _ = try await Concurrently.map(starts, limit: 4) { start in
            let part = try await store.get(name, range: start..<min(start + rangeSize, size))
            // Another size means another object.
            guard part.info.sizeInBytes == size else { throw damaged(key) }
            try await write(part, to: file)
        }
        try await BlockingPool.shared.run(cancellable: { flag in
            if let md5, try file.digest(flag) != md5 { throw damaged(key) }
            try batch.add(file, size: size, as: path)
        })
        return size
    }

    private func gathered(_ body: ObjectBody) async throws -> ByteBuffer {
        var bytes = ByteBuffer()
        bytes.reserveCapacity(body.range.count)
        for try await piece in body { bytes.writeImmutableBuffer(piece) }
        return bytes
    }

    private func write(_ body: ObjectBody, to file: FileBatch.Pending) async throws {
        var offset = body.range.lowerBound
        for try await piece in body {
            let place = offset
            try await BlockingPool.shared.run { try piece.withUnsafeReadableBytes { try file.write($0, at: place) } }
            offset += Int64(piece.readableBytes)
        }
    }
}

/// Many calls side by side.
enum Concurrently {
    /// The results in the order of the inputs; the first error cancels the calls that are left.
    static func map<Input: Sendable, Result: Sendable>(
        _ inputs: [Input],
        limit: Int,
        _ body: @escaping @Sendable (Input) async throws -> Result
    ) async throws -> [Result] {
        var results: [Result?] = Array(repeating: nil, count: inputs.count)
        try await withThrowingTaskGroup(of: (Int, Result).self) { group in
            for (index, input) in inputs.enumerated() {
                if index >= limit, let (done, result) = try await group.next() { results[done] = result }
                group.addTask { (index, try await body(input)) }
            }
            while let (done, result) = try await group.next() { results[done] = result }
        }
        return results.compactMap(\.self)
    }
}
