// SPDX-License-Identifier: Apache-2.0

import Files
import ProjectTesting
import Synchronization
import SystemPackage
import Testing

@testable import DataRemotes
@testable import DataVersions

/// A storage that lets somebody else work at one moment.
private final class Interrupted: RemoteStorage {
    /// The call before which it does.
    enum Moment: Sendable { case manifestIsSent, chunksGo }

    private let real: any RemoteStorage
    private let moment: Moment
    private let body: @Sendable () async throws -> Void
    private let isOver = Mutex(false)

    init(_ real: any RemoteStorage, before moment: Moment, _ body: @escaping @Sendable () async throws -> Void) {
        self.real = real
        self.moment = moment
        self.body = body
    }

    private func pass(_ moment: Moment) async throws {
        guard moment == self.moment,
            !isOver.withLock({ isOver in
                defer { isOver = true }
                return isOver
            })
        else { return }
        try await body()
    }

    var concurrency: Int { real.concurrency }
    func existing(_ keys: [String]) async throws -> Set<String> { try await real.existing(keys) }
    func scan(_ start: String, _ body: ([(key: String, size: Int64)]) async throws -> Void) async throws {
        try await real.scan(start, body)
    }
    func send(_ key: String, from file: FilePath, md5: String?) async throws -> Int64 {
        try await real.send(key, from: file, md5: md5)
    }
    func send(_ key: String, bytes: [UInt8]) async throws {
        if key.hasPrefix(RemoteChunks.manifests) { try await pass(.manifestIsSent) }
        try await real.send(key, bytes: bytes)
    }
    func bytes(of key: String, limit: Int) async throws -> [UInt8]? { try await real.bytes(of: key, limit: limit) }
    func finish() async throws { try await real.finish() }
    func receive(_ key: String, into batch: FileBatch, as path: FilePath, md5: String?) async throws -> Int64 {
        try await real.receive(key, into: batch, as: path, md5: md5)
    }
    func remove(_ keys: [String]) async throws {
        if keys.contains(where: { $0.hasPrefix(RemoteChunks.chunks) }) { try await pass(.chunksGo) }
        try await real.remove(keys)
    }
}

/// Removing chunks that nothing needs, also while somebody pushes.
@Suite(.timeLimit(.minutes(5)))
struct ChunkCollectionTests {
    private static let first = Table.bytes(rows: 120_000)
    /// Shares its first half with the first.
    private static let second = Array(first.prefix(first.count / 2)) + Table.bytes(rows: 60_000, seed: 3)

    /// A project whose remote has a version that the work tree no longer names; it is not pushed what it names.
    private func project(_ kind: RemoteKind) async throws -> SharedProject {
        let shared = try await SharedProject(kind)
        try shared.project.folder.write(Self.first, to: "t")
        try await shared.project.add("t")
        _ = try await shared.pushChunks()
        try shared.project.folder.write(Self.second, to: "t")
        try await shared.project.add("t")
        return shared
    }

    private func remote(_ shared: SharedProject, _ storage: any RemoteStorage) -> DataRemote {
        DataRemote(name: "r", url: shared.remote.url, storage: storage)
    }

    private func expectWhole(_ shared: SharedProject) async throws {
        try shared.loseCache()
        let report = try await shared.fetch()
        #expect(report.moved == 1)
        #expect(report.failed.map { "\($0.error)" } == [])
    }

