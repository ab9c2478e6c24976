// SPDX-License-Identifier: Apache-2.0

/// One step of a room's tables; once released it is never changed.
package struct Migration: Sendable {
    /// The step's place, from 1 without gaps.
    package let number: Int
    /// What it brings, for people who look into the database.
    package let name: String
    /// The statements for SQLite.
    package let sqlite: String

    /// A step.
    package init(_ number: Int, _ name: String, sqlite: String) {
        self.number = number
        self.name = name
        self.sqlite = sqlite
    }
}

/// All steps of a room's tables.
package struct MigrationSet: Sendable {
    /// The room that owns the tables.
    package let room: String
    /// Its steps in order.
    package let steps: [Migration]

    /// The steps of `room`, numbered from 1 without gaps.
    package init(room: String, _ steps: [Migration]) {
        precondition(steps.map(\.number) == Array(1..<steps.count + 1), "the steps of \(room) are not numbered from 1")
        self.room = room
        self.steps = steps
    }

    /// Whether a database lacks some of the steps.
    ///
    /// - Throws: ``DatabaseError`` `.newerSchema` if it has steps that this Gyre does not know.
    static func isNeeded(_ sets: [MigrationSet], by reader: SQLReader) throws(DatabaseError) -> Bool {
        let table: SQL = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'gyre_migrations'"
        guard try reader.row(table) != nil else { return true }
        var isNeeded = false
        for set in sets where try set.applied(in: reader) < set.steps.count { isNeeded = true }
        return isNeeded
    }

    /// Applies what a database lacks within the writer's transaction.
    ///
    /// - Throws: ``DatabaseError`` `.newerSchema` if the database has steps that this Gyre does not know.
    static func apply(_ sets: [MigrationSet], with writer: SQLWriter) throws(DatabaseError) {
        try writer.script(
            """
            CREATE TABLE IF NOT EXISTS gyre_migrations (
                room TEXT NOT NULL,
                number INTEGER NOT NULL,
                name TEXT NOT NULL,
                PRIMARY KEY (room, number)
            ) STRICT, WITHOUT ROWID
            """
        )
        for set in sets {
            for step in set.steps.dropFirst(try set.applied(in: writer.reader)) { try set.apply(step, with: writer) }
        }
    }

    /// How many steps a database has.
    private func applied(in reader: SQLReader) throws(DatabaseError) -> Int {
        let row = try reader.row("SELECT coalesce(max(number), 0) FROM gyre_migrations WHERE room = \(room)")
        let applied = Int(row?.int64(0) ?? 0)
        guard applied <= steps.count else {
            throw DatabaseError(
                .newerSchema,
                what: "cannot open the database",
                why: "its tables for `\(room)` are at step \(applied), and this Gyre knows \(steps.count)",
                next: "use the newer Gyre that made them"
            )
        }
        return applied
    }

    private func apply(_ step: Migration, with writer: SQLWriter) throws(DatabaseError) {
        do {
            try writer.script(step.sqlite)
        } catch {
            throw DatabaseError(
                error.code,
                what: "cannot bring the tables of `\(room)` to step \(step.number)",
                why: error.why,
                next: error.next,
                cause: error
            )
        }
        try writer.execute(
            "INSERT INTO gyre_migrations (room, number, name) VALUES (\(room), \(step.number), \(step.name))"
        )
    }
}
