// SPDX-License-Identifier: Apache-2.0

/// A row of an answer; columns count from 0.
///
/// The typed readers convert between numbers as SQLite does. Asking a null column for a value that cannot be null gives the
/// empty value: 0, "", or no bytes; use the optional readers where null means something.
package struct SQLRow: Sendable {
    private let values: [SQLValue]

    init(_ columns: SQLColumns) { values = (0..<columns.count).map { columns[$0] } }

    /// How many columns there are.
    package var count: Int { values.count }

    /// The value as it is stored.
    package subscript(column: Int) -> SQLValue { values[column] }

    /// Whether the column is null.
    package func isNull(_ column: Int) -> Bool { values[column] == .null }

    /// A whole number.
    package func int64(_ column: Int) -> Int64 { optionalInt64(column) ?? 0 }

    /// A number.
    package func double(_ column: Int) -> Double { optionalDouble(column) ?? 0 }

    /// Whether a number is not 0.
    package func bool(_ column: Int) -> Bool { int64(column) != 0 }

    /// A text.
    package func string(_ column: Int) -> String { optionalString(column) ?? "" }

    /// Bytes.
    package func bytes(_ column: Int) -> [UInt8] {
        switch values[column] {
        case .blob(let bytes): bytes
        case .text(let text): Array(text.utf8)
        case .null, .integer, .real: []
        }
    }

    /// A whole number; nil for null.
    package func optionalInt64(_ column: Int) -> Int64? {
        switch values[column] {
        case .integer(let number): number
        case .real(let number): Int64(exactly: number.rounded(.towardZero))
        case .text(let text): Int64(text)
        case .null, .blob: nil
        }
    }

    /// A number; nil for null.
    package func optionalDouble(_ column: Int) -> Double? {
        switch values[column] {
        case .integer(let number): Double(number)
        case .real(let number): number
        case .text(let text): Double(text)
        case .null, .blob: nil
        }
    }

    /// A text; nil for null.
    package func optionalString(_ column: Int) -> String? {
        switch values[column] {
        case .text(let text): text
        case .integer(let number): String(number)
        case .real(let number): String(number)
        case .blob(let bytes): String(validating: bytes, as: UTF8.self)
        case .null: nil
        }
    }
}
