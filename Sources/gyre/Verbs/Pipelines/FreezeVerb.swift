// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataVersions
import JSONText
import Pipelines
import Terminal

/// `gyre freeze`: a stage stays as it is.
struct FreezeVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "freeze",
        abstract: "Have `gyre repro` leave stages as they are.",
        discussion: """
            Example:
              gyre freeze clean
            """
    )

    @Argument(help: ArgumentHelp("Stages.", valueName: "stage"))
    var targets: [String]

    @OptionGroup var common: CommonOptions

    func run() async throws { try await Freezing.run(targets, true, common) }
}

/// `gyre unfreeze`: a stage runs again.
struct UnfreezeVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unfreeze",
        abstract: "Have `gyre repro` run frozen stages again.",
        discussion: """
            Example:
              gyre unfreeze clean
            """
    )

    @Argument(help: ArgumentHelp("Stages.", valueName: "stage"))
    var targets: [String]

    @OptionGroup var common: CommonOptions

    func run() async throws { try await Freezing.run(targets, false, common) }
}

/// What both have in common.
private enum Freezing {
    static func run(_ targets: [String], _ isFrozen: Bool, _ common: CommonOptions) async throws {
        let project = try PipelineProject(common)
        let stages = try project.stages(targets, in: try await project.pipeline())
        let editor = StageEditor(root: project.root)
        var lines: [String] = []
        var writer = JSONWriter()
        let changed = try await project.data.staging { try stages.map { try editor.freeze($0, isFrozen) } }
        writer.array { writer in
            for (stage, didChange) in zip(stages, changed) {
                let word = isFrozen ? "frozen" : "not frozen"
                lines.append("stage \(stage.address) is \(word)\(didChange ? " now" : "")")
                writer.object { writer in
                    writer.field("stage", stage.address)
                    writer.field("frozen", isFrozen)
                    writer.field("changed", didChange)
                }
            }
        }
        try common.answer(json: writer.text, text: lines.joined(separator: "\n"))
    }
}
