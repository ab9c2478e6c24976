// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import NIOCore
import ObjectStorage
import Testing

extension ObjectStoreContract {
    private static let tree = [
        "a", "a-b", "a.b/x", "a0", "b/1", "b/2/x", "b/2/y", "b/2-/x", "b/3", "b-", "c/d/e/f/g", "d/x", "ä/x", "Z",
    ]

    private static func sorted(_ names: [String]) -> [String] {
        names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    static let listings: [Promise] = [
        Promise("all objects are listed in the order of their bytes, whatever the page") { store in
            for key in tree { try await put(key, key, to: store) }
            for limit in [1, 2, 3, 5, 13, 14, 15, 1_000, .max] {
                #expect(try await names(in: store, limit: limit) == sorted(tree), "pages of \(limit)")
            }
        },
        Promise("one level shows its objects and its folders") { store in
            for key in tree { try await put(key, key, to: store) }
            let top = ["Z", "a", "a-b", "a.b/", "a0", "b-", "b/", "c/", "d/", "ä/"]
            let level = ["b/1", "b/2-/", "b/2/", "b/3"]
            for limit in [1, 2, 3, 4, 9, 10, 11, .max] {
                #expect(try await names(in: store, recursive: false, limit: limit) == top, "pages of \(limit)")
                #expect(try await names(in: store, "b", recursive: false, limit: limit) == level, "pages of \(limit)")
            }
            #expect(try await names(in: store, "c/d", recursive: false) == ["c/d/e/"])
        },
        Promise("batches give one level as its pages do, whatever there is") { store in
            for key in tree { try await put(key, key, to: store) }
            for index in 0..<(2 * ObjectBatches.size + 1) {
                try await put("x", "many/\(index)", to: store)
            }
            for prefix in ["", "b", "c/d", "many", "no/such", "a"] {
                var found: [ObjectEntry] = []
                for try await batch in store.batches(of: prefix) {
                    #expect(batch.count <= ObjectBatches.size)
                    found += batch
                }
                let page = try await store.list(prefix: prefix, recursive: false, after: nil, limit: .max)
                #expect(found == page.entries, "below \(prefix)")
            }
            let code = try await code { for try await _ in store.batches(of: "../x") {} }
            #expect(code == .invalidKey)
        },
        Promise("a folder shows what lies below it and nothing beside it") { store in
            for key in tree { try await put(key, key, to: store) }
            #expect(try await names(in: store, "b") == sorted(tree.filter { $0.hasPrefix("b/") }))
            #expect(try await names(in: store, "b/2") == ["b/2/x", "b/2/y"])
            #expect(try await names(in: store, "c") == ["c/d/e/f/g"])
            #expect(try await names(in: store, "a.b/x") == [])
            #expect(try await names(in: store, "no") == [])
            #expect(try await names(in: store, "no/such", recursive: false) == [])
        },
        Promise("a listing begins behind any key") { store in
            for key in tree { try await put(key, key, to: store) }
            for after in ["", "A", "a", "a-", "b/2", "b/2/x", "b/2/xx", "b/9", "c/d/e", "c/z", "zz", "ä", "\u{10FFFF}"]
            {
                let expected = sorted(tree).filter { after.utf8.lexicographicallyPrecedes($0.utf8) }
                #expect(try await names(in: store, after: after, limit: 3) == expected, "behind \(after)")
                let below = expected.filter { $0.hasPrefix("b/") }
                #expect(try await names(in: store, "b", after: after, limit: 1) == below, "behind \(after)")
            }
        },
        Promise("an entry says what its object says of itself") { store in
            let info = try await store.put(try ObjectKey("d/a"), bytes: [1, 2, 3])
            #expect(
                try await store.list(prefix: "d", recursive: false, after: nil, limit: 10).entries == [.object(info)]
            )
            #expect(try await store.list(prefix: "", recursive: false, after: nil, limit: 10).entries == [.folder("d")])
        },
        Promise("nothing of an object is listed before it is whole") { store in
            let (steps, steering) = AsyncStream.makeStream(of: Int.self)
            let (goes, going) = AsyncStream.makeStream(of: Void.self)
            let body = WaitingBody(steering: steering, goes: goes)
            async let stored = store.put(try ObjectKey("d/e/a"), limit: nil, body)
            for await step in steps where step == 1 { break }
            #expect(try await names(in: store) == [])
            #expect(try await names(in: store, recursive: false) == [])
            #expect(try await store.info(try ObjectKey("d/e/a")) == nil)
            going.yield()
            #expect(try await stored.sizeInBytes == 1 << 20)
            #expect(try await names(in: store) == ["d/e/a"])
        },
        Promise("a page of none is empty, and a prefix that is no key is refused") { store in
            try await put("x", "a", to: store)
            let page = try await store.list(prefix: "", recursive: true, after: nil, limit: 0)
            #expect(page.entries == [])
            for prefix in ["/", "a/", "../x", "a//b", ".", "a\\b"] {
                let code = try await code {
                    _ = try await store.list(prefix: prefix, recursive: true, after: nil, limit: 10)
                }
                #expect(code == .invalidKey)
            }
        },
    ]

