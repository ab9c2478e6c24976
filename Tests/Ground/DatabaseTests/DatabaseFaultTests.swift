// SPDX-License-Identifier: Apache-2.0

import Database
import DatabaseTesting
import Diagnostics
import Files
import FilesTesting
import Foundation
import SystemPackage
import Testing

/// What the machine does to a database: kills, full disks, bad bytes.
@Suite(.timeLimit(.minutes(5)))
struct DatabaseFaultTests {
    private static let tables = MigrationSet(
        room: "t",
        [Migration(1, "t", sqlite: "CREATE TABLE t (id INTEGER PRIMARY KEY, data BLOB) STRICT")]
    )

    private func open(_ path: FilePath, _ role: DatabaseRole = .server) async throws -> SQLDatabase {
        try await SQLDatabase.open(at: path, role: role, migrations: [Self.tables])
    }

    private func code(_ body: () async throws -> Void) async throws -> DatabaseError.Code {
        try #require(await #expect(throws: DatabaseError.self) { try await body() }).code
    }

    private func insert(_ id: Int, _ bytes: Int, into database: SQLDatabase) async throws {
        let data = Array(repeating: UInt8(7), count: bytes)
        _ = try await database.write { try $0.execute("INSERT INTO t (id, data) VALUES (\(id), \(data))") }
    }

    private func ids(_ database: SQLDatabase) async throws -> [Int64] {
        try await database.read { try $0.rows("SELECT id FROM t ORDER BY id").map { $0.int64(0) } }
    }

    // MARK: Killed

