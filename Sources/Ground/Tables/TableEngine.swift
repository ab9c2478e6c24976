// SPDX-License-Identifier: Apache-2.0

import CDuckDB
package import Files
package import SystemPackage

/// Runs SQL over files: CSV, Parquet and JSON, by DuckDB in this process.
///
/// Each call has a connection of its own, so calls do not wait for each other; they run on threads of their own. Memory is
/// bounded, and what does not fit goes to DuckDB's temporary folder.
package final class TableEngine: Sendable {
    /// The library.
    package let library: DuckDBLibrary
    // DuckDB's database may be used from any thread; connections are made for one call each.
    private nonisolated(unsafe) let database: OpaquePointer
    private let pool: BlockingPool

    /// An engine without tables of its own.
    ///
    /// - Parameters:
    ///   - library: DuckDB.
    ///   - memoryLimit: The most memory that it takes, as DuckDB writes sizes.
    ///   - threads: Threads that one statement uses.
    ///   - pool: The threads that calls wait on.
    package init(
        library: DuckDBLibrary,
        memoryLimit: String = "1GB",
        threads: Int = 2,
        pool: BlockingPool = .shared
    ) throws(TablesError) {
        let settings = ["memory_limit", memoryLimit, "threads", "\(threads)", "autoinstall_known_extensions", "false"]
        var database: OpaquePointer?
        let problem = withTexts(settings) { takeMessage(gyre_duckdb_create(library.handle, $0, &database)) }
        guard problem == nil, let database else {
            throw TablesError(.missingRuntime, what: "cannot start DuckDB", why: problem ?? "no reason given")
        }
        self.library = library
        self.database = database
        self.pool = pool
    }

    deinit { gyre_duckdb_destroy(database) }

    /// All rows of an answer; bound it in the statement where it can grow.
    package func query(_ sql: String, _ bindings: [TableValue] = []) async throws -> TableChunk {
        try await pool.run { try self.queryBlocking(sql, bindings) }
    }

    /// Hands over an answer chunk by chunk, about two thousand rows at a time, on a thread that may block.
    package func forEachChunk(
        _ sql: String,
        _ bindings: [TableValue] = [],
        _ body: @escaping @Sendable (TableChunk) throws -> Void
    ) async throws {
        try await pool.run {
            let connection = try TableConnection(self.database)
            try connection.run(sql, bindings, body)
        }
    }

    /// Runs a statement for its effect.
    package func execute(_ sql: String, _ bindings: [TableValue] = []) async throws {
        try await pool.run {
            let connection = try TableConnection(self.database)
            try connection.run(sql, bindings) { _ in }
        }
    }

    /// The columns of a table file.
    package func columns(of file: FilePath) async throws -> [TableColumn] {
        let source = try Self.source(file)
        let answer = try await query("SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM \(source))")
        let names = answer.columns.first?.strings ?? []
        let types = answer.columns.dropFirst().first?.strings ?? []
        return zip(names, types).map { TableColumn(name: $0 ?? "", type: $1 ?? "") }
    }

    /// A whole table file.
    package func read(_ file: FilePath) async throws -> TableChunk {
        try await query("SELECT * FROM \(try Self.source(file))")
    }

    /// Adds rows to a table file, which keeps its columns, their types and its rows.
    ///
    /// The table is written anew beside the old one and renamed over it.
    ///
    /// - Returns: How many rows it has now.
    package func append(_ rows: [[TableValue]], columns: [String], to file: FilePath) async throws -> Int {
        let source = try Self.source(file)
        let format = try Self.format(of: file)
        return try await pool.run {
            let connection = try TableConnection(self.database)
            let names = columns.map(Self.quoted).joined(separator: ", ")
            try connection.run("CREATE TEMP TABLE appended AS SELECT \(names) FROM \(source)", []) { _ in }
            if try connection.count("appended") == 0 {
                // A header alone says nothing of types; then the rows do.
                try connection.run("DROP TABLE appended", []) { _ in }
                let types = columns.indices.map { index in
                    "\(Self.quoted(columns[index])) \(Self.type(of: rows.lazy.map { $0[index] }))"
                }
                try connection.run("CREATE TEMP TABLE appended (\(types.joined(separator: ", ")))", []) { _ in }
            }
            try connection.append(rows, to: "appended")
            try connection.copy("SELECT * FROM appended", to: file, format: format)
            return try connection.count("appended")
        }
    }

    /// Writes the answer of a statement to a table file, complete or not at all.
    package func write(_ sql: String, _ bindings: [TableValue] = [], to file: FilePath) async throws {
        let format = try Self.format(of: file)
        try await pool.run {
            let connection = try TableConnection(self.database)
            try connection.copy(sql, bindings, to: file, format: format)
        }
    }

    /// Writes rows to a table file, complete or not at all.
    package func write(_ rows: [[TableValue]], columns: [TableColumn], to file: FilePath) async throws {
        let format = try Self.format(of: file)
        try await pool.run {
            let connection = try TableConnection(self.database)
            let types = columns.map { "\(Self.quoted($0.name)) \($0.type)" }.joined(separator: ", ")
            try connection.run("CREATE TEMP TABLE written (\(types))", []) { _ in }
            try connection.append(rows, to: "written")
            try connection.copy("SELECT * FROM written", to: file, format: format)
        }
    }

    // MARK: SQL text

    /// The file as a table of a statement.
    package static func source(_ file: FilePath) throws(TablesError) -> String {
        let path = literal(file.string)
        switch try format(of: file) {
        case "csv": return "read_csv(\(path), header = true)"
        case "json": return "read_json(\(path))"
        default: return "read_parquet(\(path))"
        }
    }

    /// A name between quotes.
    package static func quoted(_ name: String) -> String { "\"" + name.replacing("\"", with: "\"\"") + "\"" }

    /// A text between quotes.
    package static func literal(_ text: String) -> String { "'" + text.replacing("'", with: "''") + "'" }

    private static func format(of file: FilePath) throws(TablesError) -> String {
        switch file.extension?.lowercased() {
        case "csv": return "csv"
        case "parquet": return "parquet"
        case "json", "jsonl", "ndjson": return "json"
        default:
            throw TablesError(
                .unknownFormat,
                what: "cannot use `\(file)` as a table",
                why: "its name ends in none of `.csv`, `.parquet`, `.json`",
                next: "name it by its format"
            )
        }
    }

    private static func type(of values: some Sequence<TableValue>) -> String {
        var type = "BIGINT"
        for value in values {
            switch value {
            case .text: return "VARCHAR"
            case .real: type = "DOUBLE"
            case .bool where type == "BIGINT": type = "BOOLEAN"
            case .null, .bool, .integer: continue
            }
        }
        return type
    }

    private func queryBlocking(_ sql: String, _ bindings: [TableValue]) throws -> TableChunk {
        let connection = try TableConnection(database)
        var names: [String] = []
        var columns: [TableColumnValues] = []
        var rows = 0
        try connection.run(sql, bindings) { chunk in
            if columns.isEmpty {
                names = chunk.names
                columns = chunk.columns
            } else {
                for index in columns.indices { columns[index].append(chunk.columns[index]) }
            }
            rows += chunk.rowCount
        }
        return TableChunk(names: names, columns: columns, rowCount: rows)
    }
}

/// Calls C with a list of texts that ends in NULL.
private func withTexts<Result>(_ texts: [String], _ body: ([UnsafePointer<CChar>?]) -> Result) -> Result {
    let copies = texts.map { text in
        let bytes = text.utf8CString
        let copy = UnsafeMutableBufferPointer<CChar>.allocate(capacity: bytes.count)
        _ = copy.initialize(from: bytes)
        return copy
    }
    defer { copies.forEach { $0.deallocate() } }
    return body(copies.map { UnsafePointer($0.baseAddress) } + [nil])
}
