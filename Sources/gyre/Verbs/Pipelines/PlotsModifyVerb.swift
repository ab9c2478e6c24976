// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataVersions
import JSONText
import Pipelines
import Terminal

/// `gyre plots modify`.
struct PlotsModifyVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "modify",
        abstract: "Change how an output of a stage is shown.",
        discussion: """
            What people wrote around it in `dvc.yaml` stays. An output that is no plot becomes one.

            Example:
              gyre plots modify losses.csv -x epoch -y loss --title Losses
              gyre plots modify losses.csv --unset title
            """
    )

    @Argument(help: ArgumentHelp("A file that a stage writes.", valueName: "target"))
    var target: String

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("The way to draw; see `gyre plots templates`.", valueName: "name")
    )
    var template: String?

    @Option(name: .customShort("x"), help: ArgumentHelp("The field on the horizontal axis.", valueName: "field"))
    var x: String?

    @Option(name: .customShort("y"), help: ArgumentHelp("The field on the vertical axis.", valueName: "field"))
    var y: String?

    @Option(help: ArgumentHelp("The words below the horizontal axis.", valueName: "text"))
    var xLabel: String?

    @Option(help: ArgumentHelp("The words beside the vertical axis.", valueName: "text"))
    var yLabel: String?

    @Option(help: ArgumentHelp("The words above.", valueName: "text"))
    var title: String?

    @Flag(help: "The first line of a CSV or TSV file is data, too.")
    var noHeader = false

    @Option(parsing: .upToNextOption, help: ArgumentHelp("Remove these settings.", valueName: "setting"))
    var unset: [String] = []

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let project = try PipelineProject(common)
        if let template, try await !Plot.hasTemplate(template, in: project.root) {
            throw PlotOptions.unknown(template)
        }
        let path = try project.path(target)
        guard let stage = try await project.pipeline().stages.first(where: { $0.outputs.contains { $0.path == path } })
        else {
            throw UsageError(
                what: "cannot change how `\(target)` is shown",
                why: "no stage writes it",
                next: "see what stages write by `gyre stage list`"
            )
        }
        var change = StageEditor.PlotChange()
        let named: [(String, String?)] = [
            ("template", template), ("x", x), ("y", y), ("x_label", xLabel), ("y_label", yLabel), ("title", title),
        ]
        change.settings = named.compactMap { key, value in value.map { (key, $0) } }
        change.hasHeader = noHeader ? false : nil
        change.unset = unset
        let editor = StageEditor(root: project.root)
        let isChanged = try await project.data.staging { try editor.modifyPlot(path, of: stage, change) }
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("target", path)
            writer.field("stage", stage.address)
            writer.field("changed", isChanged)
        }
        let word = isChanged ? "changed" : "has"
        try common.answer(
            json: writer.text,
            text: "stage \(stage.address) \(word) how \(target) is shown" + (isChanged ? "" : " already")
        )
    }
}
