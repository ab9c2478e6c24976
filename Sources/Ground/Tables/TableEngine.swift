// SPDX-License-Identifier: Apache-2.0

import CDuckDB
package import Files
package import SystemPackage

/// Runs SQL over files: CSV, Parquet and JSON, by DuckDB in this process.
///
/// Each call has a connection of its own, so calls do not wait for each other; they run on threads of their own, and stop soon
/// after their task is cancelled. Memory is bounded, and what does not fit goes to a temporary folder that is gone afterwards.
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
    ///   - temporaryFolder: Where what does not fit into memory goes; it need not exist.
    ///   - pool: The threads that calls wait on.
    /// - Throws: ``TablesError`` `.missingRuntime` with what DuckDB says.
    package init(
        library: DuckDBLibrary,
        memoryLimit: String = "1GB",
        threads: Int = 2,
        temporaryFolder: FilePath? = nil,
        pool: BlockingPool = .shared
    ) throws(TablesError) {
        let spill = temporaryFolder ?? FilePath("/tmp/gyre-tables-\(UInt64.random(in: .min ... .max))")
        let settings = [
            "memory_limit", memoryLimit, "threads", "\(max(1, threads))", "temp_directory", spill.string,
            "autoinstall_known_extensions", "false",
        ]
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
    package func query(_ sql: String, _ bindings: [TableValue] = []) async throws -> TableResult {
        try await onConnection { try Self.collect(sql, bindings, on: $0) }
    }

    /// Hands over an answer chunk by chunk, about two thousand rows at a time, on a thread that may block.
    ///
    /// An answer without rows gives one empty chunk, which has the columns.
    package func forEachChunk(
        _ sql: String,
        _ bindings: [TableValue] = [],
        _ body: @escaping @Sendable (TableChunk) throws -> Void
    ) async throws {
        try await onConnection { try $0.run(sql, bindings, body) }
    }

    /// Runs a statement for its effect.
    package func execute(_ sql: String, _ bindings: [TableValue] = []) async throws {
        try await onConnection { try $0.run(sql, bindings) { _ in } }
    }

    /// The columns of a table file.
    package func columns(of file: FilePath) async throws -> [TableColumn] {
        let source = try Self.source(file)
        return try await onConnection { try $0.columns(of: "SELECT * FROM \(source)") }
    }

    /// A whole table file; columns of types that ``TableValue`` lacks, such as lists, come as texts.
    package func read(_ file: FilePath) async throws -> TableResult {
        let source = try Self.source(file)
        return try await onConnection { connection in
            let columns = try connection.columns(of: "SELECT * FROM \(source)").map { column in
                let name = Self.quoted(column.name)
                return column.isReadable ? name : "CAST(\(name) AS VARCHAR) AS \(name)"
            }
            return try Self.collect("SELECT \(columns.joined(separator: ", ")) FROM \(source)", [], on: connection)
        }
    }

    /// Adds rows to a table file, which keeps its columns and its rows; columns that are not named become null.
    ///
    /// The table is written anew beside the old one and renamed over it, so a crash leaves one or the other. In CSV, what was
    /// there keeps its spelling; in other formats a column's type widens if a value would not fit. Holds the table in memory.
    ///
    /// - Parameters:
    ///   - rows: The values, one for each of `columns`.
    ///   - columns: Names of columns that the table has.
    ///   - file: A table file that exists.
    /// - Returns: How many rows it has now.
    /// - Throws: ``TablesError`` `.missingFile`, `.missingColumn`, or `.failed` with what the engine says.
    package func append(_ rows: [[TableValue]], columns: [String], to file: FilePath) async throws -> Int {
        _ = try Self.source(file)
        return try await onConnection { connection in
            try AppendedTable(file, on: connection).append(rows, columns: columns, on: connection)
        }
    }

    /// Writes the answer of a statement to a table file, complete or not at all.
    package func write(_ sql: String, _ bindings: [TableValue] = [], to file: FilePath) async throws {
        try await onConnection { try $0.copy(sql, bindings, to: file) }
    }

    /// Writes rows to a table file, complete or not at all.
    package func write(_ rows: [[TableValue]], columns: [TableColumn], to file: FilePath) async throws {
        try await onConnection { connection in
            let types = columns.map { "\(Self.quoted($0.name)) \($0.type)" }.joined(separator: ", ")
            try connection.run("CREATE TEMP TABLE written (\(types))", []) { _ in }
            try connection.append(rows, to: "written")
            try connection.copy("SELECT * FROM written", to: file)
        }
    }

    // MARK: SQL text

    /// The file as a table of a statement.
    ///
    /// - Throws: ``TablesError`` `.unknownFormat`, or `.missingFile`.
    package static func source(_ file: FilePath) throws(TablesError) -> String {
        let format = try TableFormat(of: file)
        guard FileSystem.exists(file) else {
            throw TablesError(.missingFile, what: "cannot read the table `\(file)`", why: "there is no such file")
        }
        return format.source(file)
    }

    /// A pattern below a folder whose own name means itself, between quotes.
    package static func pattern(in folder: FilePath, _ pattern: String) -> String {
        literal(TableFormat.withoutPatterns(folder.string) + "/" + pattern)
    }

    /// A name between quotes.
    package static func quoted(_ name: String) -> String { "\"" + name.replacing("\"", with: "\"\"") + "\"" }

    /// A text between quotes.
    package static func literal(_ text: String) -> String { "'" + text.replacing("'", with: "''") + "'" }

    // MARK: On the pool's threads

    func onConnection<T: Sendable>(
        _ body: @escaping @Sendable (borrowing TableConnection) throws -> T
    ) async throws -> T {
        let interruption = Interruption()
        return try await withTaskCancellationHandler {
            try await pool.run {
                let connection = try TableConnection(self.database)
                try interruption.begin(connection.handle)
                defer { interruption.end() }
                do { return try body(connection) } catch {
                    // The engine's own words for it help nobody.
                    throw interruption.isCancelled ? CancellationError() : error
                }
            }
        } onCancel: {
            interruption.cancel()
        }
    }

    private static func collect(
        _ sql: String,
        _ bindings: [TableValue],
        on connection: borrowing TableConnection
    ) throws -> TableResult {
        var names: [String] = []
        var columns: [TableColumnValues] = []
        var rows = 0
        try connection.run(sql, bindings) { chunk in
            if names.isEmpty {
                names = chunk.names
                columns = chunk.columns
            } else {
                for index in columns.indices { columns[index].append(chunk.columns[index]) }
            }
            rows += chunk.rowCount
        }
        return TableResult(names: names, columns: columns, rowCount: rows)
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
