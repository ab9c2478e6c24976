// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import JSONText
import Server
import Terminal
import Tracking

/// `gyre runs delete`: hides runs until they are restored.
struct RunsDeleteVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete runs; they can be restored.",
        discussion: """
            A deleted run is in no list but that of --deleted. Its params, metrics and artefacts stay.

            Example:
              gyre runs delete quiet-harbor-680 --dry-run
            """
    )

    @Argument(help: ArgumentHelp("Runs, by ids, beginnings of ids, or names.", valueName: "run"))
    var runs: [String]

    @OptionGroup var consent: ConsentOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let output = common.output
        try await Session.withProject(common) { services in
            let found = try await RunChange.find(runs, .activeOnly, services)
            if !consent.dryRun {
                let names = found.map { "`\($0.name)` (\($0.id.prefix(12)))" }.joined(separator: ", ")
                try await consent.require(to: "delete the \(found.count == 1 ? "run" : "runs") \(names)", output)
                for run in found { try await services.tracking.setRun(id: run.id, stage: .deleted) }
            }
            let change = RunChange(name: "deleted", runs: found, isDry: consent.dryRun)
            try output.answer(json: change.json, text: change.text(output))
        }
    }
}

/// `gyre runs restore`: takes a deletion back.
struct RunsRestoreVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Restore deleted runs.",
        discussion: """
            Example:
              gyre runs restore 78426451
            """
    )

    @Argument(help: ArgumentHelp("Deleted runs, by ids, beginnings of ids, or names.", valueName: "run"))
    var runs: [String]

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await Session.withProject(common) { services in
            let found = try await RunChange.find(runs, .deletedOnly, services)
            for run in found { try await services.tracking.setRun(id: run.id, stage: .active) }
            let change = RunChange(name: "restored", runs: found, isDry: false)
            try common.output.answer(json: change.json, text: change.text(common.output))
        }
    }
}

/// What a command did to some runs, or would do.
struct RunChange {
    let name: String
    let runs: [Run]
    let isDry: Bool

    /// All runs that are meant, before anything is done to the first.
    static func find(_ texts: [String], _ view: ViewType, _ services: ProjectServices) async throws -> [Run] {
        var found: [Run] = []
        for text in texts {
            let run = try await services.tracking.run(meant: text, view: view)
            if !found.contains(where: { $0.id == run.id }) { found.append(run) }
        }
        return found
    }

    func text(_ output: Output) -> String {
        runs.map { run in
            let what = "\(isDry ? "would be \(name)" : name): \(output.paint(run.id, .name))  \(output.line(run.name))"
            return name == "deleted" && !isDry
                ? what + "  (`gyre runs restore \(run.id.prefix(12))` brings it back)" : what
        }
        .joined(separator: "\n")
    }

    var json: String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("dry_run", isDry)
            writer.key(name)
            writer.array { writer in
                for run in runs {
                    writer.object { writer in
                        writer.field("run_id", run.id)
                        writer.field("name", run.name)
                    }
                }
            }
        }
        return writer.text
    }
}
