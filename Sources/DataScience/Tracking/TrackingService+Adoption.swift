// SPDX-License-Identifier: Apache-2.0

import Database

/// Taking over what was made elsewhere, with its ids and times: for imports, and for runs that were logged offline.
///
/// Each call is one transaction, and saying it again changes nothing. In order: experiments, logged models, runs, metrics,
/// because a run names models and metrics name both.
extension TrackingService {
    // MARK: Experiments

    /// Takes over an experiment; one of the same name gets the tags that it lacks or has with other values.
    package func adopt(_ record: ExperimentRecord) async throws -> Adopted {
        try Rules.check(experimentName: record.name)
        if let location = record.artifactLocation { try Rules.check(artifactLocation: location) }
        for tag in record.tags { try Self.check(experimentTag: tag) }
        for time in [record.createdMs, record.updatedMs] { try Rules.check(timeMs: time, of: "time of an experiment") }
        return try await database.write { writer in
            if let old = try Store.experiments(where: "name = \(record.name)", writer.reader).first {
                let tags = record.tags.filter { !old.tags.contains($0) }
                try Store.put(tags, in: "tracking_experiment_tags", "experiment_id", .text(old.id), writer)
                return Adopted(
                    id: old.id,
                    outcome: tags.isEmpty ? .unchanged : .grown,
                    artifactURI: old.artifactLocation
                )
            }
            let next = try writer.row("SELECT coalesce(max(id), 0) + 1 FROM tracking_experiments")?.int64(0) ?? 1
            let location = record.artifactLocation ?? "\(Self.artifactScheme)\(next)"
            try writer.execute(
                """
                INSERT INTO tracking_experiments (id, name, artifact_location, stage, created_ms, updated_ms)
                VALUES (
                    \(next), \(record.name), \(location), \(record.stage.rawValue), \(record.createdMs),
                    \(record.updatedMs)
                )
                """
            )
            try Store.put(record.tags, in: "tracking_experiment_tags", "experiment_id", .integer(next), writer)
            return Adopted(id: String(next), outcome: .added, artifactURI: location)
        }
    }

    // MARK: Logged models

    /// Takes over a logged model; one of the same id gets what it lacks.
    ///
    /// - Throws: ``TrackingError`` `.invalidParameter` for a value that breaks a rule or a parameter of another value.
    package func adopt(_ record: ModelRecord) async throws -> Adopted {
        let record = try record.checked()
        return try await database.write { writer in
            let (id, status) = (record.id, record.status.rawValue)
            let sql: SQL = "SELECT artifact_uri, status FROM tracking_models WHERE id = \(id)"
            if let old = try writer.row(sql) {
                let before = try Store.counts(ofModel: id, writer.reader)
                let changed = try record.tags.filter { tag in
                    let sql: SQL = "SELECT value FROM tracking_model_tags WHERE model_id = \(id) AND key = \(tag.key)"
                    return try writer.row(sql)?.string(0) != tag.value
                }
                try Store.put(params: record.params, in: "tracking_model_params", "model_id", of: "model", id, writer)
                try Store.put(changed, in: "tracking_model_tags", "model_id", .text(id), writer)
                var isGrown = try !changed.isEmpty || Store.counts(ofModel: id, writer.reader) != before
                if old.string(1) == LoggedModelStatus.pending.rawValue, record.status != .pending {
                    isGrown = true
                    try writer.execute(
                        "UPDATE tracking_models SET status = \(status), updated_ms = \(record.updatedMs) WHERE id = \(id)"
                    )
                }
                return Adopted(id: id, outcome: isGrown ? .grown : .unchanged, artifactURI: old.string(0))
            }
            let experiment = try Store.anyExperiment(record.experimentID, writer.reader)
            let uri = record.artifactURI ?? "\(experiment.location)/models/\(id)/artifacts"
            try writer.execute(
                """
                INSERT INTO tracking_models (
                    id, experiment_id, name, artifact_uri, status, stage, model_type, source_run_id, created_ms, updated_ms
                )
                VALUES (
                    \(id), \(experiment.number), \(record.name), \(uri), \(status), \(record.stage.rawValue),
                    \(record.modelType), \(record.sourceRunID), \(record.createdMs), \(record.updatedMs)
                )
                """
            )
            try Store.put(params: record.params, in: "tracking_model_params", "model_id", of: "model", id, writer)
            try Store.put(record.tags, in: "tracking_model_tags", "model_id", .text(id), writer)
            return Adopted(id: id, outcome: .added, artifactURI: uri)
        }
    }

    // MARK: Runs

