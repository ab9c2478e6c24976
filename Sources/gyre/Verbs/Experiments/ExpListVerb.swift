// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataVersions
import Experiments
import JSONText
import Terminal

/// `gyre exp list`: names of experiments.
struct ExpListVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List experiments of a commit, Gyre's and DVC's.",
        discussion: """
            Example:
              gyre exp list --all-commits
            """,
        aliases: ["ls"]
    )

    @Argument(help: ArgumentHelp("Those of a remote of git, by name or address.", valueName: "git-remote"))
    var gitRemote: String?

    @OptionGroup var scope: BaselineOptions

    @Flag(name: [.long, .customLong("names-only")], help: "Only names.")
    var nameOnly = false

    @Flag(name: [.long, .customLong("shas-only")], help: "Only commits.")
    var shaOnly = false

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if nameOnly, shaOnly { throw ValidationError("--name-only and --sha-only exclude each other") }
    }

    func run() async throws {
        let project = try PipelineProject(common)
        let git = Git(root: project.root)
        let store = ExperimentStore(project.data)
        _ = try await store.head()
        let shared = gitRemote.map { SharedExperiments(of: $0, beside: store) }
        let all = if let shared { try await shared.all() } else { try await store.all() }
        let baselines = try await scope.baselines(of: all, git)
        let names = try await CommitNames(git)
        var lines: [String] = []
        var writer = JSONWriter()
        writer.array { writer in
            for baseline in baselines {
                // The newest first; of a remote it is not known when they were made.
                let found = all.filter { $0.baseline == baseline }
                let own = shared == nil ? found.reversed() : found
                if own.isEmpty { continue }
                if !nameOnly, !shaOnly { lines.append("\(names.short(baseline)):") }
                for experiment in own {
                    let line =
                        shared == nil ? "\t\(experiment.shortCommit) [\(experiment.name)]" : "\t\(experiment.name)"
                    lines.append(nameOnly ? experiment.name : shaOnly ? experiment.commit : line)
                    writer.object { writer in
                        writer.field("name", experiment.name)
                        writer.field("rev", experiment.commit)
                        writer.field("baseline", baseline)
                        writer.field("baseline_name", names.short(baseline))
                        if shared == nil { writer.field("created_ms", experiment.seconds * 1_000) }
                    }
                }
            }
        }
        let (json, text) = (writer.text, lines.joined(separator: "\n"))
        try common.answer(json: json, text: text)
    }
}
