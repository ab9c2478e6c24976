// SPDX-License-Identifier: Apache-2.0

/// Compares two versions of a table on one connection, in tables and views of that connection's own.
///
/// Differing rows are put aside first, then counted and shown: no version is read twice for that.
struct RowComparison {
    /// A column of both versions, as it is compared.
    private struct Shared {
        let name: String
        /// What both versions are cast to; nil if they are compared as they are.
        let cast: String?
        /// How it is handed over: as it is, or as text.
        let isReadable: Bool

        func value(_ row: String) -> String {
            let name = "\(row).\(TableEngine.quoted(name))"
            return cast.map { "CAST(\(name) AS \($0))" } ?? name
        }

        func shown(_ name: String) -> String { isReadable ? name : "CAST(\(name) AS VARCHAR)" }
    }

    private static let numbers: Set = [
        "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
        "UHUGEINT", "FLOAT", "DOUBLE",
    ]
    // Others come as texts: a date as a count of days says nothing to people, and wide integers would lose digits.
    private static let readable: Set = [
        "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "FLOAT", "DOUBLE",
        "VARCHAR",
    ]

    private let keys: [String]
    private let shared: [Shared]
    private let schema: RowDifference.Schema

    init(
        _ old: TableVersion?,
        _ new: TableVersion?,
        keys: [String],
        on connection: borrowing TableConnection
    ) throws {
        let before = try Self.open(old, as: "before", on: connection)
        let after = try Self.open(new, as: "after", on: connection)
        let oldColumns = try old.map { try Self.typed(before, of: $0, "before", as: after, on: connection) } ?? after
        let newColumns = try new.map { try Self.typed(after, of: $0, "after", as: before, on: connection) } ?? before
        for key in keys {
            for (columns, word) in [(oldColumns, "old"), (newColumns, "new")]
            where !columns.contains(where: { $0.name == key }) {
                throw TablesError(
                    .missingColumn,
                    what: "cannot compare by the column `\(key)`",
                    why: "the \(word) version has "
                        + columns.prefix(20).map { "`\($0.name)`" }.joined(separator: ", "),
                    next: "name columns that both have by `--key`"
                )
            }
        }
        // A version that is not there has the columns of the other, and no rows.
        if old == nil { try connection.run("CREATE TEMP VIEW before AS SELECT * FROM after LIMIT 0", []) { _ in } }
        if new == nil { try connection.run("CREATE TEMP VIEW after AS SELECT * FROM before LIMIT 0", []) { _ in } }
        self.keys = keys
        let oldTypes = Dictionary(oldColumns.map { ($0.name, $0.type) }, uniquingKeysWith: { first, _ in first })
        let common = newColumns.filter { oldTypes[$0.name] != nil }
        let ordered =
            keys.compactMap { key in common.first { $0.name == key } }
            + common.filter { !keys.contains($0.name) }
        shared = ordered.map { Self.shared($0, before: oldTypes[$0.name] ?? $0.type) }
        let names = Set(common.map(\.name))
        schema = RowDifference.Schema(
            added: old == nil ? after : newColumns.filter { !names.contains($0.name) },
            removed: new == nil ? before : oldColumns.filter { !names.contains($0.name) },
            retyped: common.compactMap { column in
                guard let type = oldTypes[column.name], type != column.type else { return nil }
                return RowDifference.RetypedColumn(name: column.name, before: type, after: column.type)
            },
            isReordered: oldColumns.map(\.name).filter(names.contains) != common.map(\.name)
        )
    }

    func difference(limit: Int, on connection: borrowing TableConnection) throws -> RowDifference {
        // Without a column of both there is nothing to tell rows by.
        guard !shared.isEmpty else {
            return try result(
                [.added: connection.count("after"), .removed: connection.count("before")],
                unchanged: 0,
                [],
                []
            )
        }
        try keys.isEmpty ? compareWholes(on: connection) : compareByKeys(on: connection)
        var counts: [RowDifference.Kind: Int] = [:]
        try connection.run("SELECT kind, CAST(sum(number) AS BIGINT) FROM differing GROUP BY kind", []) { chunk in
            for row in 0..<chunk.rowCount {
                guard let kind = chunk.columns[0][row].text.flatMap(RowDifference.Kind.init) else { continue }
                counts[kind] = chunk.columns[1][row].double.map { Int($0) }
            }
        }
        let unchanged = try connection.count("before") - counts[.removed, default: 0] - counts[.changed, default: 0]
        var rows: [RowDifference.Row] = []
        for kind in RowDifference.Kind.allCases where counts[kind, default: 0] > 0 && limit > 0 {
            rows += try self.rows(kind, limit, on: connection)
        }
        let changed = counts[.changed, default: 0] > 0 ? try changedColumns(on: connection) : []
        return result(counts, unchanged: unchanged, changed, rows)
    }

