// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import JSONText
import Server
import SystemPackage
import Terminal

/// `gyre init`: makes a project.
struct InitVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make this folder a project.",
        discussion: """
            Writes `gyre.yaml`, prepares `.gyre` and `.dvc`, and makes a git repository if the folder is in none. Files that
            exist are kept.

            Example:
              gyre init --example breast-cancer
            """
    )

    @Option(help: ArgumentHelp("Start from a complete example: breast-cancer.", valueName: "name"))
    var example: String?

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let example = try example.map { try Example.named($0) }
        let report = try await ProjectFounder(example: example).found(common.folder)
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("root", report.root.string)
            writer.field("made_repository", report.madeRepository)
            writer.key("written")
            writer.array { writer in for path in report.written { writer.string(path) } }
        }
        let files = report.written.isEmpty ? "nothing to write" : report.written.joined(separator: ", ")
        try common.output.answer(
            json: writer.text,
            text: "made the project `\(report.root.lastComponent?.string ?? "")`: \(files)"
        )
    }
}
