// SPDX-License-Identifier: Apache-2.0

import Database

extension TrackingService {
    /// What one call may log: at most 1,000 metrics, 100 parameters, 100 tags, 1,000 in all.
    package struct Batch: Sendable {
        /// Measured values.
        package var metrics: [Metric] = []
        /// What the run was started with.
        package var params: [KeyValue] = []
        /// Notes.
        package var tags: [KeyValue] = []

        /// A batch.
        package init(metrics: [Metric] = [], params: [KeyValue] = [], tags: [KeyValue] = []) {
            self.metrics = metrics
            self.params = params
            self.tags = tags
        }

        /// The batch with what MLflow would cut cut off.
        ///
        /// - Throws: ``TrackingError`` `.invalidParameter` for what MLflow refuses.
        func checked() throws(TrackingError) -> Batch {
            let limits = [
                (metrics.count, 1_000, "metrics"), (params.count, 100, "parameters"), (tags.count, 100, "tags"),
                (metrics.count + params.count + tags.count, 1_000, "entries"),
            ]
            for (count, limit, name) in limits where count > limit {
                throw .invalid(
                    "cannot log the batch",
                    "it has \(count) \(name); \(limit) are allowed",
                    next: "send several"
                )
            }
            for metric in metrics { try Self.check(metric) }
            var batch = self
            var seen: Set<String> = []
            for (index, param) in params.enumerated() {
                guard seen.insert(param.key).inserted else {
                    throw .invalid("cannot log the batch", "it gives the parameter `\(param.key.prefix(100))` twice")
                }
                batch.params[index] = try TrackingService.checked(param: param)
            }
            for (index, tag) in tags.enumerated() { batch.tags[index] = try TrackingService.checked(tag: tag) }
            return batch
        }

        private static func check(_ metric: Metric) throws(TrackingError) {
            try Rules.check(key: metric.key, of: "metric")
            guard metric.timestampMs >= 0 else {
                throw .invalid(
                    "cannot log the metric `\(metric.key)`",
                    "its timestamp is \(metric.timestampMs); it must not be negative"
                )
            }
        }
    }

    static func checked(param: KeyValue) throws(TrackingError) -> KeyValue {
        try Rules.check(key: param.key, of: "parameter")
        return KeyValue(param.key, try Rules.cut(param.value, to: 6_000, of: "parameter", param.key))
    }

    static func checked(tag: KeyValue) throws(TrackingError) -> KeyValue {
        try Rules.check(key: tag.key, of: "tag")
        return KeyValue(tag.key, try Rules.cut(tag.value, to: 8_000, of: "tag", tag.key))
    }

    private static let nameTag = "mlflow.runName"

    /// Begins a run.
    package func createRun(_ draft: RunDraft) async throws -> Run {
        let id = Rules.newID()
        let startMs = draft.startMs ?? now()
        try Rules.check(timeMs: startMs, of: "start of a run")
        try Rules.check(draft.userID, limit: 256, of: "user", draft.userID)
        let tagged = draft.tags.last { $0.key == Self.nameTag }?.value
        let given = draft.name.flatMap { $0.isEmpty ? nil : $0 }
        if let given, let tagged, given != tagged {
            throw TrackingError.invalid(
                "cannot begin the run `\(given.prefix(100))`",
                "its tag `\(Self.nameTag)` says `\(tagged.prefix(100))`"
            )
        }
        let name = given ?? tagged ?? Rules.newName()
        var tags = [try Self.checked(tag: KeyValue(Self.nameTag, name))]
        for tag in draft.tags where tag.key != Self.nameTag { tags.append(try Self.checked(tag: tag)) }
        let stored = tags
        return try await database.write { writer in
            let experiment = try Store.activeExperiment(draft.experimentID, writer.reader)
            let uri = "\(experiment.location)/\(id)/artifacts"
            try writer.execute(
                """
                INSERT INTO tracking_runs (id, experiment_id, name, status, start_ms, stage, artifact_uri, user_id)
                VALUES (
                    \(id), \(experiment.number), \(name), 'RUNNING', \(startMs), 'active', \(uri), \(draft.userID)
                )
                """
            )
            let key = try Store.key(ofRun: id, writer.reader)
            var names = NameCache.Names()
            try Store.put(tags: stored, run: key, writer, &names)
            let run = try Store.run(id, writer.reader, NameCache())
            try onRunEvent(.created(run), writer)
            return run
        }
    }

    /// A run with all that is known of it.
    package func run(id: String) async throws -> Run {
        try await database.read { [names] in try Store.run(id, $0, names) }
    }

    /// Changes what is not nil, and returns the run.
    package func updateRun(
        id: String,
        status: RunStatus? = nil,
        endMs: Int64? = nil,
        name: String? = nil
    ) async throws -> Run {
        if let endMs { try Rules.check(timeMs: endMs, of: "end of a run") }
        let name = try name.flatMap { name in
            name.isEmpty ? nil : try Self.checked(tag: KeyValue(Self.nameTag, name)).value
        }
        return try await database.write { writer in
            let key = try Store.activeKey(ofRun: id, writer.reader)
            var isNewStatus = false
            if let status {
                let sql: SQL = """
                    UPDATE tracking_runs SET status = \(status.rawValue) WHERE id = \(id) AND status <> \(status.rawValue)
                    """
                isNewStatus = try writer.execute(sql) > 0
            }
            if let endMs { try writer.execute("UPDATE tracking_runs SET end_ms = \(endMs) WHERE id = \(id)") }
            if let name {
                try writer.execute("UPDATE tracking_runs SET name = \(name) WHERE id = \(id)")
                var names = NameCache.Names()
                try Store.put(tags: [KeyValue(Self.nameTag, name)], run: key, writer, &names)
            }
            let run = try Store.run(id, writer.reader, NameCache())
            if isNewStatus, run.status.isEnd { try onRunEvent(.ended(run), writer) }
            return run
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
        let batch = try batch.checked()
        let known = try await database.write { [names] writer in
            let key = try Store.activeKey(ofRun: id, writer.reader)
            var names = names.snapshot()
            try Store.put(params: batch.params, run: key, id: id, writer, &names)
            try Store.put(metrics: batch.metrics, run: key, id: id, writer, &names)
            try Store.put(tags: batch.tags, run: key, writer, &names)
            if let name = batch.tags.last(where: { $0.key == Self.nameTag }) {
                try writer.execute("UPDATE tracking_runs SET name = \(name.value) WHERE id = \(id)")
            }
            return names
        }
        names.keep(known)
    }

    /// Removes a tag.
    package func deleteRunTag(id: String, key: String) async throws {
        try await database.write { writer in
            let run = try Store.activeKey(ofRun: id, writer.reader).number
            let name = try Store.number(ofName: key, writer.reader)
            guard try writer.execute("DELETE FROM tracking_tags WHERE run = \(run) AND key = \(name)") == 1 else {
                throw TrackingError.missing("the tag", key)
            }
        }
    }
}
