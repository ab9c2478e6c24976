// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Files
import Synchronization
import SystemPackage
import Tracking

/// Brings one stage up to date: from the cache, or by its command.
struct StageWork: Sendable {
    /// How it ended.
    struct Ending: Sendable {
        let state: StageResult.State
        let reason: String
        /// What `dvc.lock` says from now on; nil if that stays.
        let entry: LockEntry?
        let seconds: Double
    }

    let stage: Stage
    let root: FilePath
    let data: DataRepository
    let planner: Planner
    let options: ReproduceOptions
    let leftovers: Leftovers
    let onEvent: @Sendable (PipelineEvent) -> Void
    var dependencies: [DataPointer] = []
    var params: ParameterValues = []
    var reason = ""
    var comparison = StageComparison()
    var isForced = false
    /// What it wrote last, at paths as they are written.
    var locked: [DataPointer] = []
    var recorder: RunRecorder?

    /// Whether neither a command runs nor anything comes from the cache.
    var isQuiet: Bool { stage.isFrozen || isOnlyNotInCache }

    private var isOnlyNotInCache: Bool {
        !isForced && comparison.readsTheSame && comparison.outputs.allSatisfy { $0.change == .notInCache }
    }

    /// Does what is to be done.
    func perform() async throws -> Ending {
        if stage.isFrozen { return try await verify() }
        if isOnlyNotInCache {
            _ = try await collect()
            return Ending(state: .unchanged, reason: "nothing changed", entry: nil, seconds: 0)
        }
        var work = self
        if let ending = try await work.fetchMissing() { return ending }
        let start = ContinuousClock.now
        if !isForced, let outputs = try await work.restore() {
            let entry = work.entry(outputs)
            let child = try await recorder?.begin(stage, params: params, isCached: true)
            try await recorder?.note(
                stage,
                child: child,
                inputs: work.dependencies,
                outputs: outputs,
                metrics: try metrics(),
                seconds: (ContinuousClock.now - start) / .seconds(1)
            )
            return Ending(
                state: .cached,
                reason: reason,
                entry: entry,
                seconds: (ContinuousClock.now - start) / .seconds(1)
            )
        }
        return try await work.execute(start)
    }

    private func entry(_ outputs: [DataPointer]) -> LockEntry {
        LockEntry(
            commands: stage.commands,
            writesList: stage.writesList,
            dependencies: dependencies,
            params: params,
            outputs: outputs
        )
    }

    private func execute(_ start: ContinuousClock.Instant) async throws -> Ending {
        let read = stage.dependencies.map(\.path) + stage.params.map(\.place.path)
        // Until all is in the cache: neither `gyre` nor `dvc` may run a stage that writes what this one reads or writes.
        let paths = try await data.lockPaths(
            reading: Array(Set(read)).sorted(),
            writing: stage.outputs.map(\.path)
        )
        defer { paths.release() }
        onEvent(.began(stage: stage.address, reason: reason))
        let child = try await recorder?.begin(stage, params: params, isCached: false)
        do {
            try await clearOutputs()
            try await StageCommands(stage: stage, root: root, options: options, leftovers: leftovers, onEvent: onEvent)
                .run(as: recorder?.runID, child: child)
            let outputs = try await collect()
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            let entry = entry(outputs)
            try await recorder?.note(
                stage,
                child: child,
                inputs: dependencies,
                outputs: outputs,
                metrics: try metrics(),
                seconds: seconds
            )
            try await keep(entry)
            return Ending(state: .ran, reason: reason, entry: entry, seconds: seconds)
        } catch {
            await forget()
            if let child { await recorder?.end(child, Task.isCancelled ? .killed : .failed) }
            throw error
        }
    }

    // MARK: From the cache

    /// Notes the run in the run cache.
    private func keep(_ entry: LockEntry) async throws {
        guard options.commits, RunCache.keeps(stage) else { return }
        let runs = RunCache(data.cache)
        try await BlockingPool.shared.run { try runs.add(entry) }
    }

