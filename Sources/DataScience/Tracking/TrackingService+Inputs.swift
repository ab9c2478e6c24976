// SPDX-License-Identifier: Apache-2.0

import Database
import JSONText

extension TrackingService {
    /// The tag of an input that says what the data is used for.
    private static let contextTag = "mlflow.data.context"

    /// Notes data and models that went into a run; data that is noted already stays as it is.
    package func logInputs(_ inputs: [DatasetInput], models: [String] = [], run id: String) async throws {
        guard inputs.count <= 1_000, models.count <= 1_000 else {
            throw TrackingError.invalid("cannot log the inputs", "1000 are allowed", next: "send several calls")
        }
        for input in inputs { try Self.check(input) }
        try await database.write { writer in
            try Store.requireActive(run: id, writer.reader)
            for input in inputs { try Self.put(input, run: id, writer) }
            for model in models { try Self.link(run: id, model: model, isOutput: false, step: 0, writer) }
        }
    }

    /// Notes models that came out of a run, each at a step.
    package func logOutputs(_ models: [(modelID: String, step: Int64)], run id: String) async throws {
        guard models.count <= 1_000 else {
            throw TrackingError.invalid("cannot log the outputs", "1000 are allowed", next: "send several calls")
        }
        try await database.write { writer in
            try Store.requireActive(run: id, writer.reader)
            for (model, step) in models { try Self.link(run: id, model: model, isOutput: true, step: step, writer) }
        }
    }

    /// Runs that used data with this digest, newest first, at most `limit`.
    package func runs(using digest: String, limit: Int = 100) async throws -> [Run] {
        let query = try SearchQuery(
            .runs,
            columns: Store.runColumns,
            where: [
                "item.id IN (SELECT run_id FROM tracking_inputs WHERE digest = \(digest))", "item.stage = 'active'",
            ],
            limit: limit
        )
        return try await database.read { reader in try Store.runs(try query.page(reader).items, reader) }
    }

    /// Stores data that went into a run; data that is noted already stays as it is.
    static func put(_ input: DatasetInput, run id: String, _ writer: SQLWriter) throws {
        var tags = JSONWriter()
        tags.object { tags in for tag in input.tags { tags.field(tag.key, tag.value) } }
        let context = input.tags.last { $0.key == Self.contextTag }?.value
        try writer.execute(
            """
            INSERT INTO tracking_inputs (run_id, name, digest, source_type, source, schema, profile, context, tags)
            VALUES (
                \(id), \(input.name), \(input.digest), \(input.sourceType), \(input.source), \(input.schema),
                \(input.profile), \(context), \(tags.text)
            )
            ON CONFLICT (run_id, name, digest) DO NOTHING
            """
        )
    }

    static func check(_ input: DatasetInput) throws(TrackingError) {
        let name = input.name
        guard !name.isEmpty, !input.digest.isEmpty else {
            throw .invalid("cannot log the dataset `\(name.prefix(100))`", "it needs a name and a digest")
        }
        let values = [
            (name, 500, "name"), (input.digest, 36, "digest"), (input.source, 65_535, "source"),
            (input.sourceType, 500, "source type"), (input.schema ?? "", 1_048_575, "schema"),
            (input.profile ?? "", 16_777_215, "profile"),
        ]
        for (value, limit, thing) in values { try Rules.check(value, limit: limit, of: "dataset's \(thing)", name) }
        for tag in input.tags {
            try Rules.check(tag.key, limit: 255, of: "name of a dataset's tag", tag.key)
            try Rules.check(tag.value, limit: 500, of: "dataset's tag", tag.key)
        }
    }

    private static func link(run: String, model: String, isOutput: Bool, step: Int64, _ writer: SQLWriter) throws {
        try Store.requireModel(model, writer.reader)
        try put(link: model, isOutput: isOutput, step: step, run: run, writer)
    }

    /// Stores that a model went into a run, or came out of it.
    static func put(link model: String, isOutput: Bool, step: Int64, run: String, _ writer: SQLWriter) throws {
        try writer.execute(
            """
            INSERT INTO tracking_run_models (run_id, model_id, is_output, step) VALUES (\(run), \(model), \(isOutput), \(step))
            ON CONFLICT (run_id, is_output, model_id) DO UPDATE SET step = excluded.step
            """
        )
    }
}
