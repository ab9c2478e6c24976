// SPDX-License-Identifier: Apache-2.0

import Database
import Diagnostics
import Files
import ObjectStorage
import Registry
import Synchronization
import SystemPackage
import Testing
import Tracking

@testable import Transfer

/// MLflow's own stores, made by the real MLflow: the file store and the SQLite database.
struct MLflowImportTests {
    enum Store: CaseIterable {
        case folder, database
    }

    private static let fixture = Fixture.folder("mlflow-3.17")

    /// The store as MLflow has it on disk.
    private static func address(_ store: Store, in project: TestProject) async throws -> ImportAddress {
        switch store {
        case .folder: return .mlflowFolder(fixture.appending("mlruns"), artifacts: nil)
        case .database:
            let file = project.folder.appending("mlflow.db")
            let dump = try FileReader.text(of: fixture.appending("mlflow.sql"))
            // The place of artefacts is an absolute path, as always with MLflow.
            let placed = dump.replacing("/tmp/mlflow-fixture", with: fixture.string)
            let database = try await SQLDatabase.open(at: file, role: .client, migrations: [])
            try await database.write { try $0.script(placed) }
            await database.close()
            return .mlflowDatabase(file, artifacts: nil)
        }
    }

    @Test(arguments: Store.allCases)
    func `everything comes`(store: Store) async throws {
        try await TestProject.run { project in
            let report = try await project.take(try await Self.address(store, in: project))
            #expect(report.skipped == [])
            #expect(report[.experiments].added == 2)
            #expect(report[.runs].added == 5)
            #expect(report[.points].added == 12)
            #expect(report[.models].added == 1)
            #expect(report[.files].added == 3)
            #expect(report[.versions].added == 3)
            #expect(report[.aliases].added == 2)

            let iris = try #require(try await project.tracking.experiment(named: "iris"))
            #expect(iris.tags == [KeyValue("team", "flowers")])
            #expect(iris.artifactLocation == "mlflow-artifacts:/\(iris.id)")
            #expect(try await project.tracking.experiment(named: "gone")?.stage == .deleted)

            let parent = try #require(try await project.run(named: "parent"))
            #expect(parent.experimentID == iris.id)
            #expect(parent.status == .finished)
            #expect(parent.startMs == 1_700_000_100_000)
            #expect(parent.endMs == 1_700_000_160_000)
            #expect(parent.userID == "ada")
            #expect(parent.param("opt/lr") == "0.1")
            #expect(parent.param("text") == "a: b\n# no comment")
            #expect(parent.param("empty") == "")
            #expect(parent.tag("note") == "two\nlines, ümlaut")
            #expect(parent.inputs.first?.name == "iris.csv")
            #expect(parent.inputs.first?.profile == #"{"rows": 150}"#)
            #expect(parent.inputs.first?.tags == [KeyValue("mlflow.data.context", "training")])

            #expect(try await project.values("loss", of: parent.id) == [1, 0.5, 1.0 / 3, 0.25, 0.2])
            let odd = try await project.values("odd", of: parent.id)
            #expect(odd.first?.isNaN == true)
            #expect(Array(odd.dropFirst()) == [.infinity, -.infinity])
            let steps = try await project.tracking.metricHistory(run: parent.id, key: "val/acc").map(\.step)
            #expect(steps == [-1, 3])

            let child = try #require(try await project.run(named: "child"))
            #expect(child.status == .failed)
            #expect(child.tag("mlflow.parentRunId") == parent.id)
            #expect(try await project.run(named: "removed")?.stage == .deleted)
            #expect(try await project.run(named: "lost")?.stage == .deleted)
            #expect(try await project.run(named: "open")?.endMs == nil)
        }
    }