    // MARK: Versions

    /// Makes a version a table of the connection; its columns.
    private static func open(
        _ version: TableVersion?,
        as name: String,
        on connection: borrowing TableConnection
    ) throws -> [TableColumn] {
        guard let version else { return [] }
        // Text is read once; Parquet is fast and gives only the columns that are asked for.
        let kind = version.format == .parquet ? "VIEW" : "TABLE"
        let source = version.format.source(version.file)
        try connection.run("CREATE TEMP \(kind) \(name) AS SELECT * FROM \(source)", []) { _ in }
        return try connection.columns(of: "SELECT * FROM \(name)")
    }

    /// Columns of a text without rows say nothing about their types: they have those of the other version.
    private static func typed(
        _ columns: [TableColumn],
        of version: TableVersion,
        _ name: String,
        as other: [TableColumn],
        on connection: borrowing TableConnection
    ) throws -> [TableColumn] {
        guard version.format.isText, try connection.count(name) == 0 else { return columns }
        let types = Dictionary(other.map { ($0.name, $0.type) }, uniquingKeysWith: { first, _ in first })
        for column in columns {
            guard let type = types[column.name], type != column.type else { continue }
            try connection.run("ALTER TABLE \(name) ALTER \(TableEngine.quoted(column.name)) TYPE \(type)", []) { _ in }
        }
        return columns.map { TableColumn(name: $0.name, type: types[$0.name] ?? $0.type) }
    }

    private static func shared(_ column: TableColumn, before: String) -> Shared {
        let isSame = before == column.type
        let areNumbers = numbers.contains(before) && numbers.contains(column.type)
        let cast = isSame ? nil : areNumbers ? wider(before, column.type) : "VARCHAR"
        return Shared(name: column.name, cast: cast, isReadable: readable.contains(cast ?? column.type))
    }

    private static func wider(_ left: String, _ right: String) -> String {
        let isReal = [left, right].contains { $0 == "DOUBLE" || $0 == "FLOAT" }
        return isReal
            ? "DOUBLE" : [left, right].contains { $0.hasSuffix("HUGEINT") || $0 == "UBIGINT" } ? "HUGEINT" : "BIGINT"
    }

    // MARK: Comparing

    private func compareByKeys(on connection: borrowing TableConnection) throws {
        let keyColumns = shared.prefix(keys.count)
        try checkKeys("before", "old", on: connection)
        try checkKeys("after", "new", on: connection)
        let match = keyColumns.map { "\($0.value("o")) IS NOT DISTINCT FROM \($0.value("n"))" }
        let differs = shared.dropFirst(keys.count).map { "\($0.value("o")) IS DISTINCT FROM \($0.value("n"))" }
        let values = shared.indices.map { "\(shared[$0].value("o")) AS o\($0), \(shared[$0].value("n")) AS n\($0)" }
        try connection.run(
            """
            CREATE TEMP TABLE differing AS
            SELECT CASE WHEN o.gyre_row IS NULL THEN 'added' WHEN n.gyre_row IS NULL THEN 'removed' ELSE 'changed' END AS kind,
                   1 AS number, \(values.joined(separator: ", "))
            FROM (SELECT *, 1 AS gyre_row FROM before) AS o
            FULL JOIN (SELECT *, 1 AS gyre_row FROM after) AS n ON \(match.joined(separator: " AND "))
            WHERE o.gyre_row IS NULL OR n.gyre_row IS NULL\(differs.map { " OR \($0)" }.joined())
            """,
            []
        ) { _ in }
    }

