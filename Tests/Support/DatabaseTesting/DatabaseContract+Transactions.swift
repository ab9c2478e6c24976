// SPDX-License-Identifier: Apache-2.0

import Database
import Diagnostics
import Files
import Synchronization
import Testing

#if canImport(Glibc)
import Glibc
#endif

extension DatabaseContract {
    /// Lets a thread wait for another.
    final class Gate: Sendable {
        nonisolated(unsafe) private let semaphore: UnsafeMutablePointer<sem_t>

        init() {
            semaphore = .allocate(capacity: 1)
            sem_init(semaphore, 0, 0)
        }

        deinit {
            sem_destroy(semaphore)
            semaphore.deallocate()
        }

        func open() { sem_post(semaphore) }
        func pass() { while sem_wait(semaphore) != 0 {} }
        /// Passes without blocking a thread of the cooperative pool.
        func passed() async throws { try await BlockingPool(threads: 1).run { self.pass() } }
    }

    static let writing: [Promise] = [
        Promise("writers that come at the same time share transactions") { place in
            try await withItems(place) { database in
                let before = database.commitCount
                try await withThrowingTaskGroup { group in
                    for number in 0..<1_000 {
                        group.addTask {
                            try await change(
                                database,
                                "INSERT INTO items (id, name) VALUES (\(number), \("n\(number)"))"
                            )
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(try await count(database) == 1_000)
                #expect(
                    (1...200).contains(database.commitCount - before),
                    "\(database.commitCount - before) transactions"
                )
            }
        },
        Promise("a body that throws undoes its part alone, and its own error comes back") { place in
            try await withItems(place) { database in
                let failed = try await withThrowingTaskGroup(of: Int?.self) { group in
                    for number in 0..<300 {
                        group.addTask {
                            do {
                                try await database.write { writer in
                                    try writer.execute(
                                        "INSERT INTO items (id, name) VALUES (\(number), \("n\(number)"))"
                                    )
                                    if number % 3 == 0 { throw Refusal(number: number) }
                                }
                                return nil
                            } catch let refusal as Refusal {
                                return refusal.number
                            }
                        }
                    }
                    return try await group.reduce(into: Set<Int>()) { if let number = $1 { $0.insert(number) } }
                }
                #expect(failed == Set(stride(from: 0, to: 300, by: 3)))
                let kept = try await database.read {
                    try $0.rows("SELECT id FROM items ORDER BY id").map { $0.int64(0) }
                }
                let expected = (0..<300).filter { $0 % 3 != 0 }.map { Int64($0) }
                #expect(kept == expected)
            }
        },
        Promise("a statement that fails can be caught, and the rest of its body is kept") { place in
            try await withItems(place) { database in
                try await database.write { writer in
                    try writer.execute("INSERT INTO items (id, name) VALUES (1, 'a')")
                    #expect(throws: DatabaseError.self) {
                        _ = try writer.execute("INSERT INTO items (id, name) VALUES (2, 'a')")
                    }
                    try writer.execute("INSERT INTO items (id, name) VALUES (3, 'c')")
                }
                #expect(try await count(database) == 2)
            }
        },
        Promise("a body sees what it wrote, and what was written before it") { place in
            try await withItems(place) { database in
                for number in 1...5 {
                    let seen = try await database.write { writer in
                        try writer.execute("INSERT INTO items (id, name) VALUES (\(number), \("n\(number)"))")
                        return try writer.reader.row("SELECT count(*) FROM items")?.int64(0)
                    }
                    #expect(seen == Int64(number))
                }
            }
        },
        Promise("a body's value comes back, nothing too") { place in
            try await withItems(place) { database in
                let nothing: Int? = try await database.write { _ in nil }
                #expect(nothing == nil)
                #expect(try await database.write { _ in [1, 2] } == [1, 2])
            }
        },
        Promise("a read behind a write sees it") { place in
            try await withItems(place) { database in
                for number in 1...50 {
                    try await change(database, "INSERT INTO items (id, name) VALUES (\(number), \("n\(number)"))")
                    #expect(try await count(database) == Int64(number))
                }
            }
        },
        Promise("a write whose task is cancelled is done and says so") { place in
            try await withItems(place) { database in
                let (isIn, goOn) = (Gate(), Gate())
                let first = Task {
                    try await database.write { _ in
                        isIn.open()
                        goOn.pass()
                    }
                }
                try await isIn.passed()
                let second = Task.immediate {
                    try await change(database, "INSERT INTO items (id, name) VALUES (1, 'a')")
                }
                second.cancel()
                goOn.open()
                try await first.value
                #expect(try await second.value == 1)
                #expect(try await count(database) == 1)
            }
        },
    ]

    static let reading: [Promise] = [
        Promise("a reader sees one state to its end, while writers go on") { place in
            try await withItems(place) { database in
                try await change(database, "INSERT INTO items (id, name) VALUES (1, 'a')")
                let (hasRead, goOn) = (Gate(), Gate())
                async let counts = database.read { reader in
                    let first = try reader.row("SELECT count(*) FROM items")?.int64(0)
                    hasRead.open()
                    goOn.pass()
                    return [first, try reader.row("SELECT count(*) FROM items")?.int64(0)]
                }
                try await hasRead.passed()
                try await change(database, "INSERT INTO items (id, name) VALUES (2, 'b')")
                #expect(try await count(database) == 2)
                goOn.open()
                #expect(try await counts == [1, 1])
            }
        },
        Promise("a reader does not wait for a writer, and sees nothing of it before its end") { place in
            try await withItems(place) { database in
                let (hasWritten, goOn) = (Gate(), Gate())
                async let written: Void = database.write { writer in
                    try writer.execute("INSERT INTO items (id, name) VALUES (1, 'a')")
                    hasWritten.open()
                    goOn.pass()
                }
                try await hasWritten.passed()
                #expect(try await count(database) == 0)
                goOn.open()
                try await written
                #expect(try await count(database) == 1)
            }
        },
        Promise("sums that writers keep are whole in every reader") { place in
            try await withItems(place) { database in
                try await database.write { writer in
                    for number in 0..<10 {
                        try writer.execute(
                            "INSERT INTO items (id, name, size) VALUES (\(number), \("n\(number)"), 100.0)"
                        )
                    }
                }
                try await withThrowingTaskGroup { group in
                    for task in 0..<4 {
                        group.addTask {
                            for round in 0..<50 {
                                try await database.write { writer in
                                    try writer.execute(
                                        "UPDATE items SET size = size - 1 WHERE id = \((task + round) % 10)"
                                    )
                                    try writer.execute(
                                        "UPDATE items SET size = size + 1 WHERE id = \((task * 3 + round * 7 + 1) % 10)"
                                    )
                                }
                            }
                        }
                        group.addTask {
                            for _ in 0..<50 {
                                let sum = try await database.read {
                                    try $0.row("SELECT sum(size) FROM items")?.double(0)
                                }
                                #expect(sum == 1_000)
                            }
                        }
                    }
                    try await group.waitForAll()
                }
            }
        },
        Promise("a reader changes nothing") { place in
            try await withItems(place) { database in
                _ = try await error { _ = try await database.read { try $0.rows("DELETE FROM items") } }
                _ = try await error {
                    _ = try await database.read { try $0.rows("INSERT INTO items (id, name) VALUES (1, 'a')") }
                }
                #expect(try await count(database) == 0)
            }
        },
        Promise("an error of a reader's body comes back as it is") { place in
            try await withItems(place) { database in
                await #expect(throws: Refusal(number: 5)) { try await database.read { _ in throw Refusal(number: 5) } }
            }
        },
        Promise("many readers take turns") { place in
            try await withItems(place) { database in
                try await withThrowingTaskGroup { group in
                    for _ in 0..<500 {
                        group.addTask {
                            let count = try await count(database)
                            #expect(count == 0)
                        }
                    }
                    try await group.waitForAll()
                }
            }
        },
    ]

    static let life: [Promise] = [
        Promise("what was written is there after closing and opening") { place in
            try await withItems(place) { database in
                try await change(database, "INSERT INTO items (id, name) VALUES (1, 'a')")
            }
            try await withItems(place) { database in
                let count = try await count(database)
                #expect(count == 1)
            }
        },
        Promise("closing waits for what was handed over") { place in
            let database = try await place.open(.server, [items])
            let tasks = (0..<200).map { number in
                Task.immediate {
                    try await change(database, "INSERT INTO items (id, name) VALUES (\(number), \("n\(number)"))")
                }
            }
            await database.close()
            for task in tasks { _ = try await task.value }
            try await withItems(place) { database in
                let count = try await count(database)
                #expect(count == 200)
            }
        },
        Promise("a closed database says so, and closing again is nothing") { place in
            let database = try await place.open(.server, [items])
            await database.close()
            await database.close()
            let write = try await error { try await change(database, "DELETE FROM items") }
            #expect(write.code == .closed)
            #expect(write.kind == .unavailable)
            let read = try await error { _ = try await count(database) }
            #expect(read.code == .closed)
        },
        Promise("a second server is refused, a client is not, and the next server is let in") { place in
            let server = try await place.open(.server, [items])
            let error = try await error { _ = try await place.open(.server, [items]) }
            #expect(error.code == .locked)
            #expect(error.kind == .conflict)
            let client = try await place.open(.client, [items])
            try await change(client, "INSERT INTO items (id, name) VALUES (1, 'a')")
            #expect(try await count(server) == 1)
            await client.close()
            await server.close()
            await (try place.open(.server, [items])).close()
        },
        Promise("two processes may write in turns") { place in
            let first = try await place.open(.server, [items])
            let second = try await place.open(.client, [items])
            try await withThrowingTaskGroup { group in
                for number in 0..<200 {
                    let database = number % 2 == 0 ? first : second
                    group.addTask {
                        try await change(database, "INSERT INTO items (id, name) VALUES (\(number), \("n\(number)"))")
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await count(first) == 200)
            await second.close()
            await first.close()
        },
    ]
}
