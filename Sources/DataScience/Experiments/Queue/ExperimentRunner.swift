// SPDX-License-Identifier: Apache-2.0

package import DataVersions
import Diagnostics
import Files
package import Pipelines
import Synchronization
package import SystemPackage
package import Tracking

/// Queues experiments and runs them, each in a work tree of its own, which shares the project's cache.
package struct ExperimentRunner: Sendable {
    /// The experiments.
    package let store: ExperimentStore
    /// The queue.
    package let queue: ExperimentQueue
    private let scratch: FilePath
    private let now: @Sendable () -> Int64
    private var data: DataRepository { store.data }
    private var git: Git { Git(root: data.root) }

    /// What runs experiments of a project.
    ///
    /// - Parameters:
    ///   - data: The versioned data, whose root is that of the pipeline.
    ///   - folder: A folder of Gyre's own.
    ///   - now: The wall clock, milliseconds UTC.
    /// - Throws: ``FilesError`` if the folder cannot be made.
    package init(_ data: DataRepository, in folder: FilePath, now: @escaping @Sendable () -> Int64) throws {
        store = ExperimentStore(data)
        queue = try ExperimentQueue(in: folder, root: data.root)
        scratch = folder
        self.now = now
    }

    // MARK: Queue

    /// Writes down what is asked for, with the work tree as it is now; it can change at once.
    ///
    /// - Parameters:
    ///   - request: What is asked for.
    ///   - parent: Makes the run above those of the entries, once all is known to be right; nil if there is none.
    /// - Returns: The entries, which are on the disk.
    /// - Throws: ``ExperimentsError`` `.noCommit`, `.invalidName`, `.nameTaken`; ``PipelinesError`` `.unknownParameter`. Then none is
    ///   queued.
    package func enqueue(
        _ request: ExperimentRequest,
        parent: () async throws -> String? = { nil }
    ) async throws -> [QueueEntry] {
        let baseline = try await store.head()
        let names = try await names(of: request, on: baseline)
        let snapshot = try await Snapshot(data, scratch: scratch)
        defer { snapshot.end() }
        var entries: [QueueEntry] = []
        for (number, changes) in request.combinations.enumerated() {
            let tree = try await snapshot.tree(with: changes)
            let commit = try await git.makeCommit(tree, parent: baseline, message: "gyre: queued \(names[number])")
            let nowMs = now()
            var entry = QueueEntry(
                id: ExperimentQueue.makeID(nowMs, number),
                name: names[number],
                baseline: baseline,
                snapshot: commit,
                params: changes.map(\.typed),
                createdMs: nowMs
            )
            (entry.targets, entry.folder, entry.force) = (request.targets, request.folder, request.force)
            (entry.isSingle, entry.isDownstream) = (request.isSingle, request.isDownstream)
            (entry.copies, entry.message) = (request.copies, request.message)
            entries.append(entry)
        }
        let parentRun = try await parent()
        for index in entries.indices {
            entries[index].parentRun = parentRun
            try await queue.add(entries[index])
        }
        return entries
    }

    /// A name for each run that no other experiment of the commit and no entry has.
    private func names(of request: ExperimentRequest, on baseline: String) async throws -> [String] {
        var taken = Set(try await store.all().filter { $0.baseline == baseline }.map(\.name))
        let waiting = try queue.entries().filter { [.queued, .running].contains($0.state) }.map(\.name)
        let count = request.combinations.count
        if let name = request.name {
            try await store.check(name)
            let names = count == 1 ? [name] : (1...max(1, count)).map { "\(name)-\($0)" }
            for name in names where waiting.contains(name) || (taken.contains(name) && !request.force) {
                throw store.taken(name)
            }
            return names
        }
        taken.formUnion(waiting)
        return (0..<count).map { _ in
            let name = ExperimentName.make(besides: taken)
            taken.insert(name)
            return name
        }
    }

    // MARK: Run

    /// What running needs beside the queue.
    package struct Setting: Sendable {
        /// Where runs are tracked.
        package let tracking: TrackingService
        /// Experiment of the runs, address of the server, Python.
        package let options: ReproduceOptions
        /// How many experiments run at once.
        package let workers: Int
        /// Whether entries under way wait again if all is cancelled.
        package var requeues = true
        /// Told what happens.
        package var onEvent: @Sendable (ExperimentEvent) -> Void

        /// A setting.
        package init(
            tracking: TrackingService,
            options: ReproduceOptions,
            workers: Int,
            onEvent: @escaping @Sendable (ExperimentEvent) -> Void
        ) {
            (self.tracking, self.options, self.workers, self.onEvent) = (tracking, options, workers, onEvent)
        }
    }

    /// Works on the queue until nothing waits, or it is asked to stop.
    ///
    /// - Parameters:
    ///   - setting: What is needed.
    ///   - ids: Only these entries; nil for all, also those that are queued meanwhile.
    /// - Returns: The entries as they ended, in the order in which they were queued.
    /// - Throws: Errors of the queue itself; an experiment that fails is told in its entry.
    package func work(_ setting: Setting, only ids: Set<String>? = nil) async throws -> [QueueEntry] {
        try await clean(setting.tracking)
        let presence = try queue.appear()
        defer { presence.end() }
        let ended: [QueueEntry]
        do {
            ended = try await loops(setting, presence, ids)
        } catch {
            try? await endParents(setting.tracking)
            throw error
        }
        try await endParents(setting.tracking)
        try Task.checkCancellation()
        return ended.sorted { $0.id < $1.id }
    }

    private func loops(
        _ setting: Setting,
        _ presence: ExperimentQueue.Presence,
        _ ids: Set<String>?
    ) async throws -> [QueueEntry] {
        try await withThrowingTaskGroup(of: [QueueEntry].self) { group -> [QueueEntry] in
            for _ in 0..<max(1, setting.workers) {
                group.addTask { try await self.loop(setting, presence, ids) }
            }
            var ended: [QueueEntry] = []
            for try await part in group { ended += part }
            return ended
        }
    }

    /// Ends the runs of sweeps of which nothing waits or runs any more.
    ///
    /// - Parameters:
    ///   - tracking: Where they are.
    ///   - removed: Entries that are in the queue no more.
    /// - Throws: Errors of the queue.
    package func endParents(_ tracking: TrackingService, besides removed: [QueueEntry] = []) async throws {
        let entries = try queue.entries()
        let parents = Set((entries + removed).compactMap(\.parentRun))
        // Also in a task that was cancelled.
        await Task.detached {
            for parent in parents.sorted() {
                let states = entries.filter { $0.parentRun == parent }.map(\.state)
                // A run that somebody deleted needs no end.
                guard !states.contains(where: { [.queued, .running].contains($0) }),
                    let run = try? await tracking.run(id: parent), run.status == .running
                else { continue }
                let status: RunStatus =
                    states.contains(.failed) ? .failed : states.contains(.success) ? .finished : .killed
                _ = try? await tracking.updateRun(id: parent, status: status, endMs: now())
            }
        }.value
    }

    /// Removes what processes left that died: work trees, references, runs that seem to go on.
    package func clean(_ tracking: TrackingService) async throws {
        try await sweepTrees(tracking)
        try await queue.sweepReferences()
        try ScratchFile.sweep(scratch, ["index", "blob"])
    }

    /// One worker.
    private func loop(
        _ setting: Setting,
        _ presence: ExperimentQueue.Presence,
        _ ids: Set<String>?
    ) async throws -> [QueueEntry] {
        var ended: [QueueEntry] = []
        while !Task.isCancelled, !presence.isStopped, let taken = try queue.take(ids) {
            defer { taken.lock.release() }
            ended.append(try await finish(taken.entry, setting))
        }
        return ended
    }

    /// Removes work trees that processes left which died.
    private func sweepTrees(_ tracking: TrackingService) async throws {
        let entries = try queue.entries()
        for id in try FileSystem.list(queue.treesFolder) {
            let entry = entries.first { $0.id == id }
            if let entry, queue.isHeld(entry) { continue }
            let tree = queue.treesFolder.appending(id)
            // A folder that is no project has nothing under way.
            try? await PipelineRunner.endLeftovers(in: try projectRoot(tree), tracking)
            try await queue.alone { try await git.removeTree(at: tree) }
        }
    }

    /// Runs an entry and writes down how it ended.
    private func finish(_ taken: QueueEntry, _ setting: Setting) async throws -> QueueEntry {
        var entry = taken
        setting.onEvent(.began(entry))
        let log = try ExperimentLog(queue.log(entry))
        do {
            let (experiment, run) = try await watched(taken) { try await self.run(taken, setting, log) }
            (entry.state, entry.commit, entry.run, entry.problem) = (.success, experiment.commit, run, nil)
        } catch {
            if Task.isCancelled {
                entry.state = setting.requeues ? .queued : .killed
            } else if queue.isKilled(entry) {
                entry.state = .killed
            } else {
                entry.state = .failed
                entry.problem = (error as? any Explained).map { "\($0.what): \($0.why)" } ?? "\(error)"
                log.write("error: \(entry.problem ?? "")")
            }
        }
        let (queue, last) = (queue, entry)
        // The task may be cancelled already; what ended must be written and removed all the same.
        try await Task.detached {
            try queue.save(last)
            // What stays is removed at the next start.
            try? await queue.removeTree(last)
        }.value
        setting.onEvent(.ended(entry))
        return entry
    }

    /// Runs a body that is cancelled when somebody asks for it.
    private func watched<Value: Sendable>(
        _ entry: QueueEntry,
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                while !queue.isKilled(entry) { try await Task.sleep(for: .milliseconds(200)) }
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let value = first else {
                group.cancelAll()
                // Until its processes have ended.
                while let rest = await group.nextResult() { _ = rest }
                throw CancellationError()
            }
            return value
        }
    }

    private func run(
        _ entry: QueueEntry,
        _ setting: Setting,
        _ log: ExperimentLog
    ) async throws -> (Experiment, String) {
        let tree = queue.tree(entry)
        let snapshot = try await git.tree(of: entry.snapshot)
        try await queue.alone { try await git.makeTree(at: tree, commit: entry.baseline, files: snapshot) }
        let root = try await projectRoot(tree)
        try await prepare(root, entry)
        var options = setting.options
        options.runName = entry.name
        options.alwaysTracks = true
        options.tags += Self.tags(entry.name, entry.baseline, params: entry.params)
        if let parent = entry.parentRun { options.tags.append(KeyValue("mlflow.parentRunId", parent)) }
        options.environment = Self.environment(entry.name, entry.baseline)
        options.selection.targets = entry.targets
        options.folder = entry.folder
        options.force = entry.force
        options.selection.reach = entry.isSingle ? .alone : entry.isDownstream ? .downstream : .upstream
        let runner = PipelineRunner(root: root, tracking: setting.tracking) { event in
            if let line = event.line { log.write(line) }
            setting.onEvent(.pipeline(entry, event))
        }
        let result = try await runner.reproduce(options)
        let files = try await Snapshot.result(of: root, scratch: scratch)
        let experiment = try await store.keep(
            files,
            as: entry.name,
            on: entry.baseline,
            message: entry.message,
            force: entry.force
        )
        return (experiment, result.runID ?? "")
    }

    static func tags(_ name: String, _ baseline: String, params: [String]) -> [KeyValue] {
        [
            KeyValue("gyre.experiment", name), KeyValue("gyre.experiment.baseline", baseline),
            KeyValue("gyre.experiment.params", params.joined(separator: " ")),
        ]
    }

    /// What DVC tells stages of experiments.
    static func environment(_ name: String, _ baseline: String) -> [String: String] {
        ["DVC_EXP_NAME": name, "DVC_EXP_BASELINE_REV": baseline]
    }

    /// The project in a work tree: it may lie below the tree's top.
    private func projectRoot(_ tree: FilePath) async throws -> FilePath {
        let (_, prefix) = try await git.place()
        return prefix.isEmpty ? tree : tree.pushing(FilePath(prefix)).lexicallyNormalized()
    }

    /// Gives a work tree the project's settings, cache and data.
    private func prepare(_ root: FilePath, _ entry: QueueEntry) async throws {
        let settings = data.root.appending(".dvc").appending("config.local")
        try FileSystem.createDirectory(root.appending(".dvc"))
        if FileSystem.exists(settings) {
            _ = try FileCopy.place(settings, at: root.appending(".dvc").appending("config.local"))
        }
        let scratchData = try DataRepository.open(at: root, sharingCacheOf: data.root)
        for copy in entry.copies {
            let (source, target) = (data.root.pushing(FilePath(copy)), root.pushing(FilePath(copy)))
            try await BlockingPool.shared.run { try Self.copy(source, to: target) }
        }
        let outputs = try await scratchData.outputs([StageOutputs(scratchData)])
        let pointers = outputs.filter(\.isCached).compactMap(\.pointer)
        _ = try await scratchData.checkout(pointers, CheckoutOptions(force: true, allowsMissing: true))
    }

    private static func copy(_ source: FilePath, to target: FilePath) throws {
        guard FileSystem.isDirectory(source) else {
            try FileSystem.createDirectory(target.removingLastComponent())
            try FileSystem.removeTree(target)
            _ = try FileCopy.place(source, at: target)
            return
        }
        try FileSystem.createDirectory(target)
        for name in try FileSystem.list(source) { try copy(source.appending(name), to: target.appending(name)) }
    }

    // MARK: In the work tree itself

    /// Runs one experiment in the user's own work tree.
    ///
    /// - Returns: The experiment, and what came of the stages.
    /// - Throws: As ``PipelineRunner/reproduce(_:)``, ``ExperimentsError``.
    package func runHere(
        _ request: ExperimentRequest,
        _ setting: Setting,
        onEvent: @escaping @Sendable (PipelineEvent) -> Void
    ) async throws -> (experiment: Experiment, result: ReproduceResult) {
        let baseline = try await store.head()
        guard let name = try await names(of: request, on: baseline).first else { throw CancellationError() }
        var options = setting.options
        options.runName = name
        options.alwaysTracks = true
        options.changes = request.combinations.first ?? []
        options.tags += Self.tags(name, baseline, params: options.changes.map(\.typed))
        options.environment = Self.environment(name, baseline)
        options.selection.targets = request.targets
        options.folder = request.folder
        options.force = request.force
        options.selection.reach = request.isSingle ? .alone : request.isDownstream ? .downstream : .upstream
        let runner = PipelineRunner(root: data.root, tracking: setting.tracking, onEvent: onEvent)
        let result = try await runner.reproduce(options)
        let files = try await Snapshot.result(of: data.root, scratch: scratch)
        let experiment = try await store.keep(
            files,
            as: name,
            on: baseline,
            message: request.message,
            force: request.force
        )
        return (experiment, result)
    }
}

