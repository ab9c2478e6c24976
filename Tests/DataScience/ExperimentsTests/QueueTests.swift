// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Database
import Files
import ObjectStorage
import Pipelines
import ProjectTesting
import Synchronization
import SystemPackage
import Testing
import Tracking

@testable import Experiments

/// A project with one stage, real git and `dvc`, and a tracking service.
private struct Bench {
    let project: TestProject
    let tracking: TrackingService
    private let state: TestFolder

    init() async throws {
        project = try await TestProject()
        state = try TestFolder()
        let database = try await SQLDatabase.open(
            at: state.path.appending("gyre.db"),
            role: .client,
            migrations: [TrackingService.migrations]
        )
        tracking = TrackingService(
            database: database,
            artifacts: try FolderStore(root: state.path.appending("artifacts")),
            now: { 1_700_000_000_000 }
        )
        let pipeline = """
            stages:
              s:
                cmd: test ${a} -ne 13 && cat data > out && echo "{\\"acc\\":${a}}" > m.json
                deps: [data]
                params: [a, b]
                outs: [out]
                metrics:
                - m.json: {cache: false}

            """
        try project.folder.write(pipeline, to: "dvc.yaml")
        try project.folder.write("# mine\na: 1\nb: x\n", to: "params.yaml")
        try project.folder.write("rows", to: "data")
        try await project.git("add", "-A")
        _ = try await project.commit("one")
    }

    func runner() throws -> ExperimentRunner {
        try ExperimentRunner(
            try DataRepository.open(at: project.root),
            in: state.path.appending("experiments"),
            now: { 1_700_000_000_000 }
        )
    }

    func setting(_ workers: Int) -> ExperimentRunner.Setting {
        ExperimentRunner.Setting(
            tracking: tracking,
            options: ReproduceOptions(experiment: "test", trackingURL: "http://127.0.0.1:1"),
            workers: workers,
            onEvent: { _ in }
        )
    }

    var trees: [String] { get throws { try FileSystem.list(state.path.appending("experiments").appending("trees")) } }
}

struct QueueTests {
    @Test func `a sweep runs beside the work tree, and DVC lists and applies what came out`() async throws {
        let bench = try await Bench()
        let project = bench.project
        // A change that is not committed goes along.
        try project.folder.write("other rows", to: "data")
        let before = try project.folder.contents(skipping: [".dvc", ".git"])
        let status = try await project.git("status", "--porcelain").output
        let runner = try bench.runner()
        var request = ExperimentRequest()
        request.combinations = try Sweep(["a=2,13,4", "b=x,y"]).combinations
        request.name = "try"
        let queued = try await runner.enqueue(request)
        #expect(queued.map(\.name) == (1...6).map { "try-\($0)" })
        let ended = try await runner.work(bench.setting(2))
        #expect(
            ended.map(\.state) == [.success, .success, .failed, .failed, .success, .success],
            "\(ended.compactMap(\.problem))"
        )
        #expect(try project.folder.contents(skipping: [".dvc", ".git"]) == before)
        #expect(try await project.git("status", "--porcelain").output == status)
        #expect(try bench.trees.isEmpty)
        #expect(try await project.git("worktree", "list").output.split(separator: "\n").count == 1)
        let experiments = try await runner.store.all()
        #expect(experiments.map(\.name).sorted() == ["try-1", "try-2", "try-5", "try-6"])
        // Each is a run, with its name and where it began.
        let run = try await bench.tracking.run(id: try #require(ended[0].run))
        #expect(run.name == "try-1" && run.tag("gyre.experiment") == "try-1")
        #expect(run.tag("gyre.experiment.baseline") == experiments[0].baseline)
        #expect(run.metrics.first { $0.key == "acc" }?.value == 2)
        let listed = try await project.dvc("exp", "list", "--name-only").output
        #expect(
            Set(listed.split(separator: "\n").map(String.init)).isSuperset(of: ["try-1", "try-2", "try-5", "try-6"])
        )
        try await project.dvc("exp", "apply", "try-5")
        #expect(try project.folder.text("params.yaml") == "# mine\na: 4\nb: x\n")
        #expect(try project.folder.text("out") == "other rows")
        #expect(try await project.dvc("status").output.contains("up to date"))
    }

    @Test func `an entry whose worker died is run again, once`() async throws {
        let bench = try await Bench()
        let runner = try bench.runner()
        var request = ExperimentRequest()
        request.combinations = try Sweep(["a=2,3"]).combinations
        _ = try await runner.enqueue(request)
        // As after a kill: the lock is free, the file says that it runs.
        let taken = try #require(try runner.queue.take(nil))
        #expect(!runner.queue.isInterrupted(taken.entry))
        #expect(try runner.queue.take(nil)?.entry.id != taken.entry.id)
        taken.lock.release()
        #expect(runner.queue.isInterrupted(taken.entry))
        let ended = try await runner.work(bench.setting(2))
        #expect(ended.map(\.state) == [.success, .success])
        #expect(ended[0].attempts == 2)
        #expect(try await runner.work(bench.setting(1)).isEmpty)
    }

    @Test func `applying refuses to lose what is saved nowhere`() async throws {
        let bench = try await Bench()
        let runner = try bench.runner()
        var request = ExperimentRequest()
        request.combinations = try Sweep(["a=2"]).combinations
        request.name = "two"
        _ = try await runner.enqueue(request)
        _ = try await runner.work(bench.setting(1))
        let two = try await runner.store.experiment("two")
        try bench.project.folder.write("a: 99\nb: x\n", to: "params.yaml")
        let error = await #expect(throws: ExperimentsError.self) {
            _ = try await runner.store.apply(two, force: false)
        }
        #expect(error?.code == .unsavedChanges)
        #expect(try bench.project.folder.text("params.yaml") == "a: 99\nb: x\n")
        #expect(!bench.project.folder.holds("out"))
        _ = try await runner.store.apply(two, force: true)
        #expect(try bench.project.folder.text("params.yaml") == "# mine\na: 2\nb: x\n")
        #expect(try bench.project.folder.text("out") == "rows")
    }

    @Test func `an unknown parameter queues nothing`() async throws {
        let bench = try await Bench()
        let runner = try bench.runner()
        var request = ExperimentRequest()
        request.combinations = try Sweep(["a=2,3", "zz=1"]).combinations
        await #expect(throws: PipelinesError.self) { _ = try await runner.enqueue(request) }
        #expect(try runner.queue.entries().isEmpty)
    }
}
