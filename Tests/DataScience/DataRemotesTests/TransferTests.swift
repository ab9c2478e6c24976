// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Files
import HTTPTransport
import ObjectStorage
import Pipelines
import ProjectTesting
import S3Testing
import SystemPackage
import Testing

@testable import DataRemotes

/// Where the remotes of tests are.
enum RemoteKind: String, CaseIterable, Sendable {
    case folder, bucket
}

/// A project with a remote of its own.
struct SharedProject {
    let project: TestProject
    let aside: TestFolder
    let remote: DataRemote
    let settings: RemoteSettings

    init(
        _ kind: RemoteKind,
        fault: S3Server.Fault? = nil,
        _ more: [String: String] = [:],
        environment: [String: String] = [:]
    ) async throws {
        project = try await TestProject()
        aside = try TestFolder()
        let keys: [String: String]
        switch kind {
        case .folder: keys = ["url": aside.path.appending("remote").string]
        case .bucket:
            let server = try await S3Server.shared()
            let bucket = try await server.bucket(fault: fault)
            keys = [
                "url": "s3://\(bucket.client.settings.bucket)/some/where", "endpointurl": server.endpoint,
                "access_key_id": server.keys.accessKeyID, "secret_access_key": server.keys.secretAccessKey,
            ]
        }
        settings = RemoteSettings(name: "r", keys: keys.merging(more) { $1 })
        let surroundings = DataRemote.Surroundings(
            environment: environment,
            http: S3Server.http,
            trusting: Self.trusting,
            now: S3Server.now
        )
        remote = try DataRemote.open(settings, jobs: nil, surroundings)
    }

    /// Clients that live as long as the process.
    private static let trusting = TrustingClients { HTTPTransportClient(stall: .seconds(30), trust: $0) }

    var cache: LocalObjects { LocalObjects(of: project.data) }

    func outputs(
        _ targets: [String] = [],
        _ change: (inout DataScope) -> Void = { _ in }
    ) async throws -> [SelectedOutput] {
        var scope = DataScope()
        scope.targets = targets
        change(&scope)
        return try await reader.outputs(scope)
    }

    var reader: ScopeReader {
        ScopeReader(project.data, [StageOutputs(project.data)]) { Issue.record("warned: \($0)") }
    }

    func push(_ targets: [String] = []) async throws -> TransferReport {
        try await Pusher(from: cache, to: remote, watch: TransferWatch()).push(try await outputs(targets))
    }

    func fetch(_ targets: [String] = []) async throws -> TransferReport {
        try await Fetcher(from: remote, to: cache, watch: TransferWatch()).fetch(try await outputs(targets))
    }

    /// The keys that the remote has.
    func keys() async throws -> [String] {
        let found = Gathered()
        try await remote.storage.scan("") { for (key, _) in $0 { await found.add(key) } }
        return await found.keys.sorted()
    }

    func loseCache() throws { try project.folder.remove(".dvc/cache") }

    private actor Gathered {
        var keys: [String] = []
        func add(_ key: String) { keys.append(key) }
    }
}

@Suite(.timeLimit(.minutes(5)))
struct TransferTests {
    @Test(arguments: RemoteKind.allCases)
    func `what is pushed comes back, byte by byte`(kind: RemoteKind) async throws {
        let shared = try await SharedProject(kind)
        let folder = shared.project.folder
        try folder.write("one", to: "d/a")
        try folder.write("two", to: "d/sub/ü 🦆")
        try folder.write("", to: "d/empty")
        try folder.write(Array(repeating: 7, count: 9 << 20), to: "large")
        try await shared.project.add("d", "large")
        let sent = try await shared.push()
        #expect(sent.moved == 5)
        #expect(sent.failed.isEmpty)
        #expect(try await shared.push().moved == 0)
        let before = try folder.contents(of: ".dvc/cache/files/md5")
        try shared.loseCache()
        let got = try await shared.fetch()
        #expect(got.moved == 5)
        #expect(got.missing == [])
        #expect(try folder.contents(of: ".dvc/cache/files/md5") == before)
        #expect(try await shared.fetch().moved == 0)
        // Nobody may write into an object.
        for key in before.keys {
            let status = try FileSystem.status(of: shared.cache.folder.pushing(FilePath("files/md5/\(key)")))
            #expect(status.permissions == [.ownerRead, .groupRead, .otherRead])
        }
    }

