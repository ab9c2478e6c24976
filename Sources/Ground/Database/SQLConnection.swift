// SPDX-License-Identifier: Apache-2.0

import GRDB

/// Reads one consistent state of the database; valid only inside the closure that it was handed to.
package struct SQLReader {
    fileprivate let database: GRDB.Database

    init(_ database: GRDB.Database) { self.database = database }

    /// How much memory the connection's prepared statements take, for tests.
    var statementBytes: Int { RawStatement.bytes(on: database) }

    /// All rows of an answer; bound it by `LIMIT` where a table can grow.
    ///
    /// The prepared statement is kept for the connection's life if its whole text stands in the program. One that is put
    /// together comes in as many forms as people ask questions, and memory would grow with them.
    ///
    /// - Parameters:
    ///   - sql: The statement.
    ///   - keepsStatement: Keeps one that is put together too; true only for few forms.
    /// - Returns: The rows in the order of the answer.
    /// - Throws: ``DatabaseError``, whose words hold no values.
    package func rows(_ sql: SQL, keepsStatement: Bool = false) throws(DatabaseError) -> [SQLRow] {
        var result: [SQLRow] = []
        try each(sql, keepsStatement) { columns in
            result.append(SQLRow(columns))
            return true
        }
        return result
    }

    /// The first row; nil if there is none.
    package func row(_ sql: SQL) throws(DatabaseError) -> SQLRow? {
        var result: SQLRow?
        try each(sql, false) { columns in
            result = SQLRow(columns)
            return false
        }
        return result
    }

    /// Hands over one row after the other, so that a long answer is never in memory as a whole.
    package func forEach(_ sql: SQL, _ body: (SQLColumns) throws -> Void) throws {
        try scan(sql) { columns in
            try body(columns)
            return true
        }
    }

    /// Hands over one row after the other until the closure returns false.
    package func scan(_ sql: SQL, keepsStatement: Bool = false, _ body: (SQLColumns) throws -> Bool) throws {
        let statement = try wording(sql.text) { try started(sql, keepsStatement) }
        defer { statement.reset() }
        while try wording(sql.text, { try statement.step() }) {
            guard try body(statement.columns) else { return }
        }
    }

    private func started(_ sql: SQL, _ keepsStatement: Bool) throws -> RawStatement {
        let statement = try RawStatement(sql.text, isKept: keepsStatement || !sql.isComposed, on: database)
        do {
            try statement.bind(sql.bindings)
        } catch {
            statement.reset()
            throw error
        }
        return statement
    }

    /// Runs the closure over the statement's rows, with errors in the statement's words.
    private func each(_ sql: SQL, _ keepsStatement: Bool, _ body: (SQLColumns) -> Bool) throws(DatabaseError) {
        try wording(sql.text) {
            let statement = try started(sql, keepsStatement)
            defer { statement.reset() }
            while try statement.step(), body(statement.columns) {}
        }
    }
}

/// Reads and changes the database within the caller's part of a transaction.
package struct SQLWriter {
    private let database: GRDB.Database

    init(_ database: GRDB.Database) { self.database = database }

    /// The same connection for reading, which sees the changes made so far.
    package var reader: SQLReader { SQLReader(database) }

    /// All rows of an answer.
    package func rows(_ sql: SQL) throws(DatabaseError) -> [SQLRow] { try reader.rows(sql) }

    /// The first row; nil if there is none.
    package func row(_ sql: SQL) throws(DatabaseError) -> SQLRow? { try reader.row(sql) }

    /// Runs a statement.
    ///
    /// - Returns: How many rows it changed.
    @discardableResult
    package func execute(_ sql: SQL) throws(DatabaseError) -> Int {
        try statement(sql.text, isKept: !sql.isComposed).run(sql.bindings)
    }

    /// Runs several statements without values, one after the other.
    package func script(_ text: String) throws(DatabaseError) {
        try wording(text) { try database.execute(sql: text) }
    }

    /// A prepared statement, kept for the connection's life; `text` is part of the program.
    package func statement(_ text: String) throws(DatabaseError) -> SQLStatement { try statement(text, isKept: true) }

    private func statement(_ text: String, isKept: Bool) throws(DatabaseError) -> SQLStatement {
        SQLStatement(raw: try wording(text) { try RawStatement(text, isKept: isKept, on: database) }, text: text)
    }
}

/// A prepared statement; valid only inside the closure of its writer.
package struct SQLStatement {
    fileprivate let raw: RawStatement
    fileprivate let text: String

    /// Runs it with these values.
    ///
    /// - Returns: How many rows it changed.
    @discardableResult
    package func run(_ bindings: [SQLValue]) throws(DatabaseError) -> Int {
        try wording(text) {
            defer { raw.reset() }
            try raw.bind(bindings)
            return try raw.runChange()
        }
    }

    /// Binds a whole number to a place, which counts from 1, for ``run()``.
    package func bind(_ number: Int64, at place: Int) throws(DatabaseError) {
        try wording(text) { try raw.bind(number, at: Int32(place)) }
    }

    /// Binds a number to a place, which counts from 1, for ``run()``.
    package func bind(_ number: Double, at place: Int) throws(DatabaseError) {
        try wording(text) { try raw.bind(number, at: Int32(place)) }
    }

    /// Binds a text without NUL to a place, which counts from 1, for ``run()`` and ``first(_:)``.
    package func bind(_ text: String, at place: Int) throws(DatabaseError) {
        try wording(self.text) { try raw.bind(text, at: Int32(place)) }
    }

    /// Binds bytes to a place, which counts from 1, for ``run()``.
    package func bind(_ bytes: [UInt8], at place: Int) throws(DatabaseError) {
        try wording(text) { try raw.bind(bytes, at: Int32(place)) }
    }

    /// Runs it with what was bound, and reads its first row; nil if there is none.
    ///
    /// A place keeps its value.
    package func first<Value>(_ read: (SQLColumns) -> Value) throws(DatabaseError) -> Value? {
        try wording(text) { try raw.first(read) }
    }

    /// Runs it with what was bound; a place keeps its value for the next run.
    package func run() throws(DatabaseError) {
        try wording(text) { try raw.runOnce() }
    }
}

/// Words SQLite's errors with the statement, which holds no values.
private func wording<T>(_ text: String, _ body: () throws -> T) throws(DatabaseError) -> T {
    do {
        return try body()
    } catch {
        let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        throw DatabaseError(error, what: "cannot run `\(words.prefix(160))`")
    }
}
