// SPDX-License-Identifier: Apache-2.0

import Files
import FilesTesting
import SystemPackage
import Testing

@testable import Database

/// A log that is laid out ahead is as good as one that grew.
struct LogLayoutTests {
    private static let migrations = MigrationSet(
        room: "test",
        [
            Migration(
                1,
                "items",
                sqlite: "CREATE TABLE items (id INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL) STRICT"
            )
        ]
    )

    private func open(_ path: FilePath, _ role: DatabaseRole) async throws -> SQLDatabase {
        try await SQLDatabase.open(at: path, role: role, migrations: [Self.migrations])
    }

    private func count(_ database: SQLDatabase) async throws -> Int64 {
        try await database.read { try $0.row("SELECT count(*) FROM items")?.int64(0) ?? -1 }
    }

    @Test func `a server's log has its length before the first commit, and a client's has not`() async throws {
        let folder = try TemporaryFolder()
        let client = try await open(folder.path.appending("client.db"), .client)
        #expect(try FileSystem.status(of: folder.path.appending("client.db-wal")).size < LogLayout.length)
        await client.close()
        let server = try await open(folder.path.appending("server.db"), .server)
        #expect(try FileSystem.status(of: folder.path.appending("server.db-wal")).size == LogLayout.length)
        await server.close()
    }

    @Test func `what a killed server had committed is there, whatever lies behind it in the log`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path.appending("a.db")
        let server = try await open(path, .server)
        for number in 0..<200 {
            try await server.write { _ = try $0.execute("INSERT INTO items (id, name) VALUES (\(number), \("n"))") }
        }
        // As the files lie when the process is killed.
        let copy = folder.path.appending("copy.db")
        for suffix in ["", "-wal"] {
            let bytes = try FileReader.bytes(of: FilePath(path.string + suffix))
            try AtomicFile.write(bytes, to: FilePath(copy.string + suffix))
        }
        await server.close()
        for role in [DatabaseRole.server, .client] {
            let again = try await open(copy, role)
            #expect(try await count(again) == 200)
            let verdict = try await again.read { try $0.row("PRAGMA integrity_check")?.string(0) }
            #expect(verdict == "ok")
            await again.close()
        }
    }

    @Test func `a log that is all zeros is an empty one`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path.appending("a.db")
        let first = try await open(path, .server)
        try await first.write { _ = try $0.execute("INSERT INTO items (id, name) VALUES (1, 'n')") }
        await first.close()
        let zeros: [UInt8] = Array(repeating: 0, count: Int(LogLayout.length))
        try AtomicFile.write(zeros, to: FilePath(path.string + "-wal"))
        let again = try await open(path, .server)
        #expect(try await count(again) == 1)
        await again.close()
    }
}