    @Test(arguments: RemoteKind.allCases)
    func `the manifest of a content that nobody names goes, and the chunks that are its alone`(
        kind: RemoteKind
    ) async throws {
        let shared = try await project(kind)
        _ = try await shared.pushChunks()
        let before = try await shared.sizes()
        let sweep = try await shared.collect()
        #expect(sweep.objects == [])
        #expect(sweep.chunks.manifests.map(\.md5) == [FileHashing.digest(of: Self.first, .md5).hex])
        let after = try await shared.sizes()
        let lists = try await RemoteChunks(of: shared.remote).list(
            of: DataObject(FileHashing.digest(of: Self.second, .md5).hex)
        )
        let needed = Set(try #require(lists).entries.map { RemoteChunks.key($0.id) })
        #expect(Set(after.keys.filter { $0.hasPrefix(RemoteChunks.chunks) }) == needed)
        #expect(sweep.bytes == before.values.reduce(0, +) - after.values.reduce(0, +))
        #expect(try await shared.collect().count == 0)
        try await expectWhole(shared)
    }

    @Test(arguments: RemoteKind.allCases)
    func `a collection in the middle of a push takes nothing that it relies on`(kind: RemoteKind) async throws {
        let shared = try await project(kind)
        let warnings = Mutex(0)
        let counter = Shared(warnings)
        // The push found half of its chunks there; the manifest that names them is not there yet.
        let storage = Interrupted(shared.remote.storage, before: .manifestIsSent) {
            let collector = GarbageCollector(shared.cache) { _ in counter.count.withLock { $0 += 1 } }
            let needed = try await collector.needed(try await shared.outputs(), remote: nil)
            let sweep = try await collector.unneeded(needed, on: shared.remote)
            #expect(sweep.chunks.chunks.count > 10)
            try await collector.remove(sweep, on: shared.remote)
        }
        let report = try await Pusher(
            from: shared.cache,
            to: remote(shared, storage),
            watch: TransferWatch(),
            chunking: shared.chunking
        )
        .push(try await shared.outputs())
        #expect(report.moved == 1)
        #expect(counter.count.withLock { $0 } == 1)
        try await expectWhole(shared)
        // The next one finds nobody there.
        _ = try await shared.pushChunks()
        #expect(try await shared.collect().chunks.manifests.count == 1)
        try await expectWhole(shared)
    }

    @Test(arguments: RemoteKind.allCases)
    func `a push in the middle of a collection ends, and can be run again`(kind: RemoteKind) async throws {
        let shared = try await project(kind)
        let storage = Interrupted(shared.remote.storage, before: .chunksGo) {
            let error = await #expect(throws: DataRemotesError.self) { _ = try await shared.pushChunks() }
            #expect(error?.code == .busy)
        }
        let collector = GarbageCollector(shared.cache) { Issue.record("warned: \($0)") }
        let needed = try await collector.needed(try await shared.outputs(), remote: nil)
        let sweep = try await collector.unneeded(needed, on: shared.remote)
        try await collector.remove(sweep, on: remote(shared, storage))
        #expect(try await shared.keys() == [])
        #expect(try await shared.pushChunks().moved == 1)
        try await expectWhole(shared)
    }

    @Test func `a mark counts for a day, and is made anew each hour`() async throws {
        let shared = try await SharedProject(.folder)
        let clock = Mutex<Int64>(1_800_000_000)
        let time = Clock(clock)
        let push = RemoteMarks(shared.remote.storage, .push) { time.now.withLock { $0 } }
        let other = RemoteMarks(shared.remote.storage, .gc) { time.now.withLock { $0 } }
        #expect(try await other.others(.push) == false)
        try await push.renew()
        let key = try await shared.keys()
        #expect(key.count == 1)
        #expect(try await other.others(.push))
        #expect(try await other.others(.gc) == false)
        time.now.withLock { $0 += 3_000 }
        try await push.renew()
        #expect(try await shared.keys() == key)
        time.now.withLock { $0 += 1_000 }
        try await push.renew()
        #expect(try await shared.keys().count == 1)
        #expect(try await shared.keys() != key)
        time.now.withLock { $0 += 86_401 }
        #expect(try await other.others(.push) == false)
        await push.end()
        #expect(try await shared.keys() == [])
    }

    @Test func `the mark of a process that died here stops nobody`() async throws {
        let shared = try await SharedProject(.folder)
        let storage = shared.remote.storage
        // No process has the largest number that there can be.
        let dead = RemoteMarks(storage, .push, process: .max) { 1_800_000_000 }
        try await dead.renew()
        let other = RemoteMarks(storage, .gc) { 1_800_000_000 }
        #expect(try await shared.keys().count == 1)
        #expect(try await other.others(.push) == false)
        let first = RemoteMarks(storage, .push, process: 1) { 1_800_000_000 }
        try await first.renew()
        #expect(try await other.others(.push))
    }

    private final class Shared: Sendable {
        let count: Mutex<Int>
        init(_ count: consuming Mutex<Int>) { self.count = count }
    }

    private final class Clock: Sendable {
        let now: Mutex<Int64>
        init(_ now: consuming Mutex<Int64>) { self.now = now }
    }
}
