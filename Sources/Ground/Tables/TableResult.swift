// SPDX-License-Identifier: Apache-2.0

/// A value of a table.
package enum TableValue: Sendable, Hashable {
    /// No value.
    case null
    /// A truth value.
    case bool(Bool)
    /// A whole number; dates as days and timestamps as microseconds since 1970.
    case integer(Int64)
    /// A number.
    case real(Double)
    /// A text.
    case text(String)

    /// The value as a number; nil for null and texts.
    package var double: Double? {
        switch self {
        case .bool(let value): value ? 1 : 0
        case .integer(let value): Double(value)
        case .real(let value): value
        case .null, .text: nil
        }
    }

    /// The value as people write it, whole numbers without a fraction; nil for null.
    package var text: String? {
        switch self {
        case .null: nil
        case .bool(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .real(let value): Int64(exactly: value).map { String($0) } ?? String(value)
        case .text(let value): value
        }
    }
}

/// The values of one column, all of one kind.
package enum TableColumnValues: Sendable {
    /// Truth values.
    case bools([Bool?])
    /// Whole numbers.
    case integers([Int64?])
    /// Numbers.
    case reals([Double?])
    /// Texts.
    case texts([String?])

    /// How many values there are.
    package var count: Int {
        switch self {
        case .bools(let values): values.count
        case .integers(let values): values.count
        case .reals(let values): values.count
        case .texts(let values): values.count
        }
    }

    /// One value.
    package subscript(row: Int) -> TableValue {
        switch self {
        case .bools(let values): values[row].map { .bool($0) } ?? .null
        case .integers(let values): values[row].map { .integer($0) } ?? .null
        case .reals(let values): values[row].map { .real($0) } ?? .null
        case .texts(let values): values[row].map { .text($0) } ?? .null
        }
    }

    /// The values as numbers, NaN for null; nil if the column holds texts.
    package var doubles: [Double]? {
        switch self {
        case .bools(let values): values.map { $0.map { $0 ? 1 : 0 } ?? .nan }
        case .integers(let values): values.map { $0.map(Double.init) ?? .nan }
        case .reals(let values): values.map { $0 ?? .nan }
        case .texts: nil
        }
    }

    /// The values as texts; nil for null.
    package var strings: [String?] {
        if case .texts(let values) = self { return values }
        return (0..<count).map { self[$0].text }
    }

    mutating func append(_ other: TableColumnValues) {
        // The arrays are taken out, so that they grow in place.
        switch (consume self, other) {
        case (.bools(var values), .bools(let more)):
            values += more
            self = .bools(values)
        case (.integers(var values), .integers(let more)):
            values += more
            self = .integers(values)
        case (.reals(var values), .reals(let more)):
            values += more
            self = .reals(values)
        case (.texts(var values), .texts(let more)):
            values += more
            self = .texts(values)
        case (let mine, _):
            // A column has one kind in all chunks of a result.
            self = mine
        }
    }
}

/// Some rows of a result, column by column.
package struct TableChunk: Sendable {
    /// The names of the columns.
    package let names: [String]
    /// The values of each column.
    package let columns: [TableColumnValues]
    /// How many rows there are.
    package let rowCount: Int

    /// The values of a column.
    ///
    /// - Throws: ``TablesError`` `.missingColumn`.
    package func column(_ name: String) throws(TablesError) -> TableColumnValues {
        guard let index = names.firstIndex(of: name) else {
            throw TablesError(
                .missingColumn,
                what: "cannot read the column `\(name)`",
                why: "the table has \(names.prefix(20).map { "`\($0)`" }.joined(separator: ", "))"
            )
        }
        return columns[index]
    }

    /// The values of a column as numbers, NaN where there is none.
    ///
    /// - Throws: ``TablesError`` `.missingColumn` if it is not there, `.failed` if it holds texts.
    package func numbers(_ name: String) throws(TablesError) -> [Double] {
        if let numbers = try column(name).doubles { return numbers }
        throw TablesError(.failed, what: "cannot read the column `\(name)` as numbers", why: "it holds texts")
    }

    /// One row.
    package func row(_ index: Int) -> [TableValue] { columns.map { $0[index] } }
}

/// The name and SQL type of a column.
package struct TableColumn: Sendable, Hashable {
    /// The name.
    package let name: String
    /// The type as DuckDB names it, such as `DOUBLE` and `VARCHAR`.
    package let type: String

    /// A column.
    package init(name: String, type: String) {
        self.name = name
        self.type = type
    }

    /// Whether its values come as they are; others have to be cast.
    var isReadable: Bool {
        let readable: Set = [
            "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
            "HUGEINT",
            "FLOAT", "DOUBLE", "VARCHAR", "DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS",
            "TIMESTAMP WITH TIME ZONE",
        ]
        return readable.contains(type) || type.hasPrefix("DECIMAL(")
    }
}

/// All rows of an answer.
package typealias TableResult = TableChunk
