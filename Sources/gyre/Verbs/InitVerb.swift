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
            exist are kept. DVC's files are staged for the first commit.

            Example:
              gyre init --example breast-cancer
            """
    )

    @Option(help: ArgumentHelp("Start from a complete example: breast-cancer.", valueName: "name"))
    var example: String?

    @Flag(name: .customLong("no-scm"), help: "Without git: no repository is made, and no `.gitignore` written.")
    var noSCM = false

    @Flag(help: "Make a project of its own inside of a git repository.")
    var subdir = false

    @Flag(name: [.short, .long], help: "Make `.dvc` anew if there is one; what its cache holds is gone.")
    var force = false

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let example = try example.map { try Example.named($0) }
        var wishes = ProjectFounder.Wishes()
        (wishes.withoutGit, wishes.isBelowGit, wishes.replaces) = (noSCM, subdir, force)
        let report = try await ProjectFounder(example: example, wishes).found(common.folder)
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("root", report.root.string)
            writer.field("made_repository", report.madeRepository)
            writer.field("written", report.written)
        }
        let files = report.written.isEmpty ? "nothing to write" : report.written.joined(separator: ", ")
        try common.output.answer(
            json: writer.text,
            text: "made the project `\(report.root.lastComponent?.string ?? "")`: \(files)"
        )
    }
}
