// SPDX-License-Identifier: Apache-2.0

import Database
import Registry
import SystemPackage
import Tracking

/// The SQLite file of MLflow's SQL store, which is only read.
struct MLflowDatabase: ImportSource {
    private static let pageSize: Int64 = 200
    private static let pieceSize = 10_000

    let file: SQLiteFile
    let path: FilePath
    let artifacts: MLflowArtifacts
    /// The columns of each table, because older versions lack some.
    let columns: [String: Set<String>]
    var name: String { "`\(path)`" }

    /// Opens the file.
    ///
    /// - Throws: ``TransferError`` `.wrongContent` if it is none of MLflow's, `.unknownVersion`; or ``DatabaseError``.
    static func open(_ path: FilePath, artifacts: FilePath?) async throws -> MLflowDatabase {
        let file = try await SQLiteFile(reading: path)
        do {
            try await MLflowSchema.check(file, path)
            let columns = try await file.read { reader in
                var columns: [String: Set<String>] = [:]
                let sql: SQL = """
                    SELECT s.name, c.name
                    FROM sqlite_schema AS s JOIN pragma_table_info(s.name) AS c
                    WHERE s.type = 'table'
                    ORDER BY s.name, c.cid
                    """
                try reader.forEach(sql) { columns[$0.string(0), default: []].insert($0.string(1)) }
                return columns
            }
            let served = artifacts ?? path.removingLastComponent().appending("mlartifacts")
            return MLflowDatabase(file: file, path: path, artifacts: MLflowArtifacts(served: served), columns: columns)
        } catch {
            await file.close()
            throw error
        }
    }

    func close() async { await file.close() }

    private func has(_ table: String, _ column: String? = nil) -> Bool {
        guard let known = columns[table] else { return false }
        return column.map(known.contains) ?? true
    }

    /// The column, or what stands for it where a version has none.
    private func column(_ name: String, of table: String, else other: String = "NULL") -> String {
        has(table, name) ? name : other
    }

    // MARK: Experiments

    func experiments() async throws -> [SourceExperiment] {
        let created = column("creation_time", of: "experiments")
        let updated = column("last_update_time", of: "experiments")
        return try await file.read { reader in
            let sql: SQL = """
                SELECT experiment_id, name, artifact_location, lifecycle_stage, \(raw: created), \(raw: updated)
                FROM experiments
                ORDER BY experiment_id
                """
            return try reader.rows(sql).map { row in
                let id = row.string(0)
                return SourceExperiment(
                    id: id,
                    record: ExperimentRecord(
                        name: row.string(1),
                        artifactLocation: MLflowText.foreign(row.optionalString(2)),
                        stage: LifecycleStage(rawValue: row.string(3)) ?? .active,
                        createdMs: row.int64(4),
                        updatedMs: row.optionalInt64(5),
                        tags: try Self.pairs(
                            "SELECT key, value FROM experiment_tags WHERE experiment_id = \(row.int64(0)) ORDER BY key",
                            reader
                        )
                    )
                )
            }
        }
    }

    private static func pairs(_ sql: SQL, _ reader: SQLReader) throws -> [KeyValue] {
        try reader.rows(sql).map { KeyValue($0.string(0), $0.string(1)) }
    }

    // MARK: Runs

    func runCount(in experiments: [SourceExperiment]) async throws -> Int? {
        let ids = Set(experiments.map(\.id))
        return try await file.read { reader in
            let sql: SQL = "SELECT experiment_id, count(*) FROM runs GROUP BY experiment_id ORDER BY experiment_id"
            return try reader.rows(sql).filter { ids.contains($0.string(0)) }.reduce(0) { $0 + Int($1.int64(1)) }
        }
    }

    func forEachRun(
        in experiment: SourceExperiment,
        _ body: (SourceRun) async throws -> Void,
        skip: (SkippedItem) async throws -> Void
    ) async throws {
        let number = Int64(experiment.id) ?? -1
        var last = ""
        while true {
            let after = last
            let page = try await file.read { reader in
                let sql: SQL = """
                    SELECT run_uuid, name, status, start_time, end_time, lifecycle_stage, artifact_uri, user_id
                    FROM runs
                    WHERE experiment_id = \(number) AND run_uuid > \(after)
                    ORDER BY run_uuid LIMIT \(Self.pageSize)
                    """
                return try reader.rows(sql).map { try run($0, reader) }
            }
            guard let end = page.last else { return }
            last = end.id
            for run in page {
                guard Rules.isID(run.id[...]) else {
                    try await skip(SkippedItem("run \(run.id)", "its id is not 32 hexadecimal digits"))
                    continue
                }
                try await body(run)
            }
        }
    }

