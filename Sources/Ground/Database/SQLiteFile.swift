// SPDX-License-Identifier: Apache-2.0

import Files
import GRDB
package import SystemPackage

/// A SQLite file of another program, which is only read: nothing of it changes, not even its journal's mode.
package final class SQLiteFile: Sendable {
    private let queue: DatabaseQueue
    private let path: FilePath

    /// Opens the file.
    ///
    /// - Throws: ``DatabaseError`` `.cannotOpen` if there is none, `.corrupt` if it is no database.
    package init(reading path: FilePath) async throws {
        let what = "cannot read the database `\(path)`"
        self.path = path
        queue = try await BlockingPool.shared.run {
            guard FileSystem.exists(path), !FileSystem.isDirectory(path) else {
                throw DatabaseError(.cannotOpen, what: what, why: "there is no such file")
            }
            var configuration = Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(10)
            do {
                let queue = try DatabaseQueue(path: path.string, configuration: configuration)
                // SQLite looks into the file only when somebody asks.
                try queue.read { _ = try Row.fetchOne($0, sql: "SELECT count(*) FROM sqlite_schema") }
                return queue
            } catch {
                throw DatabaseError(error, what: what)
            }
        }
    }

    /// Reads one consistent state.
    package func read<T: Sendable>(_ body: @escaping @Sendable (SQLReader) throws -> T) async throws -> T {
        do {
            return try await queue.read { try body(SQLReader($0)) }
        } catch let error as GRDB.DatabaseError {
            throw DatabaseError(error, what: "cannot read the database `\(path)`")
        }
    }

    /// Closes the file.
    package func close() async {
        let queue = queue
        // A connection that cannot be closed ends with the process.
        try? await BlockingPool.shared.run { try queue.close() }
    }
}
