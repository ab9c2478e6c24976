// SPDX-License-Identifier: Apache-2.0

import Database
import JSONText

/// A run as the tables know it.
struct RunKey {
    /// Its number, which no client sees.
    let number: Int64
    /// The number of its experiment.
    let experiment: Int64
}

/// The statements that read runs.
extension Store {
    static let runColumns = [
        "number", "id", "name", "experiment_id", "status", "start_ms", "end_ms", "stage", "artifact_uri", "user_id",
    ]

    static func run(_ id: String, _ reader: SQLReader, _ names: NameCache) throws -> Run {
        let sql: SQL = "SELECT \(raw: runColumns.joined(separator: ", ")) FROM tracking_runs WHERE id = \(id)"
        guard let run = try runs(try reader.rows(sql), reader, names).first else {
            throw TrackingError.missing("the run", id)
        }
        return run
    }

    /// The run's number; refuses one that is not there.
    static func key(ofRun id: String, _ reader: SQLReader) throws -> RunKey {
        guard let row = try reader.row("SELECT number, experiment_id FROM tracking_runs WHERE id = \(id)") else {
            throw TrackingError.missing("the run", id)
        }
        return RunKey(number: row.int64(0), experiment: row.int64(1))
    }

    /// The run's number; refuses one that is not there or deleted.
    static func activeKey(ofRun id: String, _ reader: SQLReader) throws -> RunKey {
        let sql: SQL = "SELECT number, experiment_id, stage FROM tracking_runs WHERE id = \(id)"
        guard let row = try reader.row(sql) else { throw TrackingError.missing("the run", id) }
        guard row.string(2) == LifecycleStage.active.rawValue else { throw TrackingError.deleted("run", id) }
        return RunKey(number: row.int64(0), experiment: row.int64(1))
    }

    /// The runs of rows with ``runColumns``, and all that belongs to them.
    static func runs(_ rows: [SQLRow], _ reader: SQLReader, _ names: NameCache) throws -> [Run] {
        guard !rows.isEmpty else { return [] }
        let owners = members(rows.map { $0[0] })
        var known = names.snapshot()
        let params = try pairs(in: "tracking_params", owners, reader, &known)
        let tags = try pairs(in: "tracking_tags", owners, reader, &known)
        let metrics = try latest(owners, reader, &known)
        names.keep(known)
        let inputs: SQL = """
            SELECT run, name, digest, source_type, source, schema, profile, tags
            FROM tracking_inputs
            WHERE run IN \(owners)
            ORDER BY run, name, digest
            """
        let datasets = try grouped(byRun: inputs, reader, input)
        let models: SQL = """
            SELECT run, model_id, is_output, step
            FROM tracking_run_models
            WHERE run IN \(owners)
            ORDER BY run, is_output, step, model_id
            """
        let links = try grouped(byRun: models, reader) { ($0.string(1), $0.bool(2), $0.int64(3)) }
        return rows.map { row in
            let number = row.int64(0)
            let links = links[number] ?? []
            return Run(
                id: row.string(1),
                name: row.string(2),
                experimentID: row.string(3),
                status: RunStatus(rawValue: row.string(4)) ?? .failed,
                startMs: row.int64(5),
                endMs: row.optionalInt64(6),
                stage: LifecycleStage(rawValue: row.string(7)) ?? .active,
                artifactURI: row.string(8),
                userID: row.string(9),
                params: params[number] ?? [],
                metrics: metrics[number] ?? [],
                tags: tags[number] ?? [],
                inputs: datasets[number] ?? [],
                modelInputs: links.filter { !$0.1 }.map(\.0),
                modelOutputs: links.filter(\.1).map { ($0.0, $0.2) }
            )
        }
    }

    private static func pairs(
        in table: String,
        _ owners: SQL,
        _ reader: SQLReader,
        _ names: inout NameCache.Names
    ) throws -> [Int64: [KeyValue]] {
        let sql: SQL = "SELECT run, key, value FROM \(raw: table) WHERE run IN \(owners) ORDER BY run, key"
        return try grouped(byRun: sql, reader) { row in
            KeyValue(try names.name(of: row.int64(1), reader), row.string(2))
        }.mapValues { $0.sorted { $0.key < $1.key } }
    }

    private static func latest(
        _ owners: SQL,
        _ reader: SQLReader,
        _ names: inout NameCache.Names
    ) throws -> [Int64: [Metric]] {
        let sql: SQL = """
            SELECT run, key, timestamp_ms, step, value, is_nan
            FROM tracking_latest
            WHERE run IN \(owners)
            ORDER BY run, key
            """
        return try grouped(byRun: sql, reader) { row in
            Metric(try names.name(of: row.int64(1), reader), point(row, from: 2))
        }.mapValues { $0.sorted { $0.key < $1.key } }
    }

    private static func input(_ row: SQLColumns) throws -> DatasetInput {
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

    /// The rows by the run in their first column, which they are ordered by.
    private static func grouped<Value>(
        byRun sql: SQL,
        _ reader: SQLReader,
        _ value: (SQLColumns) throws -> Value
    ) throws -> [Int64: [Value]] {
        var result: [Int64: [Value]] = [:]
        var (owner, values): (Int64, [Value]) = (0, [])
        try reader.forEach(sql) { row in
            let next = row.int64(0)
            if next != owner {
                if !values.isEmpty { result[owner] = values }
                let expected = values.count
                (owner, values) = (next, [])
                values.reserveCapacity(expected)
            }
            values.append(try value(row))
        }
        if !values.isEmpty { result[owner] = values }
        return result
    }
}

extension Metric {
    init(_ key: String, _ point: MetricPoint) {
        self.init(key: key, value: point.value, timestampMs: point.timestampMs, step: point.step)
    }

    /// The point without the name.
    var point: MetricPoint { MetricPoint(timestampMs: timestampMs, step: step, value: value) }
}