/// The output of an experiment, line by line in a file.
final class ExperimentLog: Sendable {
    private let file: Mutex<FileDescriptor?>

    init(_ path: FilePath) throws {
        file = Mutex(
            try FileDescriptor.open(
                path,
                .writeOnly,
                options: [.create, .append, .closeOnExec],
                permissions: [.ownerReadWrite, .groupRead, .otherRead]
            )
        )
    }

    deinit { file.withLock { try? $0?.close() } }

    /// Adds a line; what the disk does not take is lost, and the experiment goes on.
    func write(_ line: String) {
        file.withLock { file in _ = try? file?.writeAll(Array((line + "\n").utf8)) }
    }
}

extension PipelineEvent {
    /// The line that a log has of it; nil if it has none.
    package var line: String? {
        switch self {
        case .began(let stage, let reason): "stage \(stage) runs: \(reason)"
        case .skipped(let stage, let reason): "stage \(stage) is skipped: \(reason)"
        case .restored(let stage, let reason): "stage \(stage) comes from the cache: \(reason)"
        case .command(let stage, let text): "\(stage) > \(text)"
        case .line(let stage, let text): "\(stage) | \(text)"
        case .failed(let stage, let reason): "stage \(stage) failed: \(reason)"
        case .ended: nil
        }
    }
}