    static let removals: [Promise] = [
        Promise("a removed object is gone, once or twice") { store in
            try await put("x", "d/a", "d/b", to: store)
            for _ in 0..<2 { try await store.delete(try ObjectKey("d/a")) }
            #expect(try await names(in: store) == ["d/b"])
            #expect(try await store.info(try ObjectKey("d/a")) == nil)
        },
        Promise("a folder whose objects are gone is gone") { store in
            try await put("x", "d/e/a", "f", to: store)
            try await store.delete(try ObjectKey("d/e/a"))
            #expect(try await names(in: store, recursive: false) == ["f"])
            try await put("y", "d", to: store, orConflict: true)
        },
        Promise("removing an object of a folder's name leaves the folder") { store in
            try await put("x", "d/a", to: store)
            for key in ["d", "d/a/b", "no/no"] { try await store.delete(try ObjectKey(key)) }
            #expect(try await names(in: store) == ["d/a"])
        },
        Promise("removing all takes the object of that name and what lies below it, and nothing else") { store in
            for key in tree { try await put(key, key, to: store) }
            for prefix in ["b", "a", "c/d", "no", "no/no"] { try await store.deleteAll(prefix: try ObjectKey(prefix)) }
            let left = tree.filter { $0 != "a" && !$0.hasPrefix("b/") && !$0.hasPrefix("c/d/") }
            #expect(try await names(in: store) == sorted(left))
        },
        Promise("a removed object can be stored again") { store in
            for round in 0..<3 {
                try await put("\(round)", "d/e/a", to: store)
                #expect(try await text("d/e/a", in: store) == "\(round)")
                try await store.deleteAll(prefix: try ObjectKey("d"))
                #expect(try await names(in: store) == [])
            }
        },
    ]

    static let concurrency: [Promise] = [
        Promise("a reader that began before an overwrite gets the old bytes whole") { store in
            let key = try ObjectKey("a")
            let old = PieceBody(4, of: 1 << 20)
            _ = try await store.put(key, limit: nil, old)
            var iterator = try await store.get(key, range: nil).makeAsyncIterator()
            var bytes = Array(try #require(try await iterator.next()).readableBytesView)
            try await store.put(key, bytes: Array(repeating: 9, count: 100))
            while let piece = try await iterator.next() { bytes += piece.readableBytesView }
            let isOld = bytes == old.bytes
            #expect(isOld)
            #expect(try await store.bytes(of: key) == Array(repeating: 9, count: 100))
        },
        Promise("many writers of one key leave the object of one of them, and readers see whole ones only") { store in
            let key = try ObjectKey("d/a")
            func object(_ number: Int) -> [UInt8] { Array(repeating: UInt8(number), count: 10_000 + number * 1_000) }
            try await store.put(key, bytes: object(0))
            try await withThrowingTaskGroup { group in
                for number in 1...20 {
                    group.addTask { _ = try await store.put(key, bytes: object(number)) }
                    group.addTask {
                        let bytes = try await store.bytes(of: key)
                        let isWhole = bytes == object(Int(bytes.first ?? 255))
                        #expect(isWhole)
                    }
                }
                try await group.waitForAll()
            }
            let last = try await store.bytes(of: key)
            let isWhole = last == object(Int(last.first ?? 255))
            #expect(isWhole)
            #expect(try await names(in: store) == ["d/a"])
        },
        Promise("many objects are stored at once") { store in
            try await withThrowingTaskGroup { group in
                for number in 0..<80 {
                    group.addTask { try await put("\(number)", "d\(number % 7)/e/\(number)", to: store) }
                }
                try await group.waitForAll()
            }
            #expect(try await names(in: store).count == 80)
        },
        Promise("storing while others remove the folder fails for nobody") { store in
            try await withThrowingTaskGroup { group in
                for number in 0..<60 {
                    group.addTask { try await put("\(number)", "d/e\(number % 3)/\(number)", to: store) }
                    group.addTask { try await store.deleteAll(prefix: try ObjectKey("d")) }
                    group.addTask { _ = try await names(in: store, limit: 2) }
                }
                try await group.waitForAll()
            }
            try await store.deleteAll(prefix: try ObjectKey("d"))
            #expect(try await names(in: store) == [])
        },
    ]

    private static func put(_ text: String, _ key: String, to store: any ObjectStore, orConflict: Bool) async throws {
        do {
            try await put(text, key, to: store)
        } catch let error as ObjectStorageError where error.code == .conflict {}
    }
}

/// A body of one piece that waits before its end until it may go on.
private struct WaitingBody: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let steering: AsyncStream<Int>.Continuation
    let goes: AsyncStream<Void>

    struct AsyncIterator: AsyncIteratorProtocol {
        let body: WaitingBody
        var step = 0

        mutating func next() async throws -> ByteBuffer? {
            defer { step += 1 }
            body.steering.yield(step)
            if step == 0 { return ByteBuffer(bytes: Array(repeating: 7, count: 1 << 20)) }
            for await _ in body.goes { break }
            return nil
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(body: self) }
}
