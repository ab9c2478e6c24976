// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataVersions
import Diagnostics
import Experiments
import JSONText
import Pipelines
import Server
import SystemPackage
import Terminal

/// `gyre exp run`.
struct ExpRunVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run the pipeline with other parameters, as an experiment.",
        discussion: """
            One run works in the work tree; with --temp, and where a parameter has several values, each run works in a tree of \
            its own, and the work tree is not touched. Values are lists (1,2,3), ranges (range(1,4)) or choices \
            (choice(a,b)); several give every combination. A sweep is one tracked run with a run for each experiment below \
            it. `-S ++key=value` adds a parameter, `-S ~key` removes one.

            Example:
              gyre exp run -S train.C=0.001,0.01,0.1 -S train.depth=range(3,6) -j 2
            """
    )

    @Argument(help: ArgumentHelp("Only these stages and what they depend on.", valueName: "target"))
    var targets: [String] = []

    @Option(
        name: [.customShort("S"), .customLong("set-param")],
        help: ArgumentHelp("Set a parameter; several values give several runs.", valueName: "[file:]key=value")
    )
    var set: [String] = []

    @Option(name: [.short, .long], help: ArgumentHelp("The name; of several the beginning.", valueName: "name"))
    var name: String?

    @Option(name: [.short, .long], help: ArgumentHelp("What the experiment's commit says.", valueName: "text"))
    var message: String?

    @Flag(help: "Only write it down, with the work tree as it is now; `gyre queue start` runs it.")
    var queue = false

    @Flag(help: "Run all that waits in the queue.")
    var runAll = false

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("How many experiments run at once, or stages of a single one.", valueName: "n")
    )
    var jobs: Int?

    @Flag(help: "Run in a tree of its own.")
    var temp = false

    @Option(
        name: .customLong("copy-paths"),
        help: ArgumentHelp("Copy a file or folder that git ignores into that tree, too.", valueName: "path")
    )
    var copies: [String] = []

    @Flag(name: [.short, .long], help: "Run every stage, also those that did not change; replace one of the name.")
    var force = false

    @Flag(name: [.short, .long], help: "Only the targets, not what they depend on.")
    var singleItem = false

    @Flag(help: "The targets and what depends on them.")
    var downstream = false

    @Flag(help: "Only say what would run.")
    var dry = false

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if let jobs, jobs < 1 { throw ValidationError("--jobs is at least 1") }
        if singleItem, downstream { throw ValidationError("--single-item and --downstream exclude each other") }
        if runAll, queue || !set.isEmpty || name != nil || !targets.isEmpty {
            throw ValidationError("--run-all runs what is in the queue: it takes no parameters, names or targets")
        }
    }

    func run() async throws {
        let experiments = try ExperimentProject(common)
        if runAll { return try await QueueWork(experiments, common).run(workers: jobs ?? 1) }
        let sweep = try Sweep(set)
        var request = ExperimentRequest()
        request.combinations = sweep.combinations
        (request.name, request.message, request.targets) = (name, message, targets)
        (request.folder, request.force) = (experiments.project.folder, force)
        (request.isSingle, request.isDownstream) = (singleItem, downstream)
        request.copies = try copies.map { try experiments.project.path($0) }
        if dry { return try preview(sweep) }
        let isElsewhere = sweep.isSweep || temp
        guard isElsewhere || queue else { return try await runHere(request, experiments) }
        try await QueueWork(experiments, common).run(
            request,
            settings: sweep.isSweep ? set : [],
            onlyQueue: queue,
            workers: jobs ?? 1
        )
    }

    private func preview(_ sweep: Sweep) throws {
        let lines = sweep.combinations.map { $0.map(\.typed).joined(separator: " ") }
        var writer = JSONWriter()
        writer.array { writer in for line in lines { writer.string(line) } }
        try common.answer(
            json: writer.text,
            text: lines.map { "would run \($0.isEmpty ? "the pipeline as it is" : $0)" }.joined(separator: "\n")
        )
    }

    /// One run in the user's own work tree.
    private func runHere(_ request: ExperimentRequest, _ experiments: ExperimentProject) async throws {
        let output = common.output
        let stages = jobs ?? 2
        let made = try await QueueWork.withTracking(common, experiments) { setting in
            var options = setting.options
            options.jobs = stages
            let own = ExperimentRunner.Setting(tracking: setting.tracking, options: options, workers: 1) { _ in }
            return try await experiments.project.data.staging {
                try await experiments.runner.runHere(request, own) { ReproVerb.show($0, stages > 1, output) }.experiment
            }
        }
        try await ExperimentResults(experiments, common).print([made], failed: [])
    }
}

/// The end of a run: what became of experiments.
struct ExperimentResults {
    private let experiments: ExperimentProject
    private let common: CommonOptions

    init(_ experiments: ExperimentProject, _ common: CommonOptions) {
        (self.experiments, self.common) = (experiments, common)
    }

    /// Prints experiments with parameters and metrics; throws if one failed.
    func print(_ made: [Experiment], failed: [QueueEntry]) async throws {
        var wishes = ExperimentReport.Wishes()
        wishes.allCommits = true
        (wishes.workspace, wishes.queued) = (false, false)
        wishes.names = Set(made.map(\.name) + failed.map(\.name))
        let report = try await ExperimentReport(experiments.runner, wishes).only(
            Set(made.map(\.commit) + failed.map(\.snapshot))
        )
        var grid = ExperimentGrid(report)
        if made.count + failed.count > 1 {
            let all = grid
            grid.keepChanged()
            let changed = Set(grid.columns)
            grid = all
            grid.keep { $0.isMetric || changed.contains($0) }
        }
        try common.answer(
            json: ExperimentDocument.text(report),
            text: common.output.text(of: ExperimentView(grid).table(nowMs: Session.now()))
        )
        guard let first = failed.first else { return }
        throw ExperimentsError(
            .failed,
            what: "cannot finish \(failed.count) of \(made.count + failed.count) experiments",
            why: "\(first.name): \(first.problem ?? "it was ended")",
            next: "see `gyre queue logs \(first.name)`"
        )
    }
}
