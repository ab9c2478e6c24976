// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import JSONText
import Server
import Terminal
import Tracking

/// `gyre experiments create`: makes an experiment.
struct ExperimentsCreateVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make an experiment.",
        discussion: """
            Example:
              gyre experiments create churn --tag team=risk
            """
    )

    @Argument(help: ArgumentHelp("Its name, which no other has, not even a deleted one.", valueName: "name"))
    var name: String

    @Option(help: ArgumentHelp("A tag; may be given again.", valueName: "key=value"))
    var tag: [String] = []

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let tags = try tag.map { try KeyValue(setting: $0) }
        try await Session.withProject(common) { services in
            let id = try await services.tracking.createExperiment(name: name, tags: tags)
            let made = try await services.tracking.experiment(id: id)
            try common.output.answer(
                json: ExperimentList([made], counts: [:]).jsonLines,
                text: "experiment \(id) is \(name)"
            )
        }
    }
}

/// `gyre experiments rename`: gives an experiment another name.
struct ExperimentsRenameVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rename",
        abstract: "Give an experiment another name.",
        discussion: """
            Example:
              gyre experiments rename churn churn-2025
            """
    )

    @Argument(help: ArgumentHelp("The experiment, by name or id.", valueName: "experiment"))
    var experiment: String

    @Argument(help: ArgumentHelp("Its new name.", valueName: "name"))
    var name: String

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await Session.withProject(common) { services in
            let found = try await services.tracking.experiment(meant: experiment, view: .activeOnly)
            try await services.tracking.renameExperiment(id: found.id, to: name)
            var writer = JSONWriter()
            writer.object { writer in
                writer.field("experiment_id", found.id)
                writer.field("name", name)
                writer.field("previous_name", found.name)
            }
            try common.output.answer(
                json: writer.text,
                text: "experiment \(found.id) is \(name), before \(found.name)"
            )
        }
    }
}

/// `gyre experiments delete`: hides an experiment with its runs until it is restored.
struct ExperimentsDeleteVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete an experiment with its runs; it can be restored.",
        discussion: """
            Example:
              gyre experiments delete churn --dry-run
            """
    )

    @Argument(help: ArgumentHelp("The experiment, by name or id.", valueName: "experiment"))
    var experiment: String

    @OptionGroup var consent: ConsentOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let output = common.output
        try await Session.withProject(common) { services in
            let found = try await services.tracking.experiment(meant: experiment, view: .activeOnly)
            let count = try await services.tracking.runCounts()[found.id]?.runs ?? 0
            let what = "the experiment `\(found.name)` (\(found.id)) with \(count) \(count == 1 ? "run" : "runs")"
            if !consent.dryRun {
                try await consent.require(to: "delete \(what)", output)
                try await services.tracking.setExperiment(id: found.id, stage: .deleted)
            }
            var writer = JSONWriter()
            writer.object { writer in
                writer.field("dry_run", consent.dryRun)
                writer.field("experiment_id", found.id)
                writer.field("name", found.name)
                writer.field("deleted_runs", count)
            }
            try output.answer(
                json: writer.text,
                text: consent.dryRun
                    ? "would be deleted: \(what)"
                    : "deleted: \(what)  (`gyre experiments restore \(found.id)` brings it back)"
            )
        }
    }
}

/// `gyre experiments restore`: takes a deletion back.
struct ExperimentsRestoreVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Restore a deleted experiment with its runs.",
        discussion: """
            Example:
              gyre experiments restore churn
            """
    )

    @Argument(help: ArgumentHelp("The experiment, by name or id.", valueName: "experiment"))
    var experiment: String

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await Session.withProject(common) { services in
            let found = try await services.tracking.experiment(meant: experiment, view: .deletedOnly)
            try await services.tracking.setExperiment(id: found.id, stage: .active)
            var writer = JSONWriter()
            writer.object { writer in
                writer.field("experiment_id", found.id)
                writer.field("name", found.name)
            }
            try common.output.answer(
                json: writer.text,
                text: "restored: the experiment `\(found.name)` (\(found.id))"
            )
        }
    }
}
