// SPDX-License-Identifier: Apache-2.0

import GRDBSQLite

/// The row that a running statement has come to, read in place; valid only inside the closure that it was handed to.
///
/// Columns count from 0. Null, or a text that is no number, is the empty value of the reader's type; the optional readers
/// give nil for null. Between numbers and texts they convert as SQLite does.
package struct SQLColumns {
    private let statement: OpaquePointer

    init(_ statement: OpaquePointer) { self.statement = statement }

    /// How many columns there are.
    package var count: Int { Int(sqlite3_column_count(statement)) }

    /// Whether the column is null.
    package func isNull(_ column: Int) -> Bool { sqlite3_column_type(statement, Int32(column)) == SQLITE_NULL }

    /// A whole number.
    package func int64(_ column: Int) -> Int64 { sqlite3_column_int64(statement, Int32(column)) }

    /// A number.
    package func double(_ column: Int) -> Double { sqlite3_column_double(statement, Int32(column)) }

    /// Whether a number is not 0.
    package func bool(_ column: Int) -> Bool { int64(column) != 0 }

    /// A text.
    package func string(_ column: Int) -> String {
        guard let text = sqlite3_column_text(statement, Int32(column)) else { return "" }
        let count = Int(sqlite3_column_bytes(statement, Int32(column)))
        return String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self)
    }

    /// A whole number; nil for null.
    package func optionalInt64(_ column: Int) -> Int64? { isNull(column) ? nil : int64(column) }

    /// A number; nil for null.
    package func optionalDouble(_ column: Int) -> Double? { isNull(column) ? nil : double(column) }

    /// A text; nil for null.
    package func optionalString(_ column: Int) -> String? { isNull(column) ? nil : string(column) }

    /// Hands over bytes, or the UTF-8 of a text, where they lie.
    package func withBytes<Result>(_ column: Int, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result
    {
        let start = sqlite3_column_blob(statement, Int32(column))
        return try body(
            UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, Int32(column))))
        )
    }

    /// The value as it is stored.
    package subscript(column: Int) -> SQLValue {
        switch sqlite3_column_type(statement, Int32(column)) {
        case SQLITE_INTEGER: .integer(int64(column))
        case SQLITE_FLOAT: .real(double(column))
        case SQLITE_TEXT: .text(string(column))
        case SQLITE_BLOB: .blob(withBytes(column) { Array($0) })
        default: .null
        }
    }
}
