// SPDX-License-Identifier: Apache-2.0

package import Database
package import Tracking

/// Registered models, their versions and aliases; the meaning is MLflow's.
///
/// The alias `champion` of a guarded model moves only to a version with a recorded pass for exactly its content, whoever asks.
package struct RegistryService: Sendable {
    let database: SQLDatabase
    let gate: ChampionGate?
    /// Hears of changes within their transaction; an error undoes the change.
    let onEvent: (@Sendable (RegistryEvent, SQLWriter) throws -> Void)?
    let now: @Sendable () -> Int64

    /// A service over the room's tables.
    ///
    /// - Parameters:
    ///   - database: Holds the tables of ``migrations``.
    ///   - gate: What guards `champion`; without one, the `champion` of a guarded model stays where it is.
    ///   - onEvent: Hears of changes within their transaction; an error undoes the change.
    ///   - now: The clock, milliseconds UTC.
    package init(
        database: SQLDatabase,
        gate: ChampionGate? = nil,
        onEvent: (@Sendable (RegistryEvent, SQLWriter) throws -> Void)? = nil,
        now: @escaping @Sendable () -> Int64
    ) {
        self.database = database
        self.gate = gate
        self.onEvent = onEvent
        self.now = now
    }

    // MARK: Models

    /// Registers a name.
    package func createModel(
        name: String,
        description: String = "",
        tags: [KeyValue] = []
    ) async throws -> RegisteredModel {
        try RegistryRules.check(modelName: name)
        try RegistryRules.check(text: description, "description")
        for tag in tags { try RegistryRules.check(tag) }
        let now = now()
        let isGuarded = gate?.models.contains(name) ?? false
        return try await database.write { writer in
            guard try writer.row("SELECT 1 FROM registry_models WHERE name = \(name)") == nil else {
                throw RegistryError(.alreadyExists, what: "cannot register `\(name)`", why: "a model has that name")
            }
            try writer.execute(
                """
                INSERT INTO registry_models (name, description, created_ms, updated_ms, is_guarded)
                VALUES (\(name), \(description), \(now), \(now), \(isGuarded))
                """
            )
            for tag in tags { try Self.put(tag, model: name, writer) }
            let model = try RegistryStore.model(name, writer.reader)
            try tell(.modelCreated(model), of: name, writer)
            return model
        }
    }

    /// Registers a name if it is not registered yet.
    package func ensureModel(name: String) async throws {
        do {
            _ = try await createModel(name: name)
        } catch let error as RegistryError where error.code == .alreadyExists {
            return
        }
    }

    /// A registered model.
    package func model(named name: String) async throws -> RegisteredModel {
        try await database.read { try RegistryStore.model(name, $0) }
    }

    /// Registered models, by name unless ordered otherwise.
    ///
    /// - Parameters:
    ///   - filter: In MLflow's search language over `name` and `tags.`; nil for all.
    ///   - orderBy: Such as `last_updated_timestamp DESC`; by name if empty.
    ///   - token: The end of the page before; nil for the first.
    ///   - limit: At most this many, up to 1,000.
    /// - Returns: A page of them.
    /// - Throws: ``RegistryError`` `.invalidParameter` for what cannot be read.
    package func searchModels(
        filter: String? = nil,
        orderBy: [String] = [],
        after token: PageToken? = nil,
        limit: Int = 100
    ) async throws -> Page<RegisteredModel> {
        // Prompts are registered models to MLflow, and found only by who asks for them.
        let prompts: SQL = """
            NOT EXISTS (
                SELECT 1 FROM registry_model_tags AS entry
                WHERE entry.name = item.name AND entry.key = \(SearchScope.promptTag) AND lower(entry.value) = 'true'
            )
            """
        let query = try Self.query(
            .registeredModels,
            columns: RegistryStore.modelColumns,
            where: filter?.contains(SearchScope.promptTag) == true ? [] : [prompts],
            filter: filter,
            orderBy: orderBy,
            after: token,
            limit: min(max(limit, 1), 1_000)
        )
        return try await database.read { reader in
            let page = try query.page(reader)
            return Page(try RegistryStore.models(page.items, reader), next: page.next)
        }
    }

    /// Changes a model's description.
    package func updateModel(name: String, description: String?) async throws -> RegisteredModel {
        if let description { try RegistryRules.check(text: description, "description") }
        let now = now()
        return try await database.write { writer in
            try RegistryStore.requireModel(name, writer.reader)
            if let description {
                try writer.execute(
                    "UPDATE registry_models SET description = \(description), updated_ms = \(now) WHERE name = \(name)"
                )
            }
            return try RegistryStore.model(name, writer.reader)
        }
    }

    /// Gives a model another name.
    ///
    /// - Throws: ``RegistryError`` `.notPassed` if the new name is guarded and the model's `champion` has no pass.
    package func renameModel(name: String, to newName: String) async throws -> RegisteredModel {
        try RegistryRules.check(modelName: newName)
        let now = now()
        let becomesGuarded = gate?.models.contains(newName) ?? false
        let champion = becomesGuarded ? try await version(model: name, alias: Self.champion) : nil
        var digest: String?
        if let champion {
            try await database.read { try RegistryStore.requireVerdict(name, champion.version, $0) }
            digest = try await gate?.contentDigest(champion)
        }
        let content = digest
        return try await database.write { writer in
            try RegistryStore.requireModel(name, writer.reader)
            guard newName != name else { return try RegistryStore.model(name, writer.reader) }
            guard try writer.row("SELECT 1 FROM registry_models WHERE name = \(newName)") == nil else {
                throw RegistryError(.alreadyExists, what: "cannot rename `\(name)`", why: "`\(newName)` is taken")
            }
            if becomesGuarded {
                try Self.requirePass(ofChampionOf: name, judged: champion?.version, content, writer.reader)
                try writer.execute("UPDATE registry_models SET is_guarded = 1 WHERE name = \(name)")
            }
            try writer.execute("UPDATE registry_models SET name = \(newName), updated_ms = \(now) WHERE name = \(name)")
            return try RegistryStore.model(newName, writer.reader)
        }
    }

    /// Removes a model with its versions, aliases and verdicts.
    package func deleteModel(name: String) async throws {
        try await database.write { writer in
            try RegistryStore.requireModel(name, writer.reader)
            try writer.execute("DELETE FROM registry_models WHERE name = \(name)")
        }
    }

    // MARK: Tags

    /// Sets a tag of a model or of one of its versions.
    package func setTag(model: String, version: Int? = nil, _ tag: KeyValue) async throws {
        try RegistryRules.check(tag)
        try await database.write { writer in
            guard let version else {
                try RegistryStore.requireModel(model, writer.reader)
                return try Self.put(tag, model: model, writer)
            }
            try RegistryStore.requireVersion(model, version, writer.reader)
            try Self.put(tag, model: model, version: version, writer)
            try tell(.versionTagSet(model: model, version: version, tag), of: model, writer)
        }
    }

    /// Removes a tag of a model or of one of its versions; one that is not there is fine.
    package func deleteTag(model: String, version: Int? = nil, key: String) async throws {
        try await database.write { writer in
            guard let version else {
                try RegistryStore.requireModel(model, writer.reader)
                try writer.execute("DELETE FROM registry_model_tags WHERE name = \(model) AND key = \(key)")
                return
            }
            try RegistryStore.requireVersion(model, version, writer.reader)
            try writer.execute(
                "DELETE FROM registry_version_tags WHERE name = \(model) AND version = \(version) AND key = \(key)"
            )
            try tell(.versionTagDeleted(model: model, version: version, key: key), of: model, writer)
        }
    }

    static func put(_ tag: KeyValue, model: String, _ writer: SQLWriter) throws {
        try writer.execute(
            """
            INSERT INTO registry_model_tags (name, key, value) VALUES (\(model), \(tag.key), \(tag.value))
            ON CONFLICT (name, key) DO UPDATE SET value = excluded.value
            """
        )
    }

    static func put(_ tag: KeyValue, model: String, version: Int, _ writer: SQLWriter) throws {
        try writer.execute(
            """
            INSERT INTO registry_version_tags (name, version, key, value)
            VALUES (\(model), \(version), \(tag.key), \(tag.value))
            ON CONFLICT (name, version, key) DO UPDATE SET value = excluded.value
            """
        )
    }

    // MARK: Search

    /// A search in the words of tracking's language and of this room's errors.
    static func query(
        _ scope: SearchScope,
        columns: [String],
        where conditions: [SQL] = [],
        filter: String?,
        orderBy: [String],
        after token: PageToken?,
        limit: Int
    ) throws(RegistryError) -> SearchQuery {
        do throws(TrackingError) {
            var terms: [SearchOrderTerm] = []
            for text in orderBy { terms.append(try SearchOrderTerm(text)) }
            return try SearchQuery(
                scope,
                columns: columns,
                where: conditions,
                filter: filter,
                orderBy: terms,
                after: token,
                limit: limit
            )
        } catch {
            throw RegistryError(error)
        }
    }
}

