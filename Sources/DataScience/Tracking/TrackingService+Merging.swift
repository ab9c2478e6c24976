// SPDX-License-Identifier: Apache-2.0

import Database

/// Merging what two services know of the same runs.
extension TrackingService {
    // MARK: Histories

    /// What a run has of some metrics; those that it has no points of are empty histories.
    ///
    /// - Throws: ``TrackingError`` `.notFound` for the run, `.corrupt` for a damaged block.
    package func historyStates(run: String, keys: [String]) async throws -> [String: HistoryState] {
        try await database.read { reader in
            let run = try Store.key(ofRun: run, reader)
            var result: [String: HistoryState] = [:]
            for key in keys {
                var state = HistoryState()
                if let number = try Store.number(ofName: key, reader) {
                    try MetricHistory(key: number, run: run.number, reader).scan { piece in
                        for point in piece { state.add(point) }
                        return true
                    }
                }
                result[key] = state
            }
            return result
        }
    }

    /// Adds points to the histories of a run that is here, deleted or not, all of them or none; those that are there add nothing.
    ///
    /// What a history has between the first and the last of the points is read piece by piece.
    ///
    /// - Returns: How many points were not there before.
    /// - Throws: ``TrackingError`` `.invalidParameter` for a name or time that breaks a rule, `.notFound` for the run.
    package func mergeHistories(_ histories: [(key: String, points: [MetricPoint])], run id: String) async throws -> Int
    {
        for (key, points) in histories {
            try Rules.check(key: key, of: "metric")
            for point in points where point.timestampMs < 0 {
                throw TrackingError.invalid(
                    "cannot take over the metric `\(key)`",
                    "its timestamp is \(point.timestampMs); it must not be negative"
                )
            }
        }
        return try await database.write { writer in
            let run = try Store.key(ofRun: id, writer.reader)
            var added = 0
            var names = NameCache.Names()
            for (key, points) in histories {
                let fresh = try Self.lacking(Store.ordered(points), key, run, writer.reader)
                added += fresh.count
                try Store.put(metrics: fresh.map { Metric(key, $0) }, run: run, id: id, writer, &names)
            }
            return added
        }
    }

    /// Those of the points, in the order of a history, that the run's history does not have.
    private static func lacking(
        _ points: [MetricPoint],
        _ key: String,
        _ run: RunKey,
        _ reader: SQLReader
    ) throws -> [MetricPoint] {
        guard let first = points.first, let number = try Store.number(ofName: key, reader) else { return points }
        var fresh: [MetricPoint] = []
        var next = 0
        let start = MetricPoint(timestampMs: first.timestampMs - 1, step: .max, value: .infinity)
        try MetricHistory(key: number, run: run.number, reader).scan(after: start) { piece in
            for point in piece {
                while next < points.count, points[next] < point {
                    fresh.append(points[next])
                    next += 1
                }
                guard next < points.count else { return false }
                if points[next].isSame(as: point) { next += 1 }
            }
            return next < points.count
        }
        return fresh + points[next...]
    }

    /// For each run that has metrics a text that changes whenever a point is added to one of them.
    ///
    /// It costs no look at the points themselves, and means something only to the database that it comes from.
    package func historyMarks(runs: [String]) async throws -> [String: String] {
        try await database.read { reader in
            let owners = Store.members(runs.map { .text($0) })
            let batches: SQL = """
                SELECT run.id, max(batch.number), max(batch.fresh), batch.rest
                FROM tracking_runs AS run
                JOIN tracking_batches AS batch ON batch.run = run.number
                WHERE run.id IN \(owners)
                GROUP BY run.id
                """
            var result: [String: String] = [:]
            try reader.forEach(batches) {
                result[$0.string(0)] = "\($0.int64(1)):\($0.int64(2))+\($0.int64(3)) "
            }
            let blocks: SQL = """
                SELECT run.id, block.key, count(*), sum(block.points)
                FROM tracking_runs AS run
                JOIN tracking_blocks AS block ON block.run = run.number
                WHERE run.id IN \(owners)
                GROUP BY run.id, block.key
                ORDER BY run.id, block.key
                """
            try reader.forEach(blocks) {
                result[$0.string(0), default: ""] += "\($0.int64(1))=\($0.int64(2))/\($0.int64(3)) "
            }
            return result
        }
    }

    // MARK: Runs

