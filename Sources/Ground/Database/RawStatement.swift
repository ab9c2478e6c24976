// SPDX-License-Identifier: Apache-2.0

import GRDB
import GRDBSQLite

/// A prepared statement at the level of SQLite's own calls: what a point or a row costs here is paid a million times.
///
/// GRDB prepares, keeps and finalises it; between two runs it is reset, so that it holds no lock and no value.
struct RawStatement {
    private let statement: Statement
    private let pointer: OpaquePointer
    private let connection: OpaquePointer

    /// Takes a kept statement, or a fresh one if the kept one is in the middle of an answer.
    init(_ text: String, isKept: Bool, on database: GRDB.Database) throws {
        guard let connection = database.sqliteConnection else {
            throw GRDB.DatabaseError(resultCode: .SQLITE_MISUSE, message: "the connection is closed")
        }
        var statement = try isKept ? database.cachedStatement(sql: text) : database.makeStatement(sql: text)
        if sqlite3_stmt_busy(statement.sqliteStatement) != 0 { statement = try database.makeStatement(sql: text) }
        self.statement = statement
        self.connection = connection
        pointer = statement.sqliteStatement
    }

    /// How much memory all statements of a connection take.
    static func bytes(on database: GRDB.Database) -> Int {
        var (bytes, most): (Int32, Int32) = (0, 0)
        sqlite3_db_status(database.sqliteConnection, SQLITE_DBSTATUS_STMT_USED, &bytes, &most, 0)
        return Int(bytes)
    }

    // MARK: Values

    /// Binds a value to a place, which counts from 1.
    func bind(_ value: SQLValue, at place: Int32) throws {
        switch value {
        case .null: try check(sqlite3_bind_null(pointer, place))
        case .integer(let number): try bind(number, at: place)
        case .real(let number): try bind(number, at: place)
        case .text(let text): try bind(text, at: place)
        case .blob(let bytes): try bind(bytes, at: place)
        }
    }

    func bind(_ number: Int64, at place: Int32) throws { try check(sqlite3_bind_int64(pointer, place, number)) }

    func bind(_ number: Double, at place: Int32) throws { try check(sqlite3_bind_double(pointer, place, number)) }

    func bind(_ text: String, at place: Int32) throws {
        var text = text
        try text.withUTF8 { utf8 in
            // SQLite would keep what stands before it.
            guard !utf8.contains(0) else {
                throw DatabaseError(.unstorable, what: "cannot use a text in the database", why: "it holds a NUL")
            }
            // No address would mean NULL.
            guard let start = utf8.baseAddress else {
                return try check(sqlite3_bind_text(pointer, place, "", 0, Self.copies))
            }
            try start.withMemoryRebound(to: CChar.self, capacity: utf8.count) { start in
                try check(sqlite3_bind_text(pointer, place, start, Int32(clamping: utf8.count), Self.copies))
            }
        }
    }

    func bind(_ bytes: [UInt8], at place: Int32) throws {
        try bytes.withUnsafeBytes { bytes in
            // No address would mean NULL.
            guard let start = bytes.baseAddress else { return try check(sqlite3_bind_zeroblob(pointer, place, 0)) }
            try check(sqlite3_bind_blob64(pointer, place, start, UInt64(bytes.count), Self.copies))
        }
    }

    /// Binds all values from the first place on.
    func bind(_ values: [SQLValue]) throws {
        guard values.count == Int(sqlite3_bind_parameter_count(pointer)) else {
            throw GRDB.DatabaseError(
                resultCode: .SQLITE_MISUSE,
                message: "\(values.count) values for \(sqlite3_bind_parameter_count(pointer)) places"
            )
        }
        for (index, value) in values.enumerated() { try bind(value, at: Int32(index + 1)) }
    }

    // MARK: Running

    /// Goes to the next row; false at the end.
    func step() throws -> Bool {
        switch sqlite3_step(pointer) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code: throw error(code)
        }
    }

    /// Ends the run: the values go, and the statement can be run again.
    func reset() {
        // Its code repeats what the last step has reported.
        sqlite3_reset(pointer)
        sqlite3_clear_bindings(pointer)
    }

    /// Runs a change, and tells how many rows it changed.
    func runChange() throws -> Int {
        let before = sqlite3_total_changes64(connection)
        try runOnce()
        return Int(sqlite3_total_changes64(connection) - before)
    }

    /// Runs a change, and keeps the values for the next run.
    func runOnce() throws {
        defer { sqlite3_reset(pointer) }
        while try step() {}
    }

    /// Reads the first row, and keeps the values for the next run.
    func first<Value>(_ read: (SQLColumns) -> Value) throws -> Value? {
        defer { sqlite3_reset(pointer) }
        return try step() ? read(columns) : nil
    }

    /// The row that the last step came to.
    var columns: SQLColumns { SQLColumns(pointer) }

    private func check(_ code: Int32) throws {
        guard code == SQLITE_OK else { throw error(code) }
    }

    private func error(_ code: Int32) -> GRDB.DatabaseError {
        GRDB.DatabaseError(
            resultCode: ResultCode(rawValue: sqlite3_extended_errcode(connection)),
            message: String(cString: sqlite3_errmsg(connection)),
            sql: statement.sql
        )
    }

    // SQLite's mark for "copy the bytes before the call returns": the address -1, which is never followed.
    private static let copies = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
}