    private func compareWholes(on connection: borrowing TableConnection) throws {
        let columns = shared.indices.map { "v\($0)" }.joined(separator: ", ")
        func values(_ row: String) -> String {
            shared.indices.map { "\(shared[$0].value(row)) AS v\($0)" }.joined(separator: ", ")
        }
        let both = shared.indices.map { "v\($0) AS o\($0), v\($0) AS n\($0)" }.joined(separator: ", ")
        try connection.run(
            """
            CREATE TEMP TABLE differing AS
            SELECT CASE WHEN sum(gyre_sign) > 0 THEN 'added' ELSE 'removed' END AS kind, abs(sum(gyre_sign)) AS number, \(both)
            FROM (
                SELECT \(values("r")), 1 AS gyre_sign FROM after AS r
                UNION ALL
                SELECT \(values("r")), -1 AS gyre_sign FROM before AS r
            )
            GROUP BY \(columns)
            HAVING sum(gyre_sign) <> 0
            """,
            []
        ) { _ in }
    }

    private func checkKeys(_ table: String, _ word: String, on connection: borrowing TableConnection) throws {
        let names = keys.map(TableEngine.quoted).joined(separator: ", ")
        var twice: (values: String, count: String)?
        let texts = keys.map { "coalesce(CAST(\(TableEngine.quoted($0)) AS VARCHAR), 'null')" }
        try connection.run(
            """
            SELECT concat_ws(', ', \(texts.joined(separator: ", "))), CAST(count(*) AS VARCHAR)
            FROM \(table) GROUP BY \(names) HAVING count(*) > 1 ORDER BY \(names) LIMIT 1
            """,
            []
        ) { chunk in
            guard chunk.rowCount > 0 else { return }
            twice = (chunk.columns[0][0].text ?? "", chunk.columns[1][0].text ?? "")
        }
        guard let twice else { return }
        throw TablesError(
            .ambiguousKey,
            what: "cannot compare by \(keys.map { "`\($0)`" }.joined(separator: ", "))",
            why: "\(twice.count) rows of the \(word) version have the same key (\(twice.values))",
            next: "name a further column by `--key`, or none, to compare whole rows"
        )
    }

    // MARK: Answers

    private func changedColumns(on connection: borrowing TableConnection) throws -> [(name: String, count: Int)] {
        let places = shared.indices.dropFirst(keys.count)
        let counts = places.map { "CAST(count(*) FILTER (WHERE o\($0) IS DISTINCT FROM n\($0)) AS BIGINT)" }
        var result: [(name: String, count: Int)] = []
        let sql = "SELECT \(counts.joined(separator: ", ")) FROM differing WHERE kind = 'changed'"
        try connection.run(sql, []) { chunk in
            guard chunk.rowCount > 0 else { return }
            for (index, place) in places.enumerated() {
                let count = Int(chunk.columns[index][0].double ?? 0)
                if count > 0 { result.append((shared[place].name, count)) }
            }
        }
        return result
    }

    private func rows(
        _ kind: RowDifference.Kind,
        _ limit: Int,
        on connection: borrowing TableConnection
    ) throws -> [RowDifference.Row] {
        let side = kind == .removed ? "o" : "n"
        let order = (keys.isEmpty ? shared.indices : 0..<keys.count).map { "\(side)\($0)" }.joined(separator: ", ")
        let values = ["o", "n"].flatMap { side in shared.indices.map { shared[$0].shown("\(side)\($0)") } }
        var rows: [RowDifference.Row] = []
        try connection.run(
            """
            SELECT CAST(number AS BIGINT), \(values.joined(separator: ", "))
            FROM differing WHERE kind = '\(kind.rawValue)' ORDER BY \(order) LIMIT \(limit)
            """,
            []
        ) { chunk in
            for index in 0..<chunk.rowCount {
                let row = chunk.row(index)
                rows.append(
                    RowDifference.Row(
                        kind: kind,
                        count: Int(row[0].double ?? 1),
                        before: kind == .added ? [] : Array(row[1..<1 + shared.count]),
                        after: kind == .removed ? [] : Array(row[(1 + shared.count)...])
                    )
                )
            }
        }
        return rows
    }

    private func result(
        _ counts: [RowDifference.Kind: Int],
        unchanged: Int,
        _ changedColumns: [(name: String, count: Int)],
        _ rows: [RowDifference.Row]
    ) -> RowDifference {
        RowDifference(
            keys: keys,
            columns: shared.map(\.name),
            schema: schema,
            counts: counts,
            unchangedCount: unchanged,
            changedColumns: changedColumns,
            rows: rows
        )
    }
}
