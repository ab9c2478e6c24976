// SPDX-License-Identifier: Apache-2.0

import Files
import GRDB
import Synchronization
package import SystemPackage

/// How a process uses a database.
package enum DatabaseRole: Sendable {
    /// The one server of the database; a second one is refused.
    case server
    /// A command that works beside a server, or without one.
    case client
}

/// The embedded SQL database: one writer that groups its commits, and readers beside it.
///
/// Acknowledged means durable: the write-ahead log is synced before ``write(_:)`` returns. Reads see the last commit and
/// never wait for the writer. No call blocks the cooperative pool.
package final class SQLDatabase: Sendable {
    private let pool: DatabasePool
    private let committer: GroupCommitter
    private let locks: [FileLock]

    private init(pool: DatabasePool, locks: [FileLock]) {
        self.pool = pool
        self.locks = locks
        committer = GroupCommitter(pool: pool)
    }

    /// Opens a database, makes it if there is none, and brings its tables up to date.
    ///
    /// - Parameters:
    ///   - path: The database file; its folder must exist.
    ///   - role: Server or client; a server holds `<path>.lock` and the file until it is closed.
    ///   - migrations: The tables of the rooms.
    /// - Returns: The database with every migration applied.
    /// - Throws: ``DatabaseError`` `.locked`, which names the other server's process, `.newerSchema` if a newer Gyre
    ///   has changed the tables, `.cannotOpen` and others if the system refuses.
    package static func open(
        at path: FilePath,
        role: DatabaseRole,
        migrations: [MigrationSet]
    ) async throws -> SQLDatabase {
        try await BlockingPool.shared.run { try openBlocking(path, role, migrations) }
    }

    private static func openBlocking(
        _ path: FilePath,
        _ role: DatabaseRole,
        _ migrations: [MigrationSet]
    ) throws -> SQLDatabase {
        let what = "cannot open the database `\(path)`"
        // Two names of one file must not make two servers; a file that is not there yet has one name.
        let path = (try? FileSystem.realPath(path)) ?? path
        var locks: [FileLock] = []
        if role == .server {
            do {
                // This one names its holder; that on the file itself sees hard links and mounts, whose journals lie apart.
                locks = [try FileLock.acquire(FilePath(path.string + ".lock"), mode: .exclusive, owner: "gyre server")]
                locks.append(try FileLock.acquire(on: path))
            } catch  where error.code == .locked {
                throw DatabaseError(.locked, what: what, why: error.why, next: "stop that server first", cause: error)
            } catch {
                let code: DatabaseError.Code =
                    switch error.code {
                    case .readOnly, .permissionDenied: .readOnly
                    case .diskFull: .diskFull
                    default: .cannotOpen
                    }
                throw DatabaseError(code, what: what, why: error.why, next: error.next, cause: error)
            }
        }
        do {
            var configuration = Configuration()
            configuration.busyMode = .timeout(10)
            configuration.maximumReaderCount = 4
            configuration.prepareDatabase { database in
                try database.execute(sql: "PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY")
            }
            let pool = try DatabasePool(path: path.string, configuration: configuration)
            try pool.writeWithoutTransaction { database in
                // GRDB turns syncing down when it turns the write-ahead log on; a lost commit is no option here.
                // The writer comes back to the pages of what it wrote last; 16 MiB of them stay with it.
                try database.execute(sql: "PRAGMA synchronous = FULL; PRAGMA cache_size = -16384")
                // Most openings find all tables there, and then must not wait for those who write.
                guard try MigrationSet.isNeeded(migrations, by: SQLReader(database)) else { return }
                try database.inTransaction(.immediate) {
                    try MigrationSet.apply(migrations, with: SQLWriter(database))
                    return .commit
                }
            }
            // Without it commits are slower, not less durable.
            if role == .server { try? LogLayout.layOut(path, pool) }
            return SQLDatabase(pool: pool, locks: locks)
        } catch {
            throw DatabaseError(error, what: what)
        }
    }

    /// Reads one consistent state.
    package func read<T: Sendable>(_ body: @escaping @Sendable (SQLReader) throws -> T) async throws -> T {
        do {
            return try await pool.read { try body(SQLReader($0)) }
        } catch let error as GRDB.DatabaseError {
            throw DatabaseError(error, what: "cannot read the database")
        }
    }

    /// Changes the database; durable when it returns.
    ///
    /// Bodies that come at the same time share a transaction. If a body throws, its changes are undone and its error is
    /// thrown here; the others in the group are not touched. What was handed over is done, though its task is cancelled:
    /// the answer always tells whether it was.
    package func write<T: Sendable>(_ body: @escaping @Sendable (SQLWriter) throws -> T) async throws -> T {
        let result = Mutex<T?>(nil)
        return try await withCheckedThrowingContinuation { continuation in
            committer.submit(
                GroupCommitter.Job(
                    work: { writer in
                        let value = try body(writer)
                        result.withLock { $0 = value }
                    },
                    finish: { error in
                        if let error {
                            continuation.resume(throwing: error)
                        } else if let value = result.withLock({ $0 }) {
                            continuation.resume(returning: value)
                        } else {
                            continuation.resume(throwing: CancellationError())
                        }
                    }
                )
            )
        }
    }

    /// How many transactions this process has committed: fewer than writes, if writers share them.
    package var commitCount: Int { committer.commitCount }

    /// Waits for what was submitted, closes the connections and lets the next server in.
    package func close() async {
        await committer.close()
        let pool = pool
        // What is committed is on disk; a connection that cannot be closed ends with the process.
        try? await BlockingPool.shared.run { try pool.close() }
        for lock in locks { lock.release() }
    }
}
