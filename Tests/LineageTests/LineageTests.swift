// SPDX-License-Identifier: Apache-2.0

import Database
import DataVersions
import Diagnostics
import Feedback
import Lineage
import Monitoring
import ObjectStorage
import ProjectTesting
import Registry
import Synchronization
import SystemPackage
import Testing
import Tracking

/// The walk over a small life: data and a commit, a run, a model version, predictions, errors, and data made of them.
struct LineageTests {
    private let project: TestProject
    private let tracking: TrackingService
    private let registry: RegistryService
    private let feedback: FeedbackService
    private let lineage: LineageService
    private let state: TestFolder
    private let data: DataPointer
    private let errorData = "0123456789abcdef0123456789abcdef"
    private let commit: String
    private let run: Run

    init() async throws {
        project = try await TestProject()
        state = try TestFolder()
        try project.folder.write("a,b\n", to: "data/train.csv")
        data = try #require(try await project.add("data/train.csv").first)
        commit = try await project.commit("First data")
        let database = try await SQLDatabase.open(
            at: state.path.appending("gyre.db"),
            role: .client,
            migrations: [TrackingService.migrations, RegistryService.migrations, FeedbackService.migrations]
        )
        let clock = Mutex<Int64>(1_000)
        let now: @Sendable () -> Int64 = {
            clock.withLock { time in
                time += 1
                return time
            }
        }
        let find: LineageService.PredictionFinder = { ids in
            ids.filter { ["right", "wrong", "old"].contains($0) }.map { Self.prediction($0) }
        }
        tracking = TrackingService(
            database: database,
            artifacts: try FolderStore(root: state.path.appending("artifacts")),
            now: now
        )
        registry = RegistryService(database: database, now: now)
        feedback = FeedbackService(database: database, positive: "sick", findPredictions: find, now: now)
        lineage = LineageService(
            tracking: tracking,
            registry: registry,
            feedback: feedback,
            git: Git(root: project.root),
            findPredictions: { ids in try await find(ids.filter { $0 != "old" }) }
        )

        let experiment = try await tracking.ensureExperiment(named: "churn")
        let tags = [KeyValue("mlflow.source.git.commit", commit), KeyValue("gyre.git.dirty", "true")]
        let made = try await tracking.createRun(RunDraft(experimentID: experiment, name: "calm-otter", tags: tags))
        let input = DatasetInput(name: "data/train.csv", digest: data.md5, sourceType: "local", source: "{}")
        let other = DatasetInput(name: "data/errors.csv", digest: errorData, sourceType: "local", source: "{}")
        try await tracking.logInputs([input, other], run: made.id)
        let metrics = ["recall": 0.912_345, "loss": 0.5].map { Metric(key: $0.key, value: $0.value, timestampMs: 1) }
        try await tracking.log(.init(metrics: metrics), run: made.id)
        run = try await tracking.run(id: made.id)
        try await registry.ensureModel(name: "churn")
        _ = try await registry.createVersion(
            VersionDraft(model: "churn", source: "mlflow-artifacts:/0/m/artifacts/model", runID: run.id)
        )
        try await registry.setAlias(model: "churn", alias: "candidate", version: 1)

        for (id, truth) in [("right", "well"), ("wrong", "sick"), ("old", "sick")] {
            try await feedback.take([try Label(predictionID: id, truth: truth)])
        }
        try await feedback.take(
            try UserVerdict(predictionID: "wrong", isUsable: false, truth: nil, comment: "too late")
        )
        _ = try await feedback.gather()
        let cases = try await feedback.newCases(model: "churn")
        try await feedback.assign(cases.filter { $0.predictionID == "wrong" }, to: "md5:\(errorData)")
    }

    private static func prediction(_ id: String) -> LoggedPrediction {
        LoggedPrediction(
            id: id,
            model: "churn",
            version: "1",
            runID: nil,
            timeMs: 7,
            durationNs: 1,
            features: [],
            label: "well",
            score: 0.25
        )
    }

    /// A node and its links, a line each.
    private func lines(_ node: LineageNode, _ indent: String = "") -> [String] {
        let facts = node.facts.map { " \($0.name)=\($0.value)" }.joined()
        return ["\(indent)\(node.kind.rawValue) \(node.id)\(facts)"]
            + node.origins.flatMap { lines($0, indent + "< ") } + node.results.flatMap { lines($0, indent + "> ") }
    }

    /// What every walk back from the model version finds.
    private func versionLines(_ indent: String) -> [String] {
        [
            "\(indent)model_version churn/1 aliases=candidate",
            "\(indent)< run \(run.id) name=calm-otter status=RUNNING recall=0.9123",
            "\(indent)< < data md5:\(errorData) path=data/errors.csv",
            "\(indent)< < data md5:\(data.md5) path=data/train.csv",
            "\(indent)< < commit \(commit) subject=First data changes=gyre/uncommitted.patch of the run",
        ]
    }

