// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Diagnostics
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
        let data = try open()
        // Two at once would write the same outputs and the same lock.
        let busy = try lock(data)
        defer { busy.release() }
        var lock = try LockFile(root: root)
        try await checkOutputs(stages, data)
        try override(options.overrides)
        var params = ParameterFiles(root: root)
        var results: [StageResult] = []
        var run: RunRecorder?
        do {
            for stage in stages {
                func skip(_ why: String) {
                    onEvent(.skipped(stage: stage.name, reason: why))
                    results.append(StageResult(name: stage.name, didRun: false, reason: why, seconds: 0))
                }
                // What it reads does not matter then, and may be gone.
                if stage.isFrozen {
                    skip("it is frozen")
                    continue
                }
                let inputs = try await Planner.inputs(of: stage, data, &params)
                let change = try await Planner.change(of: stage, inputs, lock, data)
                guard let why = change ?? (options.force ? "it was asked for" : nil) else {
                    skip("nothing changed")
                    continue
                }
                let recorder: RunRecorder
                if let run {
                    recorder = run
                } else {
                    recorder = try await RunRecorder.begin(root, tracking, options, scratch: scratch(data))
                }
                run = recorder
                onEvent(.began(stage: stage.name, reason: why))
                let start = ContinuousClock.now
                try await execute(stage, options, recorder.runID)
                let outputs = try await collect(stage, data)
                let seconds = (ContinuousClock.now - start) / .seconds(1)
                try await recorder.note(
                    stage,
                    inputs: inputs.dependencies,
                    outputs: outputs,
                    metrics: try metrics(of: stage),
                    seconds: seconds
                )
                let entry = LockEntry(
                    commands: stage.commands,
                    writesList: stage.writesList,
                    dependencies: inputs.dependencies,
                    params: inputs.params,
                    outputs: outputs
                )
                // Last of all: what is locked is tracked, and does not run again.
                try lock.set(stage.name, entry)
                results.append(StageResult(name: stage.name, didRun: true, reason: why, seconds: seconds))
            }
            if let run { try await run.finish(try trackedParams(stages, &params)) }
        } catch {
            await run?.end(error is CancellationError || Task.isCancelled ? .killed : .failed)
            throw error
        }
        return ReproduceResult(runID: run?.runID, stages: results)
    }

    // MARK: Before the first stage

    private func open() throws -> DataRepository {
        let data = try DataRepository.open(at: root)
        guard data.root == root.lexicallyNormalized() else {
            throw PipelinesError(
                .noPipeline,
                what: "cannot reproduce the pipeline of `\(root)`",
                why: "the folder has no `.dvc` of its own; that of `\(data.root)` counts from there",
                next: "run `gyre init` in the folder"
            )
        }
        return data
    }

    private func scratch(_ data: DataRepository) -> FilePath { data.root.appending(".dvc").appending("tmp") }

    private func lock(_ data: DataRepository) throws -> FileLock {
        try FileSystem.createDirectory(scratch(data))
        do {
            return try FileLock.acquire(
                scratch(data).appending("gyre-repro.lock"),
                mode: .exclusive,
                owner: "gyre repro"
            )
        } catch {
            guard error.code == .locked else { throw error }
            throw PipelinesError(
                .busy,
                what: "cannot reproduce the pipeline",
                why: "another `gyre repro` runs in `\(root)`",
                next: "run it again when that one is done",
                cause: error
            )
        }
    }

    /// Outputs are replaced when their stage runs, so none may be somebody's only copy.
    private func checkOutputs(_ stages: [Stage], _ data: DataRepository) async throws {
        let git = Git(root: root)
        let pointers = try await data.pointers()
        for stage in stages {
            for output in stage.outputs {
                func refusal(_ why: String, _ next: String) -> PipelinesError {
                    PipelinesError(.invalidPipeline, what: "cannot run stage `\(stage.name)`", why: why, next: next)
                }
                try data.checkPlace(output.path)
                if let owner = pointers.first(where: { ProjectPath.overlap($0.path, output.path) }) {
                    throw refusal(
                        "`\(owner.path).dvc` versions `\(owner.path)`, which the stage writes as `\(output.path)`",
                        "remove one of the two"
                    )
                }
                guard output.isCached else { continue }
                if let tracked = try await git.trackedFiles(below: [output.path]).first {
                    throw refusal(
                        "git tracks `\(tracked)`, and the stage writes it into the cache",
                        "run `git rm -r --cached \(output.path)`, or set `cache: false`"
                    )
                }
            }
        }
    }

    private func override(_ overrides: [(key: String, value: String)]) throws {
        guard !overrides.isEmpty else { return }
        let name = ParameterFiles.main
        let file = root.appending(name)
        func refusal(_ key: String, _ why: String, _ next: String?) -> PipelinesError {
            PipelinesError(.unknownParameter, what: "cannot set the parameter `\(key)`", why: why, next: next)
        }
        guard FileSystem.exists(file) else {
            throw refusal(overrides[0].key, "there is no `\(name)` in `\(root)`", "write it first")
        }
        let original = try FileReader.text(of: file, limit: 16 << 20)
        var text = original
        for (key, value) in overrides {
            let document = try YAMLDocument.parse(text, file: name)
            guard ParameterFiles.find(key, in: document) != nil else {
                let known = ParameterFiles.flat(document, prefix: "").map(\.key)
                let meant = nearest(to: key, among: known).map { "did you mean `\($0)`?" }
                throw refusal(key, "`\(name)` has no such parameter", meant ?? "add it to the file first")
            }
            let path = key.split(separator: ".").map(String.init)
            text = try YAMLEdit.setting(path, to: YAMLEdit.scalar(value), in: text, file: name)
        }
        if text != original { try AtomicFile.write(text, to: file) }
    }

    // MARK: Steps

    private func execute(_ stage: Stage, _ options: ReproduceOptions, _ run: String) async throws {
        let root = root
        try await BlockingPool.shared.run {
            for output in stage.outputs {
                let path = root.appending(output.path)
                if !output.persists { try FileSystem.removeTree(path) }
                try FileSystem.createDirectory(path.removingLastComponent())
            }
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
        let last = Mutex("")
        for command in stage.commands {
            let ending = try await StageProcess.run(command, in: root, environment: environment) { line in
                if !line.allSatisfy(\.isWhitespace) { last.withLock { $0 = line } }
                onEvent(.line(stage: stage.name, text: line))
            }
            guard ending != .exited(0) else { continue }
            let words =
                switch ending {
                case .exited(let code): "it ended with exit code \(code)"
                case .signalled(let signal): "signal \(signal) ended it"
                }
            let line = last.withLock { $0 }
            throw PipelinesError(
                .stageFailed,
                what: "cannot run stage `\(stage.name)`",
                why: words + (line.isEmpty ? "" : ": \(line)"),
                next: "look at its output above, correct `\(command)` and run `gyre repro` again"
            )
        }
    }

    private func collect(_ stage: Stage, _ data: DataRepository) async throws -> [DataPointer] {
        for output in stage.outputs where !FileSystem.exists(root.appending(output.path)) {
            throw PipelinesError(
                .missingOutput,
                what: "cannot finish stage `\(stage.name)`",
                why: "its command did not write `\(output.place.written)`",
                next: "correct the command, or the stage's outputs in `dvc.yaml`"
            )
        }
        // Not while the command runs: it may use `dvc` or `gyre` itself.
        let lock = try data.lock()
        defer { lock.release() }
        try await data.ignore(stage.outputs.filter(\.isCached).map(\.path))
        var pointers: [DataPointer] = []
        for output in stage.outputs {
            let pointer = try await output.isCached ? data.store(output.path) : data.measure(output.path)
            if let pointer { pointers.append(pointer.at(output.place.written)) }
        }
        return pointers
    }

    // MARK: Results

    private func metrics(of stage: Stage) throws -> [(key: String, value: Double)] {
        try stage.outputs.filter(\.isMetrics).flatMap {
            try MetricsFile.values(of: root.appending($0.path), name: $0.place.written)
        }
    }

    /// All of `params.yaml`, and of other files what the stages depend on; the file stands before their keys.
    private func trackedParams(
        _ stages: [Stage],
        _ params: inout ParameterFiles
    ) throws -> [(key: String, value: String)] {
        var result = try params.flat(ParameterFiles.main)
        for stage in stages {
            for (file, values) in try params.values(of: stage) where file != ParameterFiles.main {
                for (key, value) in values {
                    result += ParameterFiles.flat(value, prefix: key).map { ("\(file):\($0.key)", $0.value) }
                }
            }
        }
        return result
    }
}
