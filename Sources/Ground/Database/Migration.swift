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

    /// The steps of `room`.
    package init(room: String, _ steps: [Migration]) {
        self.room = room
        self.steps = steps
    }

    /// Applies in one transaction what a database lacks.
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
            let row = try writer.row("SELECT coalesce(max(number), 0) FROM gyre_migrations WHERE room = \(set.room)")
            let applied = Int(row?.int64(0) ?? 0)
            guard applied <= set.steps.count else {
                throw DatabaseError(
                    .newerSchema,
                    what: "cannot open the database",
                    why: "its tables for `\(set.room)` are at step \(applied), and this Gyre knows \(set.steps.count)",
                    next: "use the newer Gyre that made them"
                )
            }
            for step in set.steps.dropFirst(applied) {
                try writer.script(step.sqlite)
                try writer.execute(
                    "INSERT INTO gyre_migrations (room, number, name) VALUES (\(set.room), \(step.number), \(step.name))"
                )
            }
        }
    }
}
