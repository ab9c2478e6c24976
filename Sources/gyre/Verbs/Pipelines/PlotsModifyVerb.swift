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

    @OptionGroup var look: PlotLook

    @Option(parsing: .upToNextOption, help: ArgumentHelp("Remove these settings.", valueName: "setting"))
    var unset: [String] = []

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let project = try PipelineProject(common)
        if let template = look.template, try await !Plot.hasTemplate(template, in: project.root) {
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
        change.settings = look.named
        change.hasHeader = look.noHeader ? false : nil
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