    /// Puts outputs in place that the cache has from a run on the same inputs; nil if it has none.
    private func restore() async throws -> [DataPointer]? {
        guard RunCache.takes(stage) else { return nil }
        var found: [DataPointer]?
        if comparison.readsTheSame, locked.count == stage.outputs.count {
            found = locked
        } else if options.usesRunCache {
            let (runs, entry) = (
                RunCache(data.cache), entry(stage.outputs.map { DataPointer(path: $0.place.written, md5: "", size: 0) })
            )
            found = try await BlockingPool.shared.run { try runs.find(RunCache.key(of: entry)) }?.outputs
        }
        guard let found else { return nil }
        let gone = found.filter { !data.cache.holds($0.md5) }
        // Whatever the remote lacks is made here.
        if !gone.isEmpty { try? await options.fetch?(gone) }
        return try await put(found)
    }

    /// Puts contents in the places of the outputs; nil if the cache lacks one.
    private func put(_ pointers: [DataPointer]) async throws -> [DataPointer]? {
        var placed: [DataPointer] = []
        for output in stage.outputs {
            guard let pointer = pointers.first(where: { $0.path == output.place.written }),
                data.cache.holds(pointer.md5)
            else { return nil }
            placed.append(pointer.at(output.path))
        }
        do {
            // What lies there now is what the stage replaces anyway.
            let (data, wanted) = (data, placed)
            _ = try await Patience.wait { try await data.checkout(wanted, force: true) }
        } catch let error as DataVersionsError where error.code == .missingContent || error.code == .corruptContent {
            return nil
        }
        try await data.ignore(stage.writingOrder.filter(\.isCached).map(\.path))
        await forget()
        return zip(stage.outputs, placed).map { $1.at($0.place.written) }
    }

    /// Fetches what is not there, where that is wanted.
    private mutating func fetchMissing() async throws -> Ending? {
        guard let fetch = options.fetch else { return nil }
        let isOnlyMissing =
            !isForced && comparison.readsTheSame
            && comparison.outputs.allSatisfy { $0.change == .deleted || $0.change == .notInCache }
        if isOnlyMissing, locked.count == stage.outputs.count {
            // Whatever the remote lacks is made here.
            try? await fetch(locked)
            if try await put(locked) != nil {
                return Ending(state: .unchanged, reason: "its outputs were fetched", entry: nil, seconds: 0)
            }
        }
        let gone = stage.dependencies.map(\.path).filter { !FileSystem.exists(root.pushing(FilePath($0))) }
        if !gone.isEmpty, let pull = options.pull {
            try await pull(gone)
            for path in gone { await planner.paths.forget(path) }
        }
        dependencies = try await planner.dependencies(of: stage)
        if let error = planner.missing(stage, dependencies) { throw error }
        return nil
    }

    // MARK: Frozen

    /// Takes the outputs as they are for the right ones.
    private func verify() async throws -> Ending {
        try checkWritten("the stage is frozen, and `gyre checkout` or `gyre unfreeze` may help")
        let entry = entry(try await collect())
        try await keep(entry)
        return Ending(state: .frozen, reason: reason, entry: entry, seconds: 0)
    }

    // MARK: Outputs

    private func clearOutputs() async throws {
        let (stage, root) = (stage, root)
        try await BlockingPool.shared.run {
            for output in stage.outputs {
                let path = root.pushing(FilePath(output.path))
                if !output.persists { try FileSystem.removeTree(path) }
                try FileSystem.createDirectory(path.removingLastComponent())
            }
        }
        await forget()
    }

    private func forget() async { for output in stage.outputs { await planner.paths.forget(output.path) } }

    private func checkWritten(_ next: String) throws {
        for output in stage.outputs where !FileSystem.exists(root.pushing(FilePath(output.path))) {
            throw PipelinesError(
                .missingOutput,
                what: "cannot finish stage `\(stage.address)`",
                why: "its command did not write `\(output.place.written)`",
                next: next
            )
        }
    }

