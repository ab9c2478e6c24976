// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Experiments
import Pipelines
import Server
import SystemPackage
import Terminal
import Tracking

#if canImport(Glibc)
import Glibc
#endif

/// What the verbs of experiments work with: the project's services, and what queues and runs.
struct ExperimentSession {
    let project: PipelineProject
    let services: ProjectServices
    let runner: ExperimentRunner
    let output: Output

    /// Opens the project around the folder of the command, works, and closes it.
    static func with<Result>(
        _ common: CommonOptions,
        _ body: (ExperimentSession) async throws -> Result
    ) async throws -> Result {
        let workspace = try PipelineProject.workspace(common)
        let project = try PipelineProject(common)
        return try await Session.withProject(common, at: workspace) { services in
            let folder = workspace.state.appending("experiments")
            let runner = try ExperimentRunner(project.data, in: folder, now: Session.now)
            return try await body(
                ExperimentSession(project: project, services: services, runner: runner, output: common.output)
            )
        }
    }

    /// How many stages of an experiment run at once, if so many experiments do.
    private static func stages(besides workers: Int) -> Int {
        max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))) / max(1, workers))
    }

    /// Calls `body` with all that running needs, while a tracking server answers.
    func running<Result: Sendable>(
        workers: Int,
        _ options: ReproduceOptions = ReproduceOptions(experiment: "", trackingURL: ""),
        _ body: @escaping @Sendable (ExperimentRunner.Setting) async throws -> Result
    ) async throws -> Result {
        try await TrackingServer.with(services, logger: Session.quietLogger) { url in
            var options = options
            options.experiment = services.project.project
            options.trackingURL = url
            options.python = try services.runtimes.python()
            options.gyreVersion = gyreVersion
            options.jobs = Self.stages(besides: workers)
            let output = output
            let setting = ExperimentRunner.Setting(
                tracking: services.tracking,
                options: options,
                workers: workers,
                onEvent: { Self.show($0, output) }
            )
            return try await body(setting)
        }
    }

    /// Works on the queue.
    ///
    /// - Parameters:
    ///   - workers: How many experiments run at once.
    ///   - ids: Only these entries, which do not wait again after an interruption; nil for all.
    ///   - options: How their pipelines run.
    /// - Returns: The entries as they ended.
    /// - Throws: Errors of the queue.
    func work(
        workers: Int,
        only ids: Set<String>? = nil,
        _ options: ReproduceOptions = ReproduceOptions(experiment: "", trackingURL: "")
    ) async throws -> [QueueEntry] {
        try await running(workers: workers, options) { setting in
            var setting = setting
            setting.requeues = ids == nil
            return try await runner.work(setting, only: ids)
        }
    }

    /// Makes the run above those of a sweep; nil for one experiment alone.
    func parent(of request: ExperimentRequest, _ settings: [String]) async throws -> String? {
        guard request.combinations.count > 1 else { return nil }
        let user = try await PipelineRunner.user(of: project.root)
        let tracking = services.tracking
        let run = try await tracking.createRun(
            RunDraft(
                experimentID: try await tracking.ensureExperiment(named: services.project.project),
                name: request.name,
                userID: user,
                tags: [
                    KeyValue("mlflow.user", user), KeyValue("mlflow.source.type", "PROJECT"),
                    KeyValue("mlflow.source.name", "gyre exp run"), KeyValue("gyre.version", gyreVersion),
                    KeyValue("mlflow.source.git.commit", try await runner.store.head()),
                    KeyValue(ExperimentRunner.sweepTag, String(settings.joined(separator: " ").prefix(5_000))),
                ]
            )
        )
        return run.id
    }

    private static func show(_ event: ExperimentEvent, _ output: Output) {
        func name(_ entry: QueueEntry) -> String { output.paint(entry.name, .name, on: .error) }
        switch event {
        case .began(let entry):
            output.progress("\(name(entry)) begins" + entry.params.map { " \($0)" }.joined())
        case .pipeline(let entry, let event):
            guard let line = event.line else { return }
            if case .command = event {
                output.detail("\(name(entry)) | \(line)")
            } else {
                output.progress("\(name(entry)) | \(line)")
            }
        case .ended(let entry):
            switch entry.state {
            case .failed: output.warning("\(entry.name) failed: \(entry.problem ?? "")")
            case .queued: output.progress("\(name(entry)) waits again")
            default: output.progress("\(name(entry)) ended: \(entry.state.rawValue)")
            }
        }
    }

    /// Says by the exit code that some failed.
    static func check(_ ended: [QueueEntry]) throws {
        let failed = ended.filter { [.failed, .killed].contains($0.state) }
        guard let first = failed.first else { return }
        throw ExperimentsError(
            .failed,
            what: ended.count == 1
                ? "cannot run the experiment `\(first.name)`"
                : "cannot run \(failed.count) of \(ended.count) experiments",
            why: (ended.count == 1 ? "" : "`\(first.name)`: ") + (first.problem ?? "it was ended"),
            next: "see `gyre queue logs \(first.name)`"
        )
    }
}