    @Test(arguments: Store.allCases)
    func `files, logged models and the registry come, and their places are ours`(store: Store) async throws {
        try await TestProject.run { project in
            try await project.take(try await Self.address(store, in: project))
            let parent = try #require(try await project.run(named: "parent"))
            #expect(parent.artifactURI == "mlflow-artifacts:/\(parent.experimentID)/\(parent.id)/artifacts")
            #expect(try await project.text(parent.artifactURI, "note.txt") == "a note\n")
            let key = try ObjectKey("\(parent.experimentID)/\(parent.id)/artifacts/deep/with space ü.bin")
            #expect(try await project.artifacts.bytes(of: key) == Array(0...255))

            let id = try #require(parent.modelOutputs.first?.modelID)
            let model = try await project.tracking.model(id: id)
            #expect(model.name == "tree")
            #expect(model.status == .ready)
            #expect(model.sourceRunID == parent.id)
            #expect(model.params == [KeyValue("depth", "3")])
            #expect(model.tags.contains(KeyValue("kind", "tree")))
            #expect(model.metrics.map(\.metric.value) == [0.875])
            #expect(model.metrics.first?.metric.dataset == .init(name: "iris.csv", digest: "abc123"))
            #expect(try await project.text(model.artifactURI, "MLmodel") == "flavors: {}\n")
            #expect(try await project.run(named: "child")?.modelInputs == [id])

            let registered = try await project.registry.model(named: "iris-tree")
            #expect(registered.description == "trees of irises")
            #expect(registered.tags == [KeyValue("owner", "ada")])
            #expect(registered.aliases.map(\.alias) == ["champion", "next"])
            #expect(registered.aliases.map(\.version) == [1, 2])
            let versions = try await project.registry.searchVersions(VersionSearch(model: "iris-tree"))
            #expect(versions.map(\.version) == [3, 2, 1])
            #expect(versions.map(\.stage) == [.none, .staging, .none])
            #expect(versions.map(\.source) == ["s3://bucket/model", "runs:/\(parent.id)/deep", "models:/\(id)"])
            #expect(versions[2].modelID == id)
            #expect(versions[0].runLink == "http://elsewhere/run")
            #expect(versions[1].tags == [KeyValue("checked", "yes")])
        }
    }

    @Test(arguments: Store.allCases)
    func `the second time nothing is new`(store: Store) async throws {
        try await TestProject.run { project in
            let address = try await Self.address(store, in: project)
            let first = try await project.take(address)
            let second = try await project.take(address)
            for kind in TransferCounts.Kind.allCases {
                #expect(second[kind].added == 0, "\(kind)")
                #expect(second[kind].grown == 0, "\(kind)")
                #expect(second[kind].unchanged == first[kind].added + first[kind].unchanged, "\(kind)")
            }
        }
    }

    @Test func `both stores of one training are told apart only by their ids`() async throws {
        try await TestProject.run { project in
            try await project.take(try await Self.address(.folder, in: project))
            let report = try await project.take(try await Self.address(.database, in: project))
            #expect(report[.experiments].added == 0)
            #expect(report[.runs].added == 5)
            // The versions have the same numbers, and are others.
            #expect(report[.versions].skipped == 3)
            #expect(report[.aliases].unchanged + report[.aliases].skipped == 2)
        }
    }

    @Test(arguments: Store.allCases)
    func `a look changes nothing, and says what would come`(store: Store) async throws {
        try await TestProject.run { project in
            let address = try await Self.address(store, in: project)
            var options = Importer.Options()
            options.isDryRun = true
            let report = try await project.take(address, options)
            #expect(report[.runs].added == 5)
            #expect(report[.points].added == 12)
            #expect(report[.versions].added == 3)
            #expect(try await project.tracking.searchRuns(RunSearch(view: .all)).isEmpty)
            #expect(try await project.tracking.experiment(named: "iris") == nil)
            let again = try await project.take(address)
            #expect(again[.runs].added == 5)
        }
    }

    @Test(arguments: Store.allCases)
    func `one experiment can be chosen, and a wrong name gets the nearest one`(store: Store) async throws {
        try await TestProject.run { project in
            let address = try await Self.address(store, in: project)
            var options = Importer.Options()
            options.experiments = ["gone"]
            let report = try await project.take(address, options)
            #expect(report[.runs].added == 1)
            #expect(report[.registeredModels].added == 0)
            options.experiments = ["irs"]
            let wrong = options
            let error = await #expect(throws: TransferError.self) { try await project.take(address, wrong) }
            #expect(error?.code == .notFound)
            #expect(error?.next == "did you mean `iris`?")
        }
    }

