// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `gyre experiments`: sets of runs; alone it lists them.
struct ExperimentsVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "experiments",
        abstract: "List, show, make, rename and delete experiments.",
        discussion: """
            Without a subcommand it lists the experiments. An experiment is named by its name or its id.

            Example:
              gyre experiments show churn
            """,
        subcommands: [
            ExperimentsListVerb.self, ExperimentsShowVerb.self, ExperimentsSearchVerb.self, ExperimentsCreateVerb.self,
            ExperimentsRenameVerb.self, ExperimentsDeleteVerb.self, ExperimentsRestoreVerb.self,
        ],
        defaultSubcommand: ExperimentsListVerb.self
    )
}
