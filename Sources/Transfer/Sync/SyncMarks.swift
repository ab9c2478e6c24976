// SPDX-License-Identifier: Apache-2.0

package import Database

/// What was merged into this project, and from where: so that what is sent again is known by its fingerprint.
///
/// Only the last content of each source counts, because a source may go back to what it was. Losing marks costs a look at
/// everything, no more.
struct SyncMarks: Sendable {
    let database: SQLDatabase

    /// Those of the items whose last content from this source was another one, or that never came.
    func lacking(_ items: [SyncItem], _ kind: SyncKind, from source: String) async throws -> [String] {
        try await database.read { reader in
            try items.filter { item in
                let sql: SQL = """
                    SELECT fingerprint FROM sync_marks
                    WHERE kind = \(kind.rawValue) AND name = \(item.name) AND source = \(source)
                    """
                return try reader.row(sql)?.string(0) != item.fingerprint
            }
            .map(\.name)
        }
    }

    /// Remembers that the content of an item is here.
    func put(_ item: SyncItem, _ kind: String, from source: String) async throws {
        // What our own side sends is shorter; a stranger's must not fill the table.
        guard source.utf8.count <= 64, item.fingerprint.utf8.count <= 64 else { throw SyncWire.missing("fingerprint") }
        try await database.write { writer -> Void in
            try writer.execute(
                """
                INSERT INTO sync_marks (kind, name, source, fingerprint)
                VALUES (\(kind), \(item.name), \(source), \(item.fingerprint))
                ON CONFLICT (kind, name, source) DO UPDATE SET fingerprint = excluded.fingerprint
                """
            )
        }
    }

    /// The last content of an item from this source.
    func fingerprint(_ name: String, _ kind: String, from source: String) async throws -> String? {
        try await database.read { reader in
            let sql: SQL = """
                SELECT fingerprint FROM sync_marks
                WHERE kind = \(kind) AND name = \(name) AND source = \(source)
                """
            return try reader.row(sql)?.string(0)
        }
    }
}

extension SyncReceiver {
    /// The tables of what was merged.
    package static let migrations = MigrationSet(
        room: "sync",
        [
            Migration(
                1,
                "what was merged from where",
                sqlite: """
                    CREATE TABLE sync_marks (
                        kind TEXT NOT NULL,
                        name TEXT NOT NULL,
                        source TEXT NOT NULL,
                        fingerprint TEXT NOT NULL,
                        PRIMARY KEY (kind, name, source)
                    ) STRICT, WITHOUT ROWID;
                    """
            )
        ]
    )
}
