// SPDX-License-Identifier: Apache-2.0

import Database

/// What a search for runs asks for.
package struct RunSearch: Sendable {
    /// The experiments to look in; nil for all.
    package var experimentIDs: [String]?
    /// In MLflow's search language; nil for all.
    package var filter: String?
    /// In use, deleted, or both.
    package var view: ViewType
    /// Such as `metrics.recall DESC`; newest first if empty.
    package var orderBy: [String]
    /// The end of the page before; nil for the first.
    package var after: PageToken?
    /// At most this many, up to 50,000.
    package var limit: Int

    /// A search.
    package init(
        experimentIDs: [String]? = nil,
        filter: String? = nil,
        view: ViewType = .activeOnly,
        orderBy: [String] = [],
        after: PageToken? = nil,
        limit: Int = 1_000
    ) {
        self.experimentIDs = experimentIDs
        self.filter = filter
        self.view = view
        self.orderBy = orderBy
        self.after = after
        self.limit = limit
    }
}

extension TrackingService {
    /// Finds runs, newest first unless ordered otherwise.
    ///
    /// - Throws: ``TrackingError`` `.invalidParameter` for a filter, order or page token that cannot be read.
    package func searchRuns(_ search: RunSearch) async throws -> Page<Run> {
        let query = try RunQuery(search)
        return try await database.read { [names] reader in
            let page = try query.page(reader)
            return Page(try Store.runs(page.items, reader, names), next: page.next)
        }
    }

    /// The condition that `item` is in one of these experiments; nil if there are none.
    static func condition(experimentIDs: [String]) throws(TrackingError) -> SQL? {
        var numbers: [Int64] = []
        for id in experimentIDs { numbers.append(try Store.number(id)) }
        // For one experiment an index gives the rows in their order.
        guard numbers.count > 1 else { return numbers.first.map { "item.experiment_id = \($0)" } }
        return "item.experiment_id IN \(Store.members(numbers.map { .integer($0) }))"
    }

    /// How many runs in use each experiment has, and when the newest began, milliseconds UTC.
    package func runCounts() async throws -> [String: (runs: Int, lastStartMs: Int64)] {
        try await database.read { reader in
            let sql: SQL = """
                SELECT experiment_id, count(*), max(start_ms) FROM tracking_runs WHERE stage = 'active'
                GROUP BY experiment_id ORDER BY experiment_id LIMIT 10000
                """
            return Dictionary(
                try reader.rows(sql).map { ($0.string(0), (Int($0.int64(1)), $0.int64(2))) },
                uniquingKeysWith: { first, _ in first }
            )
        }
    }
}