    /// Takes over a run; one of the same id gets what it lacks, all of it or nothing.
    ///
    /// - Throws: ``TrackingError`` `.alreadyExists` if a parameter has another value here, `.invalidParameter` for a value
    ///   that breaks a rule, `.notFound` for the experiment.
    package func adopt(_ record: RunRecord) async throws -> Adopted {
        let record = try record.checked()
        return try await database.write { writer in
            guard let old = try Store.runIfAny(record.id, writer.reader) else {
                return Adopted(id: record.id, outcome: .added, artifactURI: try Self.insert(record, writer))
            }
            let growth = try RunGrowth(of: old, to: try record.withKnownModels(writer.reader))
            try Self.apply(growth, run: record.id, writer)
            let outcome: Adopted.Outcome = growth.isEmpty ? .unchanged : .grown
            return Adopted(id: record.id, outcome: outcome, artifactURI: old.artifactURI)
        }
    }

    /// What ``adopt(_:)-(RunRecord)`` would do with a run, without doing it.
    ///
    /// - Throws: What that would throw for the run itself.
    package func adoption(of record: RunRecord) async throws -> Adopted.Outcome {
        let record = try record.checked()
        return try await database.read { reader in
            guard let old = try Store.runIfAny(record.id, reader) else { return .added }
            return try RunGrowth(of: old, to: try record.withKnownModels(reader)).isEmpty ? .unchanged : .grown
        }
    }

    /// Adds points to a run that is here, deleted or not; those that are there add nothing.
    ///
    /// A point about a logged model that is not here counts as one about the run alone.
    ///
    /// - Throws: ``TrackingError`` `.invalidParameter` for a name or time that breaks a rule, `.notFound` for the run.
    package func adoptMetrics(_ metrics: [Metric], run: String) async throws {
        guard !metrics.isEmpty else { return }
        for key in Set(metrics.map(\.key)) { try Rules.check(key: key, of: "metric") }
        if let early = metrics.first(where: { $0.timestampMs < 0 }) {
            throw TrackingError.invalid(
                "cannot take over the metric `\(early.key)`",
                "its timestamp is \(early.timestampMs); it must not be negative"
            )
        }
        let names = try await database.write { [names] writer in
            let key = try Store.key(ofRun: run, writer.reader)
            let known = try Store.active(models: Set(metrics.compactMap(\.modelID)), writer.reader)
            let points = metrics.map { metric in
                metric.modelID.map(known.contains) ?? true
                    ? metric
                    : Metric(key: metric.key, value: metric.value, timestampMs: metric.timestampMs, step: metric.step)
            }
            var names = names.snapshot()
            try Store.put(metrics: points, run: key, id: run, writer, &names)
            return names
        }
        self.names.keep(names)
    }

    private static func insert(_ record: RunRecord, _ writer: SQLWriter) throws -> String {
        let experiment = try Store.anyExperiment(record.experimentID, writer.reader)
        let uri = record.artifactURI ?? "\(experiment.location)/\(record.id)/artifacts"
        try writer.execute(
            """
            INSERT INTO tracking_runs (
                id, experiment_id, name, status, start_ms, end_ms, stage, artifact_uri, user_id
            )
            VALUES (
                \(record.id), \(experiment.number), \(record.name), \(record.status.rawValue), \(record.startMs),
                \(record.endMs), \(record.stage.rawValue), \(uri), \(record.userID)
            )
            """
        )
        let known = try record.withKnownModels(writer.reader)
        let key = try Store.key(ofRun: record.id, writer.reader)
        try put(params: known.params, tags: known.tags, inputs: known.inputs, run: key, id: record.id, writer)
        for model in known.modelInputs { try put(link: model, isOutput: false, step: 0, run: key.number, writer) }
        for (model, step) in known.modelOutputs {
            try put(link: model, isOutput: true, step: step, run: key.number, writer)
        }
        return uri
    }

    private static func apply(_ growth: RunGrowth, run id: String, _ writer: SQLWriter) throws {
        if let name = growth.name { try writer.execute("UPDATE tracking_runs SET name = \(name) WHERE id = \(id)") }
        if let status = growth.status {
            try writer.execute("UPDATE tracking_runs SET status = \(status.rawValue) WHERE id = \(id)")
        }
        if let end = growth.endMs { try writer.execute("UPDATE tracking_runs SET end_ms = \(end) WHERE id = \(id)") }
        if let user = growth.userID {
            try writer.execute("UPDATE tracking_runs SET user_id = \(user) WHERE id = \(id)")
        }
        let key = try Store.key(ofRun: id, writer.reader)
        try put(params: growth.params, tags: growth.tags, inputs: growth.inputs, run: key, id: id, writer)
        for model in growth.modelInputs { try put(link: model, isOutput: false, step: 0, run: key.number, writer) }
        for output in growth.modelOutputs {
            try put(link: output.modelID, isOutput: true, step: output.step, run: key.number, writer)
        }
    }

