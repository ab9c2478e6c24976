// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import JSONText
import Server
import Terminal
import Tracking

/// `gyre runs search`: all runs that meet a filter, page by page.
struct RunsSearchVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Print all runs that meet a filter, however many there are.",
        discussion: """
            The runs are read page by page, and printed as they are found; with --json one object per line. The filter is in \
            MLflow's search language, with OR, NOT and parentheses.

            Example:
              gyre runs search "metrics.recall > 0.9" --columns name,params.C,metrics.recall
            """
    )

    @Argument(help: ArgumentHelp("Only runs that meet this; all if missing.", valueName: "filter"))
    var filter: String?

    @OptionGroup var options: RunOptions

    @Option(
        name: [.customShort("n"), .long],
        help: ArgumentHelp("At most this many; all if missing.", valueName: "count")
    )
    var limit: Int?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("At least 1 run can be printed, not \(limit).") }
    }

    func run() async throws {
        let chosen = try options.chosenColumns()
        let output = common.output
        try await Session.withProject(common) { services in
            var search = try await options.search(filter: filter, in: services)
            var columns = chosen
            let isTold = try await output.printPages(limit: limit) { token, count in
                search.after = token
                search.limit = count
                return try await services.tracking.searchRuns(search)
            } show: { page in
                let list = RunList(page, columns: columns)
                // The first page decides what the others show too.
                if !output.json { columns = list.columns }
                let names = try await ExperimentNames(list, services)
                return (list.jsonLines(names), list.table(nowMs: services.now(), names))
            }
            if !isTold, !output.json {
                let words = try await options.words(forNoneBy: filter, in: services)
                try output.answer(json: "", text: words)
            }
        }
    }
}
