// SPDX-License-Identifier: Apache-2.0

import Database
import JSONText

/// The statements of the room that several services share.
enum Store {
    // MARK: Reading

    static func experiments(
        _ condition: SQL,
        _ limit: Int,
        _ reader: SQLReader,
        order: SQL = "ORDER BY updated_ms DESC, id DESC",
        offset: Int = 0
    ) throws -> [Experiment] {
        let sql: SQL = """
            SELECT id, name, artifact_location, stage, created_ms, updated_ms
            FROM tracking_experiments
            WHERE \(condition) \(order) LIMIT \(limit) OFFSET \(offset)
            """
        return try reader.rows(sql).map { row in
            Experiment(
                id: row.string(0),
                name: row.string(1),
                artifactLocation: row.string(2),
                stage: LifecycleStage(rawValue: row.string(3)) ?? .active,
                createdMs: row.int64(4),
                updatedMs: row.int64(5),
                tags: try pairs("tracking_experiment_tags", "experiment_id", .integer(row.int64(0)), reader)
            )
        }
    }

    /// The number of an experiment in use.
    static func activeExperiment(_ id: String, _ reader: SQLReader) throws -> Int64 {
        guard let number = Int64(id),
            let row = try reader.row("SELECT stage FROM tracking_experiments WHERE id = \(number)")
        else { throw TrackingError.missing("the experiment", id) }
        guard row.string(0) == LifecycleStage.active.rawValue else {
            throw TrackingError(
                .invalidState,
                what: "cannot change the experiment `\(id)`",
                why: "it is deleted",
                next: "restore it first"
            )
        }
        return number
    }

    static let runColumns = "id, name, experiment_id, status, start_ms, end_ms, stage, artifact_uri, user_id"

    static func run(_ id: String, _ reader: SQLReader) throws -> Run {
        guard let row = try reader.row("SELECT \(raw: runColumns) FROM tracking_runs WHERE id = \(id)") else {
            throw TrackingError.missing("the run", id)
        }
        return try run(from: row, reader)
    }

    static func run(from row: SQLRow, _ reader: SQLReader) throws -> Run {
        let id = row.string(0)
        let metrics: SQL = """
            SELECT key, value, timestamp_ms, step FROM tracking_latest_metrics WHERE run_id = \(id) ORDER BY key
            """
        let models: SQL =
            "SELECT model_id, is_output, step FROM tracking_run_models WHERE run_id = \(id) ORDER BY step, model_id"
        let modelRows = try reader.rows(models)
        return Run(
            id: id,
            name: row.string(1),
            experimentID: row.string(2),
            status: RunStatus(rawValue: row.string(3)) ?? .failed,
            startMs: row.int64(4),
            endMs: row.optionalInt64(5),
            stage: LifecycleStage(rawValue: row.string(6)) ?? .active,
            artifactURI: row.string(7),
            userID: row.string(8),
            params: try pairs("tracking_params", "run_id", .text(id), reader),
            metrics: try reader.rows(metrics).map(metric),
            tags: try pairs("tracking_tags", "run_id", .text(id), reader),
            inputs: try inputs(id, reader),
            modelInputs: modelRows.filter { !$0.bool(1) }.map { $0.string(0) },
            modelOutputs: modelRows.filter { $0.bool(1) }.map { ($0.string(0), $0.int64(2)) }
        )
    }

    /// Key, value, timestamp, step.
    static func metric(_ row: SQLRow) -> Metric {
        Metric(key: row.string(0), value: row.optionalDouble(1) ?? .nan, timestampMs: row.int64(2), step: row.int64(3))
    }

    static func pairs(_ table: String, _ column: String, _ id: SQLValue, _ reader: SQLReader) throws -> [KeyValue] {
        let sql: SQL = "SELECT key, value FROM \(raw: table) WHERE \(raw: column) = \(id) ORDER BY key"
        return try reader.rows(sql).map { KeyValue($0.string(0), $0.string(1)) }
    }

    private static func inputs(_ run: String, _ reader: SQLReader) throws -> [DatasetInput] {
        let sql: SQL = """
            SELECT name, digest, source_type, source, schema, profile, tags FROM tracking_inputs
            WHERE run_id = \(run) ORDER BY name, digest
            """
        return try reader.rows(sql).map { row in
            DatasetInput(
                name: row.string(0),
                digest: row.string(1),
                sourceType: row.string(2),
                source: row.string(3),
                schema: row.optionalString(4),
                profile: row.optionalString(5),
                tags: try JSONDocument(row.string(6)).root.members.map { KeyValue($0.key, $0.value.string ?? "") }
            )
        }
    }

    /// Refuses a run that is not there or deleted.
    static func requireActive(run id: String, _ reader: SQLReader) throws {
        guard let row = try reader.row("SELECT stage FROM tracking_runs WHERE id = \(id)") else {
            throw TrackingError.missing("the run", id)
        }
        guard row.string(0) == LifecycleStage.active.rawValue else {
            throw TrackingError(
                .invalidState,
                what: "cannot change the run `\(id)`",
                why: "it is deleted",
                next: "restore it first"
            )
        }
    }

    // MARK: Writing

    static func put(_ pair: KeyValue, in table: String, _ column: String, _ id: SQLValue, _ writer: SQLWriter) throws {
        let statement = try writer.statement(
            """
            INSERT INTO \(table) (\(column), key, value) VALUES (?, ?, ?)
            ON CONFLICT (\(column), key) DO UPDATE SET value = excluded.value
            """
        )
        try statement.run([id, .text(pair.key), .text(pair.value)])
    }

    /// Stores a parameter; the same value again changes nothing, another one is refused.
    static func put(param: KeyValue, run: String, _ writer: SQLWriter) throws {
        let statement = try writer.statement(
            "INSERT INTO tracking_params (run_id, key, value) VALUES (?, ?, ?) ON CONFLICT (run_id, key) DO NOTHING"
        )
        guard try statement.run([.text(run), .text(param.key), .text(param.value)]) == 0 else { return }
        let old =
            try writer.row("SELECT value FROM tracking_params WHERE run_id = \(run) AND key = \(param.key)")?.string(0)
            ?? ""
        guard old != param.value else { return }
        throw TrackingError.invalid(
            "cannot change the parameter `\(param.key)` of run `\(run)`",
            "it was logged with the value `\(old.prefix(200))`, and now `\(param.value.prefix(200))` came; parameters do not change"
        )
    }

    static func put(metric: Metric, run: String, model: String?, _ writer: SQLWriter) throws {
        let value: SQLValue = metric.value.isNaN ? .null : .real(metric.value)
        let point = try writer.statement(
            """
            INSERT INTO tracking_metrics (run_id, key, step, timestamp_ms, value, model_id) VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT DO NOTHING
            """
        )
        let key = SQLValue.text(metric.key)
        let (step, time) = (SQLValue.integer(metric.step), SQLValue.integer(metric.timestampMs))
        try point.run([.text(run), key, step, time, value, model.map { .text($0) } ?? .null])
        let latest = try writer.statement(
            """
            INSERT INTO tracking_latest_metrics (run_id, key, step, timestamp_ms, value) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (run_id, key) DO UPDATE
            SET step = excluded.step, timestamp_ms = excluded.timestamp_ms, value = excluded.value
            WHERE (excluded.step, excluded.timestamp_ms, coalesce(excluded.value, -9e999))
                >= (step, timestamp_ms, coalesce(value, -9e999))
            """
        )
        try latest.run([.text(run), key, step, time, value])
    }
}
