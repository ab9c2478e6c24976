// SPDX-License-Identifier: Apache-2.0

import Database
import Diagnostics
import Testing

extension DatabaseContract {
    static let hostileTexts = [
        "'; DROP TABLE items; --", "\" OR 1=1 --", "?", "?1", ":name", "$1", "%s", "\\", "''", "a\nb\r\nc", "\u{1}",
        "ü 漢 😀", "e\u{301}",
        "", " ", "NULL", "1; SELECT 1", "\u{FFFF}", String(repeating: "x", count: 100_000),
    ]

    static let values: [Promise] = [
        Promise("every value comes back as it was stored") { place in
            let stored: [SQLValue] =
                [
                    .null, .integer(0), .integer(.max), .integer(.min), .real(0.1), .real(-0.5),
                    .real(.leastNonzeroMagnitude), .real(.infinity),
                    .real(-.infinity), .real(1.7976931348623157e308), .blob([]), .blob([0, 255, 0]),
                    .blob(Array(repeating: 7, count: 1 << 20)),
                ] + hostileTexts.map { .text($0) }
            try await withItems(place) { database in
                for value in stored {
                    let row = try await database.read { try $0.row("SELECT \(value)") }
                    #expect(try #require(row)[0] == value)
                }
            }
        },
        Promise("a value comes back from a table as it was stored") { place in
            try await withItems(place) { database in
                for (number, text) in hostileTexts.enumerated() {
                    let data = Array(text.utf8.prefix(50))
                    let size = [0.1, -.infinity, .infinity, Double.leastNonzeroMagnitude][number % 4]
                    try await change(
                        database,
                        "INSERT INTO items (id, name, size, data) VALUES (\(number), \(text), \(size), \(data))"
                    )
                    let row = try #require(
                        try await database.read {
                            try $0.row("SELECT name, size, data FROM items WHERE name = \(text)")
                        }
                    )
                    #expect(row.string(0).unicodeScalars.elementsEqual(text.unicodeScalars))
                    #expect(row.double(1) == size)
                    #expect(row[2] == .blob(data))
                }
                #expect(try await count(database) == Int64(hostileTexts.count))
            }
        },
        Promise("a number that is none is stored as null") { place in
            try await withItems(place) { database in
                try await change(database, "INSERT INTO items (id, name, size) VALUES (1, 'a', \(Double.nan))")
                let row = try #require(try await database.read { try $0.row("SELECT size FROM items") })
                #expect(row[0] == .null)
            }
        },
        Promise("a text with a NUL is refused and nothing of it stored") { place in
            try await withItems(place) { database in
                for text in ["\0", "a\0b", "a\0"] {
                    let error = try await error {
                        try await change(database, "INSERT INTO items (id, name) VALUES (1, \(text))")
                    }
                    #expect(error.code == .unstorable)
                    #expect(error.kind == .invalid)
                    _ = try await Self.error { _ = try await database.read { try $0.row("SELECT \(text)") } }
                }
                #expect(try await count(database) == 0)
            }
        },
        Promise("Swift's values bind as what they are") { place in
            try await withItems(place) { database in
                let (nothing, something): (String?, Int?) = (nil, 5)
                let row = try #require(
                    try await database.read {
                        try $0.row("SELECT \(nothing), \(something), \(true), \(2.5), \([UInt8]([1])), \("x")")
                    }
                )
                #expect(
                    (0..<row.count).map { row[$0] } == [
                        .null, .integer(5), .integer(1), .real(2.5), .blob([1]), .text("x"),
                    ]
                )
            }
        },
        Promise("a row's readers convert between numbers, and nothing is the empty value") { place in
            try await withItems(place) { database in
                let row = try #require(
                    try await database.read {
                        try $0.row("SELECT \(SQLValue.null), \(7), \(2.75), \("12"), \([UInt8]("ab".utf8)), \("x")")
                    }
                )
                #expect(row.isNull(0))
                #expect(row.int64(0) == 0)
                #expect(row.string(0) == "")
                #expect(row.bytes(0) == [])
                #expect(row.optionalInt64(0) == nil)
                #expect(row.optionalString(0) == nil)
                #expect(row.double(1) == 7)
                #expect(row.bool(1))
                #expect(row.int64(2) == 2)
                #expect(row.int64(3) == 12)
                #expect(row.string(4) == "ab")
                #expect(row.optionalInt64(5) == nil)
                #expect(row.bytes(5) == [120])
            }
        },
    ]

    static let statements: [Promise] = [
        Promise("a list binds each of its values, and an empty one matches nothing") { place in
            try await withItems(place) { database in
                try await database.write { writer in
                    for number in 0..<10 {
                        try writer.execute("INSERT INTO items (id, name) VALUES (\(number), \("n\(number)"))")
                    }
                }
                func ids(_ names: [String]) async throws -> [Int64] {
                    try await database.read {
                        try $0.rows("SELECT id FROM items WHERE name IN \(list: names) ORDER BY id").map { $0.int64(0) }
                    }
                }
                #expect(try await ids(["n3", "n7", "'); --"]) == [3, 7])
                #expect(try await ids([]) == [])
                #expect(try await ids((0..<2_000).map { "n\($0)" }).count == 10)
            }
        },
        Promise("parts that are put together keep their values in order") { place in
            try await withItems(place) { database in
                let parts: [SQL] = ["\(1)", "\("b")", "NULL"]
                var sql: SQL = "SELECT \(SQL.joined(parts, separator: ", ")), "
                sql += "\(2.5)" + ", \("z")"
                let statement = sql
                let row = try #require(try await database.read { try $0.row(statement) })
                #expect((0..<row.count).map { row[$0] } == [.integer(1), .text("b"), .null, .real(2.5), .text("z")])
            }
        },
        Promise("a change says how many rows it touched") { place in
            try await withItems(place) { database in
                let counts = try await database.write { writer in
                    let insert = try writer.statement("INSERT INTO items (id, name) VALUES (?, ?)")
                    let inserted = try (0..<5).map { try insert.run([.integer(Int64($0)), .text("n\($0)")]) }
                    return inserted + [
                        try writer.execute("UPDATE items SET size = 1 WHERE id < 3"),
                        try writer.execute("DELETE FROM items WHERE id = 99"),
                    ]
                }
                #expect(counts == [1, 1, 1, 1, 1, 3, 0])
            }
        },
        Promise("rows are handed over one by one, and the reader may stop") { place in
            try await withItems(place) { database in
                try await database.write { writer in
                    let insert = try writer.statement("INSERT INTO items (id, name) VALUES (?, ?)")
                    for number in 0..<1_000 { try insert.run([.integer(Int64(number)), .text("n\(number)")]) }
                }
                let seen = try await database.read { reader in
                    var seen: [Int64] = []
                    do {
                        try reader.forEach("SELECT id FROM items ORDER BY id") { row in
                            seen.append(row.int64(0))
                            if seen.count == 3 { throw Refusal(number: 3) }
                        }
                    } catch is Refusal {}
                    return seen
                }
                #expect(seen == [0, 1, 2])
                #expect(try await count(database) == 1_000)
            }
        },
        Promise("no error shows a value") { place in
            let secret = "hunter2-\u{E9}"
            try await withItems(place) { database in
                try await change(database, "INSERT INTO items (id, name) VALUES (1, \(secret))")
                let changes: [SQL] = [
                    "INSERT INTO items (id, name) VALUES (2, \(secret))",
                    "INSERT INTO items (id, name) VALUES (1, \(secret))",
                    "INSERT INTO items (id, name, size) VALUES (3, 'x', \(secret))",
                    "INSERT INTO nothing (name) VALUES (\(secret))",
                    "INSERT INTO items (id, name) VALUES (4, \(secret), \(secret))", "SELECT \(secret) FROM",
                    "UPDATE items SET name = NULL WHERE name = \(secret)",
                ]
                for wrong in changes {
                    let error = try await error { try await change(database, wrong) }
                    for text in [
                        error.what, error.why, error.next ?? "", "\(error)", error.cause.map { "\($0)" } ?? "",
                    ] {
                        #expect(!text.contains("hunter2"), "\(text)")
                    }
                    #expect(error.what.hasPrefix("cannot run `"))
                }
                let read = try await error {
                    _ = try await database.read { try $0.rows("SELECT nothing FROM items WHERE name = \(secret)") }
                }
                #expect(!"\(read) \(read.cause.map { "\($0)" } ?? "")".contains("hunter2"))
            }
        },
        Promise("a broken rule of the schema is told from a row that is there already") { place in
            try await withItems(place) { database in
                try await change(database, "INSERT INTO items (id, name) VALUES (1, 'a')")
                let cases: [(SQL, DatabaseError.Code)] = [
                    ("INSERT INTO items (id, name) VALUES (1, 'b')", .notUnique),
                    ("INSERT INTO items (id, name) VALUES (2, 'a')", .notUnique),
                    ("INSERT INTO items (id, name) VALUES (3, NULL)", .constraint),
                    ("INSERT INTO items (id, name, size) VALUES (3, 'c', 'x')", .constraint),
                    ("SELECT nothing FROM items", .failed), ("no statement", .failed),
                ]
                for (sql, code) in cases {
                    let error = try await error { try await change(database, sql) }
                    #expect(error.code == code, "\(sql.text)")
                }
            }
        },
    ]
}
