// SPDX-License-Identifier: Apache-2.0

import Files
import ProjectTesting
import S3Testing
import SystemPackage
import Testing

@testable import DataRemotes
@testable import DataVersions

/// A table of many bytes, the same each time.
enum Table {
    static func bytes(rows: Int, seed: UInt64 = 7) -> [UInt8] {
        var state = seed
        var bytes: [UInt8] = []
        bytes.reserveCapacity(rows * 64)
        for row in 0..<rows {
            bytes += "\(row)".utf8
            for _ in 0..<3 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                bytes += ",\(state >> 8)".utf8
            }
            bytes.append(UInt8(ascii: "\n"))
        }
        return bytes
    }
}

extension SharedProject {
    var chunking: Pusher.Chunking { Pusher.Chunking(LocalChunks(of: project.data)) }

    func pushChunks(commits: [String] = []) async throws -> TransferReport {
        try await Pusher(from: cache, to: remote, watch: TransferWatch(), chunking: chunking)
            .push(try await outputs([]) { $0.commits = commits })
    }

    /// The keys that the remote has, with their sizes.
    func sizes() async throws -> [String: Int64] {
        let found = Gathered<(key: String, size: Int64)>()
        try await remote.storage.scan("") { await found.add($0) }
        return Dictionary(await found.all.map { ($0.key, $0.size) }) { $1 }
    }

    /// Puts other bytes at a key; nil removes it.
    func change(_ key: String, to bytes: [UInt8]?) async throws {
        try await remote.storage.remove([key])
        if let bytes { try await remote.storage.send(key, bytes: bytes) }
        try await remote.storage.finish()
    }

    func collect() async throws -> GarbageCollector.Sweep {
        let collector = GarbageCollector(cache) { Issue.record("warned: \($0)") }
        let needed = try await collector.needed(try await outputs(), remote: nil)
        let sweep = try await collector.unneeded(needed, on: remote)
        try await collector.remove(sweep, on: remote)
        return sweep
    }
}

/// Large contents as chunks on a remote.
@Suite(.timeLimit(.minutes(5)))
struct ChunkedRemoteTests {
    private static let large = Table.bytes(rows: 120_000)

    /// The large table with a row more in its middle.
    private static let edited: [UInt8] = {
        var bytes = large
        bytes.insert(contentsOf: Array("one more row\n".utf8), at: bytes.count / 2)
        return bytes
    }()

    private func project(_ kind: RemoteKind, fault: S3Server.Fault? = nil) async throws -> SharedProject {
        let shared = try await SharedProject(kind, fault: fault)
        try shared.project.folder.write(Self.large, to: "large")
        try await shared.project.add("large")
        return shared
    }

    @Test(arguments: RemoteKind.allCases)
    func `of a changed file only the chunks that changed are sent`(kind: RemoteKind) async throws {
        let shared = try await project(kind)
        let folder = shared.project.folder
        try folder.write("small", to: "d/small")
        try folder.write(Self.large, to: "d/same")
        try await shared.project.add("d")
        let first = try await shared.pushChunks()
        // The table, which two paths have, the small file and the listing.
        #expect(first.moved == 3)
        let before = try await shared.sizes()
        #expect(before.keys.filter { $0.hasPrefix("files/manifests/") }.count == 1)
        #expect(before.keys.filter { $0.hasPrefix("files/md5/") }.count == 2)
        #expect(before.keys.allSatisfy { !$0.hasPrefix("files/busy/") })
        #expect(before.values.reduce(0, +) == first.bytes)

        try folder.write(Self.edited, to: "large")
        try await shared.project.add("large")
        let second = try await shared.pushChunks()
        #expect(second.moved == 1)
        let after = try await shared.sizes()
        let new = after.filter { before[$0.key] == nil }
        #expect(new.values.reduce(0, +) == second.bytes)
        #expect(second.bytes < Int64(Self.edited.count / 25), "\(second.bytes) of \(Self.edited.count)")
        #expect(second.saved > Int64(Self.edited.count / 100 * 96))
        #expect(new.count <= 5)
        #expect(try await shared.pushChunks().moved == 0)

        let cached = try folder.contents(of: ".dvc/cache/files/md5")
        #expect(try await RemoteStatus(of: shared.cache, with: shared.remote).lines(try await shared.outputs()).isEmpty)
        try shared.loseCache()
        let places = try await RemoteStatus(of: shared.cache, with: shared.remote).lines(try await shared.outputs())
        #expect(places.allSatisfy { $0.place == .deleted })
        // Without the switch too.
        #expect(try await shared.fetch().moved == 3)
        let isSame = try folder.contents(of: ".dvc/cache/files/md5") == cached
        #expect(isSame)
        #expect(try await shared.push().moved == 0)
    }

