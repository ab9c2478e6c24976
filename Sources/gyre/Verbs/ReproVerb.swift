// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataVersions
import Diagnostics
import Experiments
import Files
import JSONText
import Pipelines
import Server
import SystemPackage
import Terminal
import Tracking

#if canImport(Glibc)
import Glibc
#endif

/// `gyre repro`: runs what changed, tracked.
struct ReproVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repro",
        abstract: "Run the stages of dvc.yaml that changed, as one tracked run.",
        discussion: """
            Stages that don't need each other run at the same time; `--jobs 1` runs one after the other. The stages find the
            tracking server in MLFLOW_TRACKING_URI and the run in MLFLOW_RUN_ID. The run gets the commit, the changes that are
            not committed, the hash of every input, parameters, metrics and the packages, and a run for each stage below it.

            Several values of a parameter give several runs, one after the other.

            Example:
              gyre repro -S train.C=0.001,0.01,0.1
            """
    )

    @Argument(
        help: ArgumentHelp(
            "Only these and what they depend on: stages, dvc.yaml files, dvc.yaml:stage, .dvc files or outputs.",
            valueName: "target"
        )
    )
    var targets: [String] = []

    @Option(
        name: [.customShort("S"), .customLong("set-param")],
        help: ArgumentHelp(
            "Set a parameter first; values with commas between them give several runs.",
            valueName: "[file:]key=value"
        )
    )
    var set: [String] = []

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("How many stages run at once; as many as cores if left out.", valueName: "n")
    )
    var jobs: Int?

    @Flag(name: [.short, .long], help: "Run every stage, also those that did not change.")
    var force = false

    @OptionGroup var stages: StageOptions

    @Flag(name: [.short, .long], help: "All that is connected with the targets.")
    var pipeline = false

    @Flag(name: [.customShort("P"), .long], help: "All stages of the project.")
    var allPipelines = false

    @Flag(name: [.customShort("R"), .long], help: "Targets are folders: all stages below.")
    var recursive = false

    @Flag(help: "Targets are patterns such as 'train*'.")
    var glob = false

    @Flag(help: "Run commands also if the cache has what they made of the same inputs.")
    var noRunCache = false

    @Flag(help: "Leave the outputs out of the cache.")
    var noCommit = false

    @Flag(help: "Fetch data that is missing, and what stages made of the same inputs elsewhere.")
    var pull = false

    @Flag(name: [.short, .long], help: "Not supported: ask before each stage.")
    var interactive = false

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if let jobs, jobs < 1 { throw ValidationError("--jobs is at least 1") }
    }

    func run() async throws {
        try refuseUnsupported()
        let combinations = try Sweep(set).combinations
        let workspace = try PipelineProject.workspace(common)
        // The repository may begin above or below the project.
        let root = (try? DataRepository.open(at: common.folder))?.root ?? workspace.root
        let options = options(root)
        if stages.dry {
            var options = options
            options.changes = combinations.first ?? []
            return try Self.preview(try await PipelineRunner.preview(root, options).stages, common.output)
        }
        // What cannot be read is told below, behind what is wrong with the project itself.
        if set.isEmpty, !force, let fresh = try? await PipelineRunner.upToDate(root, options) {
            for stage in fresh { Self.show(.skipped(stage: stage.name, reason: stage.reason), false, common.output) }
            return try common.answer(json: "[]", text: Self.nothing)
        }
        guard pull else { return try await reproduce(options, combinations, at: workspace) }
        try await RemoteSession.with(common, remote: nil, jobs: nil) { session in
            let puller = ReproPuller(session)
            if options.usesRunCache { try await puller.fetchRuns() }
            var options = options
            options.fetch = { try await puller.fetch($0) }
            options.pull = { try await puller.pull($0) }
            try await reproduce(options, combinations, at: workspace)
        }
    }

    private func reproduce(
        _ options: ReproduceOptions,
        _ combinations: [[ParameterChange]],
        at workspace: Workspace
    ) async throws {
        let (output, root) = (common.output, (try? DataRepository.open(at: common.folder))?.root ?? workspace.root)
        try await Session.withProject(common, at: workspace) { services in
            let runs = try await TrackingServer.with(services, logger: Session.quietLogger) { url in
                var runs: [ReproduceResult] = []
                for changes in combinations {
                    var options = options
                    options.experiment = services.project.project
                    options.trackingURL = url
                    options.changes = changes
                    options.python = try services.runtimes.python()
                    options.gyreVersion = gyreVersion
                    let values = changes.map(\.typed).joined(separator: " ")
                    if !values.isEmpty { output.progress(output.paint(values, .strong, on: .error)) }
                    let isNamed = options.jobs > 1
                    let runner = PipelineRunner(root: root, tracking: services.tracking) {
                        Self.show($0, isNamed, output)
                    }
                    let ready = options
                    runs.append(
                        try await DataRepository.open(at: root).staging { try await runner.reproduce(ready) }
                    )
                }
                return runs
            }
            let tracked = try await Self.runs(runs.compactMap(\.runID), services)
            let list = RunList(tracked)
            let names = try await ExperimentNames(list, services)
            try common.answer(
                json: list.json(names),
                text: tracked.isEmpty ? Self.nothing : output.text(of: list.table(nowMs: services.now(), names))
            )
        }
    }

    private static let nothing = "nothing changed; every stage is up to date"

    private func refuseUnsupported() throws {
        let unsupported = [
            (interactive, "--interactive", "look first by `gyre repro --dry`")
        ]
        for (isWanted, name, next) in unsupported where isWanted {
            throw UsageError(what: "cannot reproduce the pipeline", why: "`\(name)` is not supported", next: next)
        }
    }

    private func options(_ root: FilePath) -> ReproduceOptions {
        var options = stages.options
        options.selection.targets = targets
        options.selection.areGlobs = glob
        options.selection.isRecursive = recursive
        if allPipelines || pipeline { options.selection.reach = allPipelines ? .all : .pipeline }
        var below = common.folder
        options.folder = below.removePrefix(root) ? below.string : ""
        options.force = force
        options.jobs = jobs ?? max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        options.usesRunCache = !noRunCache
        options.commits = !noCommit
        return options
    }

    /// Prints what would run.
    static func preview(_ stages: [StageResult], _ output: Output) throws {
        var writer = JSONWriter()
        writer.array { writer in
            for stage in stages {
                writer.object { writer in
                    writer.field("stage", stage.name)
                    writer.field("would_run", stage.didRun)
                    writer.field("reason", stage.reason)
                    writer.field("commands", stage.commands)
                }
            }
        }
        let lines = stages.flatMap { stage -> [String] in
            let name = output.paint(stage.name, .name)
            guard stage.didRun else { return ["stage \(name) would be skipped: \(stage.reason)"] }
            return ["stage \(name) would run: \(stage.reason)"] + stage.commands.map { "  > \($0)" }
        }
        try output.answer(json: writer.text, text: lines.joined(separator: "\n"))
    }

    private static func runs(_ ids: [String], _ services: ProjectServices) async throws -> [Run] {
        var runs: [Run] = []
        for id in ids { runs.append(try await services.tracking.run(id: id)) }
        return runs
    }

    /// Tells what happens in a pipeline.
    static func show(_ event: PipelineEvent, _ isNamed: Bool, _ output: Output) {
        func name(_ stage: String) -> String { output.paint(stage, .name, on: .error) }
        switch event {
        case .began(let stage, let reason): output.progress("stage \(name(stage)) runs: \(reason)")
        case .skipped(let stage, let reason): output.progress("stage \(name(stage)) is skipped: \(reason)")
        case .restored(let stage, let reason): output.progress("stage \(name(stage)) comes from the cache: \(reason)")
        case .failed(let stage, let reason): output.warning("stage \(stage) failed: \(reason)")
        case .command(let stage, let text): output.detail(isNamed ? "\(name(stage)) > \(text)" : "  > \(text)")
        case .line(let stage, let text): output.progress(isNamed ? "\(name(stage)) | \(text)" : "  \(text)")
        case .ended(let stage, let seconds):
            output.detail("stage \(name(stage)) took \(Humanize.duration(.seconds(seconds)))")
        }
    }
}
