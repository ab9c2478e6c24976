// SPDX-License-Identifier: Apache-2.0

import Database
import Documents
import Files
import ObjectStorage
import ProjectTesting
import Subprocess
import Synchronization
import SystemPackage
import Tracking

@testable import Pipelines

/// A project with a pipeline, and a tracking service with a real database and store.
struct Laboratory {
    let project: TestProject
    let tracking: TrackingService
    /// What happened, in words.
    let events = Log()
    private let state: TestFolder

    final class Log: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func append(_ line: String) { lines.withLock { $0.append(line) } }
        func clear() { lines.withLock { $0 = [] } }
    }

    init(_ pipeline: String = "", params: String? = nil) async throws {
        project = try await TestProject()
        state = try TestFolder()
        let database = try await SQLDatabase.open(
            at: state.path.appending("gyre.db"),
            role: .client,
            migrations: [TrackingService.migrations]
        )
        let clock = Mutex<Int64>(1_700_000_000_000)
        tracking = TrackingService(
            database: database,
            artifacts: try FolderStore(root: state.path.appending("artifacts")),
            now: {
                clock.withLock { now in
                    now += 1; return now
                }
            }
        )
        if !pipeline.isEmpty { try project.folder.write(pipeline, to: "dvc.yaml") }
        if let params { try project.folder.write(params, to: "params.yaml") }
    }

    /// A copy of another project, git aside.
    init(copying other: TestProject) async throws {
        try await self.init()
        for name in try FileSystem.list(other.root) where name != ".git" {
            try await Tool(.name("cp")).run(["-a", name, project.root.string], in: other.root)
        }
    }

    var folder: TestFolder { project.folder }

    /// Reproduces, and says what each stage did: `name ran: reason`, or `name stayed: reason`.
    @discardableResult
    func reproduce(
        _ targets: String...,
        set: [(key: String, value: String)] = [],
        force: Bool = false,
        python: FilePath? = nil,
        onLine: (@Sendable (String) -> Void)? = nil,
        change: (inout ReproduceOptions) -> Void = { _ in }
    ) async throws -> (runID: String?, stages: [String]) {
        var options = ReproduceOptions(experiment: "test", trackingURL: "http://127.0.0.1:1")
        options.targets = targets
        options.changes = set.map { key, value in
            // What reads back as a number is one.
            let node = try? YAMLDocument.parse(value, file: "params.yaml")
            let scalar = node.flatMap { $0.string == value ? ParameterValue($0) : nil }
            return ParameterChange(.set, file: "params.yaml", key: key, value: scalar ?? .text(value))
        }
        options.force = force
        options.python = python
        options.runName = "a run"
        options.gyreVersion = "1.2.3"
        change(&options)
        let events = events
        let runner = PipelineRunner(root: project.root, tracking: tracking) { event in
            switch event {
            case .began(let stage, let reason): events.append("began \(stage): \(reason)")
            case .skipped(let stage, let reason): events.append("skipped \(stage): \(reason)")
            case .restored(let stage, let reason): events.append("restored \(stage): \(reason)")
            case .failed(let stage, let reason): events.append("failed \(stage): \(reason)")
            case .command, .ended: break
            case .line(let stage, let text):
                events.append("\(stage)> \(text)")
                onLine?(text)
            }
        }
        let result = try await runner.reproduce(options)
        return (
            result.runID,
            result.stages.map { stage in
                let word = ["ran": "ran", "unchanged": "stayed", "frozen": "stayed"][stage.state.rawValue]
                return "\(stage.name) \(word ?? stage.state.rawValue): \(stage.reason)"
            }
        )
    }

    /// What a reproduction would do, in the same words.
    func preview(_ change: (inout ReproduceOptions) -> Void = { _ in }) async throws -> [String] {
        var options = ReproduceOptions(experiment: "test", trackingURL: "")
        change(&options)
        return try await PipelineRunner.preview(project.root, options).stages.map {
            "\($0.name) \($0.state.rawValue): \($0.reason)"
        }
    }

    /// All runs, the newest first.
    private func runs() async throws -> [Run] {
        guard let experiment = try await tracking.experiment(named: "test") else { return [] }
        return Array(try await tracking.searchRuns(RunSearch(experimentIDs: [experiment.id])))
    }

    /// The newest run of a reproduction.
    func run() async throws -> Run? { try await runs().first { $0.tag("mlflow.parentRunId") == nil } }

    /// The runs of stages below a run, by stage.
    func children(of run: Run) async throws -> [String: Run] {
        let children = try await runs().filter { $0.tag("mlflow.parentRunId") == run.id }
        return Dictionary(children.map { ($0.tag("gyre.stage") ?? "", $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The text of a run's artefact.
    func artifact(_ name: String, of run: Run) async throws -> String {
        let prefix = TrackingService.artifactPrefix(of: run.artifactURI) ?? ""
        return String(
            decoding: try await tracking.artifacts.bytes(of: try ObjectKey("\(prefix)/\(name)")),
            as: UTF8.self
        )
    }
}
