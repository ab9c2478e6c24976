// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Server
import Terminal
import Tracking

/// `gyre experiments show`: everything about one experiment.
struct ExperimentsShowVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show everything about one experiment, with its newest runs.",
        discussion: """
            Example:
              gyre experiments show churn
            """
    )

    @Argument(help: ArgumentHelp("The experiment, by name or id.", valueName: "experiment"))
    var experiment: String

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await Session.withProject(common) { services in
            let found = try await services.tracking.experiment(meant: experiment)
            let sheet = try await ExperimentSheet(found, in: services)
            try common.output.answer(json: sheet.json, text: sheet.text(common.output))
        }
    }
}
