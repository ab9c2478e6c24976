// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Server
import SystemPackage

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
        let report = try await ProjectFounder(example: try example.map(Example.named)).found(common.folder)
        common.output.result(report)
    }
}
