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
            throw changed(param, from: old, of: owner, id)
        }
    }

    /// Stores params of a run; the same value again changes nothing, another one is refused.
    static func put(
        params: [KeyValue],
        run: RunKey,
        id: String,
        _ writer: SQLWriter,
        _ names: inout NameCache.Names
    ) throws {
        guard !params.isEmpty else { return }
        let statement = try writer.statement(
            """
            INSERT INTO tracking_params (run, key, experiment_id, value) VALUES (?, ?, ?, ?)
            ON CONFLICT (run, key) DO NOTHING
            """
        )
        for param in params {
            let key = try names.number(of: param.key, writer)
            let values: [SQLValue] = [
                .integer(run.number), .integer(key), .integer(run.experiment), .text(param.value),
            ]
            guard try statement.run(values) == 0 else { continue }
            let sql: SQL = "SELECT value FROM tracking_params WHERE run = \(run.number) AND key = \(key)"
            let old = try writer.row(sql)?.string(0) ?? ""
            guard old != param.value else { continue }
            throw changed(param, from: old, of: "run", id)
        }
    }

    /// Sets tags of a run.
    static func put(tags: [KeyValue], run: RunKey, _ writer: SQLWriter, _ names: inout NameCache.Names) throws {
        guard !tags.isEmpty else { return }
        let statement = try writer.statement(
            """
            INSERT INTO tracking_tags (run, key, experiment_id, value) VALUES (?, ?, ?, ?)
            ON CONFLICT (run, key) DO UPDATE SET value = excluded.value
            """
        )
        for tag in tags {
            let key = try names.number(of: tag.key, writer)
            try statement.run([.integer(run.number), .integer(key), .integer(run.experiment), .text(tag.value)])
        }
    }

    /// Stores points of a run's metrics, and what they say of logged models; a point that is there adds nothing.
    static func put(
        metrics: [Metric],
        run: RunKey,
        id: String,
        _ writer: SQLWriter,
        _ names: inout NameCache.Names
    ) throws {
        guard !metrics.isEmpty else { return }
        var points: [KeyedPoint] = []
        points.reserveCapacity(metrics.count)
        for metric in metrics {
            points.append(KeyedPoint(key: try names.number(of: metric.key, writer), point: metric.point))
        }
        try HistoryWriter(run: run, writer).append(points)
        try putModelMetrics(metrics, run: id, writer)
    }

    private static func changed(_ param: KeyValue, from old: String, of owner: String, _ id: String) -> TrackingError {
        .invalid(
            "cannot change the parameter `\(param.key)` of \(owner) `\(id)`",
            """
            it was logged with the value `\(old.prefix(200))`, and now `\(param.value.prefix(200))` came; \
            parameters do not change
            """
        )
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
}