    /// Deletes a run because it was deleted elsewhere; it can be restored.
    ///
    /// - Returns: Whether it was in use; nil if there is no such run.
    package func adoptDeletion(ofRun id: String) async throws -> Adopted.Outcome? {
        try await database.write { writer in
            if try writer.execute("UPDATE tracking_runs SET stage = 'deleted' WHERE id = \(id) AND stage = 'active'")
                == 1
            {
                return .grown
            }
            return try writer.row("SELECT 1 FROM tracking_runs WHERE id = \(id)") == nil ? nil : .unchanged
        }
    }

    // MARK: Measured values of logged models

    /// What runs measured of a logged model, in a fixed order.
    ///
    /// - Parameters:
    ///   - model: The model.
    ///   - place: The last value of the page before; nil for the first page.
    ///   - limit: At most this many.
    /// - Returns: A page of them; none if there is no such model.
    /// - Throws: ``DatabaseError``.
    package func modelMetrics(
        of model: String,
        after place: (metric: Metric, run: String)? = nil,
        limit: Int = 1_000
    ) async throws -> [(metric: Metric, run: String)] {
        let condition: SQL
        if let (metric, run) = place {
            condition = """
                AND (key, timestamp_ms, step, run_id, value, is_nan, dataset_name, dataset_digest) > (
                    \(metric.key), \(metric.timestampMs), \(metric.step), \(run), \(metric.storedValue),
                    \(metric.value.isNaN), \(metric.dataset?.name ?? ""), \(metric.dataset?.digest ?? "")
                )
                """
        } else {
            condition = ""
        }
        return try await database.read { reader in
            let sql: SQL = """
                SELECT key, timestamp_ms, step, run_id, value, is_nan, dataset_name, dataset_digest
                FROM tracking_model_metrics
                WHERE model_id = \(model) \(condition)
                ORDER BY key, timestamp_ms, step, run_id, value, is_nan, dataset_name, dataset_digest
                LIMIT \(limit)
                """
            return try reader.rows(sql).map { row in
                let (name, digest) = (row.string(6), row.string(7))
                let metric = Metric(
                    key: row.string(0),
                    value: row.bool(5) ? .nan : row.double(4),
                    timestampMs: row.int64(1),
                    step: row.int64(2),
                    modelID: model,
                    dataset: name.isEmpty && digest.isEmpty ? nil : .init(name: name, digest: digest)
                )
                return (metric, row.string(3))
            }
        }
    }

    /// How many values were measured of each of these logged models; those of which none were are left out.
    package func modelMetricCounts(_ models: [String]) async throws -> [String: Int] {
        try await database.read { reader in
            let sql: SQL = """
                SELECT model_id, count(*)
                FROM tracking_model_metrics
                WHERE model_id IN \(Store.members(models.map { .text($0) }))
                GROUP BY model_id
                ORDER BY model_id
                """
            var result: [String: Int] = [:]
            try reader.forEach(sql) { result[$0.string(0)] = Int($0.int64(1)) }
            return result
        }
    }

    /// Adds what runs measured of a logged model, without touching those runs; what is there adds nothing.
    ///
    /// - Returns: How many values were not there before.
    /// - Throws: ``TrackingError`` `.notFound` for the model, `.invalidParameter` for a name or time that breaks a rule.
    package func mergeModelMetrics(_ metrics: [(metric: Metric, run: String)], model: String) async throws -> Int {
        for (metric, run) in metrics {
            try Rules.check(key: metric.key, of: "metric")
            try Rules.check(timeMs: metric.timestampMs, of: "measured value")
            guard Rules.isID(run[...]) else {
                throw TrackingError.invalid("cannot take over the metric `\(metric.key)`", "its run has no id")
            }
        }
        return try await database.write { writer in
            guard try writer.row("SELECT 1 FROM tracking_models WHERE id = \(model)") != nil else {
                throw TrackingError.missing("the logged model", model)
            }
            var added = 0
            for (metric, run) in metrics {
                added += try writer.execute(
                    """
                    INSERT INTO tracking_model_metrics (
                        model_id, key, timestamp_ms, step, run_id, value, is_nan, dataset_name, dataset_digest
                    )
                    VALUES (
                        \(model), \(metric.key), \(metric.timestampMs), \(metric.step), \(run), \(metric.storedValue),
                        \(metric.value.isNaN), \(metric.dataset?.name ?? ""), \(metric.dataset?.digest ?? "")
                    )
                    ON CONFLICT DO NOTHING
                    """
                )
            }
            return added
        }
    }
}
