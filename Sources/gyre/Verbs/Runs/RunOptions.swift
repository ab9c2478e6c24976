// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Server
import Tracking

/// Which runs a list is of, in what order, and what it shows of them.
struct RunOptions: ParsableArguments {
    @Option(
        name: [.customLong("order"), .customLong("order-by")],
        help: ArgumentHelp("The order, such as \"metrics.recall DESC\"; newest first if missing.", valueName: "field")
    )
    var order: [String] = []

    @Option(
        help: ArgumentHelp("Only runs of this experiment, by name or id; may be given again.", valueName: "experiment")
    )
    var experiment: [String] = []

    @Flag(help: "List the deleted runs instead.")
    var deleted = false

    @Option(
        help: ArgumentHelp(
            "What to show, with commas between: run_id, name, status, started, params.NAME, metrics.NAME, tags.NAME, …",
            valueName: "names"
        )
    )
    var columns: [String] = []

    /// The columns that are asked for; nil for those that suit the runs.
    ///
    /// - Throws: ``UsageError`` for a name that is no column.
    func chosenColumns() throws -> [RunColumn]? {
        let names = columns.flatMap { $0.split(separator: ",") }.map { String($0.drop { $0 == " " }) }
        return names.isEmpty ? nil : try names.map { try RunColumn($0) }
    }

    /// A search for them.
    func search(filter: String?, in services: ProjectServices) async throws -> RunSearch {
        // Stages are shown to who asks for them.
        var search = RunSearch(
            filter: filter ?? RunSearch.withoutStages,
            view: deleted ? .deletedOnly : .activeOnly,
            orderBy: order
        )
        for experiment in experiment {
            let id = try await services.tracking.experiment(meant: experiment).id
            search.experimentIDs = (search.experimentIDs ?? []) + [id]
        }
        return search
    }

    /// What to say where no run is found, which must be true.
    func words(forNoneBy filter: String?, in services: ProjectServices) async throws -> String {
        guard try await services.tracking.searchRuns(RunSearch(view: .all, limit: 1)).first != nil else {
            return "no runs yet; start one by `gyre repro`"
        }
        var words = deleted ? "no deleted run" : "no run"
        if !experiment.isEmpty {
            words += " of " + experiment.map { "`\($0)`" }.joined(separator: " or ")
        }
        if let filter { return words + " meets `\(filter)`" }
        return words + (deleted || !experiment.isEmpty ? "" : " that is not deleted; see `gyre runs --deleted`")
    }
}
