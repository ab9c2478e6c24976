// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Diagnostics
import Documents
import Files
import SystemPackage
import Tracking

/// One run through a plan: who may begin, what became of whom.
///
/// Everything that stages share is owned by the one loop in ``run()``; the tasks that it starts get values and give values back.
struct Reproduction {
    private let setting: Setting
    private let options: ReproduceOptions
    private let data: DataRepository
    private let tracking: TrackingService
    private let leftovers: Leftovers
    private let onEvent: @Sendable (PipelineEvent) -> Void
    private let planner: Planner
    private let source: FileSource
    private var locks: [String: LockFile]
    private var ranks: [Int: Int] = [:]
    private var results: [Int: StageResult] = [:]
    private var forced: Set<Int> = []
    private var changed: Set<Int> = []
    private var recorder: RunRecorder?
    private var didCheck = false
    private var failure: (any Error)?
    private var failed: [String] = []

    init(
        setting: Setting,
        options: ReproduceOptions,
        data: DataRepository,
        tracking: TrackingService,
        leftovers: Leftovers,
        onEvent: @escaping @Sendable (PipelineEvent) -> Void
    ) {
        (self.setting, self.options, self.data, self.tracking) = (setting, options, data, tracking)
        (self.leftovers, self.onEvent, self.locks) = (leftovers, onEvent, setting.locks)
        planner = Planner(data: data, paths: MeasuredPaths(data))
        source = FileSource(root: setting.root)
        for (rank, node) in setting.plan.nodes.enumerated() { ranks[node] = rank }
    }

    /// What a task brings back.
    private enum Step: Sendable {
        /// A stage was compared with its lock.
        case compared(Int, [DataPointer], StageComparison)
        /// Data of a `.dvc` file was looked at: what it is now, if it is another than it was.
        case verified(Int, changed: Bool)
        /// A stage ran, or came from the cache.
        case ended(Int, StageWork.Ending)
        case failed(Int, any Error)
    }

    // MARK: Loop

    mutating func run() async throws -> ReproduceResult {
        do {
            // By one call, which hashes several at a time.
            try await planner.paths.measure(all: setting.plan.nodes.map { setting.pipeline.nodes[$0] })
            if options.alwaysTracks { try await openRun() }
            try await loop()
            if options.alwaysTracks { try await recorder?.measure(try untouchedMetrics()) }
            if let failure, options.onFailure != .ignore { throw failure }
            try await recorder?.finish(try trackedParams(), note: states())
        } catch {
            let isCancelled = error is CancellationError || Task.isCancelled
            // Why the run ended is worth more than parameters that cannot be read.
            let params = (try? trackedParams()) ?? []
            await recorder?.end(isCancelled ? .killed : .failed, params, note: states())
            leftovers.finish()
            throw error
        }
        leftovers.finish()
        return ReproduceResult(runID: recorder?.runID, stages: setting.plan.nodes.compactMap { results[$0] })
    }

    private mutating func loop() async throws {
        try await withThrowingTaskGroup(of: Step.self) { group in
            var waits = setting.plan.waits
            var ready = setting.plan.nodes.filter { waits[$0]?.isEmpty ?? true }
            var running = 0
            func release(_ node: Int) {
                for other in setting.plan.nodes where waits[other]?.remove(node) != nil && waits[other]?.isEmpty == true
                {
                    ready.append(other)
                }
                ready.sort { (ranks[$0] ?? 0) < (ranks[$1] ?? 0) }
            }
            while running > 0 || !ready.isEmpty {
                while running < max(1, options.jobs), !ready.isEmpty, failure == nil || options.onFailure != .stop {
                    let node = ready.removeFirst()
                    guard results[node] == nil else { continue }
                    let first = Result { try compare(node) }
                    group.addTask { try await Self.step(node, first) }
                    running += 1
                }
                guard running > 0, let step = try await group.next() else { return }
                let next: (@Sendable () async throws -> StageWork.Ending)?
                let node: Int
                do {
                    switch step {
                    case .compared(let index, let dependencies, let comparison):
                        node = index
                        next = try await decide(index, dependencies, comparison)
                    case .verified(let index, let isChanged):
                        (node, next) = (index, nil)
                        try await verified(index, isChanged)
                    case .ended(let index, let ending):
                        (node, next) = (index, nil)
                        try await ended(index, ending)
                    case .failed(_, let error): throw error
                    }
                } catch {
                    // What a cancelled task says does not matter.
                    try Task.checkCancellation()
                    running -= 1
                    try fail(Self.node(of: step), error)
                    release(Self.node(of: step))
                    continue
                }
                if let next {
                    group.addTask { try await Self.step(node, .success { .ended(node, try await next()) }) }
                } else {
                    running -= 1
                    release(node)
                }
            }
        }
    }

    private static func node(of step: Step) -> Int {
        switch step {
        case .compared(let node, _, _), .verified(let node, _), .ended(let node, _), .failed(let node, _): node
        }
    }

    private typealias Task1 = @Sendable () async throws -> Step

