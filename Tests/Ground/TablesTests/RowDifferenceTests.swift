// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage
import Testing

@testable import Tables

struct RowDifferenceTests {
    private let engine: TableEngine
    private let folder: Folder

    init() throws {
        engine = try DuckDB.engine()
        folder = try Folder()
    }

    private func csv(_ name: String, _ text: String) throws -> TableVersion {
        TableVersion(file: try folder.file(name, text), format: .csv)
    }

    private func compare(
        _ old: String,
        _ new: String,
        keys: [String] = [],
        limit: Int = 20
    ) async throws
        -> RowDifference
    {
        try await engine.difference(from: csv("old", old), to: csv("new", new), keys: keys, limit: limit)
    }

    @Test func `rows are told apart by their key`() async throws {
        let found = try await compare(
            "id,name,age\n1,a,10\n2,b,20\n3,c,30\n",
            "id,name,age\n2,b,21\n3,c,30\n4,d,40\n",
            keys: ["id"]
        )
        #expect(found[.added] == 1 && found[.removed] == 1 && found[.changed] == 1)
        #expect(found.unchangedCount == 1)
        #expect(found.changedColumns.map(\.name) == ["age"])
        #expect(
            found.rows == [
                .init(kind: .added, count: 1, before: [], after: [.integer(4), .text("d"), .integer(40)]),
                .init(kind: .removed, count: 1, before: [.integer(1), .text("a"), .integer(10)], after: []),
                .init(
                    kind: .changed,
                    count: 1,
                    before: [.integer(2), .text("b"), .integer(20)],
                    after: [.integer(2), .text("b"), .integer(21)]
                ),
            ]
        )
    }

    @Test func `without a key whole rows are compared as often as they occur`() async throws {
        let found = try await compare("a,b\n1,x\n1,x\n1,x\n2,\n", "a,b\n2,\n1,x\n3,y\n3,y\n")
        #expect(
            found.rows == [
                .init(kind: .added, count: 2, before: [], after: [.integer(3), .text("y")]),
                .init(kind: .removed, count: 2, before: [.integer(1), .text("x")], after: []),
            ]
        )
        #expect(found[.changed] == 0 && found.unchangedCount == 2)
    }

    @Test func `several columns make a key, and null is one of its values`() async throws {
        let found = try await compare(
            "site,day,n\nA,1,5\nA,,6\nB,1,7\n",
            "site,day,n\nA,1,5\nA,,8\nB,1,7\n",
            keys: ["site", "day"]
        )
        #expect(found[.changed] == 1 && found[.added] == 0 && found[.removed] == 0)
        #expect(found.rows.first?.before == [.text("A"), .null, .integer(6)])
    }

    @Test func `columns that came, went, moved and got another type are named`() async throws {
        let found = try await compare("id,a,b,c\n1,1,2,3\n", "id,b,a,d\n1,2,1.5,4\n", keys: ["id"])
        #expect(found.schema.added == [TableColumn(name: "d", type: "BIGINT")])
        #expect(found.schema.removed == [TableColumn(name: "c", type: "BIGINT")])
        #expect(found.schema.retyped == [.init(name: "a", before: "BIGINT", after: "DOUBLE")])
        #expect(found.schema.isReordered)
        #expect(found.columns == ["id", "b", "a"])
        #expect(found.changedColumns.map(\.name) == ["a"])
    }

    @Test(arguments: ["a\n1.50\n2\n", "a\n2.0\n1.5\n", "a\n2\n15e-1\n"])
    func `another spelling or order of the same numbers is no difference`(new: String) async throws {
        #expect(try await compare("a\n1.5\n2\n", new).isEmpty)
    }

    @Test func `numbers that became texts are compared as texts`() async throws {
        let found = try await compare("id,v\n1,7\n2,8\n", "id,v\n1,7\n2,eight\n", keys: ["id"])
        #expect(found[.changed] == 1 && found.unchangedCount == 1)
        #expect(found.rows.first?.after == [.integer(2), .text("eight")])
    }

    @Test func `an empty text differs from none`() async throws {
        #expect(try await compare("id,v\n1,\n2,x\n", "id,v\n1,\"\"\n2,x\n", keys: ["id"])[.changed] == 1)
    }

    @Test func `a key that two rows have is refused with its value`() async throws {
        let error = try await #require(throws: TablesError.self) {
            _ = try await compare("id,v\n1,1\n", "id,v\n7,1\n7,2\n", keys: ["id"])
        }
        #expect(error.code == .ambiguousKey)
        #expect(error.why.contains("2 rows of the new version") && error.why.contains("(7)"))
    }

    @Test func `a key that a version lacks is refused`() async throws {
        let error = try await #require(throws: TablesError.self) {
            _ = try await compare("id,v\n1,1\n", "nr,v\n1,1\n", keys: ["id"])
        }
        #expect(error.code == .missingColumn && error.why.contains("new version"))
    }

    @Test(arguments: [true, false])
    func `a table that came or went is all rows`(isNew: Bool) async throws {
        let version = try csv("t", "a,b\n1,2\n3,4\n")
        let found = try await engine.difference(from: isNew ? nil : version, to: isNew ? version : nil)
        #expect(found[isNew ? .added : .removed] == 2)
        #expect((isNew ? found.schema.added : found.schema.removed).map(\.name) == ["a", "b"])
        #expect(found.rows.count == 2)
    }

    @Test func `counts are whole where few rows are shown`() async throws {
        let old = "id\n" + (0..<500).map { "\($0)\n" }.joined()
        let found = try await compare(old, "id\n", keys: ["id"], limit: 3)
        #expect(found[.removed] == 500)
        #expect(found.rows.map(\.before) == [[.integer(0)], [.integer(1)], [.integer(2)]])
    }

    @Test func `Parquet is compared with CSV, with odd names and types`() async throws {
        let parquet = try folder.file("t.parquet")
        try await engine.write(
            "SELECT 1::INTEGER AS \"i \"\"d\", DATE '2026-01-02' AS day, [1, 2] AS l, 'x' AS kind, 1 AS gyre",
            to: parquet
        )
        let old = TableVersion(file: parquet, format: .parquet)
        let new = try csv("new", "\"i \"\"d\",day,l,kind,gyre\n1,2026-01-03,\"[1, 2]\",x,1\n")
        let found = try await engine.difference(from: old, to: new, keys: ["i \"d"])
        #expect(found.changedColumns.map(\.name) == ["day"])
        #expect(found.rows.first?.before.dropFirst().first == .text("2026-01-02"))
        #expect(found.schema.retyped.map(\.name).contains("l"))
    }

    @Test func `memory stays within the limit of the engine`() async throws {
        let engine = try DuckDB.engine(memoryLimit: "80MB")
        let (old, new) = (try folder.file("old.parquet"), try folder.file("new.parquet"))
        let columns = "range AS id, hash(range) AS a, hash(range + 1) AS b, md5(range::VARCHAR) AS c"
        try await engine.write("SELECT \(columns) FROM range(600000)", to: old)
        try await engine.write(
            "SELECT * REPLACE (CASE WHEN id % 2 = 0 THEN 'other' ELSE c END AS c) FROM (SELECT \(columns) FROM range(10, 600010))",
            to: new
        )
        let found = try await engine.difference(
            from: TableVersion(file: old, format: .parquet),
            to: TableVersion(file: new, format: .parquet),
            keys: ["id"]
        )
        #expect(found[.added] == 10 && found[.removed] == 10 && found[.changed] == 299_995)
    }
}
