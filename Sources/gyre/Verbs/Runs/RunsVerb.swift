// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `gyre runs`: everything about runs; alone it lists them.
struct RunsVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs",
        abstract: "List, show, compare, search and watch runs.",
        discussion: """
            Without a subcommand it lists the newest runs, with the options of `gyre runs list --help`. A run is named by its id, \
            the beginning of its id, or its name.

            Example:
              gyre runs --filter "metrics.recall > 0.9" --order "metrics.recall DESC"
            """,
        subcommands: [
            RunsListVerb.self, RunsShowVerb.self, RunsCompareVerb.self, RunsSearchVerb.self, RunsWatchVerb.self,
            RunsTagVerb.self, RunsDeleteVerb.self, RunsRestoreVerb.self,
        ],
        defaultSubcommand: RunsListVerb.self
    )
}
