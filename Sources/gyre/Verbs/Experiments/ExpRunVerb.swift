// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataVersions
import Experiments
import Pipelines
import Server
import Terminal

/// `gyre exp run`: runs the pipeline with other parameters, and keeps what comes out as an experiment.
struct ExpRunVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run the pipeline with other parameters, and keep the outcome as an experiment.",
        discussion: """
            One experiment runs in the work tree. With --temp, --queue or several values experiments run in work trees of their \
            own, and yours is not touched; `gyre exp apply` brings one over. `-S` reads DVC's grammar: `key=1,2`, `key=range(1,4)`, \
            `key=choice(a,b)`, `+new=1`, `~gone`, `file.json:key=1`.

            Example:
              gyre exp run -S train.C=0.1,1,10 -S train.seed=range(3) -j 2
            """
    )

    @Argument(help: ArgumentHelp("Only these stages and what they depend on.", valueName: "target"))
    var targets: [String] = []

    @Option(
        name: [.customShort("S"), .customLong("set-param")],
        help: ArgumentHelp("Set a parameter; several values give several experiments.", valueName: "[file:]key=value")
    )
    var set: [String] = []

    @Flag(help: "Only queue it, as the work tree is now; `gyre queue start` runs it.")
    var queue = false

    @Flag(help: "Run all that is queued.")
    var runAll = false

    @Option(name: [.short, .long], help: ArgumentHelp("How many experiments run at once.", valueName: "n"))
    var jobs = 1

    @Flag(help: "Run it in a work tree of its own.")
    var temp = false

    @Option(name: [.short, .long], help: ArgumentHelp("The name; one is made up if left out.", valueName: "name"))
    var name: String?

    @Option(
        name: [.customShort("C"), .long],
        help: ArgumentHelp("A file or folder that git does not track, to copy into the tree.", valueName: "path")
    )
    var copyPaths: [String] = []

    @Flag(name: [.short, .long], help: "Run every stage, and replace an experiment of the name.")
    var force = false

    @OptionGroup var stages: StageOptions

    @Option(name: [.short, .long], help: ArgumentHelp("What the commit of the experiment says.", valueName: "text"))
    var message: String?

    @Flag(help: "Accepted as in DVC; Hydra's configuration is never composed.")
    var noHydra = false

    @Flag(name: [.short, .long], help: .hidden)
    var interactive = false
    @Flag(name: [.short, .long], help: .hidden)
    var pipeline = false
    @Flag(name: [.customShort("P"), .long], help: .hidden)
    var allPipelines = false
    @Flag(name: [.customShort("R"), .long], help: .hidden)
    var recursive = false
    @Flag(help: .hidden)
    var pull = false

    @OptionGroup var plain: PlainOptions

    func validate() throws {
        if jobs < 1 { throw ValidationError("--jobs is at least 1") }
        if runAll, queue || stages.dry || !set.isEmpty || !targets.isEmpty || name != nil {
            throw ValidationError("--run-all runs what is queued already, and takes no targets, names or parameters")
        }
    }

    func run() async throws {
        try refuseUnsupported()
        let common = plain.common
        if runAll {
            return try await ExperimentSession.with(common) { session in
                try await QueueStartVerb.start(session, jobs)
            }
        }
        let project = try PipelineProject(common)
        let request = try request(project, Sweep(set))
        if stages.dry { return try await preview(request, project) }
        try await ExperimentSession.with(common) { session in
            if queue {
                try await enqueue(request, session)
            } else if temp || request.combinations.count > 1 {
                try await runBeside(request, session)
            } else {
                try await runHere(request, session)
            }
        }
    }

    private func refuseUnsupported() throws {
        try ExpVerb.refuse(
            [
                (interactive, "--interactive", "look first by `gyre exp run --dry`"),
                (pull, "--pull", "run `gyre pull` first"),
                (pipeline, "--pipeline", "name the stages"), (allPipelines, "--all-pipelines", "name no target"),
                (recursive, "--recursive", "name the stages"),
                (queue && stages.forceDownstream, "--force-downstream with --queue", "use `--force`"),
                (queue && stages.allowMissing, "--allow-missing with --queue", "run `gyre pull` first"),
                (queue && stages.keepGoing, "--keep-going with --queue", "leave it out"),
                (queue && stages.ignoreErrors, "--ignore-errors with --queue", "leave it out"),
            ],
            to: "run the experiment"
        )
    }

    private func request(_ project: PipelineProject, _ sweep: Sweep) throws -> ExperimentRequest {
        var request = ExperimentRequest()
        request.combinations = sweep.combinations
        (request.name, request.message) = (name, message)
        (request.targets, request.folder) = (targets, project.folder)
        (request.force, request.isSingle, request.isDownstream) = (force, stages.singleItem, stages.downstream)
        request.copies = try copyPaths.map { try project.existing($0, to: "copy") }
        return request
    }

    private func preview(_ request: ExperimentRequest, _ project: PipelineProject) async throws {
        var options = stages.options
        options.selection.targets = targets
        options.folder = project.folder
        options.force = force
        var results: [StageResult] = []
        for (number, changes) in request.combinations.enumerated() {
            options.changes = changes
            let found = try await PipelineRunner.preview(project.root, options).stages
            // Experiments differ by their parameters; each stage is told once, as it would run first.
            results += found.filter { stage in
                number == 0 || stage.didRun && !results.contains { $0.name == stage.name }
            }
        }
        try ReproVerb.preview(results, plain.common.output)
    }

    private func enqueue(_ request: ExperimentRequest, _ session: ExperimentSession) async throws {
        let entries = try await session.runner.enqueue(request) { try await session.parent(of: request, set) }
        try answer(
            entries.map { ExperimentReport($0, session.runner.queue) },
            entries.map { "Queued experiment '\($0.name)' for future execution." }.joined(separator: "\n")
        )
    }

    private func runBeside(_ request: ExperimentRequest, _ session: ExperimentSession) async throws {
        let entries = try await session.runner.enqueue(request) { try await session.parent(of: request, set) }
        let ids = Set(entries.map(\.id))
        let ended: [QueueEntry]
        do {
            ended = try await session.work(workers: jobs, only: ids, stages.options)
        } catch {
            try await withdraw(ids, session)
            throw error
        }
        try report(ended, session)
    }

    /// Takes back what was to run now and did not: nobody asked for it to wait.
    private func withdraw(_ ids: Set<String>, _ session: ExperimentSession) async throws {
        let runner = session.runner
        let tracking = session.services.tracking
        // Also after an interruption.
        try await Task.detached {
            let open = try runner.queue.entries().filter { ids.contains($0.id) && $0.state == .queued }
            try await runner.queue.remove(open)
            try await runner.endParents(tracking)
        }.value
    }

    private func report(_ ended: [QueueEntry], _ session: ExperimentSession) throws {
        try answer(ended.map { ExperimentReport($0, session.runner.queue) }, Self.text(ended))
        try ExperimentSession.check(ended)
    }

    /// DVC's words for experiments that ran beside the work tree; empty if none came to its end.
    static func text(_ ended: [QueueEntry]) -> String {
        let names = ended.filter { $0.state == .success }.map(\.name)
        guard !names.isEmpty else { return "" }
        return "Ran experiment(s): \(names.joined(separator: ", "))\n"
            + "To apply the results of an experiment to your workspace run:\n\n\tgyre exp apply <exp>"
    }

    private func runHere(_ request: ExperimentRequest, _ session: ExperimentSession) async throws {
        let output = plain.common.output
        let (experiment, result) = try await session.running(workers: 1, stages.options) { setting in
            try await session.runner.runHere(request, setting) { ReproVerb.show($0, setting.options.jobs > 1, output) }
        }
        let params = request.combinations.first?.map(\.typed) ?? []
        try answer(
            [ExperimentReport(experiment, params: params, run: result.runID)],
            "Ran experiment(s): \(experiment.name)\nExperiment results have been applied to your workspace."
        )
    }

    private func answer(_ reports: [ExperimentReport], _ text: String) throws {
        try plain.common.answer(json: ExperimentReport.json(reports), text: text)
    }
}

/// ``CommonOptions`` where `-C` means something else, as in DVC.
struct PlainOptions: ParsableArguments {
    @OptionGroup var print: PrintOptions

    @Option(name: .customLong("project"), help: ArgumentHelp("The project's folder.", valueName: "folder"))
    var projectFolder: String?

    /// The same as other verbs have them.
    var common: CommonOptions {
        var common = CommonOptions()
        (common.print, common.projectFolder) = (print, projectFolder)
        return common
    }
}
