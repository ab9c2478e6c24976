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

    // MARK: Runs

    static let runColumns = [
        "id", "name", "experiment_id", "status", "start_ms", "end_ms", "stage", "artifact_uri", "user_id",
    ]

    static func run(_ id: String, _ reader: SQLReader) throws -> Run {
        let sql: SQL = "SELECT \(raw: runColumns.joined(separator: ", ")) FROM tracking_runs WHERE id = \(id)"
        guard let run = try runs(try reader.rows(sql), reader).first else { throw TrackingError.missing("the run", id) }
        return run
    }

    static func runs(_ rows: [SQLRow], _ reader: SQLReader) throws -> [Run] {
        guard !rows.isEmpty else { return [] }
        let owners = members(rows.map { .text($0.string(0)) })
        let params = try pairs("tracking_params", "run_id", owners, reader)
        let tags = try pairs("tracking_tags", "run_id", owners, reader)
        let metrics: SQL = """
            SELECT run_id, key, value, is_nan, timestamp_ms, step
            FROM tracking_latest_metrics
            WHERE run_id IN \(owners)
            ORDER BY run_id, key
            """
        let latest = try grouped(metrics, reader) { metric($0, from: 1) }
        let inputs: SQL = """
            SELECT run_id, name, digest, source_type, source, schema, profile, tags
            FROM tracking_inputs
            WHERE run_id IN \(owners)
            ORDER BY run_id, name, digest
            """
        let datasets = try grouped(inputs, reader, input)
        let models: SQL = """
            SELECT run_id, model_id, is_output, step
            FROM tracking_run_models
            WHERE run_id IN \(owners)
            ORDER BY run_id, is_output, step, model_id
            """
        let links = try grouped(models, reader) { (model: $0.string(1), isOutput: $0.bool(2), step: $0.int64(3)) }
        return rows.map { row in
            let id = row.string(0)
            let links = links[id] ?? []
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
                params: params[id] ?? [],
                metrics: latest[id] ?? [],
                tags: tags[id] ?? [],
                inputs: datasets[id] ?? [],
                modelInputs: links.filter { !$0.isOutput }.map(\.model),
                modelOutputs: links.filter(\.isOutput).map { ($0.model, $0.step) }
            )
        }
    }

    /// Value, whether it is none, timestamp and step behind the key at `column`.
    static func metric(_ row: SQLRow, from column: Int) -> Metric {
        Metric(
            key: row.string(column),
            value: row.bool(column + 2) ? .nan : row.double(column + 1),
            timestampMs: row.int64(column + 3),
            step: row.int64(column + 4)
        )
    }

    private static func input(_ row: SQLRow) throws -> DatasetInput {
        DatasetInput(
            name: row.string(1),
            digest: row.string(2),
            sourceType: row.string(3),
            source: row.string(4),
            schema: row.optionalString(5),
            profile: row.optionalString(6),
            tags: try JSONDocument(row.string(7)).root.members.map { KeyValue($0.key, $0.value.string ?? "") }
        )
    }

    /// Refuses a run that is not there or deleted.
    static func requireActive(run id: String, _ reader: SQLReader) throws {
        guard let row = try reader.row("SELECT stage FROM tracking_runs WHERE id = \(id)") else {
            throw TrackingError.missing("the run", id)
        }
        guard row.string(0) == LifecycleStage.active.rawValue else { throw TrackingError.deleted("run", id) }
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

    private static func modelMetric(_ row: SQLRow) -> (metric: Metric, runID: String) {
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

    private static func pairs(
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

    private static func pair(_ row: SQLRow) -> KeyValue { KeyValue(row.string(1), row.string(2)) }

    /// The rows by the owner in their first column.
    private static func grouped<Value>(
        _ sql: SQL,
        _ reader: SQLReader,
        _ value: (SQLRow) throws -> Value
    ) throws -> [String: [Value]] {
        var result: [String: [Value]] = [:]
        try reader.forEach(sql) { row in result[row.string(0), default: []].append(try value(row)) }
        return result
    }
}
