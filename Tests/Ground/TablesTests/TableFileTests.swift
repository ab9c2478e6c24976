// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage
import Testing

@testable import Tables

struct TableFileTests {
    private let engine: TableEngine
    private let folder: Folder

    init() throws {
        engine = try DuckDB.engine()
        folder = try Folder()
    }

    private let columns = [
        TableColumn(name: "id", type: "BIGINT"), TableColumn(name: "mean radius", type: "DOUBLE"),
        TableColumn(name: "na\"me", type: "VARCHAR"), TableColumn(name: "ok", type: "BOOLEAN"),
    ]
    private let rows: [[TableValue]] = [
        [.integer(1), .real(17.99), .text("a,\"b\"\nc"), .bool(true)], [.integer(2), .null, .text("ü"), .bool(false)],
        [.null, .real(-0.5), .null, .null],
    ]

    @Test(arguments: ["t.csv", "t.tsv", "t.parquet", "t.json", "t.jsonl", "it's [1] *.parquet"])
    func `rows come back from a file`(name: String) async throws {
        let file = try folder.file(name)
        try await engine.write(rows, columns: columns, to: file)
        let table = try await engine.read(file)
        #expect(table.names == columns.map(\.name))
        #expect((0..<table.rowCount).map { table.row($0) } == rows)
        #expect(try await engine.columns(of: file) == columns)
        #expect(try FileSystem.list(folder.path) == [name])
    }

    @Test func `an answer is written with its bound values`() async throws {
        let file = try folder.file("t.parquet")
        try await engine.write("SELECT range + ? AS n FROM range(3)", [.integer(10)], to: file)
        #expect(try await engine.read(file).numbers("n") == [10, 11, 12])
    }

    @Test func `a failed write leaves the old file and nothing beside it`() async throws {
        let file = try folder.file("t.csv", "a\n1\n")
        await #expect(throws: TablesError.self) { try await engine.write("SELECT error('no')", to: file) }
        #expect(try FileReader.text(of: file) == "a\n1\n")
        #expect(try FileSystem.list(folder.path) == ["t.csv"])
    }

    @Test func `appending to CSV keeps the spelling of what was there`() async throws {
        let file = try folder.file("t.csv", "zip,age,note,extra\n00712,1,\"\",x\n\"9\",2.50,,y\n")
        let rows: [[TableValue]] = [[.text("a,b"), .real(63), .text("00001")], [.null, .real(0.1), .null]]
        #expect(try await engine.append(rows, columns: ["note", "age", "zip"], to: file) == 4)
        let text = "zip,age,note,extra\n00712,1,\"\",x\n9,2.50,,y\n00001,63,\"a,b\",\n,0.1,,\n"
        #expect(try FileReader.text(of: file) == text)
    }

    @Test func `appending to a header alone makes the first rows`() async throws {
        let file = try folder.file("errors.csv", "a,target\n")
        #expect(try await engine.append([[.real(1.5), .integer(1)]], columns: ["a", "target"], to: file) == 1)
        #expect(try await engine.columns(of: file).map(\.type) == ["DOUBLE", "BIGINT"])
        #expect(try await engine.append([], columns: [], to: file) == 1)
    }

    @Test func `appending to Parquet keeps the types, and widens one rather than change a value`() async throws {
        let file = try folder.file("t.parquet")
        try await engine.write("SELECT 1::INTEGER AS a, 2::INTEGER AS b, 3::FLOAT AS c, 'x' AS d", to: file)
        let rows: [[TableValue]] = [[.real(7), .real(2.5), .integer(4), .integer(9)]]
        #expect(try await engine.append(rows, columns: ["a", "b", "c", "d"], to: file) == 2)
        #expect(try await engine.columns(of: file).map(\.type) == ["INTEGER", "DOUBLE", "FLOAT", "VARCHAR"])
        #expect(try await engine.read(file).row(1) == [.integer(7), .real(2.5), .real(4), .text("9")])
    }

    @Test func `an empty Parquet table keeps its types`() async throws {
        let file = try folder.file("t.parquet")
        try await engine.write([], columns: columns, to: file)
        #expect(try await engine.append(rows, columns: columns.map(\.name), to: file) == 3)
        #expect(try await engine.columns(of: file) == columns)
    }

    @Test(arguments: [
        ("BIGINT", [TableValue.integer(1), .null, .real(2)], "BIGINT"), ("BIGINT", [.real(0.5)], "DOUBLE"),
        ("BIGINT", [.text("7")], "BIGINT"), ("BIGINT", [.text("7.5")], "DOUBLE"), ("BIGINT", [.text("yes")], "VARCHAR"),
        ("BOOLEAN", [.bool(true), .integer(1)], "BOOLEAN"), ("BOOLEAN", [.integer(2)], "BIGINT"),
        ("BOOLEAN", [.text("yes")], "VARCHAR"), ("DOUBLE", [.text("x")], "VARCHAR"),
        ("DATE", [.text("2026-01-01")], "DATE"),
    ])
    func `a type gives way only for a value`(type: String, values: [TableValue], expected: String) {
        #expect(AppendedTable.type(type, holding: values) == expected)
    }

    @Test func `types that have no value here come as texts`() async throws {
        let file = try folder.file("t.parquet")
        try await engine.write("SELECT [1, 2] AS l, TIME '10:00:00' AS t, 1 AS n", to: file)
        #expect(try await engine.read(file).row(0) == [.text("[1, 2]"), .text("10:00:00"), .integer(1)])
    }

    @Test func `a missing file, an unknown suffix and an unknown column are told apart`() async throws {
        let (engine, folder) = (engine, folder)
        func code(_ body: () async throws -> Void) async throws -> TablesError.Code {
            try await #require(throws: TablesError.self) { try await body() }.code
        }
        #expect(try await code { _ = try await engine.read(try folder.file("no.csv")) } == .missingFile)
        #expect(try await code { _ = try await engine.read(try folder.file("t.xlsx", "x")) } == .unknownFormat)
        #expect(try await code { try await engine.write("SELECT 1", to: try folder.file("t")) } == .unknownFormat)
        let file = try folder.file("t.csv", "a\n1\n")
        #expect(try await code { _ = try await engine.append([[.null]], columns: ["b"], to: file) } == .missingColumn)
    }

    @Test func `a type is told from all rows of a CSV`() async throws {
        let file = try folder.file("t.csv", "a\n" + String(repeating: "1\n", count: 50_000) + "x\n")
        #expect(try await engine.columns(of: file).map(\.type) == ["VARCHAR"])
    }
}
