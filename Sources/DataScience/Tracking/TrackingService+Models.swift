// SPDX-License-Identifier: Apache-2.0

import Database
import JSONText

extension TrackingService {
    /// The most measured values that a logged model is read with.
    package static let modelMetricLimit = 1_000

    /// Begins a logged model, whose files come next.
    package func createModel(_ draft: LoggedModelDraft) async throws -> LoggedModel {
        let id = "m-" + Rules.newID()
        let now = now()
        let name = draft.name.flatMap { $0.isEmpty ? nil : $0 } ?? Rules.newName()
        try Rules.check(modelName: name)
        try Rules.check(draft.modelType ?? "", limit: 500, of: "type of the model", name)
        try Rules.check(draft.sourceRunID ?? "", limit: 256, of: "run of the model", name)
        let params = try Self.checked(draft.params, of: "parameter", cutTo: 6_000)
        let tags = try Self.checked(draft.tags, of: "tag", cutTo: 8_000)
        return try await database.write { writer in
            let experiment = try Store.activeExperiment(draft.experimentID, writer.reader)
            let uri = "\(experiment.location)/models/\(id)/artifacts"
            let status = LoggedModelStatus.pending.rawValue
            try writer.execute(
                """
                INSERT INTO tracking_models (
                    id, experiment_id, name, artifact_uri, status, stage, model_type, source_run_id, created_ms, updated_ms
                )
                VALUES (
                    \(id), \(experiment.number), \(name), \(uri), \(status), 'active', \(draft.modelType),
                    \(draft.sourceRunID), \(now), \(now)
                )
                """
            )
            try Self.put(params: params, tags: tags, model: id, writer)
            return try Self.model(id, writer.reader)
        }
    }

    /// A logged model; one that was deleted only if `isDeletedFine`.
    package func model(id: String, isDeletedFine: Bool = false) async throws -> LoggedModel {
        try await database.read { try Self.model(id, isDeletedFine: isDeletedFine, $0) }
    }

    /// The URI of a logged model's files, also of one whose record was deleted: a registered version may still need them.
    package func artifactURI(ofModel id: String) async throws -> String {
        try await database.read { reader in
            guard let row = try reader.row("SELECT artifact_uri FROM tracking_models WHERE id = \(id)") else {
                throw TrackingError.missing("the logged model", id)
            }
            return row.string(0)
        }
    }

    /// Logged models in some experiments, newest first unless ordered otherwise.
    ///
    /// - Parameters:
    ///   - experimentIDs: The experiments.
    ///   - filter: In MLflow's search language; nil for all.
    ///   - datasets: Only models that were measured on one of these, and only what was measured there; empty for all.
    ///   - orderBy: The order; newest first if empty.
    ///   - token: The end of the page before; nil for the first.
    ///   - limit: At most this many, up to 1,000.
    /// - Returns: A page of them.
    /// - Throws: ``TrackingError`` `.invalidParameter` for what cannot be read.
    package func searchModels(
        experimentIDs: [String],
        filter: String? = nil,
        datasets: [DatasetFilter] = [],
        orderBy: [SearchOrderTerm] = [],
        after token: PageToken? = nil,
        limit: Int = 100
    ) async throws -> Page<LoggedModel> {
        guard let experiments = try Self.condition(experimentIDs: experimentIDs) else { return Page([], next: nil) }
        guard datasets.count <= 100 else {
            throw TrackingError.invalid("cannot search on \(datasets.count) datasets", "100 are allowed")
        }
        var conditions: [SQL] = [experiments, "item.stage = 'active'"]
        if !datasets.isEmpty {
            let measured = SQL.joined(datasets.map(\.condition), separator: " OR ")
            conditions.append(
                "EXISTS (SELECT 1 FROM tracking_model_metrics AS entry WHERE entry.model_id = item.id AND (\(measured)))"
            )
        }
        let query = try SearchQuery(
            .models(on: datasets),
            columns: Store.modelColumns,
            where: conditions,
            filter: filter,
            orderBy: orderBy,
            after: token,
            limit: min(max(limit, 1), 1_000)
        )
        return try await database.read { reader in
            let page = try query.page(reader)
            return Page(try Store.models(page.items, reader), next: page.next)
        }
    }

    /// The models that a run made, newest first, at most 100.
    package func models(of run: String) async throws -> [LoggedModel] {
        let query = try SearchQuery(
            .models(),
            columns: Store.modelColumns,
            where: ["item.source_run_id = \(run)", "item.stage = 'active'"],
            limit: 100
        )
        return try await database.read { reader in try Store.models(try query.page(reader).items, reader) }
    }

