// SPDX-License-Identifier: Apache-2.0

import DatabaseTesting
import Diagnostics
import Files
import FilesTesting
import SystemPackage
import Testing

@testable import Database

#if canImport(Glibc)
import Glibc
#endif

@Suite(.timeLimit(.minutes(5)))
struct SQLDatabaseTests {
    @Test(arguments: DatabaseContract.promises)
    func `SQLite keeps the contract`(promise: DatabaseContract.Promise) async throws {
        try await promise.isKept(at: try .sqlite())
    }

    @Test func `what is acknowledged is synced`() async throws {
        let folder = try TemporaryFolder()
        let database = try await SQLDatabase.open(at: folder.path.appending("a.db"), role: .server, migrations: [])
        let settings = try await database.write { writer in
            try ["journal_mode", "synchronous", "foreign_keys"].map { try writer.row("PRAGMA \(raw: $0)")?.string(0) }
        }
        #expect(settings == ["wal", "2", "1"])
        await database.close()
    }

    @Test func `another server is named by its process, whatever the file is called`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path.appending("gyre.db")
        let database = try await SQLDatabase.open(at: path, role: .server, migrations: [])
        try FileSystem.symlink("gyre.db", at: folder.path.appending("other.db"))
        for name in ["gyre.db", "other.db", "./gyre.db"] {
            let error = try #require(
                await #expect(throws: DatabaseError.self) {
                    try await SQLDatabase.open(at: folder.path.appending(name), role: .server, migrations: [])
                }
            )
            #expect(error.code == .locked)
            #expect(error.why.contains("gyre server (process "))
            #expect(error.next == "stop that server first")
        }
        await database.close()
    }

    @Test func `a hard link is no way to a second server`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path.appending("gyre.db")
        let database = try await SQLDatabase.open(at: path, role: .server, migrations: [])
        let other = folder.path.appending("other.db")
        try #require(link(path.string, other.string) == 0)
        let error = await #expect(throws: DatabaseError.self) {
            try await SQLDatabase.open(at: other, role: .server, migrations: [])
        }
        #expect(error?.code == .locked)
        #expect(error?.why == "another process holds it under another of its names")
        await database.close()
        await (try await SQLDatabase.open(at: other, role: .server, migrations: [])).close()
    }

    @Test func `a server that is not closed but forgotten lets the next one in`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path.appending("gyre.db")
        do { _ = try await SQLDatabase.open(at: path, role: .server, migrations: []) }
        // The last hold on it ends on a thread of the pool, which may come a moment later.
        var next: SQLDatabase?
        for _ in 0..<200 where next == nil {
            next = try? await SQLDatabase.open(at: path, role: .server, migrations: [])
            if next == nil { try await Task.sleep(for: .milliseconds(10)) }
        }
        await (try #require(next)).close()
    }

    @Test func `statements that are put together are not kept`() async throws {
        let constant: SQL = "SELECT \(1), \("x")"
        #expect(!constant.isComposed)
        let parts: [SQL] = ["a", "b"]
        let composed: [SQL] = [
            "SELECT \(list: [1, 2])", parts[0] + parts[1], SQL.joined(parts, separator: ","),
            "x \(parts[0] + parts[1])", SQL("x", []),
        ]
        #expect(composed.filter { !$0.isComposed } == [])
        #expect(!("x \(parts[0])" as SQL).isComposed)
    }

    @Test func `memory does not grow with the questions that people ask`() async throws {
        let folder = try TemporaryFolder()
        let database = try await SQLDatabase.open(at: folder.path.appending("a.db"), role: .server, migrations: [])
        @Sendable func ask(_ range: Range<Int>) async throws {
            for number in range {
                let columns = SQL.joined(
                    (0..<400).map { "\(raw: "\(number + $0)") AS \(raw: "c\(number)_\($0)")" },
                    separator: ", "
                )
                _ = try await database.read { try $0.rows("SELECT \(columns)") }
            }
        }
        try await ask(0..<100)
        // Kept, they would take 18 MiB.
        let kept = try await database.read { $0.statementBytes }
        #expect(kept < 1 << 20)
        await database.close()
    }
}
