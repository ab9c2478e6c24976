// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Pipelines
import Terminal

/// `gyre dag`: the pipeline as a picture.
struct DagVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dag",
        abstract: "Draw the stages and what they need.",
        discussion: """
            Example:
              gyre dag --mermaid
            """
    )

    @Argument(help: ArgumentHelp("Only this stage or output and what it needs.", valueName: "target"))
    var target: String?

    @Flag(help: "Print it for Graphviz.")
    var dot = false

    @Flag(help: "Print it for Mermaid.")
    var mermaid = false

    @Flag(name: .customLong("md"), help: "Print it for Mermaid, in a block of Markdown.")
    var markdown = false

    @Flag(help: "With a target: all that is connected with it.")
    var full = false

    @Flag(name: [.short, .long], help: "Draw the outputs in place of the stages.")
    var outs = false

    @Flag(name: .customLong("collapse-foreach-matrix"), help: "Draw all stages of a loop as one.")
    var collapse = false

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if outs, collapse { throw ValidationError("--outs and --collapse-foreach-matrix exclude each other") }
    }

    func run() async throws {
        let project = try PipelineProject(common)
        let pipeline = try await project.pipeline()
        // A circle is an error, not a picture: nothing in it has a level.
        _ = try pipeline.ordered([])
        var drawing = PipelineDrawing(pipeline, outputs: outs)
        if let target {
            var selection = StageSelection()
            selection.targets = [target]
            let nodes = try selection.nodes(in: pipeline, from: project.folder)
            let path = try? project.path(target)
            let names = outs ? nodes.flatMap(\.outputs) : nodes.map(\.address)
            drawing = drawing.around(
                outs ? names.filter { $0 == path }.isEmpty ? names : [path ?? ""] : names,
                full: full
            )
        }
        if collapse { drawing = drawing.collapsed() }
        let shown = drawing
        try common.output.answer(
            json: shown.json,
            text: dot
                ? shown.dot : markdown ? "```mermaid\n\(shown.mermaid)\n```" : mermaid ? shown.mermaid : shown.text
        )
    }
}
