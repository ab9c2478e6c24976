// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataVersions
import Experiments
import JSONText
import Pipelines
import Terminal

/// `gyre exp diff`.
struct ExpDiffVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Compare the metrics and parameters of two experiments.",
        discussion: """
            Experiments are named like commits. With one the work tree is the other; with none, the last commit and the work \
            tree.

            Example:
              gyre exp diff keen-wren lucid-maple
            """
    )

    @Argument(help: ArgumentHelp("The old experiment or commit.", valueName: "a"))
    var old: String?

    @Argument(help: ArgumentHelp("The new one; the work tree if left out.", valueName: "b"))
    var new: String?

    @Flag(help: "Only parameters that stages depend on.")
    var paramDeps = false

    @Option(help: ArgumentHelp("Digits behind the point.", valueName: "n"))
    var precision = 5

    @OptionGroup var comparison: ComparisonOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let project = try PipelineProject(common)
        let store = ExperimentStore(project.data)
        let (from, to) = (old ?? "HEAD", new ?? ProjectRevision.workspace)
        func revision(_ name: String) async throws -> ProjectRevision {
            let commit = name == ProjectRevision.workspace ? name : try await store.commit(name)
            return try await ProjectRevision(commit, of: project.data)
        }
        let (before, after) = (try await revision(from), try await revision(to))
        let metrics = ValueDifference(
            from: try await ValueReport.metrics(of: before).renamed(project.shown),
            to: try await ValueReport.metrics(of: after).renamed(project.shown),
            includingUnchanged: comparison.all
        )
        let params = ValueDifference(
            from: try await ValueReport.params(of: before, ofStages: paramDeps).renamed(project.shown),
            to: try await ValueReport.params(of: after, ofStages: paramDeps).renamed(project.shown),
            includingUnchanged: comparison.all
        )
        let parts = [("Metric", metrics), ("Param", params)].map { title, difference in
            comparison.text(
                difference,
                title,
                old: from,
                new: to,
                precision: precision,
                hasChange: true,
                common.output
            )
        }
        try common.answer(
            json: "{\"metrics\": \(metrics.json), \"params\": \(params.json)}",
            text: parts.filter { !$0.isEmpty }.joined(separator: "\n")
        )
    }
}
