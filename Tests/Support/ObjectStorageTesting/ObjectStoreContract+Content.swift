// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Files
import NIOCore
package import ObjectStorage
import Synchronization
import Testing

extension ObjectStoreContract {
    static let content: [Promise] = [
        Promise("what is stored comes back") { store in
            for (number, size) in [0, 1, 1_000, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3_000_000].enumerated() {
                let key = try ObjectKey("dir \(number)/ü [1] 漢.bin")
                let bytes = PieceBody.bytes(0..<size)
                let info = try await store.put(key, bytes: bytes)
                #expect(info.key == key)
                #expect(info.sizeInBytes == Int64(size))
                let isSame = try await store.bytes(of: key) == bytes
                #expect(isSame)
                #expect(try await store.info(key) == info)
            }
        },
        Promise("an object knows when it was changed") { store in
            let info = try await store.put(try ObjectKey("a"), bytes: [1])
            // The clocks of store and test may differ, but not by years.
            #expect(info.modifiedMs > 1_600_000_000_000)
            #expect(info.modifiedMs < 4_000_000_000_000)
        },
        Promise("pieces of any size make one object") { store in
            for (count, size) in [(0, 1), (1, 1), (1_000, 1), (700, 1_001), (3, 1 << 20), (2, 700_000)] {
                let body = PieceBody(count, of: size)
                let key = try ObjectKey("pieces")
                let info = try await store.put(key, limit: nil, body)
                #expect(info.sizeInBytes == Int64(count * size))
                let isSame = try await store.get(key, range: nil).gathered() == body.bytes
                #expect(isSame)
            }
        },
        Promise("a range gives its bytes, cut at the end") { store in
            let key = try ObjectKey("a")
            let bytes = PieceBody.bytes(0..<2_500_000)
            try await store.put(key, bytes: bytes)
            for range in [
                0..<1, 0..<2_500_000, 5..<5, 7..<1_100_000, 2_499_999..<2_500_000, 2_000_000..<9_000_000,
                2_500_000..<2_500_001,
            ] {
                let body = try await store.get(key, range: Int64(range.lowerBound)..<Int64(range.upperBound))
                let expected = range.clamped(to: 0..<bytes.count)
                #expect(body.range == Int64(expected.lowerBound)..<Int64(expected.upperBound))
                #expect(body.info.sizeInBytes == 2_500_000)
                let isSame = try await body.gathered() == Array(bytes[expected])
                #expect(isSame, "\(range)")
            }
        },
        Promise("a range behind the end, or before the begin, is refused") { store in
            let key = try ObjectKey("a")
            try await store.put(key, bytes: [1, 2, 3])
            for range in [4..<5, 1_000..<2_000, -1..<2, -5..<(-1)] as [Range<Int64>] {
                let code = try await code { _ = try await store.get(key, range: range) }
                #expect(code == .invalidRange)
            }
        },
        Promise("a body can be read twice") { store in
            try await put("again", "a", to: store)
            let body = try await store.get(try ObjectKey("a"), range: nil)
            let (first, second) = (try await body.gathered(), try await body.gathered())
            #expect(first == Array("again".utf8))
            #expect(second == first)
        },
        Promise("what is not there is not found") { store in
            try await put("x", "d/a", to: store)
            for key in ["no", "d", "d/no", "d/a/below", "no/no"].map({ try? ObjectKey($0) }) {
                let key = try #require(key)
                #expect(try await store.info(key) == nil)
                let error = try #require(
                    await #expect(throws: ObjectStorageError.self) { _ = try await store.get(key, range: nil) }
                )
                #expect(error.code == .notFound)
                #expect(error.kind == .notFound)
                #expect(error.what == "cannot read `\(key)`")
            }
        },
        Promise("a small object is read whole, and a large one refused by its limit") { store in
            let key = try ObjectKey("a")
            try await store.put(key, bytes: Array(repeating: 7, count: 1_000))
            #expect(try await store.bytes(of: key, limit: 1_000).count == 1_000)
            let code = try await code { _ = try await store.bytes(of: key, limit: 999) }
            #expect(code == .tooLarge)
        },
        Promise("keys that look alike are different objects") { store in
            try await put("composed", "caf\u{E9}", to: store)
            try await put("combined", "cafe\u{301}", to: store)
            try await put("small", "a", to: store)
            try await put("capital", "A", to: store)
            #expect(try await text("caf\u{E9}", in: store) == "composed")
            #expect(try await text("cafe\u{301}", in: store) == "combined")
            #expect(try await text("a", in: store) == "small")
            #expect(try await names(in: store).count == 4)
        },
        Promise("any key of the rules is an object") { store in
            let keys = [
                "a b", "a%2Fb", "..a", "a..", "...", ".hidden", "-", "~", "*", "?", "[x]", "'\"`", "$HOME", "\u{1}",
                "#", "&=;:@,+",
                "日本語/ファイル", String(repeating: "x", count: 255),
                Array(repeating: "a", count: 40).joined(separator: "/"), "\u{301}x",
            ]
            for key in keys { try await put(key, key, to: store) }
            for key in keys { #expect(try await text(key, in: store) == key) }
            let listed = try await names(in: store)
            #expect(Set(listed) == Set(keys))
        },
        Promise("a key may hold a line end", isForServers: false) { store in
            try await put("x", "a\nb", to: store)
            #expect(try await text("a\nb", in: store) == "x")
            #expect(try await names(in: store) == ["a\nb"])
        },
    ]

