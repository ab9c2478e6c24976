// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Server
import Terminal
import Tracking

/// `gyre experiments list`: the newest experiments.
struct ExperimentsListVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List experiments, newest first.",
        discussion: """
            Example:
              gyre experiments list --deleted
            """
    )

    @Flag(help: "List the deleted experiments instead.")
    var deleted = false

    @Option(name: [.customShort("n"), .long], help: ArgumentHelp("At most this many.", valueName: "count"))
    var limit = 100

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if !(1...1_000).contains(limit) {
            throw ValidationError("At least 1 and at most 1000 can be listed, not \(limit).")
        }
    }

    func run() async throws {
        try await Session.withProject(common) { services in
            let view: ViewType = deleted ? .deletedOnly : .activeOnly
            let found = try await services.tracking.searchExperiments(view: view, limit: limit).items
            let list = ExperimentList(found, counts: try await services.tracking.runCounts())
            let none = deleted ? "no deleted experiments" : "no experiments; make one by `gyre experiments create NAME`"
            try common.output.answer(
                json: list.json,
                text: found.isEmpty ? none : common.output.text(of: list.table(nowMs: services.now()))
            )
        }
    }
}

/// `gyre experiments search`: all experiments that meet a filter, page by page.
struct ExperimentsSearchVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Print all experiments that meet a filter, however many there are.",
        discussion: """
            The filter is in MLflow's search language over name, creation_time, last_update_time and tags.NAME; with --json one \
            object per line.

            Example:
              gyre experiments search "name LIKE 'churn%'" --order-by "name ASC"
            """
    )

    @Argument(help: ArgumentHelp("Only experiments that meet this; all if missing.", valueName: "filter"))
    var filter: String?

    @Flag(help: "Search the deleted experiments instead.")
    var deleted = false

    @Option(
        name: [.customLong("order"), .customLong("order-by")],
        help: ArgumentHelp("The order; newest first if missing.", valueName: "field")
    )
    var order: [String] = []

    @Option(
        name: [.customShort("n"), .long],
        help: ArgumentHelp("At most this many; all if missing.", valueName: "count")
    )
    var limit: Int?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("At least 1 experiment can be printed, not \(limit).") }
    }

    func run() async throws {
        let output = common.output
        try await Session.withProject(common) { services in
            let counts = try await services.tracking.runCounts()
            let isTold = try await output.printPages(limit: limit) { token, count in
                try await services.tracking.searchExperiments(
                    view: deleted ? .deletedOnly : .activeOnly,
                    filter: filter,
                    orderBy: order,
                    after: token,
                    limit: count
                )
            } show: { page in
                let list = ExperimentList(page, counts: counts)
                return (list.jsonLines, list.table(nowMs: services.now()))
            }
            guard !isTold, !output.json else { return }
            let words = deleted ? "no deleted experiment" : "no experiment"
            try output.answer(json: "", text: filter.map { "\(words) meets `\($0)`" } ?? words)
        }
    }
}