    private func run(_ row: SQLRow, _ reader: SQLReader) throws -> SourceRun {
        let id = row.string(0)
        let tags = try Self.pairs("SELECT key, value FROM tags WHERE run_uuid = \(id) ORDER BY key", reader)
        let name = row.optionalString(1).flatMap { $0.isEmpty ? nil : $0 }
        var record = RunRecord(
            id: id,
            experimentID: "",
            name: name ?? tags.first { $0.key == "mlflow.runName" }?.value ?? id,
            status: RunStatus(rawValue: row.string(2)) ?? .failed,
            startMs: row.int64(3),
            endMs: row.optionalInt64(4)
        )
        record.stage = LifecycleStage(rawValue: row.string(5)) ?? .active
        record.userID = row.string(7)
        record.params = try Self.pairs("SELECT key, value FROM params WHERE run_uuid = \(id) ORDER BY key", reader)
        record.tags = tags
        if has("inputs") {
            record.inputs = try inputs(of: id, reader)
            let models: SQL = """
                SELECT destination_id, source_type, \(raw: column("step", of: "inputs", else: "0"))
                FROM inputs
                WHERE source_id = \(id) AND source_type IN ('RUN_INPUT', 'RUN_OUTPUT')
                ORDER BY destination_id
                """
            for row in try reader.rows(models) {
                if row.string(1) == "RUN_INPUT" {
                    record.modelInputs.append(row.string(0))
                } else {
                    record.modelOutputs.append((row.string(0), row.int64(2)))
                }
            }
        }
        return SourceRun(id: id, record: record, artifacts: try artifacts.files(row.string(6), of: id))
    }

    private func inputs(of id: String, _ reader: SQLReader) throws -> [DatasetInput] {
        let sql: SQL = """
            SELECT d.name, d.digest, d.dataset_source_type, d.dataset_source, d.dataset_schema, d.dataset_profile,
                   i.input_uuid
            FROM inputs AS i JOIN datasets AS d ON d.dataset_uuid = i.source_id
            WHERE i.destination_id = \(id) AND i.destination_type = 'RUN' AND i.source_type = 'DATASET'
            ORDER BY d.name, d.digest
            """
        return try reader.rows(sql).map { row in
            DatasetInput(
                name: row.string(0),
                digest: row.string(1),
                sourceType: row.string(2),
                source: row.string(3),
                schema: row.optionalString(4),
                profile: row.optionalString(5),
                tags: try Self.pairs(
                    "SELECT name, value FROM input_tags WHERE input_uuid = \(row.string(6)) ORDER BY name",
                    reader
                )
            )
        }
    }

    func forEachPoints(of run: SourceRun, _ body: (_ key: String, [Metric]) async throws -> Void) async throws {
        let id = run.id
        let keys = try await file.read { reader in
            let sql: SQL = "SELECT DISTINCT key FROM metrics WHERE run_uuid = \(id) ORDER BY key"
            return try reader.rows(sql).map { $0.string(0) }
        }
        for key in keys {
            var last = Int64.min
            while true {
                let after = last
                let rows = try await file.read { reader in
                    let sql: SQL = """
                        SELECT rowid, timestamp, value, is_nan, step
                        FROM metrics
                        WHERE run_uuid = \(id) AND key = \(key) AND rowid > \(after)
                        ORDER BY rowid LIMIT \(Self.pieceSize)
                        """
                    return try reader.rows(sql)
                }
                guard let end = rows.last else { break }
                last = end.int64(0)
                try await body(
                    key,
                    rows.map { row in
                        Metric(
                            key: key,
                            value: row.bool(3) ? .nan : MLflowText.unbounded(row.double(2)),
                            timestampMs: row.int64(1),
                            step: row.int64(4)
                        )
                    }
                )
            }
        }
    }

    // MARK: Logged models

    func forEachModel(
        in experiment: SourceExperiment,
        _ body: (SourceModel) async throws -> Void,
        skip: (SkippedItem) async throws -> Void
    ) async throws {
        guard has("logged_models") else { return }
        let number = Int64(experiment.id) ?? -1
        var last = ""
        while true {
            let after = last
            let page = try await file.read { reader in
                let sql: SQL = """
                    SELECT model_id, name, artifact_location, creation_timestamp_ms, last_updated_timestamp_ms, status,
                           lifecycle_stage, model_type, source_run_id
                    FROM logged_models
                    WHERE experiment_id = \(number) AND model_id > \(after)
                    ORDER BY model_id LIMIT \(Self.pageSize)
                    """
                return try reader.rows(sql).map { try model($0, reader) }
            }
            guard let end = page.last else { return }
            last = end.record.id
            for model in page { try await body(model) }
        }
    }

