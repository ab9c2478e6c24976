// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Documents
import Files
import Synchronization
package import SystemPackage
package import Tracking

/// How a pipeline is reproduced.
package struct ReproduceOptions: Sendable {
    /// Only these stages and what they depend on; all if empty.
    package var targets: [String] = []
    /// Parameters to set first, by dotted key, as `dvc exp run -S` does.
    package var overrides: [(key: String, value: String)] = []
    /// Run every stage, also those that are fresh.
    package var force = false
    /// The experiment of the run.
    package var experiment: String
    /// The name of the run; one is made up if it is nil.
    package var runName: String?
    /// Where the stages find the tracking server.
    package var trackingURL: String
    /// The Python whose folder comes first in the stages' search path.
    package var python: FilePath?
    /// More notes for the run.
    package var tags: [KeyValue] = []
    /// The version of Gyre, for the run's notes.
    package var gyreVersion = ""

    /// Options that run what is stale.
    package init(experiment: String, trackingURL: String) {
        self.experiment = experiment
        self.trackingURL = trackingURL
    }
}

/// What came of a stage.
package struct StageResult: Sendable {
    /// The stage.
    package let name: String
    /// Whether it ran.
    package let didRun: Bool
    /// Why, or why not, in one line.
    package let reason: String
    /// How long it took, seconds.
    package let seconds: Double
}

/// What came of a reproduction.
package struct ReproduceResult: Sendable {
    /// The run that was tracked; nil if no stage ran.
    package let runID: String?
    /// The stages in the order they were looked at.
    package let stages: [StageResult]
}

/// What happens while a pipeline runs, for whoever watches.
package enum PipelineEvent: Sendable {
    /// A stage begins.
    case began(stage: String, reason: String)
    /// A stage need not run.
    case skipped(stage: String, reason: String)
    /// A line that a stage wrote.
    case line(stage: String, text: String)
}

