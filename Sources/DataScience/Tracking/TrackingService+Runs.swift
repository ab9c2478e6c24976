// SPDX-License-Identifier: Apache-2.0

import Database
import JSONText

extension TrackingService {
    /// What one call may log: at most 1,000 metrics, 100 parameters, 100 tags, 1,000 in all.
    package struct Batch: Sendable {
        /// Measured values.
        package var metrics: [Metric] = []
        /// What the run was started with.
        package var params: [KeyValue] = []
        /// Notes.
        package var tags: [KeyValue] = []
        /// The logged model that the metrics are about; nil if they are about the run alone.
        package var modelID: String?

        /// A batch.
        package init(metrics: [Metric] = [], params: [KeyValue] = [], tags: [KeyValue] = [], modelID: String? = nil) {
            self.metrics = metrics
            self.params = params
            self.tags = tags
            self.modelID = modelID
        }

        func check() throws(TrackingError) {
            let limits = [
                (metrics.count, 1_000, "metrics"), (params.count, 100, "parameters"), (tags.count, 100, "tags"),
            ]
            for (count, limit, name) in limits + [(metrics.count + params.count + tags.count, 1_000, "entries")]
            where count > limit {
                throw .invalid(
                    "cannot log the batch",
                    "it has \(count) \(name); \(limit) are allowed",
                    next: "send several"
                )
            }
            for metric in metrics { try Rules.check(key: metric.key, of: "metric") }
            for param in params {
                try Rules.check(key: param.key, of: "parameter")
                try Rules.check(param.value, limit: 6_000, of: "parameter", param.key)
            }
            for tag in tags {
                try Rules.check(key: tag.key, of: "tag")
                try Rules.check(tag.value, limit: 8_000, of: "tag", tag.key)
            }
            var seen: [String: String] = [:]
            for param in params {
                if let old = seen.updateValue(param.value, forKey: param.key), old != param.value {
                    throw .invalid("cannot log the batch", "it gives the parameter `\(param.key)` two values")
                }
            }
        }
    }

    /// Begins a run.
    package func createRun(_ draft: RunDraft) async throws -> Run {
        let id = Rules.newID()
        let startMs = draft.startMs ?? now()
        let tagged = draft.tags.first { $0.key == "mlflow.runName" }?.value
        let name = draft.name.flatMap { $0.isEmpty ? nil : $0 } ?? tagged ?? Rules.newRunName()
        let tags = draft.tags.filter { $0.key != "mlflow.runName" } + [KeyValue("mlflow.runName", name)]
        try Batch(tags: tags).check()
        return try await database.write { writer in
            let number = try Store.activeExperiment(draft.experimentID, writer.reader)
            let row = try writer.row("SELECT artifact_location FROM tracking_experiments WHERE id = \(number)")
            let uri = "\(row?.string(0) ?? "")/\(id)/artifacts"
            try writer.execute(
                """
                INSERT INTO tracking_runs (id, experiment_id, name, status, start_ms, stage, artifact_uri, user_id)
                VALUES (\(id), \(number), \(name), 'RUNNING', \(startMs), 'active', \(uri), \(draft.userID))
                """
            )
            for tag in tags { try Store.put(tag, in: "tracking_tags", "run_id", .text(id), writer) }
            return try Store.run(id, writer.reader)
        }
    }

    /// A run with all that is known of it.
    package func run(id: String) async throws -> Run {
        try await database.read { try Store.run(id, $0) }
    }

    /// Changes what is not nil, and returns the run.
    package func updateRun(
        id: String,
        status: RunStatus? = nil,
        endMs: Int64? = nil,
        name: String? = nil
    ) async throws -> Run {
        try await database.write { writer in
            try Store.requireActive(run: id, writer.reader)
            if let status {
                try writer.execute("UPDATE tracking_runs SET status = \(status.rawValue) WHERE id = \(id)")
            }
            if let endMs { try writer.execute("UPDATE tracking_runs SET end_ms = \(endMs) WHERE id = \(id)") }
            if let name, !name.isEmpty {
                try writer.execute("UPDATE tracking_runs SET name = \(name) WHERE id = \(id)")
                try Store.put(KeyValue("mlflow.runName", name), in: "tracking_tags", "run_id", .text(id), writer)
            }
            return try Store.run(id, writer.reader)
        }
    }

    /// Deletes a run, or takes that back.
    package func setRun(id: String, stage: LifecycleStage) async throws {
        let changed = try await database.write { writer in
            try writer.execute("UPDATE tracking_runs SET stage = \(stage.rawValue) WHERE id = \(id)")
        }
        guard changed == 1 else { throw TrackingError.missing("the run", id) }
    }

