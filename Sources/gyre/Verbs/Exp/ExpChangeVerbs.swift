// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataVersions
import Diagnostics
import Experiments
import JSONText
import Terminal

/// `gyre exp apply`.
struct ExpApplyVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Bring what an experiment changed into the work tree.",
        discussion: """
            Parameters, dvc.lock, code and outputs become those of the experiment. Changes that are in no commit and in no \
            experiment keep it from doing so.

            Example:
              gyre exp apply keen-wren
            """
    )

    @Argument(help: ArgumentHelp("The experiment, or the beginning of its commit.", valueName: "experiment"))
    var name: String

    @Flag(name: [.short, .long], help: "Overwrite changes that are saved nowhere.")
    var force = false

    @Flag(help: "Fail if changes would be lost; it always does.")
    var noForce = false

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let project = try PipelineProject(common)
        let store = ExperimentStore(project.data)
        let experiment = try await store.experiment(name)
        let isForced = force && !noForce
        let (changed, missing) = try await project.data.staging { try await store.apply(experiment, force: isForced) }
        for path in missing {
            common.output.warning(
                "`\(project.shown(path))` is not in the cache; run `gyre pull \(project.shown(path))`"
            )
        }
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("experiment", experiment.name)
            writer.field("commit", experiment.commit)
            for (key, paths) in [("changed", changed), ("missing", missing)] {
                writer.key(key)
                writer.array { writer in for path in paths { writer.string(path) } }
            }
        }
        let files = changed.map { "  \(project.shown($0))" }
        try common.answer(
            json: writer.text,
            text: (["the work tree is now that of the experiment \(experiment.name)"] + files).joined(separator: "\n")
        )
    }
}

/// `gyre exp branch`.
struct ExpBranchVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "branch",
        abstract: "Make a branch of git of an experiment.",
        discussion: """
            Example:
              gyre exp branch keen-wren smaller-trees
            """
    )

    @Argument(help: ArgumentHelp("The experiment.", valueName: "experiment"))
    var name: String

    @Argument(help: ArgumentHelp("The branch; `<experiment>-branch` if left out.", valueName: "branch"))
    var branch: String?

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let store = ExperimentStore(try PipelineProject(common).data)
        let experiment = try await store.experiment(name)
        let branch = branch ?? "\(experiment.name)-branch"
        try await store.branch(experiment, to: branch)
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("branch", branch)
            writer.field("commit", experiment.commit)
        }
        try common.answer(
            json: writer.text,
            text: "made the branch \(branch) of \(experiment.name); switch to it by `git checkout \(branch)`"
        )
    }
}

/// `gyre exp rename`.
struct ExpRenameVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rename",
        abstract: "Give an experiment another name.",
        discussion: """
            Example:
              gyre exp rename keen-wren smaller-trees
            """
    )

    @Argument(help: ArgumentHelp("The experiment.", valueName: "experiment"))
    var name: String

    @Argument(help: ArgumentHelp("Its new name.", valueName: "name"))
    var newName: String

    @Flag(name: [.short, .long], help: "Replace another of that name.")
    var force = false

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let store = ExperimentStore(try PipelineProject(common).data)
        let experiment = try await store.experiment(name)
        try await store.rename(experiment, to: newName, force: force)
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("old", experiment.name)
            writer.field("new", newName)
        }
        try common.answer(json: writer.text, text: "renamed \(experiment.name) to \(newName)")
    }
}

/// `gyre exp remove`.
struct ExpRemoveVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove experiments; their data stays until `gyre gc`.",
        discussion: """
            Example:
              gyre exp remove keen-wren
            """,
        aliases: ["rm"]
    )

    @Argument(help: ArgumentHelp("Experiments, or entries of the queue.", valueName: "experiment"))
    var names: [String] = []

    @OptionGroup var baselines: BaselineOptions

    @Flag(help: "Remove the others, and keep those that are chosen.")
    var keep = false

    @Flag(help: "Remove all that wait in the queue.")
    var queue = false

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard !names.isEmpty || baselines.isChosen || queue else {
            throw ValidationError("name experiments, or choose them by --rev, --num, --all-commits or --queue")
        }
        if keep, queue { throw ValidationError("--keep and --queue exclude each other") }
    }

    func run() async throws {
        let experiments = try ExperimentProject(common)
        let store = experiments.store
        var chosen: [Experiment] = []
        var entries = queue ? try experiments.runner.queue.entries().filter { $0.state == .queued } : []
        if baselines.isChosen { chosen += try await baselines.experiments(store).flatMap(\.experiments) }
        for name in names {
            // What waits has no commit of its own yet.
            let waiting = try experiments.runner.queue.entries().filter { $0.name == name && $0.state == .queued }
            entries += waiting
            if waiting.isEmpty { chosen.append(try await store.experiment(name)) }
        }
        if keep {
            let kept = Set(chosen)
            chosen = try await store.all().filter { !kept.contains($0) }
        }
        try await store.remove(chosen)
        try await experiments.runner.queue.remove(entries)
        try await QueueRemoveVerb.endSweeps(of: entries, experiments, common)
        let removed = chosen.map(\.name) + entries.map(\.name)
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("removed")
            writer.array { writer in for name in removed { writer.string(name) } }
        }
        let text = removed.isEmpty ? "there is nothing to remove" : "removed \(removed.joined(separator: ", "))"
        try common.answer(json: writer.text, text: text)
    }
}
