// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Files
import NIOCore
import ObjectStorage
import ProjectTesting
import S3Testing
import SystemPackage
import Testing

@testable import DataRemotes

/// Data that comes from a bucket: by its address, below a remote, or from a repository whose remote is one.
@Suite(.timeLimit(.minutes(5)))
struct StoreTests {
    private let project: TestProject
    private let aside: TestFolder
    private let server: S3Server
    private let bucket: S3Store
    private let surroundings: DataRemote.Surroundings

    init() async throws {
        project = try await TestProject()
        aside = try TestFolder()
        server = try await S3Server.shared()
        bucket = try await server.bucket()
        surroundings = DataRemote.Surroundings(
            environment: [
                "AWS_ACCESS_KEY_ID": server.keys.accessKeyID, "AWS_SECRET_ACCESS_KEY": server.keys.secretAccessKey,
                "AWS_ENDPOINT_URL": server.endpoint,
            ],
            http: S3Server.http,
            now: S3Server.now
        )
        try await put("hello\n", "pre/f")
        try await put("x\n", "pre/d/x")
        try await put("y\n", "pre/d/s/y")
    }

    private var name: String { bucket.client.settings.bucket }

    private func put(_ text: String, _ key: String) async throws {
        _ = try await bucket.put(try ObjectKey(key), bytes: Array(text.utf8))
    }

    private func importer(_ project: TestProject) throws -> DataImporter {
        DataImporter(
            into: try DataRepository.open(at: project.root),
            clones: OriginClones(folder: aside.path.appending("clones")),
            stages: .written,
            client: S3Server.http,
            folder: project.root,
            others: .remotes(surroundings)
        ) { _, _ in }
    }

    private func addRemote(_ project: TestProject, _ path: String) throws {
        try project.folder.write(
            """
            [core]
                remote = store
            ['remote "store"']
                url = s3://\(name)/\(path)
                endpointurl = \(server.endpoint)
                access_key_id = \(server.keys.accessKeyID)
                secret_access_key = \(server.keys.secretAccessKey)

            """,
            to: ".dvc/config"
        )
    }

    @Test func `what a remote has below its URL is imported in the bytes of dvc`() async throws {
        let theirs = try await TestProject()
        for one in [project, theirs] { try addRemote(one, "pre") }
        let importer = try importer(project)
        _ = try await importer.importURL("remote://store/f", to: "f")
        _ = try await importer.importURL("remote://store/d", to: "d")
        _ = try await importer.importURL("remote://store/f", to: "later", extent: .noDownload)
        try await theirs.dvc("import-url", "-q", "remote://store/f", "f")
        try await theirs.dvc("import-url", "-q", "remote://store/d", "d")
        try await theirs.dvc("import-url", "-q", "--no-download", "remote://store/f", "later")
        for file in ["f.dvc", "d.dvc", "later.dvc"] {
            #expect(try project.folder.text(file) == theirs.folder.text(file))
        }
        #expect(try project.folder.text("f") == "hello\n")
        #expect(try project.folder.text("d/s/y") == "y\n")
        #expect(!project.folder.holds("later"))
    }

    @Test func `an address of a bucket is imported, and followed by its tag`() async throws {
        let importer = try importer(project)
        let first = try await importer.importURL("s3://\(name)/pre/f", to: "f")
        #expect(try project.folder.text("f.dvc")?.contains("etag: b1946ac92492d2347c6235b4d2611184") == true)
        #expect(first.pointer?.md5 == "b1946ac92492d2347c6235b4d2611184")
        #expect(try await importer.update("f.dvc").hasChanged == false)
        try await put("other\n", "pre/f")
        #expect(try await importer.update("f.dvc").hasChanged)
        #expect(try project.folder.text("f") == "other\n")
        _ = try await importer.importURL("s3://\(name)/pre/d", to: "d")
        try await put("z\n", "pre/d/z")
        #expect(try await importer.update("d.dvc").pointer?.fileCount == 3)
        let error = try #require(
            await #expect(throws: DataVersionsError.self) {
                _ = try await importer.importURL("s3://\(name)/nothing", to: "n")
            }
        )
        #expect(error.code == .missingContent)
        let refused = try #require(
            await #expect(throws: DataVersionsError.self) { _ = try await importer.importURL("gs://b/x", to: "n") }
        )
        #expect(refused.why.contains("`gs://`"))
    }

    @Test func `an import that was not downloaded is fetched while its place has that content`() async throws {
        let importer = try importer(project)
        _ = try await importer.importURL("s3://\(name)/pre/d", to: "d", extent: .noDownload)
        let output = try #require(try await project.data.outputs().first)
        let source = try #require(output.source)
        #expect(output.isImport && output.pointer == nil)
        let pointer = try await importer.fetch(source, at: "d")
        #expect(pointer.md5 == "f4d8e86801e869b6d9806731bd8d778b.dir")
        try await put("other\n", "pre/d/x")
        let error = try #require(
            await #expect(throws: DataVersionsError.self) { _ = try await importer.fetch(source, at: "d") }
        )
        #expect(error.code == .changed)
        #expect(error.next?.contains("gyre update d.dvc") == true)
    }

    @Test func `a file or folder of a bucket is copied without a project`() async throws {
        for (path, target) in [("pre/f", "f"), ("pre/d", "d")] {
            let source = PlainSource(
                "s3://\(name)/\(path)",
                from: aside.path,
                client: S3Server.http,
                others: .remotes(surroundings)
            )
            try await source.copy(to: aside.path.appending(target), force: false)
        }
        #expect(try aside.text("f") == "hello\n")
        #expect(try aside.text("d/s/y") == "y\n")
    }

    @Test func `data of a repository comes from its bucket`() async throws {
        let source = try await TestProject()
        try addRemote(source, "data")
        try source.folder.write("one", to: "m/a")
        try source.folder.write("two", to: "m/b")
        try await source.add("m")
        try await source.commit("Data")
        let data = try DataRepository.open(at: source.root)
        let remote = try DataRemote.open(try data.config.defaultRemote, jobs: nil, surroundings)
        let outputs = try await ScopeReader(data, []) { _ in }.outputs(DataScope())
        _ = try await Pusher(from: LocalObjects(of: data), to: remote, watch: TransferWatch()).push(outputs)
        try source.folder.remove(".dvc/cache")
        try source.folder.remove("m")
        let result = try await importer(project).importData("m", of: source.root.string, revision: nil, to: "m")
        #expect(result.pointer?.fileCount == 2)
        #expect(try project.folder.text("m/b") == "two")
    }
}
