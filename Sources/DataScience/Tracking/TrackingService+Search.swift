// SPDX-License-Identifier: Apache-2.0

import Database

/// What a search for runs asks for.
package struct RunSearch: Sendable {
    /// The experiments to look in.
    package var experimentIDs: [String]
    /// In MLflow's search language; nil for all.
    package var filter: String?
    /// In use, deleted, or both.
    package var view: ViewType
    /// Such as `metrics.recall DESC`; newest first if empty.
    package var orderBy: [String]
    /// How many to pass over.
    package var offset: Int
    /// At most this many, up to 50,000.
    package var limit: Int

    /// A search.
    package init(
        experimentIDs: [String],
        filter: String? = nil,
        view: ViewType = .activeOnly,
        orderBy: [String] = [],
        offset: Int = 0,
        limit: Int = 1_000
    ) {
        self.experimentIDs = experimentIDs
        self.filter = filter
        self.view = view
        self.orderBy = orderBy
        self.offset = offset
        self.limit = limit
    }
}

extension TrackingService {
    /// Finds runs.
    ///
    /// - Throws: ``TrackingError`` `.invalidParameter` for a filter or order that cannot be read.
    package func searchRuns(_ search: RunSearch) async throws -> [Run] {
        let numbers = search.experimentIDs.compactMap { Int64($0) }
        guard !numbers.isEmpty else { return [] }
        var conditions: [SQL] = ["experiment_id IN \(list: numbers)", search.view.condition]
        if let filter = search.filter, !filter.allSatisfy(\.isWhitespace) {
            conditions.append(try SearchFilter(filter, over: .runs).condition)
        }
        let order = try SearchOrder(search.orderBy, over: .runs).clause
        let sql: SQL = """
            SELECT \(raw: Store.runColumns) FROM tracking_runs
            WHERE \(SQL.joined(conditions, separator: " AND ")) \(order)
            LIMIT \(min(max(search.limit, 1), 50_000)) OFFSET \(max(search.offset, 0))
            """
        return try await database.read { reader in
            try reader.rows(sql).map { try Store.run(from: $0, reader) }
        }
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
