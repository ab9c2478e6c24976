// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Registry
import Server
import Terminal
import Tracking

/// `gyre models list`: the registered models.
struct ModelsListVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the registered models.",
        discussion: """
            Example:
              gyre models list -n 10
            """
    )

    @Option(name: [.customShort("n"), .long], help: ArgumentHelp("At most this many, by name.", valueName: "count"))
    var limit = 100

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if !(1...1_000).contains(limit) {
            throw ValidationError("At least 1 and at most 1000 can be listed, not \(limit).")
        }
    }

    func run() async throws {
        try await Session.withProject(common) { services in
            let models = try await services.registry.searchModels(limit: limit).items
            let list = ModelList(models)
            try common.output.answer(
                json: list.json,
                text: models.isEmpty ? Self.none : common.output.text(of: list.table(nowMs: services.now()))
            )
        }
    }

    /// What to say where there is no model at all.
    static let none = "no registered models yet; `gyre promote` registers a run's"
}

/// `gyre models search`: all models that meet a filter, page by page.
struct ModelsSearchVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Print all models that meet a filter, however many there are.",
        discussion: """
            The filter is in MLflow's search language over name and tags.NAME; with --json one object per line.

            Example:
              gyre models search "tags.team = 'risk'" --order "name DESC"
            """
    )

    @Argument(help: ArgumentHelp("Only models that meet this; all if missing.", valueName: "filter"))
    var filter: String?

    @Option(
        name: [.customLong("order"), .customLong("order-by")],
        help: ArgumentHelp("The order; by name if missing.", valueName: "field")
    )
    var order: [String] = []

    @Option(
        name: [.customShort("n"), .long],
        help: ArgumentHelp("At most this many; all if missing.", valueName: "count")
    )
    var limit: Int?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("At least 1 model can be printed, not \(limit).") }
    }

    func run() async throws {
        let output = common.output
        try await Session.withProject(common) { services in
            let isTold = try await output.printPages(limit: limit) { token, count in
                try await services.registry.searchModels(filter: filter, orderBy: order, after: token, limit: count)
            } show: { page in
                let list = ModelList(page)
                return (list.jsonLines, list.table(nowMs: services.now()))
            }
            guard !isTold, !output.json else { return }
            let isEmpty = try await services.registry.searchModels(limit: 1).isEmpty
            let words = isEmpty ? ModelsListVerb.none : "no model meets `\(filter ?? "")`"
            try output.answer(json: "", text: words)
        }
    }
}
