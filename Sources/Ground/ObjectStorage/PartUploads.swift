// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Uploads of objects whose parts arrive in requests of their own, in any order and side by side.
///
/// Parts lie in a store of their own until the object is put together; what nobody went on with for a day is removed when
/// the next upload begins. Whoever knows the id of an upload may add to it.
package struct PartUploads: Sendable {
    /// The most parts of an upload.
    package static let partLimit = 10_000
    /// The most bytes of a part, as S3 has it.
    package static let partSizeLimit: Int64 = 5 << 30
    /// The most uploads under way.
    package static let uploadLimit = 1_000
    private static let lifetimeMs: Int64 = 24 * 60 * 60 * 1_000

    private let parts: any ObjectStore
    private let target: any ObjectStore
    private let now: @Sendable () -> Int64

    /// Uploads into `target`, whose parts wait in `parts`.
    ///
    /// - Parameters:
    ///   - target: Where the objects go.
    ///   - parts: A store for this alone.
    ///   - now: The clock, milliseconds UTC.
    package init(into target: any ObjectStore, parts: any ObjectStore, now: @escaping @Sendable () -> Int64) {
        self.target = target
        self.parts = parts
        self.now = now
    }

    /// Begins an upload of `count` parts.
    ///
    /// - Returns: Its id.
    /// - Throws: ``ObjectStorageError`` `.tooLarge` for too many parts or uploads.
    package func begin(_ key: ObjectKey, count: Int) async throws -> String {
        guard (1...Self.partLimit).contains(count) else {
            throw ObjectStorageError(
                .tooLarge,
                what: "cannot upload `\(key)` in \(count) parts",
                why: "1 to \(Self.partLimit) are allowed"
            )
        }
        guard try await removeExpired() < Self.uploadLimit else {
            throw ObjectStorageError(
                .tooLarge,
                what: "cannot begin to upload `\(key)`",
                why: "\(Self.uploadLimit) uploads are under way",
                next: "complete or abort some"
            )
        }
        let id = [UInt64.random(in: .min ... .max), .random(in: .min ... .max)].map { number in
            let digits = String(number, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
        .joined()
        try await parts.put(try Self.note(id), bytes: Array("\(count)\n\(key)".utf8))
        return id
    }

    /// Takes a part, from 1; one that came before is replaced.
    ///
    /// - Returns: What its sender must name when the object is put together.
    /// - Throws: ``ObjectStorageError`` `.notFound` without such an upload or part, `.tooLarge`.
    package func put<Body: AsyncSequence<ByteBuffer, any Error> & Sendable>(
        _ id: String,
        part: Int,
        _ body: Body
    ) async throws -> String {
        let upload = try await upload(id)
        guard (1...upload.count).contains(part), try await parts.info(Self.mark(id)) == nil else {
            throw Self.missing(id)
        }
        return Self.tag(try await parts.put(try Self.part(id, part), limit: Self.partSizeLimit, body))
    }

    /// Puts the parts together, all of them in their order; asked again, it says that it is done.
    ///
    /// - Parameters:
    ///   - id: The upload.
    ///   - key: The object that it was begun for.
    ///   - named: The parts as their sender knows them; a tag that is nil is not compared.
    /// - Throws: ``ObjectStorageError`` `.notFound` without such an upload, `.incomplete` if a part is missing or is
    ///   another one than was named.
    package func complete(_ id: String, _ key: ObjectKey, parts named: [(number: Int, tag: String?)]) async throws {
        let upload = try await upload(id, of: key)
        guard try await parts.info(Self.mark(id)) == nil else { return }
        guard named.map(\.number).sorted() == Array(1...upload.count) else {
            throw Self.incomplete(key, "it was begun with \(upload.count) parts, and others are named")
        }
        var keys: [ObjectKey] = []
        for (number, tag) in named.sorted(by: { $0.number < $1.number }) {
            let part = try Self.part(id, number)
            guard let info = try await parts.info(part) else { throw Self.incomplete(key, "part \(number) is missing") }
            guard tag == nil || tag == Self.tag(info) else {
                throw Self.incomplete(key, "part \(number) is another one than was named")
            }
            keys.append(part)
        }
        _ = try await target.put(key, limit: nil, Joined(store: parts, keys: keys))
        // The client may not hear of it and ask again; the parts are not needed for that.
        try await parts.put(try Self.mark(id), bytes: [])
        for part in keys { try await parts.delete(part) }
    }

    /// Forgets an upload; one that is complete stays.
    package func abort(_ id: String, _ key: ObjectKey) async throws {
        _ = try await upload(id, of: key)
        try await parts.deleteAll(prefix: try ObjectKey(id))
    }

    /// Removes what nobody went on with.
    ///
    /// - Returns: How many uploads are left.
    @discardableResult
    package func removeExpired() async throws -> Int {
        let limit = now() - Self.lifetimeMs
        var left = 0
        for try await batch in parts.batches(of: "") {
            for case .folder(let id) in batch {
                if try await isOlder(id, than: limit) {
                    try await parts.deleteAll(prefix: try ObjectKey(id))
                } else {
                    left += 1
                }
            }
        }
        return left
    }

    // MARK: The parts' store

    private func isOlder(_ id: String, than limit: Int64) async throws -> Bool {
        // The note is the oldest of an upload, so most are young at the first look.
        if let note = try await parts.info(Self.note(id)), note.modifiedMs >= limit { return false }
        for try await batch in parts.batches(of: id) {
            for case .object(let info) in batch where info.modifiedMs >= limit { return false }
        }
        return true
    }

    private func upload(_ id: String, of key: ObjectKey? = nil) async throws -> (count: Int, key: String) {
        guard id.utf8.count == 32, id.allSatisfy(\.isHexDigit) else { throw Self.missing(id) }
        do {
            let text = String(decoding: try await parts.bytes(of: Self.note(id), limit: 4_096), as: UTF8.self)
            let lines = text.split(separator: "\n", maxSplits: 1)
            guard lines.count == 2, let count = Int(lines[0]), key == nil || key?.text == String(lines[1]) else {
                throw Self.missing(id)
            }
            return (count, String(lines[1]))
        } catch let error as ObjectStorageError where error.code == .notFound {
            throw Self.missing(id)
        }
    }

    private static func note(_ id: String) throws(ObjectStorageError) -> ObjectKey { try ObjectKey(id + "/upload") }
    private static func mark(_ id: String) throws(ObjectStorageError) -> ObjectKey { try ObjectKey(id + "/done") }
    private static func part(_ id: String, _ number: Int) throws(ObjectStorageError) -> ObjectKey {
        try ObjectKey("\(id)/part-\(number)")
    }

    private static func tag(_ info: ObjectInfo) -> String { "\(info.sizeInBytes)-\(info.modifiedMs)" }

    private static func missing(_ id: String) -> ObjectStorageError {
        ObjectStorageError(
            .notFound,
            what: "cannot find the upload `\(id.prefix(50))`",
            why: "there is none under way for that file"
        )
    }

    private static func incomplete(_ key: ObjectKey, _ why: String) -> ObjectStorageError {
        ObjectStorageError(.incomplete, what: "cannot put `\(key)` together", why: why)
    }
}

/// Objects one behind the other.
private struct Joined: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let store: any ObjectStore
    let keys: [ObjectKey]

    struct AsyncIterator: AsyncIteratorProtocol {
        let store: any ObjectStore
        var keys: ArraySlice<ObjectKey>
        var current: ObjectBody.AsyncIterator?

        mutating func next() async throws -> ByteBuffer? {
            while true {
                if let piece = try await current?.next() { return piece }
                guard let key = keys.popFirst() else { return nil }
                current = try await store.get(key, range: nil).makeAsyncIterator()
            }
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(store: store, keys: keys[...]) }
}