    /// Streams a large object into a store and out of it.
    ///
    /// - Returns: By how many mebibytes the process grew at most, which must not depend on `mebibytes`. Others who run in
    ///   the same process count too, so give it one of its own.
    package static func memoryToStream(_ mebibytes: Int, through store: any ObjectStore) async throws -> Int {
        let key = try ObjectKey("large")
        let memory = try PeakMemory()
        let info = try await store.put(key, limit: nil, PieceBody(mebibytes, of: 1 << 20))
        #expect(info.sizeInBytes == Int64(mebibytes) << 20)
        var count = 0
        for try await piece in try await store.get(key, range: nil) {
            #expect(piece.readableBytes <= 1 << 20)
            #expect(piece.readableBytesView.first == PieceBody.byte(at: count))
            count += piece.readableBytes
        }
        #expect(count == mebibytes << 20)
        return try memory.growthInMiB()
    }

    static let failures: [Promise] = [
        Promise("an object over the limit is refused, and the old one stays") { store in
            let key = try ObjectKey("d/a")
            try await put("old", "d/a", to: store)
            for body in [PieceBody(2, of: 51), PieceBody(1, of: 101), PieceBody(500, of: 10_000)] {
                let code = try await code { _ = try await store.put(key, limit: 100, body) }
                #expect(code == .tooLarge)
                #expect(try await text("d/a", in: store) == "old")
            }
            _ = try await store.put(key, limit: 100, PieceBody(2, of: 50))
            #expect(try await store.info(key)?.sizeInBytes == 100)
        },
        Promise("a body over the limit is not read to its end") { store in
            let key = try ObjectKey("a")
            let seen = Counter()
            let body = PieceBody(1_000, of: 1_000, onPiece: { seen.raise(to: $0) })
            _ = try await code { _ = try await store.put(key, limit: 5_000, body) }
            #expect(seen.value < 10)
            #expect(try await store.info(key) == nil)
        },
        Promise("a body that fails leaves what was there, and its error comes back") { store in
            for pieces in [0, 1, 40] {
                await #expect(throws: PieceBody.Broken()) {
                    _ = try await store.put(
                        try ObjectKey("new/a"),
                        limit: nil,
                        PieceBody(pieces, of: 100_000, end: .failure)
                    )
                }
                #expect(try await names(in: store) == [])
            }
            try await put("old", "a", to: store)
            await #expect(throws: PieceBody.Broken()) {
                _ = try await store.put(try ObjectKey("a"), limit: nil, PieceBody(3, of: 10, end: .failure))
            }
            #expect(try await text("a", in: store) == "old")
        },
        Promise("an upload whose task is cancelled leaves what was there") { store in
            try await put("old", "a", to: store)
            for (key, pieces) in [("a", 0), ("a", 40), ("b", 1), ("b", 40)] {
                let (steps, steering) = AsyncStream.makeStream(of: Int.self)
                let body = PieceBody(pieces, of: 100_000, end: .cancelled, onPiece: { steering.yield($0) })
                let task = Task { try await store.put(try ObjectKey(key), limit: nil, body) }
                for await step in steps where step == pieces { break }
                task.cancel()
                await #expect(throws: CancellationError.self) { _ = try await task.value }
            }
            #expect(try await names(in: store) == ["a"])
            #expect(try await text("a", in: store) == "old")
        },
        Promise("a reader whose task is cancelled stops") { store in
            let key = try ObjectKey("a")
            _ = try await store.put(key, limit: nil, PieceBody(4, of: 1 << 20))
            let body = try await store.get(key, range: nil)
            let task = Task {
                var count = 0
                for try await piece in body {
                    count += piece.readableBytes
                    withUnsafeCurrentTask { $0?.cancel() }
                }
                return count
            }
            await #expect(throws: CancellationError.self) { _ = try await task.value }
        },
        Promise("an object and a folder of one name are both there, or the second is refused") { store in
            try await put("object", "a", to: store)
            for (key, taken) in [("a/b", "a"), ("c", "c/d")] {
                if key == "c" { try await put("object", "c/d", to: store) }
                do {
                    try await put("second", key, to: store)
                    #expect(try await text(key, in: store) == "second")
                } catch let error as ObjectStorageError {
                    #expect(error.code == .conflict)
                    #expect(error.kind == .conflict)
                    #expect(error.what == "cannot store `\(key)`")
                }
                #expect(try await text(taken, in: store) == "object")
            }
        },
    ]
}

/// A number that only rises.
final class Counter: Sendable {
    private let state = Mutex(0)

    var value: Int { state.withLock { $0 } }
    func raise(to value: Int) { state.withLock { $0 = max($0, value) } }
}
