// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage
import Tables

/// Parquet, written by DuckDB from rows that wait in a file beside it, so that memory holds a part of them only.
final class ParquetOutput: ExportOutput {
    private let path: FilePath
    private let engine: TableEngine
    private let folder: FilePath
    private let staging: CSVOutput
    private var columns: [ExportColumn] = []

    init(_ path: FilePath, engine: TableEngine) throws {
        self.path = path
        self.engine = engine
        let parent = path.removingLastComponent().isEmpty ? "." : path.removingLastComponent()
        folder = parent.appending(".gyre-export.\(UInt64.random(in: .min ... .max))")
        try FileSystem.createDirectory(folder)
        staging = try CSVOutput(folder.appending("rows.csv"))
    }

    deinit {
        // What cannot be removed is a hidden folder that says whose it is.
        try? FileSystem.removeTree(folder)
    }

    func begin(_ name: String, _ columns: [ExportColumn]) async throws { self.columns = columns }

    func add(_ rows: [[ExportCell]]) async throws { try await staging.add(rows) }

    func finish() async throws {
        try await staging.finish()
        let selected = columns.indices.map { index in
            let type =
                switch columns[index].kind {
                case .text: "VARCHAR"
                case .number: "DOUBLE"
                case .integer: "BIGINT"
                case .time: "TIMESTAMP"
                }
            return "CAST(c\(index) AS \(type)) AS \(TableEngine.quoted(columns[index].name))"
        }
        let types = columns.indices.map { "'c\($0)': 'VARCHAR'" }.joined(separator: ", ")
        let file = TableEngine.pattern(in: folder, "rows.csv")
        // Rows stand as they were found; a text may hold lines, and be as long as a tag can be.
        let source = """
            read_csv(\(file), header = false, auto_detect = false, delim = ',', quote = '"', escape = '"', \
            new_line = '\\r\\n', nullstr = '', allow_quoted_nulls = false, parallel = false, \
            max_line_size = 67108864, buffer_size = 268435456, columns = {\(types)})
            """
        // The engine goes by the suffix, which the user may have chosen otherwise.
        let written = folder.appending("rows.parquet")
        try await engine.write("SELECT \(selected.joined(separator: ", ")) FROM \(source)", to: written)
        let target = path
        try await BlockingPool.shared.run {
            try FileSystem.rename(written, to: target)
            try FileSystem.syncDirectory(target.removingLastComponent())
        }
    }
}
