// SPDX-License-Identifier: Apache-2.0

package import Database
import Testing

/// A place for one database, empty at first, which can be opened again and again.
package struct DatabasePlace: Sendable {
    private let opening: @Sendable (DatabaseRole, [MigrationSet]) async throws -> SQLDatabase

    /// A place that `open` opens; the closure owns what must live as long.
    package init(open: @escaping @Sendable (DatabaseRole, [MigrationSet]) async throws -> SQLDatabase) {
        opening = open
    }

    /// The database of this place.
    package func open(_ role: DatabaseRole = .server, _ migrations: [MigrationSet] = []) async throws -> SQLDatabase {
        try await opening(role, migrations)
    }
}

/// What every database behind ``SQLDatabase`` promises, whatever keeps the rows.
///
/// Run each of ``promises`` on a fresh place, as arguments of a test.
package enum DatabaseContract {
    /// One promise and how to hold a database to it.
    package struct Promise: Sendable, CustomTestStringConvertible {
        package let testDescription: String
        private let check: @Sendable (DatabasePlace) async throws -> Void

        init(_ words: String, _ check: @escaping @Sendable (DatabasePlace) async throws -> Void) {
            testDescription = words
            self.check = check
        }

        /// Looks whether a database at this empty place keeps it.
        package func isKept(at place: DatabasePlace) async throws { try await check(place) }
    }

    /// All promises.
    package static let promises = values + statements + writing + reading + migrations + life

    /// One table of numbers and texts.
    static let items = MigrationSet(
        room: "items",
        [
            Migration(
                1,
                "items",
                sqlite:
                    "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, size REAL, data BLOB) STRICT"
            )
        ]
    )

    static func withItems(_ place: DatabasePlace, _ body: (SQLDatabase) async throws -> Void) async throws {
        let database = try await place.open(.server, [items])
        do {
            try await body(database)
        } catch {
            await database.close()
            throw error
        }
        await database.close()
    }

    static func count(_ database: SQLDatabase) async throws -> Int64? {
        try await database.read { try $0.row("SELECT count(*) FROM items")?.int64(0) }
    }

    @discardableResult
    static func change(_ database: SQLDatabase, _ sql: SQL) async throws -> Int {
        try await database.write { try $0.execute(sql) }
    }

    static func error(_ body: () async throws -> Void) async throws -> DatabaseError {
        try #require(await #expect(throws: DatabaseError.self) { try await body() })
    }
}

/// An error that no database knows.
struct Refusal: Error, Equatable { let number: Int }
