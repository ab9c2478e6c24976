// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `gyre models`: the registry; alone it lists the registered models.
struct ModelsVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models",
        abstract: "List, show, name, describe and download registered models.",
        discussion: """
            Without a subcommand it lists the models. A version is written as NAME/VERSION or NAME@ALIAS.

            Example:
              gyre models show churn
            """,
        subcommands: [
            ModelsListVerb.self, ModelsShowVerb.self, ModelsSearchVerb.self, ModelsVersionsVerb.self,
            ModelsDownloadVerb.self, ModelsAliasVerb.self, ModelsDeleteAliasVerb.self, ModelsDescribeVerb.self,
            ModelsDeleteVerb.self,
        ],
        defaultSubcommand: ModelsListVerb.self
    )
}
