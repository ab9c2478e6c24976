// SPDX-License-Identifier: Apache-2.0

import Database
import Diagnostics
import Testing

extension DatabaseContract {
    private static let first = Migration(1, "a", sqlite: "CREATE TABLE a (id INTEGER PRIMARY KEY, name TEXT) STRICT")
    private static let second = Migration(
        2,
        "more of a",
        sqlite: "ALTER TABLE a ADD COLUMN size REAL; INSERT INTO a (name, size) VALUES ('from step 2', 1.5)"
    )
    private static let broken = Migration(
        3,
        "broken",
        sqlite:
            "CREATE TABLE halfway (id INTEGER) STRICT; INSERT INTO a (name) VALUES ('half'); INSERT INTO nowhere VALUES (1)"
    )

    private static func names(_ database: SQLDatabase) async throws -> [String] {
        try await database.read { try $0.rows("SELECT name FROM a ORDER BY id").map { $0.string(0) } }
    }

    private static func steps(_ database: SQLDatabase) async throws -> [String] {
        try await database.read { reader in
            try reader.rows("SELECT room, number, name FROM gyre_migrations ORDER BY room, number")
                .map { "\($0.string(0)) \($0.int64(1)) \($0.string(2))" }
        }
    }

    static let migrations: [Promise] = [
        Promise("steps are done in order and written down") { place in
            let database = try await place.open(.server, [MigrationSet(room: "r", [first, second])])
            #expect(try await names(database) == ["from step 2"])
            #expect(try await steps(database) == ["r 1 a", "r 2 more of a"])
            await database.close()
        },
        Promise("opening again does nothing again, and a new step is added to the old") { place in
            for _ in 0..<2 {
                let database = try await place.open(.server, [MigrationSet(room: "r", [first])])
                #expect(try await steps(database) == ["r 1 a"])
                await database.close()
            }
            for _ in 0..<2 {
                let database = try await place.open(.server, [MigrationSet(room: "r", [first, second])])
                #expect(try await names(database) == ["from step 2"])
                await database.close()
            }
        },
        Promise("a broken step names itself and leaves the old tables") { place in
            let old = try await place.open(.server, [MigrationSet(room: "r", [first])])
            await old.close()
            let error = try await error {
                _ = try await place.open(.server, [MigrationSet(room: "r", [first, second, broken])])
            }
            #expect(error.what == "cannot bring the tables of `r` to step 3")
            let database = try await place.open(.server, [MigrationSet(room: "r", [first])])
            #expect(try await steps(database) == ["r 1 a"])
            #expect(try await names(database) == [])
            _ = try await Self.error { _ = try await database.read { try $0.rows("SELECT id FROM halfway") } }
            _ = try await Self.error { _ = try await database.read { try $0.rows("SELECT size FROM a") } }
            await database.close()
        },
        Promise("a broken step of one room leaves the others as they were") { place in
            let other = MigrationSet(room: "other", [Migration(1, "b", sqlite: "CREATE TABLE b (id INTEGER) STRICT")])
            _ = try await error {
                _ = try await place.open(.server, [other, MigrationSet(room: "r", [first, second, broken])])
            }
            let database = try await place.open(.server, [])
            #expect(try await steps(database) == [])
            await database.close()
        },
        Promise("rooms have steps of their own") { place in
            let other = MigrationSet(room: "other", [Migration(1, "b", sqlite: "CREATE TABLE b (id INTEGER) STRICT")])
            let one = try await place.open(.server, [MigrationSet(room: "r", [first, second])])
            await one.close()
            let both = try await place.open(.server, [other, MigrationSet(room: "r", [first, second])])
            #expect(try await steps(both) == ["other 1 b", "r 1 a", "r 2 more of a"])
            await both.close()
        },
        Promise("tables of a newer Gyre are refused and left alone") { place in
            let newer = try await place.open(.server, [MigrationSet(room: "r", [first, second])])
            await newer.close()
            for role in [DatabaseRole.server, .client] {
                let error = try await error { _ = try await place.open(role, [MigrationSet(room: "r", [first])]) }
                #expect(error.code == .newerSchema)
                #expect(error.kind == .conflict)
                #expect(error.why == "its tables for `r` are at step 2, and this Gyre knows 1")
                #expect(error.next != nil)
            }
            let again = try await place.open(.server, [MigrationSet(room: "r", [first, second])])
            #expect(try await names(again) == ["from step 2"])
            await again.close()
        },
        Promise("a client that finds its tables does not wait for a writer") { place in
            let sets = [MigrationSet(room: "r", [first])]
            let server = try await place.open(.server, sets)
            let (isIn, goOn) = (Gate(), Gate())
            async let written: Void = server.write { writer in
                try writer.execute("INSERT INTO a (name) VALUES ('x')")
                isIn.open()
                goOn.pass()
            }
            try await isIn.passed()
            let client = try await place.open(.client, sets)
            #expect(try await names(client) == [])
            goOn.open()
            try await written
            await client.close()
            await server.close()
        },
    ]
}