    @Test(arguments: [S3Server.Fault.busy, .half, .wrong])
    func `what a server does wrong once does chunks no harm`(fault: S3Server.Fault) async throws {
        let shared = try await project(.bucket, fault: fault)
        let sent = try await shared.pushChunks()
        #expect(sent.failed.map { "\($0.name): \($0.error)" } == [])
        try shared.loseCache()
        let got = try await shared.fetch()
        #expect(got.failed.map { "\($0.name): \($0.error)" } == [])
        #expect(got.moved == 1)
    }

    @Test(arguments: RemoteKind.allCases, ["other", nil])
    func `a chunk that is wrong or gone is named, and mended by a push`(kind: RemoteKind, text: String?) async throws {
        let shared = try await project(kind)
        _ = try await shared.pushChunks()
        let keys = try await shared.keys()
        let chunk = try #require(keys.first { $0.hasPrefix("files/chunks/") })
        let manifest = try #require(keys.first { $0.hasPrefix("files/manifests/") })
        try await shared.change(chunk, to: text.map { Array($0.utf8) })
        try shared.loseCache()
        let report = try await shared.fetch()
        let error = try #require(report.failed.first?.error as? DataRemotesError)
        #expect(error.code == .corruptContent)
        #expect(error.what.contains(chunk))
        #expect(error.next?.contains(manifest) == true)
        #expect(try shared.project.folder.contents(of: ".dvc/cache").filter { !$0.value.isEmpty } == [:])
        // As the error says.
        try await shared.change(chunk, to: nil)
        try await shared.change(manifest, to: nil)
        try await shared.project.add("large")
        #expect(try await shared.pushChunks().moved == 1)
        try shared.loseCache()
        #expect(try await shared.fetch().moved == 1)
    }

    @Test func `a manifest that is none, or that of other bytes, brings nothing`() async throws {
        let shared = try await project(.folder)
        _ = try await shared.pushChunks()
        let manifest = try #require(try await shared.keys().first { $0.hasPrefix("files/manifests/") })
        let bytes = try #require(try await shared.remote.storage.bytes(of: manifest, limit: 1 << 20))
        try shared.loseCache()
        var flipped = bytes
        flipped[200] ^= 1
        // The chunks of another content, in a list that is whole.
        var other = ChunkList()
        for entry in try #require(ChunkList(bytes)).entries.reversed() { other.add(entry) }
        for wrong in [Array(bytes.dropLast(30)), Array(bytes[..<90]), flipped, other.file] {
            try await shared.change(manifest, to: wrong)
            let report = try await shared.fetch()
            #expect((report.failed.first?.error as? DataRemotesError)?.what.contains(manifest) == true)
            // What cannot be believed stops a collection before any chunk goes.
            guard wrong != other.file else { continue }
            await #expect(throws: DataRemotesError.self) { _ = try await shared.collect() }
        }
        #expect(try shared.project.folder.contents(of: ".dvc/cache").filter { !$0.value.isEmpty } == [:])
        // A whole object is as good as ever.
        try await shared.project.add("large")
        let md5 = FileHashing.digest(of: Self.large, .md5).hex
        try await shared.change(DataObject(md5).key, to: Self.large)
        try shared.loseCache()
        #expect(try await shared.fetch().moved == 1)
    }

    @Test func `a damaged object of the cache gets no manifest`() async throws {
        let shared = try await project(.folder)
        let place = shared.cache.path(DataObject(FileHashing.digest(of: Self.large, .md5).hex))
        try FileSystem.remove(place)
        try AtomicFile.write(Self.edited, to: place, permissions: [.ownerRead, .groupRead, .otherRead])
        let report = try await shared.pushChunks()
        #expect((report.failed.first?.error as? DataRemotesError)?.code == .corruptContent)
        #expect(report.failed.first?.name == "large")
        #expect(try await shared.keys().filter { !$0.hasPrefix("files/chunks/") } == [])
    }

    @Test func `what the cache has packed is sent as it lies there`() async throws {
        let shared = try await project(.folder)
        let old = try await shared.project.commit("Old")
        try shared.project.folder.write(Self.edited, to: "large")
        try await shared.project.add("large")
        #expect(try await shared.project.data.pack().count == 1)
        let report = try await shared.pushChunks(commits: [old])
        #expect(report.missing == [])
        #expect(report.moved == 2)
        // The chunks of one are those of the other: cut once by the packer, once by the push.
        #expect(report.saved > Int64(Self.large.count / 100 * 96))
        #expect(!FileSystem.exists(shared.cache.path(DataObject(FileHashing.digest(of: Self.large, .md5).hex))))
        try shared.loseCache()
        let fetched = try await Fetcher(from: shared.remote, to: shared.cache, watch: TransferWatch())
            .fetch(try await shared.outputs([]) { $0.commits = [old] })
        #expect(fetched.moved == 2)
    }