    private static func put(
        params: [KeyValue],
        tags: [KeyValue],
        inputs: [DatasetInput],
        run: RunKey,
        id: String,
        _ writer: SQLWriter
    ) throws {
        var names = NameCache.Names()
        try Store.put(params: params, run: run, id: id, writer, &names)
        try Store.put(tags: tags, run: run, writer, &names)
        for input in inputs { try put(input, run: run.number, writer) }
    }
}

extension RunRecord {
    /// The record with what MLflow would cut cut off, and its name also as the tag that clients read.
    fileprivate func checked() throws(TrackingError) -> RunRecord {
        guard Rules.isID(id[...]) else {
            throw .invalid("cannot take over the run `\(id.prefix(100))`", "its id is not 32 hexadecimal digits")
        }
        try Rules.check(timeMs: startMs, of: "start of a run")
        if let endMs { try Rules.check(timeMs: endMs, of: "end of a run") }
        if let artifactURI { try Rules.check(artifactLocation: artifactURI) }
        try Rules.check(userID, limit: 256, of: "user", userID)
        var record = self
        let nameTag = "mlflow.runName"
        var tags: [KeyValue] = []
        for tag in record.tags where tag.key != nameTag { tags.append(try TrackingService.checked(tag: tag)) }
        let name = try TrackingService.checked(tag: KeyValue(nameTag, record.name))
        record.name = name.value
        record.tags = tags + [name]
        for (index, param) in params.enumerated() { record.params[index] = try TrackingService.checked(param: param) }
        for input in inputs { try TrackingService.check(input) }
        return record
    }

    /// The record without links to models that are not here.
    fileprivate func withKnownModels(_ reader: SQLReader) throws -> RunRecord {
        let named = Set(modelInputs).union(modelOutputs.map(\.modelID))
        guard !named.isEmpty else { return self }
        let sql: SQL =
            "SELECT id FROM tracking_models WHERE id IN \(Store.members(named.map { .text($0) })) ORDER BY id"
        let known = Set(try reader.rows(sql).map { $0.string(0) })
        var record = self
        record.modelInputs = modelInputs.filter(known.contains)
        record.modelOutputs = modelOutputs.filter { known.contains($0.modelID) }
        return record
    }
}

extension ModelRecord {
    fileprivate func checked() throws(TrackingError) -> ModelRecord {
        guard id.hasPrefix("m-"), Rules.isID(id.dropFirst(2)) else {
            throw .invalid(
                "cannot take over the logged model `\(id.prefix(100))`",
                "its id is not `m-` and 32 hexadecimal digits"
            )
        }
        try Rules.check(modelName: name)
        for time in [createdMs, updatedMs] { try Rules.check(timeMs: time, of: "time of a logged model") }
        if let artifactURI { try Rules.check(artifactLocation: artifactURI) }
        try Rules.check(modelType ?? "", limit: 500, of: "type of the model", name)
        try Rules.check(sourceRunID ?? "", limit: 256, of: "run of the model", name)
        var record = self
        record.params = try TrackingService.checked(params, of: "parameter", cutTo: 6_000)
        record.tags = try TrackingService.checked(tags, of: "tag", cutTo: 8_000)
        return record
    }
}

extension Rules {
    /// Whether a text is 32 hexadecimal digits, as ids of runs are.
    package static func isID(_ text: Substring) -> Bool {
        text.utf8.count == 32 && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }
}

extension Store {
    /// The number and artefact location of an experiment, deleted or not.
    fileprivate static func anyExperiment(
        _ id: String,
        _ reader: SQLReader
    ) throws -> (number: Int64, location: String) {
        let number = try number(id)
        guard let row = try reader.row("SELECT artifact_location FROM tracking_experiments WHERE id = \(number)") else {
            throw TrackingError.missing("the experiment", id)
        }
        return (number, row.string(0))
    }

    fileprivate static func runIfAny(_ id: String, _ reader: SQLReader) throws -> Run? {
        guard try reader.row("SELECT 1 FROM tracking_runs WHERE id = \(id)") != nil else { return nil }
        // A writer's own reader may see what is undone later, so nothing of it is remembered.
        return try run(id, reader, NameCache())
    }

    fileprivate static func active(models: Set<String>, _ reader: SQLReader) throws -> Set<String> {
        guard !models.isEmpty else { return [] }
        let sql: SQL = """
            SELECT id FROM tracking_models
            WHERE stage = 'active' AND id IN \(members(models.map { .text($0) }))
            ORDER BY id
            """
        return Set(try reader.rows(sql).map { $0.string(0) })
    }

    /// How many parameters and tags a logged model has.
    fileprivate static func counts(ofModel id: String, _ reader: SQLReader) throws -> [Int64] {
        let sql: SQL = """
            SELECT (SELECT count(*) FROM tracking_model_params WHERE model_id = \(id)),
                   (SELECT count(*) FROM tracking_model_tags WHERE model_id = \(id))
            """
        return try reader.row(sql).map { [$0.int64(0), $0.int64(1)] } ?? []
    }
}
