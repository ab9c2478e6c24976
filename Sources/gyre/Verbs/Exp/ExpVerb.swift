// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataVersions
import Experiments
import Files
import JSONText
import Pipelines
import Server
import SystemPackage
import Terminal

/// `gyre exp`: the pipeline with other parameters, kept beside the branches.
struct ExpVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exp",
        abstract: "Run the pipeline with other parameters, compare, and apply what is best.",
        discussion: """
            An experiment is a commit beside the branches, as DVC keeps it, and a tracked run. `gyre experiments` are the sets \
            that runs are in.

            Example:
              gyre exp run -S train.C=0.001,0.01,0.1 -j 2
            """,
        subcommands: [
            ExpRunVerb.self, ExpShowVerb.self, ExpListVerb.self, ExpDiffVerb.self, ExpApplyVerb.self,
            ExpBranchVerb.self, ExpRenameVerb.self, ExpRemoveVerb.self,
        ]
    )
}

/// What the verbs of experiments work on.
struct ExperimentProject {
    let project: PipelineProject
    let workspace: Workspace
    let runner: ExperimentRunner

    init(_ common: CommonOptions) throws {
        project = try PipelineProject(common)
        workspace = try PipelineProject.workspace(common)
        try workspace.prepareState()
        runner = try ExperimentRunner(
            project.data,
            in: workspace.state.appending("experiments"),
            now: Session.now
        )
    }

    var store: ExperimentStore { runner.store }
}

/// Which experiments a verb is about, by the commits that they began with.
struct BaselineOptions: ParsableArguments {
    @Flag(name: [.customShort("A"), .long], help: "Those of all commits.")
    var allCommits = false

    @Option(help: ArgumentHelp("Those that began with this commit, branch or tag.", valueName: "revision"))
    var rev: String?

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("So many commits back, along first parents; below 1 for all.", valueName: "n")
    )
    var num = 1

    var choice: Git.CommitChoice {
        var choice = Git.CommitChoice()
        (choice.revision, choice.count) = (rev ?? "HEAD", num)
        return choice
    }

    /// Whether commits were named.
    var isChosen: Bool { allCommits || rev != nil || num != 1 }

    /// The experiments, by commit, the commits in the order in which they were asked for.
    func experiments(_ store: ExperimentStore) async throws -> [(baseline: String, experiments: [Experiment])] {
        let head = try await store.head()
        let all = try await store.all()
        var commits = allCommits ? [head] : try await Git(root: store.data.root).commits(choice)
        if allCommits {
            for one in all.reversed() where !commits.contains(one.baseline) { commits.append(one.baseline) }
        }
        return commits.map { commit in (commit, all.filter { $0.baseline == commit }) }.filter { !$0.1.isEmpty }
    }
}

/// `gyre exp list`.
struct ExpListVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List experiments by the commits that they began with.",
        discussion: """
            Example:
              gyre exp list --all-commits
            """,
        aliases: ["ls"]
    )

    @OptionGroup var baselines: BaselineOptions

    @Flag(name: [.customLong("name-only"), .customLong("names-only")], help: "Only the names.")
    var nameOnly = false

    @Flag(name: [.customLong("sha-only"), .customLong("shas-only")], help: "Only the commits.")
    var shaOnly = false

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let project = try PipelineProject(common)
        let found = try await baselines.experiments(ExperimentStore(project.data))
        let git = Git(root: project.root)
        var names: [String: String] = [:]
        for (name, commit) in try await git.names(of: .tags) + git.names(of: .branches) { names[commit] = name }
        var lines: [String] = []
        for (baseline, experiments) in found {
            if nameOnly || shaOnly {
                lines += experiments.map { nameOnly ? $0.name : $0.commit }
            } else {
                lines.append("\(common.output.paint(names[baseline] ?? String(baseline.prefix(7)), .name)):")
                lines += experiments.map { "\t\($0.shortCommit) [\($0.name)]" }
            }
        }
        var writer = JSONWriter()
        writer.array { writer in
            for experiment in found.flatMap(\.experiments) {
                writer.object { writer in
                    writer.field("name", experiment.name)
                    writer.field("commit", experiment.commit)
                    writer.field("baseline", experiment.baseline)
                    writer.field("created_ms", experiment.seconds * 1_000)
                }
            }
        }
        try common.answer(json: writer.text, text: lines.joined(separator: "\n"))
    }
}
