// SPDX-License-Identifier: Apache-2.0

import FilesTesting
import NIOCore
import ObjectStorageTesting
import SystemPackage
import Testing

@testable import ObjectStorage

@Suite(.timeLimit(.minutes(5)))
struct PartUploadsTests {
    private let folder: TemporaryFolder
    private let target: FolderStore
    private let parts: FolderStore
    private let key: ObjectKey

    init() throws {
        folder = try TemporaryFolder()
        target = try FolderStore(root: folder.path.appending("target"))
        parts = try FolderStore(root: folder.path.appending("parts"))
        key = try ObjectKey("run/model.bin")
    }

    private func uploads(_ now: Int64 = 0) -> PartUploads { PartUploads(into: target, parts: parts) { now } }

    /// Sends a part with `count` pieces, as a stream does.
    private func send(_ id: String, _ part: Int, pieces count: Int = 3) async throws -> String {
        try await uploads().put(id, part: part, PieceBody(count, of: 100_000 + part))
    }

    private func code(_ body: () async throws -> Void) async throws -> ObjectStorageError.Code {
        try #require(await #expect(throws: ObjectStorageError.self) { try await body() }).code
    }

    private func left() async throws -> [ObjectEntry] {
        try await parts.list(prefix: "", recursive: true, after: nil, limit: .max).entries
    }

    @Test func `parts in any order make one object, and nothing is there before`() async throws {
        let id = try await uploads().begin(key, count: 3)
        var tags: [(number: Int, tag: String?)] = []
        for part in [3, 1, 2] { tags.append((part, try await send(id, part))) }
        #expect(try await target.info(key) == nil)
        try await uploads().complete(id, key, parts: tags)
        let expected = [1, 2, 3].flatMap { PieceBody(3, of: 100_000 + $0).bytes }
        #expect(try await target.bytes(of: key) == expected)
        #expect(try await left().filter { $0.name.contains("part-") } == [])
    }

    @Test func `asked again, a complete upload is complete, and takes no parts`() async throws {
        let id = try await uploads().begin(key, count: 1)
        let tag = try await send(id, 1)
        for _ in 0..<2 { try await uploads().complete(id, key, parts: [(1, tag)]) }
        #expect(try await target.info(key)?.sizeInBytes == 300_003)
        #expect(try await code { _ = try await send(id, 1) } == .notFound)
        try await uploads().abort(id, key)
        #expect(try await target.info(key)?.sizeInBytes == 300_003)
    }

    @Test func `a part that comes again replaces the first, and its old tag no longer holds`() async throws {
        let id = try await uploads().begin(key, count: 1)
        let old = try await send(id, 1, pieces: 1)
        let new = try await send(id, 1, pieces: 2)
        #expect(try await code { try await uploads().complete(id, key, parts: [(1, old)]) } == .incomplete)
        #expect(try await target.info(key) == nil)
        try await uploads().complete(id, key, parts: [(1, new)])
        #expect(try await target.info(key)?.sizeInBytes == 200_002)
    }

    @Test(arguments: [[], [1], [2], [1, 1], [1, 2, 3], [0, 1], [1, 3]])
    func `an upload with other parts than it was begun with is not put together`(numbers: [Int]) async throws {
        let id = try await uploads().begin(key, count: 2)
        _ = try await send(id, 1)
        _ = try await send(id, 2)
        let named = numbers.map { (number: $0, tag: String?.none) }
        #expect(try await code { try await uploads().complete(id, key, parts: named) } == .incomplete)
        #expect(try await target.info(key) == nil)
    }

    @Test func `a part that never came is missed`() async throws {
        let id = try await uploads().begin(key, count: 2)
        _ = try await send(id, 2)
        let named: [(number: Int, tag: String?)] = [(1, nil), (2, nil)]
        #expect(try await code { try await uploads().complete(id, key, parts: named) } == .incomplete)
    }

    @Test(arguments: ["", "x", "../x", "0123456789abcdef0123456789abcdef", "..", "0123456789abcdef0123456789abcde/"])
    func `an upload that nobody began is not found`(id: String) async throws {
        #expect(try await code { _ = try await send(id, 1) } == .notFound)
        #expect(try await code { try await uploads().complete(id, key, parts: [(1, nil)]) } == .notFound)
        #expect(try await code { try await uploads().abort(id, key) } == .notFound)
        #expect(try await left() == [])
    }

    @Test func `an upload belongs to its object, and has its parts alone`() async throws {
        let id = try await uploads().begin(key, count: 1)
        _ = try await send(id, 1)
        let other = try ObjectKey("run/other")
        #expect(try await code { try await uploads().complete(id, other, parts: [(1, nil)]) } == .notFound)
        #expect(try await code { try await uploads().abort(id, other) } == .notFound)
        for part in [0, -1, 2, 10_001] { #expect(try await code { _ = try await send(id, part) } == .notFound) }
        try await uploads().complete(id, key, parts: [(1, nil)])
        #expect(try await target.info(other) == nil)
    }

    @Test func `an aborted upload leaves nothing`() async throws {
        let id = try await uploads().begin(key, count: 2)
        _ = try await send(id, 1)
        try await uploads().abort(id, key)
        #expect(try await left() == [])
        #expect(try await code { _ = try await send(id, 2) } == .notFound)
    }

    @Test(arguments: [0, -1, 10_001, .max])
    func `more parts than a store can hold are refused`(count: Int) async throws {
        #expect(try await code { _ = try await uploads().begin(key, count: count) } == .tooLarge)
    }

    @Test func `what nobody went on with for a day is removed, and what is young stays`() async throws {
        let id = try await uploads().begin(key, count: 1)
        _ = try await send(id, 1)
        let made = try #require(try await parts.info(try ObjectKey(id + "/part-1"))).modifiedMs
        let day: Int64 = 24 * 60 * 60 * 1_000
        #expect(try await uploads(made + day).removeExpired() == 1)
        #expect(try await uploads(made + day + 1).removeExpired() == 0)
        #expect(try await left() == [])
    }

    @Test func `a part that is cut off is not there`() async throws {
        let id = try await uploads().begin(key, count: 1)
        await #expect(throws: PieceBody.Broken.self) {
            _ = try await uploads().put(id, part: 1, PieceBody(2, of: 300_000, end: .failure))
        }
        #expect(try await code { try await uploads().complete(id, key, parts: [(1, nil)]) } == .incomplete)
    }
}