    private static func step(_ node: Int, _ work: Result<Task1, any Error>) async throws -> Step {
        do {
            return try await work.get()()
        } catch {
            try Task.checkCancellation()
            return .failed(node, error)
        }
    }

    // MARK: Steps

    /// What finds out whether a node is stale.
    private func compare(_ node: Int) throws -> Task1 {
        let (planner, options) = (planner, options)
        switch setting.pipeline.nodes[node] {
        case .data(let file): return { .verified(node, changed: try await DataCheck(planner).isChanged(file, options)) }
        case .stage(let stage):
            let params = try ParameterFiles(source).values(of: stage, allowMissing: true)
            let locked = locks[stage.lockFile]?.node(of: stage.name)
            return {
                let dependencies = try await planner.dependencies(of: stage)
                return .compared(node, dependencies, try await planner.compare(stage, dependencies, params, locked))
            }
        }
    }

    private mutating func verified(_ node: Int, _ isChanged: Bool) async throws {
        let file = setting.pipeline.nodes[node].address
        guard isChanged, case .data(let data) = setting.pipeline.nodes[node] else {
            return skip(node, .unchanged, "nothing changed")
        }
        // As after `gyre add`: what lies there is the new version.
        let (repository, paths) = (self.data, data.outputs.map { setting.root.pushing(FilePath($0.path)) })
        _ = try await Patience.wait { try await repository.add(paths) }
        onEvent(.restored(stage: file, reason: "its data is another, and is a version now"))
        results[node] = StageResult(name: file, state: .ran, reason: "its data changed", seconds: 0)
    }

    /// What must be done about a stage; nil if that was nothing, or is done.
    private mutating func decide(
        _ node: Int,
        _ dependencies: [DataPointer],
        _ compared: StageComparison
    ) async throws -> (@Sendable () async throws -> StageWork.Ending)? {
        guard case .stage(let stage) = setting.pipeline.nodes[node] else { return nil }
        let isForced = options.force || forced.contains(node)
        if stage.isFrozen, compared.outputs.isEmpty {
            skip(node, .frozen, "it is frozen")
            return nil
        }
        let isExcused = options.allowsMissing || options.fetch != nil
        let comparison = isExcused ? excusing(compared, node, dependencies) : compared
        let reason = stage.isFrozen ? "it is frozen, and its outputs are others" : comparison.reason
        guard let why = reason ?? (isForced ? "it was asked for" : nil) else {
            skip(node, .unchanged, "nothing changed")
            return nil
        }
        let params = try ParameterFiles(source).values(of: stage, allowMissing: stage.isFrozen)
        if !stage.isFrozen, options.fetch == nil, let error = planner.missing(stage, dependencies) { throw error }
        try await checkOutputs()
        var work = StageWork(
            stage: stage,
            root: setting.root,
            data: data,
            planner: planner,
            options: options,
            leftovers: leftovers,
            onEvent: onEvent
        )
        work.dependencies = dependencies
        work.params = params
        work.reason = why
        work.comparison = comparison
        work.isForced = isForced
        work.locked = locks[stage.lockFile]?.outputs(of: stage.name) ?? []
        // What only has to be put into the cache again, or is frozen, opens no run.
        if !work.isQuiet {
            try await openRun()
            work.recorder = recorder
        }
        return { [work] in try await work.perform() }
    }

    private mutating func openRun() async throws {
        guard recorder == nil else { return }
        let scratch = setting.root.appending(".dvc").appending("tmp")
        recorder = try await RunRecorder.begin(setting.root, tracking, options, scratch: scratch)
        if let recorder { leftovers.note(run: recorder.runID) }
    }

    /// What metrics files say that no stage of this run wrote.
    private func untouchedMetrics() throws -> [(key: String, value: Double)] {
        let nodes = setting.plan.nodes.filter { results[$0]?.state == .unchanged || results[$0]?.state == .frozen }
        return try nodes.compactMap { setting.pipeline.nodes[$0].stage }.flatMap(\.outputs).filter(\.isMetrics).flatMap
        {
            let file = setting.root.pushing(FilePath($0.path))
            return FileSystem.exists(file) ? try MetricsFile.values(of: file, name: $0.place.written) : []
        }
    }

    /// A comparison in which data that is not there counts as unchanged.
    private func excusing(_ compared: StageComparison, _ node: Int, _ dependencies: [DataPointer]) -> StageComparison {
        var result = compared
        let made = Set(
            setting.pipeline.upstream[node].filter(changed.contains).flatMap { setting.pipeline.nodes[$0].outputs }
        )
        result.dependencies.removeAll { $0.change == .deleted && !made.contains($0.path) }
        // What is fetched need not be missing.
        if options.fetch == nil { result.outputs.removeAll { $0.change == .deleted || $0.change == .notInCache } }
        return result
    }

