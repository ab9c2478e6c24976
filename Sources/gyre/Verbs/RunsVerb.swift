// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import JSONText
import Server
import Terminal
import Tracking

/// `gyre runs`: compares runs.
struct RunsVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs",
        abstract: "List and compare runs.",
        discussion: """
            Filter and order are in MLflow's search language.

            Example:
              gyre runs --filter "metrics.recall > 0.9" --order "metrics.recall DESC"
            """
    )

    @Option(help: ArgumentHelp("Only runs that meet this.", valueName: "filter"))
    var filter: String?

    @Option(help: ArgumentHelp("The order; newest first if missing.", valueName: "field"))
    var order: [String] = []

    @Option(name: [.customShort("n"), .long], help: ArgumentHelp("At most this many.", valueName: "count"))
    var limit = 20

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if !(1...1_000).contains(limit) {
            throw ValidationError("At least 1 and at most 1000 can be listed, not \(limit).")
        }
    }

    func run() async throws {
        try await Session.withProject(common) { services in
            let runs = try await services.tracking.searchRuns(
                RunSearch(filter: filter, orderBy: order, limit: limit)
            )
            let list = RunList(runs.items)
            let text =
                runs.isEmpty
                ? "no runs yet; start one by `gyre repro`" : common.output.text(of: list.table(nowMs: services.now()))
            try common.output.answer(json: list.json, text: text)
        }
    }
}
