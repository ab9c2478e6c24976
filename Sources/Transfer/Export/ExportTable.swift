// SPDX-License-Identifier: Apache-2.0

/// A cell of an exported table.
enum ExportCell: Sendable {
    case none
    case text(String)
    case number(Double)
    case integer(Int64)
    /// Milliseconds UTC.
    case time(Int64)
}

/// A column of an exported table.
struct ExportColumn: Sendable {
    enum Kind: Sendable {
        case text, number, integer, time
    }

    let name: String
    let kind: Kind
    /// The characters of its widest cell, as far as they are known.
    var width: Int

    init(_ name: String, _ kind: Kind, width: Int = 0) {
        self.name = name
        self.kind = kind
        self.width = max(width, name.unicodeScalars.count)
    }
}

/// A file into which tables are written row by row; it appears when it is finished, or not at all.
///
/// Used by one task.
protocol ExportOutput: AnyObject {
    /// Begins a table.
    func begin(_ name: String, _ columns: [ExportColumn]) async throws
    /// Adds rows, each with a cell for every column.
    func add(_ rows: [[ExportCell]]) async throws
    /// Ends the file and puts it into its place.
    func finish() async throws
}

/// The format of an export.
package enum ExportFormat: String, Sendable, CaseIterable {
    /// Parquet, for programs.
    case parquet
    /// Comma-separated values under a header.
    case csv
    /// A workbook for people with Excel or LibreOffice.
    case xlsx
}
