// SPDX-License-Identifier: Apache-2.0

import GRDB

/// Reads one consistent state of the database; valid only inside the closure that it was handed to.
package struct SQLReader {
    fileprivate let database: GRDB.Database

    init(_ database: GRDB.Database) { self.database = database }

    /// All rows of an answer; bound it by `LIMIT` where a table can grow.
    ///
    /// The prepared statement is kept for the connection's life, unless its text comes in as many forms as people ask
    /// questions: then `keepsStatement` must be false, or memory grows with them.
    package func rows(_ sql: SQL, keepsStatement: Bool = true) throws(DatabaseError) -> [SQLRow] {
        var result: [SQLRow] = []
        try run(sql, on: database, keepsStatement: keepsStatement) { cursor in
            while let row = try cursor.next() { result.append(SQLRow(row)) }
        }
        return result
    }

    /// The first row; nil if there is none.
    package func row(_ sql: SQL) throws(DatabaseError) -> SQLRow? {
        var result: SQLRow?
        try run(sql, on: database) { cursor in
            if let row = try cursor.next() { result = SQLRow(row) }
        }
        return result
    }

    /// Hands over one row after the other, so that a long answer is never in memory as a whole.
    package func forEach(_ sql: SQL, _ body: (SQLRow) throws -> Void) throws {
        let cursor = try wording(sql.text) { try statement(sql.text, sql.bindings, on: database) }
        while let row = try wording(sql.text, { try cursor.next().map(SQLRow.init) }) { try body(row) }
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
        try statement(sql.text).run(sql.bindings)
    }

    /// Runs several statements without values, one after the other.
    package func script(_ text: String) throws(DatabaseError) {
        try wording(text) { try database.execute(sql: text) }
    }

    /// The id that SQLite gave the last inserted row.
    package var lastInsertedID: Int64 { database.lastInsertedRowID }

    /// A prepared statement, kept for the connection's life.
    package func statement(_ text: String) throws(DatabaseError) -> SQLStatement {
        SQLStatement(
            statement: try wording(text) { try database.cachedStatement(sql: text) },
            database: database,
            text: text
        )
    }
}

/// A prepared statement; valid only inside the closure of its writer.
package struct SQLStatement {
    fileprivate let statement: Statement
    fileprivate let database: GRDB.Database
    fileprivate let text: String

    /// Runs it with these values.
    ///
    /// - Returns: How many rows it changed.
    @discardableResult
    package func run(_ bindings: [SQLValue]) throws(DatabaseError) -> Int {
        try wording(text) {
            let before = database.totalChangesCount
            try statement.execute(arguments: StatementArguments(bindings.map(\.databaseValue)))
            return database.totalChangesCount - before
        }
    }
}

private func statement(
    _ text: String,
    _ bindings: [SQLValue],
    on database: GRDB.Database,
    keeps: Bool = true
) throws -> RowCursor {
    let statement = try keeps ? database.cachedStatement(sql: text) : database.makeStatement(sql: text)
    return try Row.fetchCursor(statement, arguments: StatementArguments(bindings.map(\.databaseValue)))
}

private func run(
    _ sql: SQL,
    on database: GRDB.Database,
    keepsStatement: Bool = true,
    _ body: (RowCursor) throws -> Void
) throws(DatabaseError) {
    try wording(sql.text) { try body(try statement(sql.text, sql.bindings, on: database, keeps: keepsStatement)) }
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