    @Test(arguments: RemoteKind.allCases)
    func `what the cache has packed goes as dvc reads it where chunks are not wished`(kind: RemoteKind) async throws {
        let shared = try await project(kind)
        let old = try await shared.project.commit("Old")
        try shared.project.folder.write(Self.edited, to: "large")
        try await shared.project.add("large")
        #expect(try await shared.project.data.pack().count == 1)
        let outputs = try await shared.outputs([]) { $0.commits = [old] }
        let report = try await Pusher(from: shared.cache, to: shared.remote, watch: TransferWatch()).push(outputs)
        #expect(report.missing == [] && report.failed.isEmpty)
        #expect(report.moved == 2)
        let objects = [Self.large, Self.edited].map { DataObject(FileHashing.digest(of: $0, .md5).hex) }
        #expect(try await shared.keys() == objects.map(\.key).sorted())
        // The cache keeps it packed.
        #expect(!FileSystem.exists(shared.cache.path(objects[0])))
        try shared.loseCache()
        let fetched = try await Fetcher(from: shared.remote, to: shared.cache, watch: TransferWatch()).fetch(outputs)
        #expect(fetched.moved == 2)
    }

    @Test func `a packed content whose pieces are damaged is not sent`() async throws {
        let shared = try await project(.folder)
        let old = try await shared.project.commit("Old")
        try shared.project.folder.write(Self.edited, to: "large")
        try await shared.project.add("large")
        #expect(try await shared.project.data.pack().count == 1)
        let packs = shared.cache.folder.pushing("files/chunks/packs")
        for name in try FileSystem.list(packs) {
            try AtomicFile.write("torn", to: packs.appending(name), permissions: [.ownerRead])
        }
        let outputs = try await shared.outputs([]) { $0.commits = [old] }
        let report = try await Pusher(from: shared.cache, to: shared.remote, watch: TransferWatch()).push(outputs)
        #expect(report.moved == 1)
        #expect((report.failed.first?.error as? DataVersionsError)?.code == .corruptContent)
        #expect(try await shared.keys().count == 1)
    }

    @Test func `dvc reads pointers and listings, and all else when chunks are turned back`() async throws {
        let shared = try await project(.folder)
        let project = shared.project
        try project.folder.write("small", to: "d/small")
        try project.folder.write(Self.edited, to: "d/big")
        try await project.add("d")
        try await project.dvc("remote", "add", "-q", "-d", "r", shared.settings.url)
        _ = try await shared.pushChunks()
        #expect(try await project.dvc("status").output.contains("up to date"))
        // What dvc collects leaves chunks and manifests alone.
        let before = try await shared.keys()
        try await project.dvc("gc", "-q", "-w", "-c", "-f")
        #expect(try await shared.keys() == before)
        let kept = try project.folder.contents(skipping: [".git", ".dvc"])
        func lose() throws {
            try shared.loseCache()
            for name in ["d", "large"] { try project.folder.remove(name) }
        }
        try lose()
        // It finds what is whole: the listing, and the small file.
        #expect(try await project.dvc("pull", expecting: nil).code != 0)
        #expect(try await shared.fetch().failed.isEmpty)
        try shared.loseCache()

        let scratch = project.root.appending("scratch")
        let turned = try await Unchunker(of: shared.remote, shared.cache, folder: scratch, watch: TransferWatch()).run()
        #expect(turned.transfer.moved == 2)
        #expect(turned.manifests == 2)
        #expect(!FileSystem.exists(scratch))
        #expect(try await shared.keys().allSatisfy { $0.hasPrefix("files/md5/") })
        for name in ["d", "large"] where project.folder.holds(name) { try project.folder.remove(name) }
        try await project.dvc("pull", "-q")
        let isSame = try project.folder.contents(skipping: [".git", ".dvc"]) == kept
        #expect(isSame)
        let again = try await Unchunker(of: shared.remote, shared.cache, folder: scratch, watch: TransferWatch()).run()
        #expect(again.transfer.moved == 0)
    }

    @Test(arguments: RemoteKind.allCases)
    func `turning back keeps what cannot be put together`(kind: RemoteKind) async throws {
        let shared = try await project(kind)
        try shared.project.folder.write(Table.bytes(rows: 120_000, seed: 1), to: "other")
        try await shared.project.add("other")
        _ = try await shared.pushChunks()
        let chunks = RemoteChunks(of: shared.remote)
        let object = DataObject(FileHashing.digest(of: Self.large, .md5).hex)
        let entry = try #require(try await chunks.list(of: object)?.entries.first)
        try await shared.change(RemoteChunks.key(entry.id), to: Array("other".utf8))
        try shared.loseCache()
        let scratch = shared.project.root.appending("scratch")
        let report = try await Unchunker(of: shared.remote, shared.cache, folder: scratch, watch: TransferWatch()).run()
        #expect(report.transfer.failed.map(\.name) == [object.md5])
        #expect(report.manifests == 1)
        #expect(
            try await shared.keys().filter { $0.hasPrefix("files/manifests/") } == [RemoteChunks.manifestKey(object)]
        )
        let left = try #require(try await chunks.list(of: object))
        let ids = Set(try await shared.keys().compactMap(RemoteChunks.id(ofChunk:)))
        #expect(ids == Set(left.entries.map(\.id)))
    }
}