/// Brings a pipeline up to date, and tracks what it does as one run.
package struct PipelineRunner: Sendable {
    private let root: FilePath
    private let tracking: TrackingService
    private let onEvent: @Sendable (PipelineEvent) -> Void

    /// A runner for the project at `root`.
    package init(
        root: FilePath,
        tracking: TrackingService,
        onEvent: @escaping @Sendable (PipelineEvent) -> Void = { _ in }
    ) {
        self.root = root
        self.tracking = tracking
        self.onEvent = onEvent
    }

    /// Runs the stages that are stale.
    ///
    /// The run is opened before the first stage that runs, and gets the parameters, the hashes of what was read, the commit, the
    /// changes that are not committed, the environment and the time of each stage. It ends as failed if a stage fails, and as
    /// killed if the task is cancelled.
    ///
    /// - Throws: ``PipelinesError``, ``DocumentError``, errors of the rooms below.
    package func reproduce(_ options: ReproduceOptions) async throws -> ReproduceResult {
        let file = root.appending(Pipeline.file)
        guard FileSystem.exists(file) else {
            throw PipelinesError(
                .noPipeline,
                what: "cannot reproduce the pipeline",
                why: "there is no `dvc.yaml` in `\(root)`",
                next: "write one; `gyre init --example breast-cancer` shows how"
            )
        }
        let stages = try Pipeline(try FileReader.text(of: file, limit: 16 << 20)).ordered(options.targets)
        try override(options.overrides)
        let data = try DataRepository.open(at: root)
        var lock = try LockFile(root: root)
        var params = ParameterFiles(root: root)
        var results: [StageResult] = []
        var run: RunRecorder?
        do {
            for stage in stages {
                let inputs = try await Planner.inputs(of: stage, data, &params)
                let staleness = try await Planner.staleness(of: stage, inputs.dependencies, inputs.params, lock, data)
                let reason = Self.reason(staleness, options.force)
                guard case .run(let why) = reason else {
                    if case .skip(let why) = reason {
                        onEvent(.skipped(stage: stage.name, reason: why))
                        results.append(StageResult(name: stage.name, didRun: false, reason: why, seconds: 0))
                    }
                    continue
                }
                let recorder: RunRecorder
                if let run { recorder = run } else { recorder = try await RunRecorder.begin(root, tracking, options) }
                run = recorder
                onEvent(.began(stage: stage.name, reason: why))
                let start = ContinuousClock.now
                try await execute(stage, options, recorder.runID)
                let outputs = try await collect(stage, data)
                let entry = LockEntry(
                    commands: stage.commands,
                    writesList: stage.writesList,
                    dependencies: inputs.dependencies,
                    params: inputs.params,
                    outputs: outputs
                )
                try lock.set(stage.name, entry)
                let seconds = (ContinuousClock.now - start) / .seconds(1)
                try await recorder.note(stage, inputs: inputs.dependencies, outputs: outputs, seconds: seconds)
                results.append(StageResult(name: stage.name, didRun: true, reason: why, seconds: seconds))
            }
        } catch {
            await run?.end(error is CancellationError || Task.isCancelled ? .killed : .failed)
            throw error
        }
        if let run { try await run.finish(try params.flat("params.yaml")) }
        return ReproduceResult(runID: run?.runID, stages: results)
    }

    // MARK: Steps

    private enum Decision {
        case run(String)
        case skip(String)
    }

    private static func reason(_ staleness: Staleness, _ force: Bool) -> Decision {
        switch staleness {
        case .frozen: .skip("it is frozen")
        case .fresh: force ? .run("it was asked for") : .skip("nothing changed")
        case .changed(let why): .run(why)
        }
    }

    private func override(_ overrides: [(key: String, value: String)]) throws {
        guard !overrides.isEmpty else { return }
        let file = root.appending("params.yaml")
        var text = try FileReader.text(of: file, limit: 16 << 20)
        let original = text
        for (key, value) in overrides {
            let path = key.split(separator: ".").map(String.init)
            text = try YAMLEdit.setting(path, to: YAMLEdit.scalar(value), in: text, file: "params.yaml")
        }
        if text != original { try AtomicFile.write(text, to: file) }
    }

    private func execute(_ stage: Stage, _ options: ReproduceOptions, _ run: String) async throws {
        for output in stage.outputs where !output.persists {
            try FileSystem.removeTree(root.appending(output.path))
            try FileSystem.createDirectory(root.appending(output.path).removingLastComponent())
        }
        var environment = [
            "MLFLOW_TRACKING_URI": options.trackingURL, "MLFLOW_RUN_ID": run,
            "MLFLOW_EXPERIMENT_NAME": options.experiment,
            "PYTHONUNBUFFERED": "1",
        ]
        if let folder = options.python?.removingLastComponent() {
            environment["PATH"] = "\(folder):\(SystemEnvironment.value("PATH") ?? "/usr/bin:/bin")"
            environment["VIRTUAL_ENV"] = folder.removingLastComponent().string
        }
        let last = Mutex<[String]>([])
        for command in stage.commands {
            let code = try await StageProcess.run(command, in: root, environment: environment) { line in
                last.withLock { lines in
                    lines.append(line)
                    if lines.count > 20 { lines.removeFirst() }
                }
                onEvent(.line(stage: stage.name, text: line))
            }
            guard code == 0 else {
                let lines = last.withLock { $0 }.filter { !$0.allSatisfy(\.isWhitespace) }
                let ended = code < 0 ? "a signal ended it" : "it ended with exit code \(code)"
                throw PipelinesError(
                    .stageFailed,
                    what: "cannot run stage `\(stage.name)`",
                    why: ended + (lines.last.map { ": \($0)" } ?? ""),
                    next: "look at its output above, correct `\(command)` and run `gyre repro` again"
                )
            }
        }
    }

    private func collect(_ stage: Stage, _ data: DataRepository) async throws -> [DataPointer] {
        var pointers: [DataPointer] = []
        for output in stage.outputs {
            guard FileSystem.exists(root.appending(output.path)) else {
                throw PipelinesError(
                    .missingOutput,
                    what: "cannot finish stage `\(stage.name)`",
                    why: "its command did not write `\(output.path)`",
                    next: "correct the command, or the stage's outputs in `dvc.yaml`"
                )
            }
            if output.isCached {
                pointers.append(try await data.store(output.path))
                try GitIgnore.add(root.appending(output.path))
            } else if let pointer = try await data.measure(output.path) {
                pointers.append(pointer)
            }
        }
        return pointers
    }
}
