// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Stores objects by key.
///
/// An object is there whole or not at all, whatever happens while it is written.
package protocol ObjectStore: Sendable {
    /// Stores an object, replacing one of the same key at once.
    ///
    /// - Parameters:
    ///   - key: The name.
    ///   - limit: The most bytes that are taken; nil for no limit.
    ///   - body: The content as it streams in; never in memory as a whole.
    /// - Returns: The object as it is stored now, durably.
    /// - Throws: ``ObjectStorageError`` `.tooLarge` beyond `limit`, `.invalidKey` if the key leads out of the store,
    ///   `.conflict`, `.failed`; or what `body` throws, and `CancellationError` if the task is cancelled before the end.
    ///   After any of these the old object is there, if there was one.
    func put<Body: AsyncSequence<ByteBuffer, any Error> & Sendable>(
        _ key: ObjectKey,
        limit: Int64?,
        _ body: Body
    ) async throws -> ObjectInfo

    /// Opens an object for reading.
    ///
    /// - Parameters:
    ///   - key: The name.
    ///   - range: Bytes from the lower to before the upper bound, cut at the end; nil for all. It may begin at the
    ///     object's end, and then there are none.
    /// - Returns: The content, still unread; ``ObjectBody/range`` says which bytes will come.
    /// - Throws: ``ObjectStorageError`` `.notFound`, `.invalidRange` if the range begins behind the object's end,
    ///   `.invalidKey` if the key leads out of the store.
    func get(_ key: ObjectKey, range: Range<Int64>?) async throws -> ObjectBody

    /// What the store says of an object; nil if there is none.
    func info(_ key: ObjectKey) async throws -> ObjectInfo?

    /// Lists objects.
    ///
    /// - Parameters:
    ///   - prefix: The folder to list, without a slash at the end; empty for the top.
    ///   - recursive: Objects of all depths instead of one level with folders; a folder holds an object at some depth.
    ///   - after: Only names behind this key, or behind what ``ObjectPage/next`` says.
    ///   - limit: At most this many.
    /// - Returns: The entries in the order that ``ObjectPage/entries`` says; none if there is no such folder.
    /// - Throws: ``ObjectStorageError`` `.invalidKey` if `prefix` is no key or leads out of the store, `.failed`.
    func list(prefix: String, recursive: Bool, after: String?, limit: Int) async throws -> ObjectPage

    /// Lists the objects and folders of one level in batches, for the cost of one listing however many there are.
    ///
    /// - Parameter prefix: The folder to list, without a slash at the end; empty for the top.
    /// - Returns: The entries in the order that ``ObjectPage/entries`` says; reading them throws what
    ///   ``list(prefix:recursive:after:limit:)`` throws.
    func batches(of prefix: String) -> ObjectBatches

    /// Removes an object; one that is not there is fine.
    func delete(_ key: ObjectKey) async throws

    /// Removes the object of this name and all objects below it; none is fine.
    func deleteAll(prefix: ObjectKey) async throws
}

extension ObjectStore {
    /// Pages one after the other, for stores whose pages cost no more than their entries.
    package func batches(of prefix: String) -> ObjectBatches {
        ObjectBatches { try await batch(of: prefix, after: nil) }
    }

    private func batch(of prefix: String, after: String?) async throws -> ObjectBatches.Batch {
        let page = try await list(prefix: prefix, recursive: false, after: after, limit: ObjectBatches.size)
        guard let place = page.next else { return ObjectBatches.Batch(page.entries, next: nil) }
        return ObjectBatches.Batch(page.entries) { try await batch(of: prefix, after: place) }
    }

    /// Stores bytes that are in memory already.
    @discardableResult
    package func put(_ key: ObjectKey, bytes: [UInt8]) async throws -> ObjectInfo {
        try await put(key, limit: nil, Pieces(bytes))
    }

    /// The content of a small object.
    ///
    /// - Throws: ``ObjectStorageError`` `.tooLarge` beyond `limit` bytes.
    package func bytes(of key: ObjectKey, limit: Int = 16 << 20) async throws -> [UInt8] {
        let body = try await get(key, range: nil)
        guard body.info.sizeInBytes <= limit else {
            throw ObjectStorageError(.tooLarge, what: "cannot read `\(key)`", why: "it has more than \(limit) bytes")
        }
        var result: [UInt8] = []
        result.reserveCapacity(Int(body.info.sizeInBytes))
        for try await piece in body { result.append(contentsOf: piece.readableBytesView) }
        return result
    }
}

/// Bytes in memory as a stream of one piece.
private struct Pieces: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    struct AsyncIterator: AsyncIteratorProtocol {
        var rest: ByteBuffer?

        mutating func next() async throws -> ByteBuffer? {
            defer { rest = nil }
            return rest
        }
    }

    private let buffer: ByteBuffer

    init(_ bytes: [UInt8]) { buffer = ByteBuffer(bytes: bytes) }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(rest: buffer) }
}
