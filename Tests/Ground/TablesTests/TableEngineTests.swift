// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage
import Tables
import Testing

struct TableEngineTests {
    private let engine: TableEngine
    private let folder: Folder

    init() throws {
        engine = try DuckDB.engine()
        folder = try Folder()
    }

    @Test func `the library says its version and place`() throws {
        #expect(engine.library.version.hasPrefix("v"))
        #expect(engine.library.path.string.hasSuffix(".so"))
        #expect(throws: TablesError.self) { try DuckDBLibrary.find(python: nil, explicit: "/nowhere/libduckdb.so") }
    }

    @Test func `values go in bound and come out typed`() async throws {
        let values: [TableValue] = [
            .null, .bool(true), .integer(.min + 1), .real(-0.1), .text("O'Hara; DROP \u{0} 🦆 more than twelve bytes"),
            .text(""),
        ]
        let answer = try await engine.query("SELECT ?::VARCHAR a, ? b, ? c, ? d, ? e, ? f", values)
        #expect(answer.names == ["a", "b", "c", "d", "e", "f"])
        #expect(answer.row(0) == values)
    }

    @Test(arguments: [
        ("(-128)::TINYINT", TableValue.integer(-128)), ("255::UTINYINT", .integer(255)),
        ("(-7)::SMALLINT", .integer(-7)),
        ("7::UINTEGER", .integer(7)), ("18446744073709551615::UBIGINT", .real(18_446_744_073_709_551_616)),
        ("(-3)::HUGEINT", .real(-3)), ("12.5::DECIMAL(4,1)", .real(12.5)), ("(-1.25)::DECIMAL(30,2)", .real(-1.25)),
        ("0.5::FLOAT", .real(0.5)), ("DATE '1970-01-03'", .integer(2)),
        ("TIMESTAMP '1970-01-01 00:00:01'", .integer(1_000_000)),
        ("TIMESTAMP_S '1970-01-01 00:00:01'", .integer(1_000_000)),
        ("TIMESTAMP_MS '1970-01-01 00:00:01'", .integer(1_000_000)),
        ("TIMESTAMP_NS '1969-12-31 23:59:59.999999'", .integer(-1)),
        ("TIMESTAMPTZ '1970-01-01 00:00:01+00'", .integer(1_000_000)),
        ("NULL", .null),
    ])
    func `a type of the engine is read`(expression: String, expected: TableValue) async throws {
        #expect(try await engine.query("SELECT \(expression)").row(0) == [expected])
    }

    @Test func `an answer streams in chunks, in order`() async throws {
        let seen = Counter()
        try await engine.forEachChunk("SELECT range AS n FROM range(100000)") { chunk in
            #expect(chunk.rowCount <= 4_096)
            try seen.take(chunk.column("n"))
        }
        #expect(seen.rows == 100_000 && seen.sum == 4_999_950_000 && seen.chunks > 10)
    }

    @Test func `an empty answer still has its columns`() async throws {
        let answer = try await engine.query("SELECT 1 AS a, 'x' AS b WHERE false")
        #expect(answer.names == ["a", "b"] && answer.rowCount == 0)
        #expect(try answer.numbers("a") == [])
    }

    @Test(arguments: [
        "SELEC 1", "SELECT * FROM nowhere", "SELECT CAST('x' AS INTEGER)", "SELECT [1, 2]", "SELECT ?",
        "SELECT 1; SELECT 2",
        "SELECT CASE WHEN range = 90000 THEN error('late') ELSE range END FROM range(100000)",
    ])
    func `what the engine refuses says why in one line`(sql: String) async throws {
        let error = try await #require(throws: TablesError.self) { try await engine.query(sql) }
        #expect(error.code == .failed && !error.why.isEmpty && !error.why.contains("\n"))
    }

    @Test func `a column that is not there is named`() async throws {
        let answer = try await engine.query("SELECT 1 AS a, 'x' AS b")
        #expect(try #require(throws: TablesError.self) { try answer.column("c") }.why.contains("`a`, `b`"))
        #expect(throws: TablesError.self) { try answer.numbers("b") }
    }

    @Test(.timeLimit(.minutes(1))) func `a cancelled call stops its statement`() async throws {
        let engine = engine
        let call = Task { try await engine.query("SELECT count(*) FROM range(100000000000) a, range(1000) b") }
        call.cancel()
        await #expect(throws: CancellationError.self) { try await call.value }
    }

    @Test func `calls run beside each other`() async throws {
        let engine = engine
        let sums = try await withThrowingTaskGroup(of: TableValue.self) { group in
            for number in 1...16 {
                group.addTask {
                    try await engine.query("SELECT sum(range)::BIGINT FROM range(?)", [.integer(Int64(number))]).row(0)[
                        0
                    ]
                }
            }
            return try await group.reduce(into: Set<TableValue>()) { $0.insert($1) }
        }
        #expect(sums.contains(.integer(120)) && sums.count == 16)
    }

    @Test func `what does not fit into memory goes to disk and leaves nothing behind`() async throws {
        let spill = folder.path.appending("spill")
        let small = try TableEngine(
            library: engine.library,
            memoryLimit: "40MB",
            threads: 1,
            temporaryFolder: spill
        )
        let sql =
            "SELECT max(b) FROM (SELECT (range * 7919) % 1000003 AS a, repeat('x', 20) || range AS b FROM range(1500000) ORDER BY a, b)"
        #expect(try await small.query(sql).rowCount == 1)
        #expect(!FileSystem.exists("./.tmp"))
    }
}

private final class Counter: @unchecked Sendable {
    // Used by one call, which runs its chunks one after the other.
    var rows = 0
    var chunks = 0
    var sum: Int64 = 0

    func take(_ column: TableColumnValues) {
        guard case .integers(let values) = column else { return }
        rows += values.count
        chunks += 1
        for value in values { sum += value ?? 0 }
    }
}