    @Test func `an import that was interrupted goes on when it is run again`() async throws {
        try await TestProject.run { project in
            let address = try await Self.address(.folder, in: project)
            let stop = Mutex<Task<ImportReport, any Error>?>(nil)
            let importer = Importer(tracking: project.tracking, registry: project.registry) { progress in
                if case .runs = progress { stop.withLock { $0?.cancel() } }
            }
            let work = stop.withLock { task in
                let started = Task { try await importer.run(address) }
                task = started
                return started
            }
            await #expect(throws: CancellationError.self) { try await work.value }
            let part = try await project.tracking.searchRuns(RunSearch(view: .all))
            #expect(part.count < 5)
            try await project.take(address)
            let report = try await project.take(address)
            #expect(report[.runs].unchanged == 5)
            #expect(report[.points].unchanged == 12)
            #expect(report[.files].unchanged == 3)
            #expect(report[.aliases].unchanged == 2)
        }
    }

    @Test func `a run that grew since is topped up`() async throws {
        try await TestProject.run { project in
            let store = project.folder.appending("mlruns")
            try Fixture.copy(Self.fixture.appending("mlruns"), to: store)
            try await project.take(.mlflowFolder(store, artifacts: nil))
            let open = try #require(try await project.run(named: "open"))
            let iris = try #require(
                try FileSystem.list(store).map { store.appending($0) }.first {
                    FileSystem.isDirectory($0.appending(open.id))
                }
            )
            let folder = iris.appending(open.id)
            try FileSystem.createDirectory(folder.appending("metrics"))
            try AtomicFile.write("1700000141000 0.5 1\n1700000142000 0.2", to: folder.appending("metrics/loss"))
            let meta = try FileReader.text(of: folder.appending("meta.yaml"))
            let ended = meta.replacing("end_time: null", with: "end_time: 1700000200000").replacing(
                "status: 1",
                with: "status: 3"
            )
            try AtomicFile.write(ended, to: folder.appending("meta.yaml"))
            let report = try await project.take(.mlflowFolder(store, artifacts: nil))
            #expect(report[.runs].grown == 1)
            #expect(report[.points].added == 1)
            let grown = try await project.tracking.run(id: open.id)
            #expect(grown.status == .finished)
            #expect(grown.endMs == 1_700_000_200_000)
            // The line without an end may be half a number.
            #expect(try await project.values("loss", of: open.id) == [0.5])
        }
    }

    @Test func `a run with another value of a parameter is reported, and stays as it was`() async throws {
        try await TestProject.run { project in
            let store = project.folder.appending("mlruns")
            try Fixture.copy(Self.fixture.appending("mlruns"), to: store)
            try await project.take(.mlflowFolder(store, artifacts: nil))
            let child = try #require(try await project.run(named: "child"))
            let file = try #require(
                try MLflowFiles.names(below: store).first { $0.hasSuffix("\(child.id)/params/depth") }
            )
            try AtomicFile.write("5", to: store.appending(file))
            let report = try await project.take(.mlflowFolder(store, artifacts: nil))
            #expect(report[.runs].skipped == 1)
            #expect(report.problemCount == 1)
            #expect(report.skipped.first?.what == "run \(child.id)")
            #expect(report.skipped.first?.why.contains("`4` here and `5` there") == true)
            #expect(try await project.tracking.run(id: child.id).param("depth") == "4")
        }
    }

    @Test func `a broken meta file of a run is reported with its line, and the others come`() async throws {
        try await TestProject.run { project in
            let store = project.folder.appending("mlruns")
            try Fixture.copy(Self.fixture.appending("mlruns"), to: store)
            let params = try #require(try MLflowFiles.names(below: store).first { $0.hasSuffix("/params/opt/lr") })
            let broken = String(params.dropLast("/params/opt/lr".count))
            try AtomicFile.write("name: [unfinished\n", to: store.appending(broken).appending("meta.yaml"))
            let report = try await project.take(.mlflowFolder(store, artifacts: nil))
            #expect(report[.runs].added == 4)
            #expect(report[.runs].skipped == 1)
            #expect(report.skipped.contains { $0.what.hasPrefix("run ") && $0.why.contains("meta.yaml:") })
            #expect(try await project.run(named: "parent") == nil)
        }
    }

    @Test func `a damaged metric, logged model or version stays behind alone, with its reason`() async throws {
        try await TestProject.run { project in
            let store = project.folder.appending("mlruns")
            try Fixture.copy(Self.fixture.appending("mlruns"), to: store)
            let names = try MLflowFiles.names(below: store)
            let loss = try #require(names.first { $0.hasSuffix("/metrics/odd") })
            try AtomicFile.write("1700000100000 one 0\n", to: store.appending(loss))
            let model = try #require(names.first { $0.contains("/models/m-") && $0.hasSuffix("/meta.yaml") })
            try AtomicFile.write("- no mapping\n", to: store.appending(model))
            try AtomicFile.write("name: {\n", to: store.appending("models/iris-tree/version-3/meta.yaml"))
            let report = try await project.take(.mlflowFolder(store, artifacts: nil))
            #expect(report[.runs].added == 5)
            // The three points of that metric are missing, and no other ones.
            #expect(report[.points].added == 9)
            #expect(report.problemCount == 3)
            #expect(report.skipped.contains { $0.what.hasPrefix("points of run") && $0.why.contains("is no point") })
            #expect(report.skipped.contains { $0.what.hasPrefix("logged model m-") })
            #expect(report.skipped.contains { $0.what == "registered model iris-tree" })
        }
    }

    @Test func `what a store keeps in S3 stays there, in one line`() async throws {
        try await TestProject.run { project in
            let store = project.folder.appending("mlruns")
            try Fixture.copy(Self.fixture.appending("mlruns"), to: store)
            for file in try MLflowFiles.names(below: store) where file.hasSuffix("meta.yaml") {
                let text = try FileReader.text(of: store.appending(file))
                try AtomicFile.write(
                    text.replacing("/tmp/mlflow-fixture/mlruns", with: "s3://bucket/ml"),
                    to: store.appending(file)
                )
            }
            let report = try await project.take(.mlflowFolder(store, artifacts: nil))
            #expect(report.skipped.map(\.why) == ["they stay in `s3://bucket`"])
            #expect(report.problemCount == 0)
            let parent = try #require(try await project.run(named: "parent"))
            #expect(parent.artifactURI.hasPrefix("s3://bucket/ml/"))
        }
    }

    @Test func `a path that is none of the run's own is not followed`() async throws {
        try await TestProject.run { project in
            let store = project.folder.appending("mlruns")
            try Fixture.copy(Self.fixture.appending("mlruns"), to: store)
            let secret = project.folder.appending("secret")
            try FileSystem.createDirectory(secret)
            try AtomicFile.write("secret", to: secret.appending("key"))
            let child = try #require(
                try MLflowFiles.names(below: store).first { $0.hasSuffix("/tags/mlflow.parentRunId") }
            )
            let meta = store.appending(String(child.dropLast("/tags/mlflow.parentRunId".count))).appending("meta.yaml")
            let lines = try FileReader.text(of: meta).split(separator: "\n").map { line in
                line.hasPrefix("artifact_uri:") ? "artifact_uri: \(secret)" : String(line)
            }
            try AtomicFile.write(lines.joined(separator: "\n"), to: meta)
            let report = try await project.take(.mlflowFolder(store, artifacts: nil))
            #expect(report[.files].added == 3)
            #expect(report.skipped.contains { $0.why.contains("which is no folder of this run") })
        }
    }

    @Test func `the champion of a guarded model does not move without a pass`() async throws {
        let gate = ChampionGate(models: ["iris-tree"]) { _ in "digest" }
        try await TestProject.run(gate: gate) { project in
            let report = try await project.take(try await Self.address(.folder, in: project))
            #expect(report[.aliases].added == 1)
            #expect(report.skipped.map(\.what) == ["alias champion of iris-tree"])
            #expect(report.skipped.first?.why.contains("gyre promote") == true)
            #expect(try await project.registry.version(model: "iris-tree", alias: "champion") == nil)
        }
    }

    @Test func `an alias that is here stays where it points`() async throws {
        try await TestProject.run { project in
            let address = try await Self.address(.folder, in: project)
            try await project.take(address)
            try await project.registry.setAlias(model: "iris-tree", alias: "next", version: 3)
            let report = try await project.take(address)
            #expect(report.skipped.map(\.what) == ["alias next of iris-tree"])
            #expect(try await project.registry.version(model: "iris-tree", alias: "next")?.version == 3)
        }
    }

    // MARK: What is no store

    @Test func `a folder that is none of MLflow's is refused, and the one in it is named`() async throws {
        try await TestProject.run { project in
            let error = await #expect(throws: TransferError.self) {
                try await project.take(.mlflowFolder(Self.fixture, artifacts: nil))
            }
            #expect(error?.code == .wrongContent)
            #expect(error?.next?.contains("mlruns") == true)
            let missing = await #expect(throws: TransferError.self) {
                try await project.take(.mlflowFolder(project.folder.appending("none"), artifacts: nil))
            }
            #expect(missing?.why == "there is no such folder")
        }
    }

    @Test(arguments: [("ffffffffffff", "does not know"), ("2b4d017a5e9b", "from before MLflow 1.25")])
    func `a database of a version that is not known is refused`(version: String, why: String) async throws {
        try await TestProject.run { project in
            guard case .mlflowDatabase(let file, _) = try await Self.address(.database, in: project) else { return }
            let database = try await SQLDatabase.open(at: file, role: .client, migrations: [])
            _ = try await database.write { writer in
                try writer.execute("UPDATE alembic_version SET version_num = \(version)")
            }
            await database.close()
            let error = await #expect(throws: TransferError.self) {
                try await project.take(.mlflowDatabase(file, artifacts: nil))
            }
            #expect(error?.code == .unknownVersion)
            #expect(error?.why.contains(why) == true)
            #expect(try await project.tracking.searchRuns(RunSearch(view: .all)).isEmpty)
        }
    }

    @Test func `a file that is no database, or none of MLflow's, is refused`() async throws {
        try await TestProject.run { project in
            let file = project.folder.appending("text.db")
            try AtomicFile.write("not a database at all, only some text that is long enough", to: file)
            await #expect(throws: DatabaseError.self) { try await project.take(.mlflowDatabase(file, artifacts: nil)) }
            let error = await #expect(throws: TransferError.self) {
                try await project.take(.mlflowDatabase(project.folder.appending("gyre.db"), artifacts: nil))
            }
            #expect(error?.code == .wrongContent)
        }
    }

    @Test func `the database is not changed, not even its journal`() async throws {
        try await TestProject.run { project in
            guard case .mlflowDatabase(let file, _) = try await Self.address(.database, in: project) else { return }
            let before = try FileHashing.digest(of: file, .sha256)
            try await project.take(.mlflowDatabase(file, artifacts: nil))
            #expect(try FileHashing.digest(of: file, .sha256) == before)
        }
    }

    @Test(arguments: [
        ("http://ada:s%65cret@host:5000/", "http://host:5000/"), ("https://host", "https://host"),
    ])
    func `user and password of a URL go into a header`(text: String, url: String) throws {
        guard case .mlflowServer(let address, let header) = try ImportAddress(mlflow: text, from: "/") else {
            Issue.record("no server")
            return
        }
        #expect(address == url)
        #expect(header == (text.contains("@") ? "Basic YWRhOnNlY3JldA==" : nil))
    }

    @Test(arguments: ["postgresql://ada:secret@db/mlflow", "sqlite://x", "", "databricks://x"])
    func `an address that cannot be imported is wrong usage, and no password is shown`(text: String) {
        let error = #expect(throws: TransferError.self) { try ImportAddress(mlflow: text, from: "/") }
        #expect(error?.kind == .usage)
        #expect(error?.what.contains("secret") == false)
    }
}
