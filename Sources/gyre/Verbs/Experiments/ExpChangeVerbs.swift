// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataVersions
import Experiments
import JSONText
import Server
import Terminal

/// `gyre exp apply`: brings an experiment into the work tree.
struct ExpApplyVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Bring an experiment into the work tree: parameters, dvc.lock, metrics and outputs.",
        discussion: """
            Changes that are in no commit and in no experiment are not overwritten, unlike in DVC, unless --force says so.

            Example:
              gyre exp apply brave-lark
            """
    )

    @Argument(help: ArgumentHelp("The experiment, by name or the beginning of its commit.", valueName: "experiment"))
    var experiment: String

    @Flag(name: [.short, .long], help: "Overwrite changes that are saved nowhere.")
    var force = false

    @Flag(help: "Overwrite nothing that is saved nowhere, as it is anyway.")
    var noForce = false

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if force, noForce { throw ValidationError("--force and --no-force exclude each other") }
    }

    func run() async throws {
        let data = try PipelineProject(common).data
        let store = ExperimentStore(data)
        let found = try await store.experiment(experiment)
        let (changed, missing) = try await data.staging { try await store.apply(found, force: force) }
        for path in missing {
            common.output.warning("`\(path)` is not in the cache; `gyre pull \(path)` may bring it")
        }
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("name", found.name)
            writer.field("rev", found.commit)
            for (key, list) in [("changed", changed), ("missing", missing)] {
                writer.field(key, list)
            }
        }
        try common.answer(
            json: writer.text,
            text: "Changes for experiment '\(found.name)' have been applied to your current workspace."
        )
    }
}

/// `gyre exp branch`: makes a branch of an experiment.
struct ExpBranchVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "branch",
        abstract: "Make a git branch of an experiment.",
        discussion: """
            Example:
              gyre exp branch brave-lark better-model
            """
    )

    @Argument(help: ArgumentHelp("The experiment.", valueName: "experiment"))
    var experiment: String

    @Argument(help: ArgumentHelp("The branch; EXPERIMENT-branch if left out.", valueName: "branch"))
    var branch: String?

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let store = ExperimentStore(try PipelineProject(common).data)
        let found = try await store.experiment(experiment)
        let name = branch ?? "\(found.name)-branch"
        try await store.branch(found, to: name)
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("name", found.name)
            writer.field("rev", found.commit)
            writer.field("branch", name)
        }
        try common.answer(
            json: writer.text,
            text: "Git branch '\(name)' has been created from experiment '\(found.name)'.\n"
                + "To switch to the new branch run:\n\n\tgit checkout \(name)"
        )
    }
}

/// `gyre exp rename`: gives an experiment another name.
struct ExpRenameVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rename",
        abstract: "Give an experiment another name.",
        discussion: """
            Example:
              gyre exp rename brave-lark deeper
            """
    )

    @Argument(help: ArgumentHelp("The experiment.", valueName: "experiment"))
    var experiment: String

    @Argument(help: ArgumentHelp("Its new name.", valueName: "name"))
    var name: String

    @Flag(name: [.short, .long], help: "Replace an experiment of that name.")
    var force = false

    @Option(name: [.customShort("g"), .long], help: .hidden)
    var gitRemote: String?

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try ExpVerb.refuse(
            [(gitRemote != nil, "--git-remote", "rename it here, and push it by git")],
            to: "rename the experiment"
        )
        let store = ExperimentStore(try PipelineProject(common).data)
        let found = try await store.experiment(experiment)
        try await store.rename(found, to: name, force: force)
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("name", name)
            writer.field("previous_name", found.name)
            writer.field("rev", found.commit)
        }
        try common.answer(json: writer.text, text: "Renamed experiments: '\(found.name)'")
    }
}

/// `gyre exp remove`: removes experiments.
struct ExpRemoveVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove experiments; their tracked runs and their data stay.",
        discussion: """
            Example:
              gyre exp remove brave-lark
            """,
        aliases: ["rm"]
    )

    @Argument(help: ArgumentHelp("The experiments, or names of the queue.", valueName: "experiment"))
    var experiments: [String] = []

    @OptionGroup var scope: BaselineOptions

    @Flag(help: "Remove all but those.")
    var keep = false

    @Flag(help: "Remove all that wait in the queue.")
    var queue = false

    @Option(
        name: [.customShort("g"), .long],
        help: ArgumentHelp("Remove those of a remote of git, by name or address.", valueName: "git-remote")
    )
    var gitRemote: String?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if experiments.isEmpty, !scope.isGiven, !queue {
            throw ValidationError("Name experiments, or use --rev, --all-commits or --queue.")
        }
        if !experiments.isEmpty, scope.isGiven {
            throw ValidationError("Names go without --rev, --num and --all-commits.")
        }
        if gitRemote != nil, queue { throw ValidationError("--queue is about this project, not a git remote") }
    }

    func run() async throws {
        try await ExperimentSession.with(common) { session in
            let store = session.runner.store
            let shared = gitRemote.map { SharedExperiments(of: $0, beside: store) }
            let all = if let shared { try await shared.all() } else { try await store.all() }
            let entries = shared == nil ? try session.runner.queue.entries() : []
            var chosen: [Experiments.Experiment] = []
            var waiting: [QueueEntry] = queue ? entries.filter { $0.state == .queued } : []
            for name in experiments {
                do {
                    chosen.append(try await store.experiment(name, among: all))
                } catch let error as ExperimentsError where error.code == .unknownExperiment {
                    let queued = entries.filter { $0.name == name && $0.state == .queued }
                    if queued.isEmpty { throw error }
                    waiting += queued
                }
            }
            if scope.isGiven {
                let commits = try await scope.baselines(of: all, Git(root: session.project.root))
                chosen = all.filter { commits.contains($0.baseline) }
            }
            if keep {
                let kept = Set(chosen)
                chosen = all.filter { !kept.contains($0) }
            }
            try await session.runner.queue.remove(waiting)
            if let shared { try await shared.remove(chosen) } else { try await store.remove(chosen) }
            try await session.runner.endParents(session.services.tracking)
            let names = chosen.map(\.name) + waiting.map(\.name)
            var writer = JSONWriter()
            writer.object { writer in
                writer.field("removed", names)
            }
            let shown = names.map { "'\($0)'" }.joined(separator: ", ")
            try common.answer(
                json: writer.text,
                text: names.isEmpty ? "No experiments found." : "Removed experiments: \(shown)"
            )
        }
    }
}

/// `gyre exp clean`: removes what processes left that died.
struct ExpCleanVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clean",
        abstract: "Remove what killed workers left: work trees and references; every start does so, too.",
        discussion: """
            Example:
              gyre exp clean -v
            """
    )

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await ExperimentSession.with(common) { session in
            try await session.runner.clean(session.services.tracking)
            try await session.runner.endParents(session.services.tracking)
        }
        try common.answer(json: "{}", text: "")
    }
}