extension SearchScope {
    /// The tag by which MLflow's client leaves prompts out of each search for models: it asks that it is not `true`.
    static let promptTag = "mlflow.prompt.is_prompt"

    static let registeredModels = SearchScope(
        table: "registry_models",
        attributes: [
            "name": .text("name"), "creation_timestamp": .number("created_ms"), "timestamp": .number("updated_ms"),
            "last_updated_timestamp": .number("updated_ms"),
        ],
        entries: words((["tags", "tag"], .texts("registry_model_tags", "entry.name = item.name", flags: [promptTag]))),
        ties: [(.text("name"), false)]
    )

    static let modelVersions = SearchScope(
        table: "registry_versions",
        attributes: [
            "name": .text("name"), "version_number": .number("version", isIdentifier: true),
            "run_id": .text("run_id", isNullable: true),
            "source_path": .text("source"), "creation_timestamp": .number("created_ms"),
            "last_updated_timestamp": .number("updated_ms"),
        ],
        entries: words(
            (
                ["tags", "tag"],
                .texts(
                    "registry_version_tags",
                    "entry.name = item.name AND entry.version = item.version",
                    flags: [promptTag]
                )
            )
        ),
        ties: [(.number("updated_ms"), true), (.text("name"), false), (.number("version"), true)]
    )
}