    /// Ends the making of a logged model.
    package func finalizeModel(id: String, status: LoggedModelStatus) async throws -> LoggedModel {
        let now = now()
        return try await database.write { writer in
            try Store.requireModel(id, writer.reader)
            try writer.execute(
                "UPDATE tracking_models SET status = \(status.rawValue), updated_ms = \(now) WHERE id = \(id)"
            )
            return try Self.model(id, writer.reader)
        }
    }

    /// Adds parameters and sets tags of a logged model; a parameter does not change.
    package func annotateModel(id: String, params: [KeyValue] = [], tags: [KeyValue] = []) async throws {
        let params = try Self.checked(params, of: "parameter", cutTo: 6_000)
        let tags = try Self.checked(tags, of: "tag", cutTo: 8_000)
        try await database.write { writer in
            try Store.requireModel(id, writer.reader)
            try Self.put(params: params, tags: tags, model: id, writer)
        }
    }

    /// Removes a tag of a logged model.
    package func deleteModelTag(id: String, key: String) async throws {
        try await database.write { writer in
            try Store.requireModel(id, writer.reader)
            guard try writer.execute("DELETE FROM tracking_model_tags WHERE model_id = \(id) AND key = \(key)") == 1
            else {
                throw TrackingError.missing("the tag", key)
            }
        }
    }

    /// Hides a logged model; its files stay, and doing it again is fine.
    package func deleteModel(id: String) async throws {
        let now = now()
        let changed = try await database.write { writer in
            try writer.execute(
                "UPDATE tracking_models SET stage = 'deleted', updated_ms = \(now) WHERE id = \(id)"
            )
        }
        guard changed == 1 else { throw TrackingError.missing("the logged model", id) }
    }

    /// Adds a model to the record that clients before logged models keep on the run, as the tag `mlflow.log-model.history`.
    ///
    /// - Parameters:
    ///   - json: The client's description of the model, a JSON object.
    ///   - id: The run.
    /// - Throws: ``TrackingError`` `.invalidParameter` for a description that lacks something.
    package func recordModel(json: String, run id: String) async throws {
        let what = "cannot record the model of run `\(id.prefix(100))`"
        let entry: JSONDocument
        do {
            entry = try JSONDocument(json)
        } catch {
            throw TrackingError.invalid(what, "its description is no JSON: \(error.why)")
        }
        for field in ["artifact_path", "flavors", "run_id", "utc_time_created"] where entry.root[field] == nil {
            throw TrackingError.invalid(what, "its description has no `\(field)`")
        }
        try await database.write { writer in
            let run = try Store.activeKey(ofRun: id, writer.reader)
            let tag = "mlflow.log-model.history"
            var names = NameCache.Names()
            let key = try names.number(of: tag, writer)
            let sql: SQL = "SELECT value FROM tracking_tags WHERE run = \(run.number) AND key = \(key)"
            let old = try writer.row(sql)?.string(0)
            var history = JSONWriter()
            history.array { history in
                // A record that cannot be read was set by hand; the new one begins anew.
                if let old, let document = try? JSONDocument(old) {
                    for element in document.root.elements { element.write(into: &history) }
                }
                entry.root.write(into: &history)
            }
            guard history.bytes.count <= 1 << 20 else {
                throw TrackingError.invalid(what, "the run's record of models would have more than a mebibyte")
            }
            try Store.put(tags: [KeyValue(tag, history.text)], run: run, writer, &names)
        }
    }

    /// The pairs with values cut as on runs; names of logged models' pairs may hold any character.
    static func checked(
        _ pairs: [KeyValue],
        of thing: String,
        cutTo limit: Int
    ) throws(TrackingError) -> [KeyValue] {
        var result: [KeyValue] = []
        for pair in pairs {
            guard !pair.key.isEmpty else { throw .invalid("cannot store a \(thing)", "its name is empty") }
            try Rules.check(pair.key, limit: 250, of: "name of a \(thing)", pair.key)
            result.append(KeyValue(pair.key, try Rules.cut(pair.value, to: limit, of: thing, pair.key)))
        }
        return result
    }

    private static func put(params: [KeyValue], tags: [KeyValue], model id: String, _ writer: SQLWriter) throws {
        try Store.put(params: params, in: "tracking_model_params", "model_id", of: "model", id, writer)
        try Store.put(tags, in: "tracking_model_tags", "model_id", .text(id), writer)
    }

    private static func model(
        _ id: String,
        isDeletedFine: Bool = false,
        _ reader: SQLReader
    ) throws -> LoggedModel {
        let sql: SQL = """
            SELECT \(raw: Store.modelColumns.joined(separator: ", "))
            FROM tracking_models
            WHERE id = \(id) AND (stage = 'active' OR \(isDeletedFine))
            """
        guard let model = try Store.models(try reader.rows(sql), reader).first else {
            throw TrackingError.missing("the logged model", id)
        }
        return model
    }
}