    private func model(_ row: SQLRow, _ reader: SQLReader) throws -> SourceModel {
        let id = row.string(0)
        var record = ModelRecord(
            id: id,
            experimentID: "",
            name: row.string(1),
            status: MLflowText.modelStatus(row.optionalInt64(5)),
            createdMs: row.int64(3),
            updatedMs: row.optionalInt64(4)
        )
        record.stage = LifecycleStage(rawValue: row.string(6)) ?? .active
        record.modelType = row.optionalString(7)
        record.sourceRunID = row.optionalString(8)
        record.params = try Self.pairs(
            "SELECT param_key, param_value FROM logged_model_params WHERE model_id = \(id) ORDER BY param_key",
            reader
        )
        record.tags = try Self.pairs(
            "SELECT tag_key, tag_value FROM logged_model_tags WHERE model_id = \(id) ORDER BY tag_key",
            reader
        )
        var model = SourceModel(record: record, artifacts: try artifacts.files(row.string(2), of: id))
        let points: SQL = """
            SELECT run_id, metric_name, metric_value, metric_timestamp_ms, metric_step, dataset_name, dataset_digest
            FROM logged_model_metrics
            WHERE model_id = \(id)
            ORDER BY metric_name, metric_timestamp_ms, metric_step, run_id
            """
        model.metrics = try reader.rows(points).map { row in
            let (name, digest) = (row.string(5), row.string(6))
            let metric = Metric(
                key: row.string(1),
                value: row.optionalDouble(2).map(MLflowText.unbounded) ?? .nan,
                timestampMs: row.int64(3),
                step: row.int64(4),
                modelID: id,
                dataset: name.isEmpty && digest.isEmpty ? nil : .init(name: name, digest: digest)
            )
            return (row.string(0), metric)
        }
        return model
    }

    // MARK: Registry

    func forEachRegisteredModel(
        _ body: (SourceRegisteredModel) async throws -> Void,
        skip: (SkippedItem) async throws -> Void
    ) async throws {
        guard has("registered_models") else { return }
        let names = try await file.read { reader in
            try reader.rows("SELECT name FROM registered_models ORDER BY name").map { $0.string(0) }
        }
        for name in names {
            if let model = try await file.read({ try registered(name, $0) }) { try await body(model) }
        }
    }

    private func registered(_ name: String, _ reader: SQLReader) throws -> SourceRegisteredModel? {
        let sql: SQL = """
            SELECT creation_time, last_updated_time, description FROM registered_models WHERE name = \(name)
            """
        guard let row = try reader.row(sql) else { return nil }
        var record = RegisteredModelRecord(name: name, createdMs: row.int64(0), updatedMs: row.optionalInt64(1))
        record.description = row.string(2)
        record.tags = try Self.pairs(
            "SELECT key, value FROM registered_model_tags WHERE name = \(name) ORDER BY key",
            reader
        )
        var model = SourceRegisteredModel(record: record)
        let storage = column("storage_location", of: "model_versions")
        let versions: SQL = """
            SELECT version, creation_time, last_updated_time, description, current_stage, source, run_id, run_link,
                   \(raw: storage)
            FROM model_versions
            WHERE name = \(name)
            ORDER BY version
            """
        for row in try reader.rows(versions) {
            // What MLflow deleted it keeps as such.
            guard let stage = MLflowText.stage(row.optionalString(4)) else { continue }
            var version = ModelVersionRecord(
                model: name,
                version: Int(row.int64(0)),
                source: row.string(5),
                createdMs: row.int64(1),
                updatedMs: row.optionalInt64(2)
            )
            version.stage = stage
            version.description = row.string(3)
            version.runID = row.optionalString(6).flatMap { $0.isEmpty ? nil : $0 }
            version.modelID = MLflowText.modelID(inSource: version.source)
            version.runLink = row.string(7)
            version.tags = try Self.pairs(
                """
                SELECT key, value FROM model_version_tags
                WHERE name = \(name) AND version = \(row.int64(0)) ORDER BY key
                """,
                reader
            )
            model.versions.append((version, row.optionalString(8)))
        }
        if has("registered_model_aliases") {
            let aliases: SQL = "SELECT alias, version FROM registered_model_aliases WHERE name = \(name) ORDER BY alias"
            model.aliases = try reader.rows(aliases).map { ($0.string(0), Int($0.int64(1))) }
        }
        return model
    }
}
