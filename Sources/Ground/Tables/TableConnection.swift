// SPDX-License-Identifier: Apache-2.0

import CDuckDB
import Files
import SystemPackage

/// One connection, used by one thread for one call.
struct TableConnection: ~Copyable {
    let handle: OpaquePointer

    init(_ database: OpaquePointer) throws(TablesError) {
        var handle: OpaquePointer?
        let problem = takeMessage(gyre_duckdb_connect(database, &handle))
        guard problem == nil, let handle else {
            throw TablesError(.failed, what: "cannot connect to DuckDB", why: problem ?? "no reason given")
        }
        self.handle = handle
    }

    deinit { gyre_duckdb_disconnect(handle) }

    /// Runs a statement and hands over its rows chunk by chunk; at least one call with the columns if it has any.
    func run(_ sql: String, _ bindings: [TableValue], _ body: (TableChunk) throws -> Void) throws {
        let values = Values(bindings)
        var result: OpaquePointer?
        try check(gyre_duckdb_run(handle, sql, values.items, values.items.count, &result), sql)
        guard let result else { return }
        defer { gyre_duckdb_finish(result) }
        let count = gyre_duckdb_column_count(result)
        let names = (0..<count).map { String(cString: gyre_duckdb_column_name(result, $0)) }
        var isFirst = true
        while true {
            var rows = 0
            var problem: UnsafeMutablePointer<CChar>?
            let status = gyre_duckdb_next(result, &rows, &problem)
            if status < 0 { try check(problem, sql) }
            guard status > 0 else { break }
            var columns: [TableColumnValues] = []
            for index in 0..<count { columns.append(try column(result, index, sql)) }
            try body(TableChunk(names: names, columns: columns, rowCount: rows))
            isFirst = false
        }
        if isFirst, count > 0 {
            let empty = (0..<count).map { Self.empty(gyre_duckdb_column_kind(result, $0)) }
            try body(TableChunk(names: names, columns: empty, rowCount: 0))
        }
    }

    /// Adds rows to a table of this connection.
    func append(_ rows: [[TableValue]], to table: String) throws {
        var appender: OpaquePointer?
        try check(gyre_duckdb_append_begin(handle, table, &appender), "append to \(table)")
        guard let appender else { return }
        var problem: UnsafeMutablePointer<CChar>?
        for row in rows where problem == nil {
            let values = Values(row)
            problem = gyre_duckdb_append_row(appender, values.items, values.items.count)
        }
        let last = gyre_duckdb_append_end(appender)
        if problem != nil {
            _ = takeMessage(last)
            try check(problem, "append to \(table)")
        }
        try check(last, "append to \(table)")
    }

    /// How many rows a table has.
    func count(_ table: String) throws -> Int {
        var count = 0
        try run("SELECT count(*) FROM \(table)", []) { chunk in
            if case .integer(let value) = chunk.columns[0][0] { count = Int(value) }
        }
        return count
    }

    /// Writes an answer to a file beside its place, syncs it and renames it there.
    func copy(_ sql: String, _ bindings: [TableValue] = [], to file: FilePath) throws {
        let format = try TableFormat(of: file)
        let parent = file.removingLastComponent().isEmpty ? "." : file.removingLastComponent()
        let temporary = parent.appending(
            ".\(file.lastComponent?.string ?? "table").\(UInt64.random(in: .min ... .max))"
        )
        let options =
            switch format {
            case .csv: "FORMAT csv, HEADER true"
            case .tsv: "FORMAT csv, HEADER true, DELIMITER '\t'"
            case .json: "FORMAT json, ARRAY true"
            case .jsonLines: "FORMAT json"
            case .parquet: "FORMAT parquet, COMPRESSION zstd"
            }
        do {
            try run("COPY (\(sql)) TO \(TableEngine.literal(temporary.string)) (\(options))", bindings) { _ in }
            try FileSystem.syncFile(temporary)
            try FileSystem.rename(temporary, to: file)
        } catch {
            // Nothing may be there yet; the first failure is the one to report.
            try? FileSystem.remove(temporary)
            throw error
        }
        try FileSystem.syncDirectory(parent)
    }

    /// The columns of a statement's answer.
    func columns(of sql: String) throws -> [TableColumn] {
        var columns: [TableColumn] = []
        try run("SELECT column_name, column_type FROM (DESCRIBE \(sql))", []) { chunk in
            guard chunk.rowCount > 0 else { return }
            for (name, type) in zip(chunk.columns[0].strings, chunk.columns[1].strings) {
                columns.append(TableColumn(name: name ?? "", type: type ?? ""))
            }
        }
        return columns
    }

    private func check(_ message: UnsafeMutablePointer<CChar>?, _ sql: String) throws(TablesError) {
        guard let problem = takeMessage(message) else { return }
        let line = problem.split(separator: "\n").first.map(String.init) ?? problem
        throw TablesError(.failed, what: "cannot run `\(sql.prefix(120))`", why: line)
    }

    private func column(_ result: OpaquePointer, _ index: Int, _ sql: String) throws -> TableColumnValues {
        var column = gyre_duckdb_column()
        try check(gyre_duckdb_read(result, index, &column), sql)
        func values<Value>(_ read: (Int) -> Value) -> [Value?] {
            (0..<column.count).map { column.valid[$0] != 0 ? read($0) : nil }
        }
        switch UInt8(bitPattern: column.kind) {
        case UInt8(ascii: "b"): return .bools(values { column.bools[$0] != 0 })
        case UInt8(ascii: "i"): return .integers(values { column.integers[$0] })
        case UInt8(ascii: "d"): return .reals(values { column.reals[$0] })
        default:
            return .texts(
                values { row in
                    let bytes = UnsafeRawBufferPointer(start: column.texts[row], count: column.lengths[row])
                    return String(decoding: bytes, as: UTF8.self)
                }
            )
        }
    }

    private static func empty(_ kind: CChar) -> TableColumnValues {
        switch UInt8(bitPattern: kind) {
        case UInt8(ascii: "b"): .bools([])
        case UInt8(ascii: "i"): .integers([])
        case UInt8(ascii: "d"): .reals([])
        default: .texts([])
        }
    }
}

/// Values as C takes them; keeps their texts alive.
private final class Values {
    private(set) var items: [gyre_duckdb_value] = []
    private var texts: [UnsafeMutableRawBufferPointer] = []

    init(_ values: [TableValue]) {
        for value in values {
            var item = gyre_duckdb_value()
            switch value {
            case .null: item.kind = CChar(UInt8(ascii: "n"))
            case .bool(let flag):
                item.kind = CChar(UInt8(ascii: "b"))
                item.integer = flag ? 1 : 0
            case .integer(let number):
                item.kind = CChar(UInt8(ascii: "i"))
                item.integer = number
            case .real(let number):
                item.kind = CChar(UInt8(ascii: "d"))
                item.real = number
            case .text(let text):
                let bytes = Array(text.utf8)
                let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, bytes.count), alignment: 1)
                copy.copyBytes(from: bytes)
                texts.append(copy)
                item.kind = CChar(UInt8(ascii: "t"))
                item.text = UnsafeRawPointer(copy.baseAddress)?.assumingMemoryBound(to: CChar.self)
                item.length = bytes.count
            }
            items.append(item)
        }
    }

    deinit { texts.forEach { $0.deallocate() } }
}