    @Test(arguments: RemoteKind.allCases)
    func `a target is a path, a part of a folder, or a file of ours`(kind: RemoteKind) async throws {
        let shared = try await SharedProject(kind)
        for name in ["d/a", "d/b/c", "d/b/e", "x/f", "x/g"] { try shared.project.folder.write(name, to: name) }
        try await shared.project.add("d", "x/f", "x/g")
        #expect(try await shared.push(["x/f"]).moved == 1)
        #expect(try await shared.push(["x/g.dvc"]).moved == 1)
        // The listing stays here: it would say that all files are there.
        #expect(try await shared.push(["d/b"]).moved == 2)
        #expect(try await shared.keys().filter { $0.hasSuffix(".dir") } == [])
        #expect(try await shared.push(["d"]).moved == 2)
        let error = try #require(await #expect(throws: DataRemotesError.self) { _ = try await shared.push(["nope"]) })
        #expect(error.code == .unknownTarget)
        #expect(try await shared.outputs(["x"], { $0.isRecursive = true }).map(\.output.path) == ["x/f", "x/g"])
        #expect(try await shared.outputs(["x/*"], { $0.isPattern = true }).map(\.output.path) == ["x/f", "x/g"])
        try shared.loseCache()
        #expect(try await shared.fetch(["d/b/c"]).moved == 2)
    }

    @Test(arguments: RemoteKind.allCases)
    func `what is nowhere is named, and holds up no others`(kind: RemoteKind) async throws {
        let shared = try await SharedProject(kind)
        for name in ["a", "b", "d/x", "d/y"] { try shared.project.folder.write(name, to: name) }
        let pointers = try await shared.project.add("a", "b", "d")
        try FileSystem.remove(shared.cache.path(DataObject(pointers[0].md5)))
        try FileSystem.remove(shared.cache.path(DataObject(FileHashing.digest(of: Array("d/x".utf8), .md5).hex)))
        let report = try await shared.push()
        #expect(report.missing.map(\.name).sorted() == ["a", "d/x"])
        // `b` and `d/y`; the listing of `d` would say too much.
        #expect(report.moved == 2)
        #expect(try await shared.keys().filter { $0.hasSuffix(".dir") } == [])
        try shared.loseCache()
        let fetched = try await shared.fetch()
        #expect(fetched.missing.map(\.name).sorted() == ["a", "d"])
        #expect(fetched.moved == 1)
    }

    @Test(arguments: RemoteKind.allCases)
    func `a damaged object of the cache is not pushed, and mended by a fetch`(kind: RemoteKind) async throws {
        let shared = try await SharedProject(kind)
        try shared.project.folder.write("whole", to: "a")
        let pointer = try #require(try await shared.project.add("a").first)
        let place = shared.cache.path(DataObject(pointer.md5))
        func damage() throws {
            try FileSystem.remove(place)
            try AtomicFile.write("other", to: place, permissions: [.ownerRead, .groupRead, .otherRead])
        }
        try damage()
        let report = try await shared.push()
        let error = try #require(report.failed.first?.error as? DataRemotesError)
        #expect(error.code == .corruptContent)
        #expect(try await shared.keys() == [])
        try FileSystem.remove(place)
        try await shared.project.add("a")
        #expect(try await shared.push().moved == 1)
        try damage()
        // What looks at it finds it damaged, and takes its protection away.
        try FileSystem.setPermissions([.ownerReadWrite], of: place)
        #expect(try await shared.fetch().moved == 1)
        #expect(try FileReader.text(of: place) == "whole")
    }

    @Test(arguments: RemoteKind.allCases)
    func `a damaged object of the remote gets no place in the cache`(kind: RemoteKind) async throws {
        let shared = try await SharedProject(kind, fault: .rotten)
        try shared.project.folder.write("whole", to: "a")
        let pointer = try #require(try await shared.project.add("a").first)
        _ = try await shared.push()
        if kind == .folder {
            let place = shared.aside.path.appending("remote").pushing(FilePath(DataObject(pointer.md5).key))
            try FileSystem.remove(place)
            try AtomicFile.write("other", to: place)
        }
        try shared.loseCache()
        let report = try await shared.fetch()
        let error = try #require(report.failed.first?.error as? DataRemotesError)
        #expect(error.code == .corruptContent)
        #expect(report.failed.first?.name == "a")
        #expect(try shared.project.folder.contents(of: ".dvc/cache").filter { !$0.value.isEmpty } == [:])
    }