    @Test(.enabled(if: SecondProcess.isThis, "it is the second process of the next test"))
    func `a second process that writes until it is killed`() async throws {
        let database = try await open(FilePath(try #require(SecondProcess.argument)))
        for round in 0... {
            try await withThrowingTaskGroup { group in
                for number in 0..<20 {
                    group.addTask {
                        let id = round * 20 + number
                        // Slow, so that there is time between a part and the end of its transaction.
                        try await database.write { writer in
                            try writer.execute("INSERT INTO t (id, data) VALUES (\(id), NULL)")
                            usleep(1_000)
                        }
                        SecondProcess.say("\(id)")
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test(.disabled(if: SecondProcess.isThis))
    func `a killed server loses nothing that it acknowledged, and the next one can work`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path.appending("gyre.db")
        let child = try SecondProcess("DatabaseTests.*second process that writes", argument: path.string)
        var acknowledged: Set<Int64> = []
        while acknowledged.count < 310, let line = try await child.heard() {
            acknowledged.insert(try #require(Int64(line)))
        }
        let error = try #require(await #expect(throws: DatabaseError.self) { try await open(path) })
        #expect(error.why == "gyre server (process \(child.id)) holds it")
        acknowledged.formUnion(try await child.killed().compactMap { Int64($0) })
        #expect(acknowledged.count >= 310)

        let database = try await open(path)
        let found = Set(try await ids(database))
        #expect(acknowledged.subtracting(found) == [])
        #expect(try await database.read { try $0.row("PRAGMA integrity_check")?.string(0) } == "ok")
        try await insert(-1, 10, into: database)
        await database.close()
    }

    // MARK: Disks

    @Test(.enabled(if: SmallDisk.isPossible, "only root may mount a small disk"))
    func `a full disk fails the write that does not fit, and nothing else`() async throws {
        let disk = try SmallDisk(kibibytes: 2_048)
        let database = try await open(disk.path.appending("gyre.db"))
        try await insert(1, 10_000, into: database)
        try disk.fill()
        #expect(try await code { try await insert(2, 300_000, into: database) } == .diskFull)
        #expect(try await ids(database) == [1])
        try disk.empty()
        try await insert(3, 300_000, into: database)
        #expect(try await ids(database) == [1, 3])
        await database.close()
        let again = try await open(disk.path.appending("gyre.db"))
        #expect(try await again.read { try $0.row("PRAGMA integrity_check")?.string(0) } == "ok")
        #expect(try await ids(again) == [1, 3])
        await again.close()
    }

    @Test(.enabled(if: SmallDisk.isPossible, "only root may mount a small disk"))
    func `on a full disk everybody is told the truth about his own write`() async throws {
        let disk = try SmallDisk(kibibytes: 4_096)
        let database = try await open(disk.path.appending("gyre.db"))
        try await insert(0, 10_000, into: database)
        // Some of the writes that share a transaction fit and some do not; which, hangs on their order.
        let written = try await withThrowingTaskGroup(of: Int64?.self) { group in
            for id in 1...60 {
                group.addTask {
                    do {
                        try await insert(id, id % 4 == 0 ? 900_000 : 1_000, into: database)
                        return Int64(id)
                    } catch let error as DatabaseError {
                        #expect(error.code == .diskFull)
                        return nil
                    }
                }
            }
            return try await group.reduce(into: [Int64]()) { if let id = $1 { $0.append(id) } }
        }
        #expect(try await ids(database) == ([0] + written).sorted())
        #expect(written.count < 60)
        await database.close()
    }

    @Test(.enabled(if: SmallDisk.isPossible, "only root may mount a small disk"))
    func `opening on a full disk and on one that takes no changes is told apart`() async throws {
        let disk = try SmallDisk(kibibytes: 256)
        let path = disk.path.appending("gyre.db")
        try disk.fill()
        #expect(try await code { _ = try await open(path) } == .diskFull)
        try disk.empty()
        let database = try await open(path)
        await database.close()
        try disk.setReadOnly(true)
        #expect(try await code { _ = try await open(path) } == .readOnly)
        try disk.setReadOnly(false)
        await (try open(path)).close()
    }

    @Test(.enabled(if: getuid() != 0, "root may write everywhere"))
    func `a folder of others is read-only`() async throws {
        let folder = try TemporaryFolder()
        try FileSystem.createDirectory(folder.path.appending("d"), permissions: [.ownerRead, .ownerExecute])
        #expect(try await code { _ = try await open(folder.path.appending("d/gyre.db")) } == .readOnly)
    }

    @Test(arguments: [DatabaseRole.server, .client])
    func `a missing folder and a folder in the place of the file cannot be opened`(role: DatabaseRole) async throws {
        let folder = try TemporaryFolder()
        #expect(try await code { _ = try await open(folder.path.appending("no/gyre.db"), role) } == .cannotOpen)
        try FileSystem.createDirectory(folder.path.appending("d"))
        #expect(try await code { _ = try await open(folder.path.appending("d"), role) } == .cannotOpen)
    }

    // MARK: Bad bytes

    @Test func `a file that is no database is corrupt, says what to do, and stays as it is`() async throws {
        let folder = try TemporaryFolder()
        let text = String(repeating: "this is no database. ", count: 300)
        let path = try folder.file("gyre.db", text)
        let error = try #require(await #expect(throws: DatabaseError.self) { try await open(path) })
        #expect(error.code == .corrupt)
        #expect(error.what == "cannot open the database `\(path)`")
        #expect(error.next != nil)
        #expect(try FileReader.text(of: path) == text)
        // And the lock is not left behind.
        try FileSystem.remove(path)
        await (try open(path)).close()
    }

    @Test func `a damaged page is an error of the read that needs it`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path.appending("gyre.db")
        let database = try await open(path)
        for id in 0..<200 { try await insert(id, 2_000, into: database) }
        await database.close()
        var bytes = try FileReader.bytes(of: path)
        for index in 4_096 * 3..<bytes.count { bytes[index] = 0xA5 }
        try AtomicFile.write(bytes, to: path)
        let damaged = try await open(path)
        #expect(try await code { _ = try await ids(damaged) } == .corrupt)
        #expect(try await code { try await insert(500, 10, into: damaged) } == .corrupt)
        await damaged.close()
    }
}
