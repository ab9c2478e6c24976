// SPDX-License-Identifier: Apache-2.0

import Database

/// The statements of the room that write.
extension Store {
    static func put(_ pairs: [KeyValue], in table: String, _ column: String, _ id: SQLValue, _ writer: SQLWriter) throws
    {
        guard !pairs.isEmpty else { return }
        let statement = try writer.statement(
            """
            INSERT INTO \(table) (\(column), key, value) VALUES (?, ?, ?)
            ON CONFLICT (\(column), key) DO UPDATE SET value = excluded.value
            """
        )
        for pair in pairs { try statement.run([id, .text(pair.key), .text(pair.value)]) }
    }

    /// Stores parameters; the same value again changes nothing, another one is refused.
    static func put(
        params: [KeyValue],
        in table: String,
        _ column: String,
        of owner: String,
        _ id: String,
        _ writer: SQLWriter
    ) throws {
        guard !params.isEmpty else { return }
        let statement = try writer.statement(
            "INSERT INTO \(table) (\(column), key, value) VALUES (?, ?, ?) ON CONFLICT (\(column), key) DO NOTHING"
        )
        for param in params {
            guard try statement.run([.text(id), .text(param.key), .text(param.value)]) == 0 else { continue }
            let sql: SQL = """
                SELECT value FROM \(raw: table) WHERE \(raw: column) = \(id) AND key = \(param.key)
                """
            let old = try writer.row(sql)?.string(0) ?? ""
            guard old != param.value else { continue }
            throw TrackingError.invalid(
                "cannot change the parameter `\(param.key)` of \(owner) `\(id)`",
                """
                it was logged with the value `\(old.prefix(200))`, and now `\(param.value.prefix(200))` came; \
                parameters do not change
                """
            )
        }
    }

    /// Stores points; one that is there already adds nothing.
    static func put(metrics: [Metric], run: String, _ writer: SQLWriter) throws {
        guard !metrics.isEmpty else { return }
        let point = try writer.statement(
            """
            INSERT INTO tracking_metrics (run_id, key, timestamp_ms, step, value, is_nan) VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT DO NOTHING
            """
        )
        var latest: [String: Metric] = [:]
        for metric in metrics {
            try point.run([
                .text(run), .text(metric.key), .integer(metric.timestampMs), .integer(metric.step),
                .real(metric.storedValue), .integer(metric.value.isNaN ? 1 : 0),
            ])
            if let old = latest[metric.key], !metric.isLater(than: old) { continue }
            latest[metric.key] = metric
        }
        try put(latest: latest.values, run: run, writer)
        try putModelMetrics(metrics, run: run, writer)
    }

    private static func put(latest: some Sequence<Metric>, run: String, _ writer: SQLWriter) throws {
        let statement = try writer.statement(
            """
            INSERT INTO tracking_latest_metrics (run_id, key, step, timestamp_ms, value, is_nan)
            VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (run_id, key) DO UPDATE
            SET step = excluded.step, timestamp_ms = excluded.timestamp_ms, value = excluded.value,
                is_nan = excluded.is_nan
            WHERE (excluded.step, excluded.timestamp_ms, excluded.value) > (step, timestamp_ms, value)
            """
        )
        for metric in latest {
            try statement.run([
                .text(run), .text(metric.key), .integer(metric.step), .integer(metric.timestampMs),
                .real(metric.storedValue), .integer(metric.value.isNaN ? 1 : 0),
            ])
        }
    }

    private static func putModelMetrics(_ metrics: [Metric], run: String, _ writer: SQLWriter) throws {
        let models = Set(metrics.compactMap(\.modelID))
        guard !models.isEmpty else { return }
        for model in models { try requireModel(model, writer.reader) }
        let statement = try writer.statement(
            """
            INSERT INTO tracking_model_metrics (
                model_id, key, timestamp_ms, step, run_id, value, is_nan, dataset_name, dataset_digest
            )
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT DO NOTHING
            """
        )
        for metric in metrics {
            guard let model = metric.modelID else { continue }
            try statement.run([
                .text(model), .text(metric.key), .integer(metric.timestampMs), .integer(metric.step), .text(run),
                .real(metric.storedValue), .integer(metric.value.isNaN ? 1 : 0), .text(metric.dataset?.name ?? ""),
                .text(metric.dataset?.digest ?? ""),
            ])
        }
    }

    static func requireModel(_ id: String, _ reader: SQLReader) throws {
        guard try reader.row("SELECT 1 FROM tracking_models WHERE id = \(id) AND stage = 'active'") != nil else {
            throw TrackingError.missing("the logged model", id)
        }
    }
}

extension Metric {
    /// As the tables hold it: they have no NaN.
    var storedValue: Double { value.isNaN ? 0 : value }

    /// Whether this one is the latest of both, as MLflow has it: by step, then time, then value, where NaN counts as 0.
    func isLater(than other: Metric) -> Bool {
        (step, timestampMs, storedValue) > (other.step, other.timestampMs, other.storedValue)
    }
}
