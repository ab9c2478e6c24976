// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Server
import Terminal
import Tracking

/// `gyre runs list`: the newest runs, side by side.
struct RunsListVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List runs side by side.",
        discussion: """
            Filter and order are in MLflow's search language.

            Example:
              gyre runs list --experiment churn --order "metrics.recall DESC"
            """
    )

    @Option(help: ArgumentHelp("Only runs that meet this.", valueName: "filter"))
    var filter: String?

    @OptionGroup var options: RunOptions

    @Option(name: [.customShort("n"), .long], help: ArgumentHelp("At most this many.", valueName: "count"))
    var limit = 20

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if !(1...1_000).contains(limit) {
            throw ValidationError("At least 1 and at most 1000 can be listed, not \(limit).")
        }
    }

    func run() async throws {
        let columns = try options.chosenColumns()
        try await Session.withProject(common) { services in
            var search = try await options.search(filter: filter, in: services)
            search.limit = limit
            let list = RunList(try await services.tracking.searchRuns(search).items, columns: columns)
            let names = try await ExperimentNames(list, services)
            let text =
                list.isEmpty
                ? try await options.words(forNoneBy: filter, in: services)
                : common.output.text(of: list.table(nowMs: services.now(), names))
            try common.output.answer(json: list.json(names), text: text)
        }
    }
}
