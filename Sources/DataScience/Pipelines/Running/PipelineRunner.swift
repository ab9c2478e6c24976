// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Diagnostics
import Documents
import Files
package import SystemPackage
package import Tracking

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

    /// Who runs what is tracked in a project: the login, or else who commits there.
    package static func user(of root: FilePath) async throws -> String { try await RunRecorder.user(Git(root: root)) }

    /// Looks whether there is nothing to do, without a tracking server and without a lock.
    ///
    /// - Returns: The stages, if all that ``reproduce(_:)`` would look at is up to date; else nil.
    /// - Throws: As ``reproduce(_:)``.
    package static func upToDate(_ root: FilePath, _ options: ReproduceOptions) async throws -> [StageResult]? {
        let data = try open(root)
        var preview = Preview(setting: try await Setting.load(data, options), options: options, data: data)
        return try await preview.upToDate()
    }

    /// Runs the stages that are stale, several at once as far as they don't need each other.
    ///
    /// The run is opened before the first stage that runs, and gets the parameters, the hashes of what was read, the commit, the
    /// changes that are not committed, the environment and the time of each stage; each stage that runs or comes from the
    /// cache is a child of it. It ends as failed if a stage fails, and as killed if the task is cancelled.
    ///
    /// - Throws: ``PipelinesError``, ``DocumentError``, errors of the rooms below.
    package func reproduce(_ options: ReproduceOptions) async throws -> ReproduceResult {
        let data = try Self.open(root)
        // Two at once would write the same outputs and the same lock.
        let busy = try lock(data)
        defer { busy.release() }
        let leftovers = Leftovers(in: scratch(data))
        await leftovers.clear { await endRun($0) }
        var setting = try await Setting.load(data, options)
        if try override(options) { setting = try await Setting.load(data, options) }
        var reproduction = Reproduction(
            setting: setting,
            options: options,
            data: data,
            tracking: tracking,
            leftovers: leftovers,
            onEvent: onEvent
        )
        return try await reproduction.run()
    }

    /// Says what ``reproduce(_:)`` would do, and changes nothing.
    ///
    /// A stage that needs one which would run is said to run, too: nobody can know whether what it reads will change.
    package static func preview(_ root: FilePath, _ options: ReproduceOptions) async throws -> ReproduceResult {
        let data = try open(root)
        let changed = try await BlockingPool.shared.run { try texts(data.root, after: options.changes) }
        let setting = try await Setting.load(data, options, changed)
        var preview = Preview(setting: setting, options: options, data: data, changed: changed)
        return ReproduceResult(runID: nil, stages: try await preview.run())
    }

    // MARK: Before the first stage

    private static func open(_ root: FilePath) throws -> DataRepository {
        let data: DataRepository
        do {
            data = try DataRepository.open(at: root)
        } catch let error as DataVersionsError where error.code == .notARepository {
            guard !FileSystem.exists(root.appending(PipelineFile.name)) else { throw error }
            throw noPipeline(root)
        }
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

    private static func noPipeline(_ root: FilePath) -> PipelinesError {
        PipelinesError(
            .noPipeline,
            what: "cannot reproduce the pipeline",
            why: "there is no `dvc.yaml` in `\(root)`",
            next: "write one; `gyre init --example breast-cancer` shows how"
        )
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

    /// Ends what a reproduction in a folder left behind when its process died: commands that still run, and its run.
    ///
    /// - Throws: ``FilesError`` if one is running there now.
    package static func endLeftovers(in root: FilePath, _ tracking: TrackingService) async throws {
        guard FileSystem.isDirectory(root.appending(".dvc")) else { return }
        let runner = PipelineRunner(root: root, tracking: tracking)
        let data = try DataRepository.open(at: root)
        guard data.root == root else { return }
        let busy = try runner.lock(data)
        defer { busy.release() }
        await Leftovers(in: runner.scratch(data)).clear { await runner.endRun($0) }
    }

    private func endRun(_ run: String) async {
        let stages = "tags.`mlflow.parentRunId` = '\(run)' AND attributes.status = 'RUNNING'"
        // A run that is gone needs no end.
        let open = (try? await tracking.searchRuns(RunSearch(filter: stages)).items.map(\.id)) ?? []
        for id in open + [run] { _ = try? await tracking.updateRun(id: id, status: .killed, endMs: nil) }
    }

    /// The texts of the files of parameters that changes make.
    private static func texts(
        _ root: FilePath,
        after changes: [ParameterChange]
    ) throws -> [(file: String, text: String)] {
        try ParameterEditor.texts(after: changes) { name in
            let file = root.pushing(FilePath(name))
            guard ProjectPath.normalized(name) != nil, FileSystem.exists(file) else { return nil }
            return try FileReader.text(of: file, limit: 16 << 20)
        }
        .map { (file: $0, text: $1) }
    }

    /// Sets parameters in their files, all or none.
    ///
    /// - Returns: Whether a file changed.
    private func override(_ options: ReproduceOptions) throws -> Bool {
        let texts = try Self.texts(root, after: options.changes)
        for (file, text) in texts { try AtomicFile.write(text, to: root.pushing(FilePath(file))) }
        return !texts.isEmpty
    }
}

/// What a reproduction works on, as the files have it.
struct Setting: Sendable {
    let root: FilePath
    let pipeline: Pipeline
    let plan: StageSelection.Plan
    /// The `dvc.lock` of each file of the plan, by its path.
    let locks: [String: LockFile]

    /// - Parameters:
    ///   - data: The project.
    ///   - options: What is wanted.
    ///   - changed: Files that are taken as if they had these texts.
    /// - Returns: The pipeline with its plan and locks.
    /// - Throws: ``PipelinesError``, errors of what is read.
    static func load(
        _ data: DataRepository,
        _ options: ReproduceOptions,
        _ changed: [(file: String, text: String)] = []
    ) async throws -> Setting {
        let (root, selection, folder) = (data.root, options.selection, options.folder)
        let style = FlagStyle(data.config)
        return try await BlockingPool.shared.run {
            let pipeline = try Pipeline.load(root, FileSource(root: root, changed: changed), style: style)
            guard !pipeline.files.isEmpty || !pipeline.nodes.isEmpty else {
                throw PipelinesError(
                    .noPipeline,
                    what: "cannot reproduce the pipeline",
                    why: "there is no `dvc.yaml` in `\(root)`",
                    next: "write one; `gyre init --example breast-cancer` shows how"
                )
            }
            let plan = try selection.plan(of: pipeline, from: folder)
            var locks: [String: LockFile] = [:]
            for stage in plan.nodes.compactMap({ pipeline.nodes[$0].stage }) where locks[stage.lockFile] == nil {
                locks[stage.lockFile] = try LockFile(root: root, path: stage.lockFile)
            }
            return Setting(root: root, pipeline: pipeline, plan: plan, locks: locks)
        }
    }
}