    private mutating func ended(_ node: Int, _ ending: StageWork.Ending) async throws {
        guard case .stage(let stage) = setting.pipeline.nodes[node] else { return }
        for output in stage.outputs { source.forget(output.path) }
        if let entry = ending.entry {
            var lock = try locks[stage.lockFile] ?? LockFile(root: setting.root, path: stage.lockFile)
            // Last of all: what is locked is tracked, and does not run again.
            try lock.set(stage.name, entry, rank: ranks[node] ?? .max)
            locks[stage.lockFile] = lock
        }
        let (state, reason) = (ending.state, ending.reason)
        if state == .unchanged || state == .frozen {
            return skip(node, state, reason)
        }
        changed.insert(node)
        if options.forceDownstream { forced.formUnion(setting.pipeline.downstream[node]) }
        onEvent(
            state == .cached
                ? .restored(stage: stage.address, reason: reason)
                : .ended(stage: stage.address, seconds: ending.seconds)
        )
        results[node] = StageResult(name: stage.address, state: state, reason: reason, seconds: ending.seconds)
    }

    private mutating func skip(_ node: Int, _ state: StageResult.State, _ reason: String) {
        let name = setting.pipeline.nodes[node].address
        onEvent(.skipped(stage: name, reason: reason))
        results[node] = StageResult(name: name, state: state, reason: reason, seconds: 0)
    }

    /// Notes a failure, and who cannot begin because of it.
    private mutating func fail(_ node: Int, _ error: any Error) throws {
        let name = setting.pipeline.nodes[node].address
        if error is CancellationError { throw error }
        failure = failure ?? error
        failed.append(name)
        let words = (error as? any Explained).map { "\($0.what): \($0.why)" } ?? "\(error)"
        results[node] = StageResult(name: name, state: .failed, reason: words, seconds: 0)
        if options.onFailure != .stop { onEvent(.failed(stage: name, reason: words)) }
        guard options.onFailure == .keepGoing else { return }
        var open = setting.plan.waits.filter { $0.value.contains(node) }.map(\.key).sorted()
        while let blocked = open.popLast() {
            guard results[blocked] == nil else { continue }
            skip(blocked, .blocked, "`\(name)` failed")
            open += setting.plan.waits.filter { $0.value.contains(blocked) }.map(\.key)
        }
    }

    // MARK: Around the stages

    /// Outputs are replaced when their stage runs, so none may be somebody's only copy.
    private mutating func checkOutputs() async throws {
        guard !didCheck else { return }
        let stages = setting.plan.nodes.compactMap { setting.pipeline.nodes[$0].stage }
        for stage in stages { for output in stage.outputs { try data.checkPlace(output.path) } }
        let cached = stages.flatMap { $0.outputs.filter(\.isCached).map(\.path) }
        let tracked = try await Git(root: setting.root).trackedFiles(below: cached)
        for stage in stages {
            for output in stage.outputs where output.isCached {
                guard let file = tracked.first(where: { ProjectPath.overlap($0, output.path) }) else { continue }
                throw PipelinesError(
                    .invalidPipeline,
                    what: "cannot run stage `\(stage.address)`",
                    why: "git tracks `\(file)`, and the stage writes it into the cache",
                    next: "run `git rm -r --cached \(output.path)`, or set `cache: false`"
                )
            }
        }
        didCheck = true
    }

    /// What became of each stage, for the run.
    private func states() -> [(stage: String, state: StageResult.State)] {
        setting.plan.nodes.compactMap { node in
            guard setting.pipeline.nodes[node].stage != nil else { return nil }
            return results[node].map { ($0.name, $0.state) }
        }
    }

    /// All of `params.yaml`, and of other files what the stages depend on; the file stands before their keys.
    private func trackedParams() throws -> [(key: String, value: String)] {
        let files = ParameterFiles(source)
        var result = try files.flat(ParameterFiles.main)
        for stage in setting.plan.nodes.compactMap({ setting.pipeline.nodes[$0].stage }) {
            for (file, values) in try files.values(of: stage, allowMissing: true) {
                let path = stage.params.first { $0.file == file }?.place.path ?? file
                guard path != ParameterFiles.main else { continue }
                for (key, value) in values {
                    result += ParameterFiles.flat(value, prefix: key).map { ("\(path):\($0.key)", $0.value) }
                }
            }
        }
        return result
    }
}

/// Looks whether the data of a `.dvc` file is what the file says.
struct DataCheck: Sendable {
    private let planner: Planner

    init(_ planner: Planner) { self.planner = planner }

    /// Whether the data is another.
    ///
    /// - Throws: ``PipelinesError`` `.missingDependency` if it is not there.
    func isChanged(_ file: DataFile, _ options: ReproduceOptions) async throws -> Bool {
        for output in file.outputs where output.isCurrent {
            guard let now = try await planner.paths.measure(output.path) else {
                if options.allowsMissing || options.fetch != nil { return false }
                throw PipelinesError(
                    .missingDependency,
                    what: "cannot use the data of `\(file.file)`",
                    why: "`\(output.path)` is missing",
                    next: "restore it by `gyre checkout`, or fetch it by `gyre pull`"
                )
            }
            // What was imported is brought up to date by its own verb.
            if now.md5 != output.md5, !file.isImport { return true }
        }
        return false
    }
}
