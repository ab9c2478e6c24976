// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataVersions
import Server
import SystemPackage

/// `gyre checkout`: puts versioned data into the work tree.
struct CheckoutVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "checkout",
        abstract: "Put the data that the current commit names into the folder.",
        discussion: """
            Example:
              git switch main && gyre checkout
            """
    )

    @Argument(help: ArgumentHelp("Only these; all if none are named.", valueName: "path"))
    var paths: [String] = []

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let data = try DataRepository.open(at: try common.workspace().root)
        try await data.checkout(paths.map { common.folder.pushing(FilePath($0)).lexicallyNormalized() })
        common.output.progress("the data is that of the current commit")
    }
}
