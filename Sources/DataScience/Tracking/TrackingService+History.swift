// SPDX-License-Identifier: Apache-2.0

import Database

extension TrackingService {
    /// The most points of a metric's history in one page.
    package static let historyLimit = 25_000

    /// The points of a metric by time, then step, then value.
    ///
    /// - Parameters:
    ///   - run: The run.
    ///   - key: The metric.
    ///   - token: The end of the page before; nil for the first.
    ///   - limit: At most this many, up to ``historyLimit``.
    /// - Returns: A page of them.
    /// - Throws: ``TrackingError`` `.notFound` for the run, `.invalidParameter` for the token.
    package func metricHistory(
        run: String,
        key: String,
        after token: PageToken? = nil,
        limit: Int = TrackingService.historyLimit
    ) async throws -> Page<Metric> {
        let limit = min(max(limit, 1), Self.historyLimit)
        let sql = try Self.history(run, key, after: token, limit: limit)
        return try await database.read { reader in
            guard try reader.row("SELECT 1 FROM tracking_runs WHERE id = \(run)") != nil else {
                throw TrackingError.missing("the run", run)
            }
            let rows = try reader.rows(sql)
            let points = rows.prefix(limit).map { Store.metric($0, from: 0) }
            guard rows.count > limit else { return Page(points, next: nil) }
            let last = rows[limit - 1]
            return Page(points, next: PageToken(values: [last[3], last[4], last[1], last[2]]))
        }
    }

    static func history(
        _ run: String,
        _ key: String,
        after token: PageToken?,
        limit: Int
    ) throws(TrackingError) -> SQL {
        var sql: SQL = """
            SELECT key, value, is_nan, timestamp_ms, step
            FROM tracking_metrics
            WHERE run_id = \(run) AND key = \(key)
            """
        if let token {
            let place = try token.values([true, true, true, true])
            sql += " AND (timestamp_ms, step, value, is_nan) > (\(place[0]), \(place[1]), \(place[2]), \(place[3]))"
        }
        sql += " ORDER BY timestamp_ms, step, value, is_nan LIMIT \(limit + 1)"
        return sql
    }
}
