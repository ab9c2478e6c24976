// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Experiments
import Pipelines
import Terminal

/// `gyre exp diff`: metrics and parameters of two experiments.
struct ExpDiffVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Compare metrics and parameters of two experiments, commits or the work tree.",
        discussion: """
            Example:
              gyre exp diff brave-lark quick-otter
            """
    )

    @OptionGroup var revisions: RevisionPair

    @Flag(help: "Only parameters that stages depend on.")
    var paramDeps = false

    @Option(help: ArgumentHelp("Digits behind the point.", valueName: "n"))
    var precision = 5

    @OptionGroup var comparison: ComparisonOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let project = try PipelineProject(common)
        let store = ExperimentStore(project.data)
        _ = try await store.head()
        var pair = revisions
        for side in [\RevisionPair.old, \.new] where pair[keyPath: side] != ProjectRevision.workspace {
            pair[keyPath: side] = try await store.commit(pair[keyPath: side])
        }
        let metrics = try await pair.difference(project, all: comparison.all) {
            try await ValueReport.metrics(of: $0)
        }
        let params = try await pair.difference(project, all: comparison.all) {
            try await ValueReport.params(of: $0, ofStages: paramDeps)
        }
        func text(_ difference: ValueDifference, _ title: String, _ hasChange: Bool) -> String {
            difference.changes.isEmpty
                ? ""
                : comparison.text(
                    difference,
                    title,
                    revisions,
                    precision: precision,
                    hasChange: hasChange,
                    common.output
                )
        }
        let parts = [
            text(metrics, "Metric", true),
            text(params, "Param", params.changes.contains { $0.difference != nil }),
        ]
        try common.answer(
            json: "{\"metrics\": \(metrics.json), \"params\": \(params.json)}",
            text: parts.filter { !$0.isEmpty }.joined(separator: "\n\n")
        )
    }
}
