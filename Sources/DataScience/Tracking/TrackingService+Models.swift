// SPDX-License-Identifier: Apache-2.0

import Database

extension TrackingService {
    /// Begins a logged model, whose files come next.
    package func createModel(
        experimentID: String,
        name: String?,
        modelType: String?,
        sourceRunID: String?,
        params: [KeyValue],
        tags: [KeyValue]
    ) async throws -> LoggedModel {
        let id = "m-" + Rules.newID()
        let now = now()
        let name = name.flatMap { $0.isEmpty ? nil : $0 } ?? Rules.newRunName()
        return try await database.write { writer in
            let number = try Store.activeExperiment(experimentID, writer.reader)
            let row = try writer.row("SELECT artifact_location FROM tracking_experiments WHERE id = \(number)")
            let uri = "\(row?.string(0) ?? "")/models/\(id)/artifacts"
            try writer.execute(
                """
                INSERT INTO tracking_models (
                    id, experiment_id, name, artifact_uri, status, model_type, source_run_id, created_ms, updated_ms
                )
                VALUES (
                    \(id), \(number), \(name), \(uri), 'LOGGED_MODEL_PENDING', \(modelType), \(sourceRunID), \(now), \(now)
                )
                """
            )
            for param in params { try Store.put(param, in: "tracking_model_params", "model_id", .text(id), writer) }
            for tag in tags { try Store.put(tag, in: "tracking_model_tags", "model_id", .text(id), writer) }
            return try Self.model(id, writer.reader)
        }
    }

    /// A logged model.
    package func model(id: String) async throws -> LoggedModel {
        try await database.read { try Self.model(id, $0) }
    }

    /// Logged models in some experiments, newest first unless ordered otherwise.
    package func searchModels(
        experimentIDs: [String],
        filter: String?,
        orderBy: [String],
        offset: Int,
        limit: Int
    ) async throws -> [LoggedModel] {
        let numbers = experimentIDs.compactMap { Int64($0) }
        var conditions: [SQL] = ["experiment_id IN \(list: numbers)"]
        if let filter, !filter.allSatisfy(\.isWhitespace) {
            conditions.append(try SearchFilter(filter, over: .models).condition)
        }
        let order = try SearchOrder(orderBy, over: .models).clause
        let sql: SQL = """
            SELECT id FROM tracking_models WHERE \(SQL.joined(conditions, separator: " AND ")) \(order)
            LIMIT \(min(max(limit, 1), 1_000)) OFFSET \(max(offset, 0))
            """
        return try await database.read { reader in
            try reader.rows(sql).map { try Self.model($0.string(0), reader) }
        }
    }

    /// The models that a run made, newest first.
    package func models(of run: String) async throws -> [LoggedModel] {
        try await database.read { reader in
            let sql: SQL = """
                SELECT id FROM tracking_models WHERE source_run_id = \(run) ORDER BY created_ms DESC, id LIMIT 100
                """
            return try reader.rows(sql).map { try Self.model($0.string(0), reader) }
        }
    }

    /// Ends the making of a logged model.
    package func finalizeModel(id: String, status: String) async throws -> LoggedModel {
        let now = now()
        return try await database.write { writer in
            let changed = try writer.execute(
                "UPDATE tracking_models SET status = \(status), updated_ms = \(now) WHERE id = \(id)"
            )
            guard changed == 1 else { throw TrackingError.missing("the logged model", id) }
            return try Self.model(id, writer.reader)
        }
    }

    /// Adds parameters and sets tags of a logged model.
    package func annotateModel(id: String, params: [KeyValue] = [], tags: [KeyValue] = []) async throws -> LoggedModel {
        try await database.write { writer in
            _ = try Self.model(id, writer.reader)
            for param in params { try Store.put(param, in: "tracking_model_params", "model_id", .text(id), writer) }
            for tag in tags { try Store.put(tag, in: "tracking_model_tags", "model_id", .text(id), writer) }
            return try Self.model(id, writer.reader)
        }
    }

    /// Removes a tag of a logged model.
    package func deleteModelTag(id: String, key: String) async throws {
        _ = try await database.write { writer in
            try writer.execute("DELETE FROM tracking_model_tags WHERE model_id = \(id) AND key = \(key)")
        }
    }

    /// Removes a logged model's record; its files stay.
    package func deleteModel(id: String) async throws {
        try await database.write { writer in
            _ = try Self.model(id, writer.reader)
            for table in ["tracking_model_tags", "tracking_model_params", "tracking_run_models"] {
                try writer.execute("DELETE FROM \(raw: table) WHERE model_id = \(id)")
            }
            try writer.execute("DELETE FROM tracking_models WHERE id = \(id)")
        }
    }

    private static func model(_ id: String, _ reader: SQLReader) throws -> LoggedModel {
        let sql: SQL = """
            SELECT experiment_id, name, artifact_uri, status, model_type, source_run_id, created_ms, updated_ms
            FROM tracking_models WHERE id = \(id)
            """
        guard let row = try reader.row(sql) else { throw TrackingError.missing("the logged model", id) }
        let metrics: SQL = """
            SELECT key, value, timestamp_ms, step, run_id FROM tracking_metrics WHERE model_id = \(id) ORDER BY id LIMIT 1000
            """
        return LoggedModel(
            id: id,
            experimentID: row.string(0),
            name: row.string(1),
            artifactURI: row.string(2),
            status: row.string(3),
            modelType: row.optionalString(4),
            sourceRunID: row.optionalString(5),
            createdMs: row.int64(6),
            updatedMs: row.int64(7),
            tags: try Store.pairs("tracking_model_tags", "model_id", .text(id), reader),
            params: try Store.pairs("tracking_model_params", "model_id", .text(id), reader),
            metrics: try reader.rows(metrics).map { (Store.metric($0), $0.string(4)) }
        )
    }
}
