// SPDX-License-Identifier: Apache-2.0

import SystemPackage

/// A table file with rows behind its own, in the memory of one connection.
///
/// Text formats keep what stands in them letter by letter: `007` stays `007`. In typed formats a column's type gives way only
/// where a value would otherwise be changed.
struct AppendedTable {
    private static let name = "appended"
    private static let integers: Set = [
        "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
        "UHUGEINT",
    ]

    private let file: FilePath
    private let format: TableFormat
    private let columns: [TableColumn]

    init(_ file: FilePath, on connection: borrowing TableConnection) throws {
        self.file = file
        format = try TableFormat(of: file)
        columns = try connection.columns(of: "SELECT * FROM \(format.source(file, verbatim: true))")
    }

    /// Adds the rows, writes the file, and says how many rows it has now.
    func append(
        _ rows: [[TableValue]],
        columns names: [String],
        on connection: borrowing TableConnection
    ) throws -> Int {
        let places = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        if let unknown = names.first(where: { name in !columns.contains { $0.name == name } }) {
            throw TablesError(.missingColumn, what: "cannot append to `\(file)`", why: "it has no column `\(unknown)`")
        }
        let order = columns.map { places[$0.name] }
        let isText = format.isText
        let rows = rows.map { row in
            order.map { place -> TableValue in
                guard let place else { return .null }
                return isText ? row[place].text.map { .text($0) } ?? .null : row[place]
            }
        }
        let selected = columns.indices.map { index in
            let name = TableEngine.quoted(columns[index].name)
            let type = Self.type(columns[index].type, holding: rows.lazy.map { $0[index] })
            return "CAST(\(name) AS \(type)) AS \(name)"
        }
        let source = format.source(file, verbatim: true)
        try connection.run(
            "CREATE TEMP TABLE \(Self.name) AS SELECT \(selected.joined(separator: ", ")) FROM \(source)",
            []
        ) { _ in }
        try connection.append(rows, to: Self.name)
        try connection.copy("SELECT * FROM \(Self.name)", to: file)
        return try connection.count(Self.name)
    }

    /// The type itself, or the next wider one that changes none of the values.
    static func type(_ type: String, holding values: some Sequence<TableValue>) -> String {
        var type = type
        for value in values {
            let isInteger = integers.contains(type)
            switch value {
            case .null: continue
            case .bool: continue
            case .integer(let number):
                if type == "BOOLEAN", number != 0, number != 1 { type = "BIGINT" }
            case .real(let number):
                if isInteger || type == "BOOLEAN", Int64(exactly: number) == nil { type = "DOUBLE" }
            case .text(let text):
                if isInteger || ["BOOLEAN", "DOUBLE", "FLOAT"].contains(type) {
                    guard let number = Double(text) else { return "VARCHAR" }
                    if isInteger || type == "BOOLEAN", Int64(exactly: number) == nil { type = "DOUBLE" }
                }
            }
        }
        return type
    }
}
