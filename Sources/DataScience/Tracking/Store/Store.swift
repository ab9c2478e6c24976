// SPDX-License-Identifier: Apache-2.0

import Database
import JSONText

/// The statements of the room that read: a fixed number for a list, however long it is.
enum Store {
    // MARK: Experiments

    static let experimentColumns = ["id", "name", "artifact_location", "stage", "created_ms", "updated_ms"]

    static func experiments(where condition: SQL, _ reader: SQLReader) throws -> [Experiment] {
        let sql: SQL = """
            SELECT \(raw: experimentColumns.joined(separator: ", "))
            FROM tracking_experiments
            WHERE \(condition)
            """
        return try experiments(try reader.rows(sql), reader)
    }

    static func experiments(_ rows: [SQLRow], _ reader: SQLReader) throws -> [Experiment] {
        let owners = members(rows.map { .integer($0.int64(0)) })
        let tags: SQL = """
            SELECT experiment_id, key, value
            FROM tracking_experiment_tags
            WHERE experiment_id IN \(owners)
            ORDER BY experiment_id, key
            """
        let found = try grouped(tags, reader, pair)
        return rows.map { row in
            Experiment(
                id: row.string(0),
                name: row.string(1),
                artifactLocation: row.string(2),
                stage: LifecycleStage(rawValue: row.string(3)) ?? .active,
                createdMs: row.int64(4),
                updatedMs: row.int64(5),
                tags: found[row.string(0)] ?? []
            )
        }
    }

    /// The number that an experiment's id is.
    static func number(_ id: String) throws(TrackingError) -> Int64 {
        guard let number = Int64(id) else {
            throw .invalid("cannot find the experiment `\(id.prefix(100))`", "its id is no whole number")
        }
        return number
    }

    /// The number and artefact location of an experiment in use.
    static func activeExperiment(_ id: String, _ reader: SQLReader) throws -> (number: Int64, location: String) {
        let number = try number(id)
        let sql: SQL = "SELECT stage, artifact_location FROM tracking_experiments WHERE id = \(number)"
        guard let row = try reader.row(sql) else { throw TrackingError.missing("the experiment", id) }
        guard row.string(0) == LifecycleStage.active.rawValue else { throw TrackingError.deleted("experiment", id) }
        return (number, row.string(1))
    }

    // MARK: Logged models

    static let modelColumns = [
        "id", "experiment_id", "name", "artifact_uri", "status", "model_type", "source_run_id", "created_ms",
        "updated_ms",
    ]

    static func models(_ rows: [SQLRow], _ reader: SQLReader) throws -> [LoggedModel] {
        guard !rows.isEmpty else { return [] }
        let owners = members(rows.map { .text($0.string(0)) })
        let params = try pairs("tracking_model_params", "model_id", owners, reader)
        let tags = try pairs("tracking_model_tags", "model_id", owners, reader)
        let points: SQL = """
            SELECT model_id, key, value, is_nan, timestamp_ms, step, run_id, dataset_name, dataset_digest
            FROM (
                SELECT *, row_number() OVER (PARTITION BY model_id ORDER BY key, timestamp_ms, step, run_id) AS place
                FROM tracking_model_metrics
                WHERE model_id IN \(owners)
            )
            WHERE place <= \(TrackingService.modelMetricLimit)
            ORDER BY model_id, place
            """
        let metrics = try grouped(points, reader, modelMetric)
        return rows.map { row in
            let id = row.string(0)
            return LoggedModel(
                id: id,
                experimentID: row.string(1),
                name: row.string(2),
                artifactURI: row.string(3),
                status: LoggedModelStatus(rawValue: row.string(4)) ?? .uploadFailed,
                modelType: row.optionalString(5),
                sourceRunID: row.optionalString(6),
                createdMs: row.int64(7),
                updatedMs: row.int64(8),
                tags: tags[id] ?? [],
                params: params[id] ?? [],
                metrics: metrics[id] ?? []
            )
        }
    }

    private static func modelMetric(_ row: SQLColumns) -> (metric: Metric, runID: String) {
        let (name, digest) = (row.string(7), row.string(8))
        let metric = Metric(
            key: row.string(1),
            value: row.bool(3) ? .nan : row.double(2),
            timestampMs: row.int64(4),
            step: row.int64(5),
            modelID: row.string(0),
            dataset: name.isEmpty && digest.isEmpty ? nil : .init(name: name, digest: digest)
        )
        return (metric, row.string(6))
    }

    // MARK: Lists

    /// The values as a list that is bound as one, so that a statement stays the same for each length.
    static func members(_ values: [SQLValue]) -> SQL {
        var writer = JSONWriter(reserving: 40 * values.count)
        writer.array { writer in
            for value in values {
                switch value {
                case .integer(let number): writer.integer(number)
                case .text(let text): writer.string(text)
                case .null, .real, .blob: writer.null()
                }
            }
        }
        return "(SELECT value FROM json_each(\(writer.text)))"
    }

    static func pairs(
        _ table: String,
        _ column: String,
        _ owners: SQL,
        _ reader: SQLReader
    ) throws -> [String: [KeyValue]] {
        let sql: SQL = """
            SELECT \(raw: column), key, value
            FROM \(raw: table)
            WHERE \(raw: column) IN \(owners)
            ORDER BY \(raw: column), key
            """
        return try grouped(sql, reader, pair)
    }

    private static func pair(_ row: SQLColumns) -> KeyValue { KeyValue(row.string(1), row.string(2)) }

    /// The rows by the owner in their first column.
    static func grouped<Value>(
        _ sql: SQL,
        _ reader: SQLReader,
        _ value: (SQLColumns) throws -> Value
    ) throws -> [String: [Value]] {
        var result: [String: [Value]] = [:]
        try reader.forEach(sql) { row in result[row.string(0), default: []].append(try value(row)) }
        return result
    }
}