    @Test(arguments: [S3Server.Fault.busy, .broken, .half, .wrong])
    func `what a server does wrong once does no harm`(fault: S3Server.Fault) async throws {
        let shared = try await SharedProject(.bucket, fault: fault)
        for number in 0..<20 { try shared.project.folder.write("content \(number)", to: "d/\(number)") }
        try shared.project.folder.write(Array(repeating: 3, count: 20 << 20), to: "large")
        try await shared.project.add("d", "large")
        let sent = try await shared.push()
        #expect(sent.failed.map { "\($0.name): \($0.error)" } == [])
        #expect(sent.moved == 22)
        let before = try shared.project.folder.contents(of: ".dvc/cache")
        try shared.loseCache()
        let got = try await shared.fetch()
        #expect(got.failed.map { "\($0.name): \($0.error)" } == [])
        let isSame = try shared.project.folder.contents(of: ".dvc/cache") == before
        #expect(isSame)
    }

    @Test func `a server that is late is asked again`() async throws {
        let shared = try await SharedProject(.bucket, fault: .slow, ["read_timeout": "4"])
        for name in ["a", "b", "c"] { try shared.project.folder.write(name, to: name) }
        try await shared.project.add("a", "b", "c")
        #expect(try await shared.push().moved == 3)
        try shared.loseCache()
        let report = try await shared.fetch()
        #expect(report.moved == 3, "\(report.failed)")
    }