    /// Logs a batch: all of it or nothing.
    package func log(_ batch: Batch, run id: String) async throws {
        try batch.check()
        try await database.write { writer in
            try Store.requireActive(run: id, writer.reader)
            for param in batch.params { try Store.put(param: param, run: id, writer) }
            for metric in batch.metrics { try Store.put(metric: metric, run: id, model: batch.modelID, writer) }
            for tag in batch.tags {
                try Store.put(tag, in: "tracking_tags", "run_id", .text(id), writer)
                if tag.key == "mlflow.runName" {
                    try writer.execute("UPDATE tracking_runs SET name = \(tag.value) WHERE id = \(id)")
                }
            }
        }
    }

    /// Removes a tag.
    package func deleteRunTag(id: String, key: String) async throws {
        try await database.write { writer in
            try Store.requireActive(run: id, writer.reader)
            guard try writer.execute("DELETE FROM tracking_tags WHERE run_id = \(id) AND key = \(key)") == 1 else {
                throw TrackingError(
                    .notFound,
                    what: "cannot remove the tag `\(key.prefix(100))`",
                    why: "the run has no such tag"
                )
            }
        }
    }

    /// Notes data and models that went into a run.
    package func logInputs(_ inputs: [DatasetInput], models: [String] = [], run id: String) async throws {
        for input in inputs {
            guard !input.name.isEmpty, input.name.count <= 500, !input.digest.isEmpty, input.digest.count <= 36 else {
                throw TrackingError.invalid(
                    "cannot log the dataset `\(input.name.prefix(100))`",
                    "its name needs 1 to 500 characters and its digest 1 to 36"
                )
            }
        }
        try await database.write { writer in
            try Store.requireActive(run: id, writer.reader)
            for input in inputs {
                var tags = JSONWriter()
                tags.object { tags in for tag in input.tags { tags.field(tag.key, tag.value) } }
                try writer.execute(
                    """
                    INSERT INTO tracking_inputs (run_id, name, digest, source_type, source, schema, profile, tags)
                    VALUES (\(id), \(input.name), \(input.digest), \(input.sourceType), \(input.source),
                            \(input.schema), \(input.profile), \(tags.text))
                    ON CONFLICT (run_id, name, digest) DO UPDATE SET tags = excluded.tags
                    """
                )
            }
            for model in models { try Self.link(run: id, model: model, isOutput: false, step: 0, writer) }
        }
    }

    /// Notes models that came out of a run, each at a step.
    package func logOutputs(_ models: [(modelID: String, step: Int64)], run id: String) async throws {
        try await database.write { writer in
            try Store.requireActive(run: id, writer.reader)
            for (model, step) in models { try Self.link(run: id, model: model, isOutput: true, step: step, writer) }
        }
    }

    private static func link(run: String, model: String, isOutput: Bool, step: Int64, _ writer: SQLWriter) throws {
        guard try writer.row("SELECT 1 FROM tracking_models WHERE id = \(model)") != nil else {
            throw TrackingError.missing("the logged model", model)
        }
        try writer.execute(
            """
            INSERT INTO tracking_run_models (run_id, model_id, is_output, step) VALUES (\(run), \(model), \(isOutput), \(step))
            ON CONFLICT DO UPDATE SET step = excluded.step
            """
        )
    }

    /// The points of a metric in the order they were logged.
    ///
    /// - Parameters:
    ///   - run: The run.
    ///   - key: The metric.
    ///   - after: The place that the last page ended at; 0 for the first.
    ///   - limit: At most this many, up to 25,000.
    /// - Returns: The points, and the place for the next page; nil at the end.
    /// - Throws: ``TrackingError`` `.notFound` if there is no such run; a metric that it lacks has no points.
    package func metricHistory(
        run: String,
        key: String,
        after: Int64 = 0,
        limit: Int = 25_000
    ) async throws -> (points: [Metric], next: Int64?) {
        let limit = min(max(limit, 1), 25_000)
        return try await database.read { reader in
            _ =
                try reader.row("SELECT 1 FROM tracking_runs WHERE id = \(run)")
                ?? { throw TrackingError.missing("the run", run) }()
            let sql: SQL = """
                SELECT key, value, timestamp_ms, step, id FROM tracking_metrics
                WHERE run_id = \(run) AND key = \(key) AND id > \(after) ORDER BY id LIMIT \(limit + 1)
                """
            let rows = try reader.rows(sql)
            let page = rows.prefix(limit)
            return (page.map(Store.metric), rows.count > limit ? page.last?.int64(4) : nil)
        }
    }

    /// Runs that used data with this digest, newest first, at most `limit`.
    package func runs(using digest: String, limit: Int = 100) async throws -> [Run] {
        try await database.read { reader in
            let sql: SQL = """
                SELECT \(raw: Store.runColumns) FROM tracking_runs
                WHERE id IN (SELECT run_id FROM tracking_inputs WHERE digest = \(digest)) AND stage = 'active'
                ORDER BY start_ms DESC, id LIMIT \(limit)
                """
            return try reader.rows(sql).map { try Store.run(from: $0, reader) }
        }
    }
}
