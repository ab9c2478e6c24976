// SPDX-License-Identifier: Apache-2.0

package import DataVersions
import Diagnostics
import Files
import Pipelines
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
            entries.append(entry(request, number, names[number], baseline, snapshot: commit))
        }
        let ready = entries
        // Whoever ends sweeps of which nothing waits does not see one without its entries.
        return try await queue.alone {
            var entries = ready
            let parentRun = try await parent()
            for index in entries.indices {
                entries[index].parentRun = parentRun
                try await queue.add(entries[index])
            }
            return entries
        }
    }

    func entry(
        _ request: ExperimentRequest,
        _ number: Int,
        _ name: String,
        _ baseline: String,
        snapshot: String
    ) -> QueueEntry {
        let nowMs = now()
        var entry = QueueEntry(
            id: ExperimentQueue.makeID(nowMs, number),
            name: name,
            baseline: baseline,
            snapshot: snapshot,
            params: request.combinations[number].map(\.typed),
            createdMs: nowMs
        )
        (entry.targets, entry.folder, entry.force) = (request.targets, request.folder, request.force)
        (entry.isSingle, entry.isDownstream) = (request.isSingle, request.isDownstream)
        (entry.copies, entry.message) = (request.copies, request.message)
        return entry
    }

    /// A name for each run that no other experiment of the commit and no entry has.
    func names(of request: ExperimentRequest, on baseline: String) async throws -> [String] {
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

    /// The tag of the runs above those of sweeps; it says what was set.
    package static let sweepTag = "gyre.sweep"

    /// Ends the runs of sweeps of which nothing waits or runs any more, also of those whose process died before it queued any.
    ///
    /// - Throws: Errors of the queue, and of the search.
    package func endParents(_ tracking: TrackingService) async throws {
        // Also in a task that was cancelled.
        try await Task.detached {
            try await queue.alone {
                let search = RunSearch(filter: "tags.`\(Self.sweepTag)` LIKE '%' AND attributes.status = 'RUNNING'")
                let sweeps = try await tracking.searchRuns(search).items
                let entries = sweeps.isEmpty ? [] : try queue.entries()
                for sweep in sweeps {
                    let states = entries.filter { $0.parentRun == sweep.id }.map(\.state)
                    guard !states.contains(where: { [.queued, .running].contains($0) }) else { continue }
                    let status: RunStatus =
                        states.contains(.failed) ? .failed : states.contains(.success) ? .finished : .killed
                    _ = try await tracking.updateRun(id: sweep.id, status: status, endMs: now())
                }
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
        let options = setting.options(of: entry)
        let runner = PipelineRunner(root: root, tracking: setting.tracking) { event in
            if let line = event.line { log.write(line) }
            setting.onEvent(.pipeline(entry, event))
        }
        let result = try await runner.reproduce(options)
        return (try await keep(root, as: entry), result.runID ?? "")
    }

    /// Keeps what is in a work tree.
    func keep(_ root: FilePath, as entry: QueueEntry, adding files: [String] = []) async throws -> Experiment {
        try await store.keep(
            try await Snapshot.result(of: root, adding: files, scratch: scratch),
            as: entry.name,
            on: entry.baseline,
            message: entry.message,
            force: entry.force
        )
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
}