    private func collect() async throws -> [DataPointer] {
        try checkWritten("correct the command, or the stage's outputs in `dvc.yaml`")
        // Not while the command runs: it may use `dvc` or `gyre` itself.
        let (data, paths) = (data, stage.outputs.map(\.path))
        let lock = try await Patience.wait { try data.lock(writing: paths) }
        defer { lock.release() }
        try await data.ignore(stage.writingOrder.filter(\.isCached).map(\.path))
        let keepsAll = RunCache.keeps(stage)
        var pointers: [DataPointer] = []
        for output in stage.outputs {
            let isStored = options.commits && (output.isCached || keepsAll)
            let pointer = try await isStored ? data.store(output.path) : data.measure(output.path)
            if let pointer { pointers.append(pointer.at(output.place.written)) }
        }
        await forget()
        return pointers
    }

    private func metrics() throws -> [(key: String, value: Double)] {
        try stage.outputs.filter(\.isMetrics).flatMap {
            try MetricsFile.values(of: root.pushing(FilePath($0.path)), name: $0.place.written)
        }
    }
}

/// Waits for the lock of the data, which stages that end at the same time take one after the other.
enum Patience {
    /// Tries again for a minute as long as the lock is taken.
    static func wait<Value>(_ body: () async throws -> Value) async throws -> Value {
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            do {
                return try await body()
            } catch let error as DataVersionsError where error.code == .locked && ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }
}

/// Runs the commands of a stage.
struct StageCommands: Sendable {
    let stage: Stage
    let root: FilePath
    let options: ReproduceOptions
    let leftovers: Leftovers
    let onEvent: @Sendable (PipelineEvent) -> Void

    /// Runs one command after the other until one fails.
    ///
    /// - Parameters:
    ///   - run: The run that the commands log to.
    ///   - child: The run of this stage.
    /// - Throws: ``PipelinesError`` `.stageFailed`, `.invalidPipeline` if the folder is missing.
    func run(as run: String?, child: String?) async throws {
        let folder = root.pushing(FilePath(stage.folder)).lexicallyNormalized()
        guard FileSystem.isDirectory(folder) else {
            throw PipelinesError(
                .invalidPipeline,
                what: "cannot run stage `\(stage.address)`",
                why: "its folder `\(stage.folder)` is missing",
                next: "make it, or correct `wdir` in `\(stage.file)`"
            )
        }
        let last = Mutex("")
        let (stage, onEvent) = (stage, onEvent)
        for command in Self.lines(of: stage) {
            onEvent(.command(stage: stage.address, text: command))
            let ending = try await StageProcess.run(
                command,
                in: folder,
                environment: environment(run, child),
                onStart: { leftovers.note(process: $0) }
            ) { line in
                if !line.allSatisfy(\.isWhitespace) { last.withLock { $0 = line } }
                onEvent(.line(stage: stage.address, text: line))
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
                what: "cannot run stage `\(stage.address)`",
                why: words + (line.isEmpty ? "" : ": \(line)"),
                next: "look at its output above, correct `\(command)` and run `gyre repro` again"
            )
        }
    }

    /// The items of a list, or the lines of a text: DVC gives each to a shell of its own.
    static func lines(of stage: Stage) -> [String] {
        let lines =
            stage.writesList
            ? stage.commands
            : stage.commands.flatMap { $0.split(whereSeparator: \.isNewline).map(String.init) }
        return lines.filter { !$0.allSatisfy(\.isWhitespace) }
    }

    private func environment(_ run: String?, _ child: String?) -> [String: String] {
        var environment = [
            "DVC_ROOT": root.string, "DVC_STAGE": stage.address, "PYTHONUNBUFFERED": "1",
        ]
        environment.merge(options.environment) { $1 }
        if let run {
            environment["MLFLOW_TRACKING_URI"] = options.trackingURL
            environment["MLFLOW_RUN_ID"] = run
            environment["MLFLOW_EXPERIMENT_NAME"] = options.experiment
        }
        environment["GYRE_STAGE_RUN_ID"] = child
        if let folder = options.python?.removingLastComponent() {
            environment["PATH"] = "\(folder):\(SystemEnvironment.value("PATH") ?? "/usr/bin:/bin")"
            environment["VIRTUAL_ENV"] = folder.removingLastComponent().string
        }
        return environment
    }
}