    @Test func `a prediction leads back to the commit, and on to its error and the data made of it`() async throws {
        #expect(
            try await lines(lineage.walk(from: "right")) == [
                "prediction right label=well score=0.25 time_ms=7"
            ] + versionLines("< ")
        )
        #expect(
            try await lines(lineage.walk(from: "wrong")) == [
                "prediction wrong label=well score=0.25 time_ms=7"
            ] + versionLines("< ") + [
                "> error wrong error_kind=false_negative truth=sick comment=too late", "> > data md5:\(errorData)",
            ]
        )
    }

    @Test func `an error stands for a prediction that the log let go`() async throws {
        #expect(
            try await lines(lineage.walk(from: "old")) == [
                "error old error_kind=false_negative truth=sick"
            ] + versionLines("< ")
        )
    }

    @Test func `a model version leads back to its run, and on to what it got wrong`() async throws {
        #expect(
            try await lines(lineage.walk(from: "churn/1")) == versionLines("") + [
                "> error wrong error_kind=false_negative truth=sick comment=too late", "> > data md5:\(errorData)",
                "> error old error_kind=false_negative truth=sick",
            ]
        )
    }

    @Test func `a run leads back to data and commit, and on to its versions`() async throws {
        let expected = versionLines("").dropFirst().map { String($0.dropFirst(2)) }
        #expect(
            try await lines(lineage.walk(from: run.id)) == expected + ["> model_version churn/1 aliases=candidate"]
        )
    }

    @Test func `data leads back to the errors in it, and on to runs and commits`() async throws {
        #expect(
            try await lines(lineage.walk(from: "md5:\(errorData)")) == [
                "data md5:\(errorData)", "< error wrong", "> run \(run.id) name=calm-otter path=data/errors.csv",
            ]
        )
        #expect(
            try await lines(lineage.walk(from: "md5:\(data.md5)")) == [
                "data md5:\(data.md5)", "> run \(run.id) name=calm-otter path=data/train.csv",
                "> commit \(commit) subject=First data",
            ]
        )
    }

    @Test(arguments: [40, 8]) func `a commit leads back to its data, and on to its runs`(digits: Int) async throws {
        #expect(
            try await lines(lineage.walk(from: String(commit.prefix(digits)))) == [
                "commit \(commit) subject=First data", "< data md5:\(data.md5) path=data/train.csv",
                "> run \(run.id) name=calm-otter",
            ]
        )
    }

    @Test func `what a walk leads to can be walked from`() async throws {
        var open = ["wrong"]
        var kinds: Set<LineageNode.Kind> = []
        var seen: Set<String> = []
        func collect(_ node: LineageNode, depth: Int) {
            // A deeper one would have gone round.
            #expect(depth < 6)
            kinds.insert(node.kind)
            open.append(node.id)
            for next in node.origins + node.results { collect(next, depth: depth + 1) }
        }
        while let id = open.popLast() {
            guard seen.insert(id).inserted else { continue }
            collect(try await lineage.walk(from: id), depth: 0)
        }
        #expect(seen == ["wrong", "old", "churn/1", run.id, "md5:\(errorData)", "md5:\(data.md5)", commit])
        #expect(kinds == [.prediction, .error, .modelVersion, .run, .data, .commit])
    }

    @Test(arguments: [
        "", "nobody", "churn/2", "churn/x", "nowhere/1", "md5:", "md5:x",
        "md5:ffffffffffffffffffffffffffffffff",
        "md5:' OR 1=1 --", "--output=/tmp/stolen", "0000000000000000000000000000000000000000", "HEAD\0",
        "a/99999999999999999999",
        String(repeating: "x", count: 1_001),
    ])
    func `a name that nothing has is answered with what would be one`(id: String) async throws {
        let error = try await #require(throws: LineageError.self) { try await lineage.walk(from: id) }
        #expect(error.kind == .notFound && error.what.contains(id.prefix(40)) && error.what.count < 400)
        #expect(error.next?.contains("MODEL/VERSION") == true)
    }

    @Test func `without a repository the rest of the walk goes on`() async throws {
        let elsewhere = try TestFolder()
        let lineage = LineageService(
            tracking: tracking,
            registry: registry,
            feedback: feedback,
            git: Git(root: elsewhere.path),
            findPredictions: { _ in [] }
        )
        #expect(
            try await lines(lineage.walk(from: run.id)).contains {
                $0 == "< commit \(commit) changes=gyre/uncommitted.patch of the run"
            }
        )
        #expect(try await lines(lineage.walk(from: "md5:\(data.md5)")).count == 2)
        await #expect(throws: LineageError.self) { try await lineage.walk(from: commit) }
    }
}
