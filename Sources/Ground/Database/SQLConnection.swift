// SPDX-License-Identifier: Apache-2.0

import GRDB

/// Reads one consistent state of the database; valid only inside the closure that it was handed to.
package struct SQLReader {
    fileprivate let database: GRDB.Database

    init(_ database: GRDB.Database) { self.database = database }

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
        let cursor = try wording(sql.text) { try openCursor(of: sql, on: database) }
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
        try statement(sql.text, isKept: !sql.isComposed).run(sql.bindings)
    }

    /// Runs several statements without values, one after the other.
    package func script(_ text: String) throws(DatabaseError) {
        try wording(text) { try database.execute(sql: text) }
    }

    /// A prepared statement, kept for the connection's life; `text` is part of the program.
    package func statement(_ text: String) throws(DatabaseError) -> SQLStatement { try statement(text, isKept: true) }

    private func statement(_ text: String, isKept: Bool) throws(DatabaseError) -> SQLStatement {
        let statement = try wording(text) { try prepared(text, isKept: isKept, on: database) }
        return SQLStatement(statement: statement, database: database, text: text)
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
            try statement.execute(arguments: try arguments(bindings))
            return database.totalChangesCount - before
        }
    }
}

private func prepared(_ text: String, isKept: Bool, on database: GRDB.Database) throws -> Statement {
    try isKept ? database.cachedStatement(sql: text) : database.makeStatement(sql: text)
}

private func arguments(_ values: [SQLValue]) throws(DatabaseError) -> StatementArguments {
    for case .text(let text) in values where text.utf8.contains(0) {
        // SQLite would keep what stands before it.
        throw DatabaseError(.unstorable, what: "cannot use a text in the database", why: "it holds a NUL")
    }
    return StatementArguments(values.map(\.databaseValue))
}

private func openCursor(of sql: SQL, keepsStatement: Bool = false, on database: GRDB.Database) throws -> RowCursor {
    let statement = try prepared(sql.text, isKept: keepsStatement || !sql.isComposed, on: database)
    return try Row.fetchCursor(statement, arguments: try arguments(sql.bindings))
}

private func run(
    _ sql: SQL,
    on database: GRDB.Database,
    keepsStatement: Bool = false,
    _ body: (RowCursor) throws -> Void
) throws(DatabaseError) {
    try wording(sql.text) { try body(try openCursor(of: sql, keepsStatement: keepsStatement, on: database)) }
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
