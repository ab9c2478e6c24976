// SPDX-License-Identifier: Apache-2.0

package import Database
package import ObjectStorage

/// Experiments, runs, metrics, inputs and logged models; the meaning is MLflow's.
///
/// Every change is durable when its call returns.
package struct TrackingService: Sendable {
    let database: SQLDatabase
    /// Where artefacts lie: a run's below `<experiment>/<run>/artifacts`, a model's below `<experiment>/models/<model>/artifacts`.
    package let artifacts: any ObjectStore
    /// Hears of the begin and end of runs within the transaction; an error undoes the change.
    let onRunEvent: @Sendable (RunEvent, SQLWriter) throws -> Void
    let now: @Sendable () -> Int64
    let names = NameCache()

    /// A service over the room's tables.
    ///
    /// - Parameters:
    ///   - database: Holds the tables of ``migrations``.
    ///   - artifacts: Where artefacts lie.
    ///   - onRunEvent: Hears of the begin and end of runs within the transaction; an error undoes the change.
    ///   - now: The clock, milliseconds UTC.
    package init(
        database: SQLDatabase,
        artifacts: any ObjectStore,
        onRunEvent: @escaping @Sendable (RunEvent, SQLWriter) throws -> Void = { _, _ in },
        now: @escaping @Sendable () -> Int64
    ) {
        self.database = database
        self.artifacts = artifacts
        self.onRunEvent = onRunEvent
        self.now = now
    }

    /// The URI that all artefact URIs begin with.
    package static let artifactScheme = "mlflow-artifacts:/"

    /// The key prefix in the object store that an artefact URI stands for; nil for a URI of another store.
    package static func artifactPrefix(of uri: String) -> String? {
        guard uri.hasPrefix(artifactScheme) else { return nil }
        var rest = uri.dropFirst(artifactScheme.count)
        // `mlflow-artifacts://host:port/…` names the server, which is this one.
        if rest.hasPrefix("/"), !rest.hasPrefix("//") { rest = rest.dropFirst().drop { $0 != "/" } }
        return String(rest.drop { $0 == "/" })
    }

    // MARK: Experiments

    /// Makes an experiment.
    ///
    /// - Throws: ``TrackingError`` `.alreadyExists` if the name is taken, also by a deleted one.
    package func createExperiment(
        name: String,
        artifactLocation: String? = nil,
        tags: [KeyValue] = []
    ) async throws -> String {
        try Rules.check(experimentName: name)
        if let artifactLocation { try Rules.check(artifactLocation: artifactLocation) }
        for tag in tags { try Self.check(experimentTag: tag) }
        let now = now()
        return try await database.write { writer in
            if let row = try writer.row("SELECT stage FROM tracking_experiments WHERE name = \(name)") {
                let isDeleted = row.string(0) == LifecycleStage.deleted.rawValue
                throw TrackingError(
                    .alreadyExists,
                    what: "cannot make the experiment `\(name.prefix(100))`",
                    why: isDeleted ? "a deleted experiment has that name" : "an experiment has that name",
                    next: isDeleted ? "restore it, or choose another name" : nil
                )
            }
            let next = try writer.row("SELECT coalesce(max(id), 0) + 1 FROM tracking_experiments")?.int64(0) ?? 1
            let location = artifactLocation ?? "\(Self.artifactScheme)\(next)"
            try writer.execute(
                """
                INSERT INTO tracking_experiments (id, name, artifact_location, stage, created_ms, updated_ms)
                VALUES (\(next), \(name), \(location), 'active', \(now), \(now))
                """
            )
            try Store.put(tags, in: "tracking_experiment_tags", "experiment_id", .integer(next), writer)
            return String(next)
        }
    }

    /// An experiment by its id.
    package func experiment(id: String) async throws -> Experiment {
        let number = try Store.number(id)
        return try await database.read { reader in
            guard let found = try Store.experiments(where: "id = \(number)", reader).first else {
                throw TrackingError.missing("the experiment", id)
            }
            return found
        }
    }

    /// An experiment by its name; nil if there is none.
    package func experiment(named name: String) async throws -> Experiment? {
        try await database.read { try Store.experiments(where: "name = \(name)", $0).first }
    }

    /// The id of the experiment of that name, which is made if there is none.
    package func ensureExperiment(named name: String) async throws -> String {
        if let found = try await experiment(named: name) { return found.id }
        do {
            return try await createExperiment(name: name)
        } catch let error as TrackingError where error.code == .alreadyExists {
            // Somebody else made it meanwhile.
            guard let found = try await experiment(named: name) else { throw error }
            return found.id
        }
    }

    /// Experiments, newest first unless ordered otherwise.
    ///
    /// - Parameters:
    ///   - view: In use, deleted, or both.
    ///   - filter: In MLflow's search language over `name`, `creation_time`, `last_update_time` and `tags.`; nil for all.
    ///   - orderBy: Such as `name ASC`; newest first if empty.
    ///   - token: The end of the page before; nil for the first.
    ///   - limit: At most this many, up to 50,000.
    /// - Returns: A page of them.
    /// - Throws: ``TrackingError`` `.invalidParameter` for what cannot be read.
    package func searchExperiments(
        view: ViewType = .activeOnly,
        filter: String? = nil,
        orderBy: [String] = [],
        after token: PageToken? = nil,
        limit: Int = 1_000
    ) async throws -> Page<Experiment> {
        let query = try SearchQuery(
            .experiments,
            columns: Store.experimentColumns,
            where: view.conditions,
            filter: filter,
            orderBy: try orderBy.map { try SearchOrderTerm($0) },
            after: token,
            limit: min(max(limit, 1), 50_000)
        )
        return try await database.read { reader in
            let page = try query.page(reader)
            return Page(try Store.experiments(page.items, reader), next: page.next)
        }
    }

    /// Renames an experiment.
    package func renameExperiment(id: String, to name: String) async throws {
        try Rules.check(experimentName: name)
        let now = now()
        try await database.write { writer in
            let number = try Store.activeExperiment(id, writer.reader).number
            if try writer.row("SELECT 1 FROM tracking_experiments WHERE name = \(name) AND id <> \(number)") != nil {
                throw TrackingError(
                    .alreadyExists,
                    what: "cannot rename the experiment `\(id)`",
                    why: "`\(name.prefix(100))` is taken"
                )
            }
            try writer.execute(
                "UPDATE tracking_experiments SET name = \(name), updated_ms = \(now) WHERE id = \(number)"
            )
        }
    }

    /// Deletes an experiment with its runs, or takes that back.
    ///
    /// - Throws: ``TrackingError`` `.notFound` if there is none that is in use, or deleted.
    package func setExperiment(id: String, stage: LifecycleStage) async throws {
        let number = try Store.number(id)
        let now = now()
        try await database.write { writer in
            let changed = try writer.execute(
                """
                UPDATE tracking_experiments SET stage = \(stage.rawValue), updated_ms = \(now)
                WHERE id = \(number) AND stage <> \(stage.rawValue)
                """
            )
            guard changed == 1 else {
                throw TrackingError.missing(stage == .active ? "the deleted experiment" : "the experiment", id)
            }
            try writer.execute("UPDATE tracking_runs SET stage = \(stage.rawValue) WHERE experiment_id = \(number)")
        }
    }

    /// Sets a tag of an experiment.
    package func setExperimentTag(id: String, _ tag: KeyValue) async throws {
        try Self.check(experimentTag: tag)
        try await database.write { writer in
            let number = try Store.activeExperiment(id, writer.reader).number
            try Store.put([tag], in: "tracking_experiment_tags", "experiment_id", .integer(number), writer)
        }
    }

    /// Removes a tag of an experiment.
    ///
    /// - Throws: ``TrackingError`` `.notFound` if it has no such tag.
    package func deleteExperimentTag(id: String, key: String) async throws {
        try await database.write { writer in
            let number = try Store.activeExperiment(id, writer.reader).number
            let removed = try writer.execute(
                "DELETE FROM tracking_experiment_tags WHERE experiment_id = \(number) AND key = \(key)"
            )
            guard removed == 1 else { throw TrackingError.missing("the tag", key) }
        }
    }

    static func check(experimentTag tag: KeyValue) throws(TrackingError) {
        try Rules.check(key: tag.key, of: "tag")
        try Rules.check(tag.value, limit: 20_000, of: "tag", tag.key)
    }
}

extension ViewType {
    /// The conditions on `item`.
    var conditions: [SQL] {
        switch self {
        case .activeOnly: ["item.stage = 'active'"]
        case .deletedOnly: ["item.stage = 'deleted'"]
        case .all: []
        }
    }
}