    @Test func `a server is trusted by the certificates that its settings name`() async throws {
        let server = try await S3Server.shared()
        let endpoint = ["endpointurl": server.secureEndpoint]
        for verify in [server.certificate.string, "false"] {
            let shared = try await SharedProject(.bucket, endpoint.merging(["ssl_verify": verify]) { $1 })
            try shared.project.folder.write("x", to: "a")
            try await shared.project.add("a")
            let report = try await shared.push()
            #expect(report.moved == 1, "\(report.failed)")
        }
        let stranger = try await SharedProject(.bucket, endpoint)
        try stranger.project.folder.write("x", to: "a")
        try await stranger.project.add("a")
        let failure = try #require(await #expect(throws: (any Error).self) { _ = try await stranger.push() })
        #expect("\(failure)".contains("certificate"))
        let error = try #require(
            await #expect(throws: DataRemotesError.self) {
                _ = try await SharedProject(.bucket, endpoint.merging(["ssl_verify": "/no/such.pem"]) { $1 })
            }
        )
        #expect(error.code == .invalidRemote)
    }

    @Test func `a server is trusted by the certificates that the environment names, unless the settings say more`()
        async throws
    {
        let server = try await S3Server.shared()
        let endpoint = ["endpointurl": server.secureEndpoint]
        let environment = ["AWS_CA_BUNDLE": server.certificate.string]
        let shared = try await SharedProject(.bucket, endpoint, environment: environment)
        try shared.project.folder.write("x", to: "a")
        try await shared.project.add("a")
        let report = try await shared.push()
        #expect(report.moved == 1, "\(report.failed)")
        let strict = try await SharedProject(
            .bucket,
            endpoint.merging(["ssl_verify": "true"]) { $1 },
            environment: environment
        )
        try strict.project.folder.write("x", to: "a")
        try await strict.project.add("a")
        let failure = try #require(await #expect(throws: (any Error).self) { _ = try await strict.push() })
        #expect("\(failure)".contains("certificate"))
        let error = try #require(
            await #expect(throws: DataRemotesError.self) {
                _ = try await SharedProject(.bucket, endpoint, environment: ["AWS_CA_BUNDLE": "/no/such.pem"])
            }
        )
        #expect(error.code == .invalidRemote && error.why.contains("`AWS_CA_BUNDLE` names `/no/such.pem`"))
    }

    @Test(arguments: RemoteKind.allCases)
    func `status tells where contents are`(kind: RemoteKind) async throws {
        let shared = try await SharedProject(kind)
        for name in ["a", "b", "d/x"] { try shared.project.folder.write(name, to: name) }
        let pointers = try await shared.project.add("a", "b", "d")
        let status = RemoteStatus(of: shared.cache, with: shared.remote)
        func lines() async throws -> [String: RemoteStatus.Place] {
            let lines = try await status.lines(try await shared.outputs())
            return Dictionary(lines.map { ($0.name, $0.place) }) { $1 }
        }
        #expect(try await lines() == ["a": .new, "b": .new, "d": .new, "d/x": .new])
        _ = try await shared.push(["a", "d"])
        #expect(try await lines() == ["b": .new])
        for pointer in pointers.prefix(2) { try FileSystem.remove(shared.cache.path(DataObject(pointer.md5))) }
        #expect(try await lines() == ["a": .deleted, "b": .missing])
    }

    @Test(arguments: RemoteKind.allCases)
    func `what nothing names is collected, here and there`(kind: RemoteKind) async throws {
        let shared = try await SharedProject(kind)
        let folder = shared.project.folder
        for name in ["a", "d/x", "d/y"] { try folder.write("old \(name)", to: name) }
        try await shared.project.add("a", "d")
        let old = try await shared.project.commit("Old")
        _ = try await shared.push()
        for name in ["a", "d/x"] { try folder.write("new \(name)", to: name) }
        try await shared.project.add("a", "d")
        _ = try await shared.push()
        let collector = GarbageCollector(shared.cache) { Issue.record("warned: \($0)") }
        let all = try await collector.needed(try await shared.outputs([], { $0.commits = [old] }), remote: nil)
        #expect(try await collector.unneeded(all).objects == [])
        #expect(try await collector.unneeded(all, on: shared.remote).objects == [])
        let now = try await collector.needed(try await shared.outputs(), remote: nil)
        for sweep in [try await collector.unneeded(now), try await collector.unneeded(now, on: shared.remote)] {
            // `a`, `d/x` and the listing; `d/y` did not change.
            #expect(sweep.objects.count == 3)
            #expect(sweep.bytes > 0)
        }
        try await collector.remove(try await collector.unneeded(now), on: shared.remote)
        try await collector.remove(try await collector.unneeded(now))
        #expect(try await collector.unneeded(now, on: shared.remote).objects == [])
        try shared.loseCache()
        #expect(try await shared.fetch().missing == [])
    }

    @Test func `a shared cache gets folders that its group may write into`() async throws {
        let shared = try await SharedProject(.folder)
        try shared.project.folder.write("x", to: "a")
        let pointer = try #require(try await shared.project.add("a").first)
        _ = try await shared.push()
        try shared.loseCache()
        try shared.project.folder.write("[cache]\n    shared = group\n", to: ".dvc/config")
        let cache = LocalObjects(of: try DataRepository.open(at: shared.project.root))
        let report = try await Fetcher(from: shared.remote, to: cache, watch: TransferWatch())
            .fetch(try await shared.outputs())
        #expect(report.moved == 1)
        var folder = cache.path(DataObject(pointer.md5)).removingLastComponent()
        for _ in 0..<3 {
            #expect(try FileSystem.status(of: folder).permissions.rawValue & 0o7777 == 0o2775)
            folder.removeLastComponent()
        }
    }

    @Test func `the run cache goes along when it is asked for`() async throws {
        let shared = try await SharedProject(.bucket)
        let name = "runs/ab/\(String(repeating: "ab", count: 32))/\(String(repeating: "cd", count: 32))"
        try shared.project.folder.write("made", to: "out")
        let pointer = try #require(try await shared.project.add("out").first)
        try shared.project.folder.write(
            "cmd: x\nouts:\n- path: out\n  hash: md5\n  md5: \(pointer.md5)\n",
            to: ".dvc/cache/\(name)"
        )
        let runs = RunCacheTransfer(shared.cache, shared.remote, watch: TransferWatch())
        #expect(try await runs.outputs().map(\.output.object.md5) == [pointer.md5])
        #expect(try await runs.push() == 1)
        #expect(try await runs.push() == 0)
        try shared.loseCache()
        #expect(try await runs.fetch() == 1)
        #expect(try shared.project.folder.text(".dvc/cache/\(name)")?.hasPrefix("cmd: x") == true)
    }

    @Test(arguments: [
        (["url": "gs://b/x"], "`gs://`"), (["url": "ssh://h/x"], "`ssh://`"),
        (["url": "s3://b/x", "version_aware": "true"], "`version_aware`"),
        (["url": "/x", "worktree": "true"], "`worktree`"),
    ])
    func `what is not supported is named`(keys: [String: String], word: String) throws {
        let surroundings = DataRemote.Surroundings(environment: [:], http: S3Server.http, now: S3Server.now)
        let error = try #require(
            #expect(throws: DataRemotesError.self) {
                _ = try DataRemote.open(RemoteSettings(name: "r", keys: keys), jobs: nil, surroundings)
            }
        )
        #expect(error.code == .unsupported)
        #expect(error.why.contains(word))
    }
}
