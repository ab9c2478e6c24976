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
            let run = try Store.activeKey(ofRun: id, writer.reader).number
            for input in inputs { try Self.put(input, run: run, writer) }
            for model in models { try Self.link(run: run, model: model, isOutput: false, step: 0, writer) }
        }
    }

    /// Notes models that came out of a run, each at a step.
    package func logOutputs(_ models: [(modelID: String, step: Int64)], run id: String) async throws {
        guard models.count <= 1_000 else {
            throw TrackingError.invalid("cannot log the outputs", "1000 are allowed", next: "send several calls")
        }
        try await database.write { writer in
            let run = try Store.activeKey(ofRun: id, writer.reader).number
            for (model, step) in models { try Self.link(run: run, model: model, isOutput: true, step: step, writer) }
        }
    }

    /// Runs that used data with this digest, newest first, at most `limit`.
    package func runs(using digest: String, limit: Int = 100) async throws -> [Run] {
        let query = try SearchQuery(
            .runs,
            columns: Store.runColumns,
            where: [
                "item.number IN (SELECT run FROM tracking_inputs WHERE digest = \(digest))", "item.stage = 'active'",
            ],
            limit: limit
        )
        return try await database.read { [names] reader in
            try Store.runs(try query.page(reader).items, reader, names)
        }
    }

    /// Stores data that went into a run; data that is noted already stays as it is.
    static func put(_ input: DatasetInput, run: Int64, _ writer: SQLWriter) throws {
        var tags = JSONWriter()
        tags.object { tags in for tag in input.tags { tags.field(tag.key, tag.value) } }
        let context = input.tags.last { $0.key == Self.contextTag }?.value
        try writer.execute(
            """
            INSERT INTO tracking_inputs (run, name, digest, source_type, source, schema, profile, context, tags)
            VALUES (
                \(run), \(input.name), \(input.digest), \(input.sourceType), \(input.source), \(input.schema),
                \(input.profile), \(context), \(tags.text)
            )
            ON CONFLICT (run, name, digest) DO NOTHING
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

    private static func link(run: Int64, model: String, isOutput: Bool, step: Int64, _ writer: SQLWriter) throws {
        try Store.requireModel(model, writer.reader)
        try put(link: model, isOutput: isOutput, step: step, run: run, writer)
    }

    /// Stores that a model went into a run, or came out of it.
    static func put(link model: String, isOutput: Bool, step: Int64, run: Int64, _ writer: SQLWriter) throws {
        try writer.execute(
            """
            INSERT INTO tracking_run_models (run, model_id, is_output, step) VALUES (\(run), \(model), \(isOutput), \(step))
            ON CONFLICT (run, is_output, model_id) DO UPDATE SET step = excluded.step
            """
        )
    }
}
