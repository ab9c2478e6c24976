// SPDX-License-Identifier: Apache-2.0

import Database

/// Keeps the latest point of each of a run's metrics.
///
/// Its statement is prepared once for the call, which has up to a thousand metrics.
struct LatestWriter {
    private let statement: SQLStatement

    init(run: RunKey, _ writer: SQLWriter) throws {
        // What is later, ``MetricPoint/isLater(than:)`` says too.
        statement = try writer.statement(
            """
            INSERT INTO tracking_latest (run, key, experiment_id, timestamp_ms, step, value, is_nan)
            VALUES (?1, ?3, ?2, ?4, ?5, ?6, ?7)
            ON CONFLICT (run, key) DO UPDATE SET timestamp_ms = ?4, step = ?5, value = ?6, is_nan = ?7
                WHERE (?5, ?4, ?6) > (step, timestamp_ms, value)
            """
        )
        try statement.bind(run.number, at: 1)
        try statement.bind(run.experiment, at: 2)
    }

    /// Makes a point the latest of a metric, if it is later than what is known.
    func put(_ point: MetricPoint, _ key: Int64) throws {
        try statement.bind(key, at: 3)
        try statement.bind(point.timestampMs, at: 4)
        try statement.bind(point.step, at: 5)
        try statement.bind(point.storedValue, at: 6)
        try statement.bind(point.value.isNaN ? 1 : 0 as Int64, at: 7)
        try statement.run()
    }
}
