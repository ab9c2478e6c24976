// SPDX-License-Identifier: Apache-2.0

import Database
package import Tracking

/// What a version is made from.
package struct VersionDraft: Sendable {
    /// The registered model's name.
    package var model: String
    /// The URI of the files, or of the version that it copies.
    package var source: String
    /// The URI of the files where `source` names a version; nil if it names the files.
    package var storage: String?
    /// The run that made it.
    package var runID: String?
    /// The logged model that it is.
    package var modelID: String?
    /// What people say of it.
    package var description = ""
    /// A link to the run elsewhere.
    package var runLink = ""
    /// Notes about it.
    package var tags: [KeyValue] = []

    /// A version to make.
    package init(
        model: String,
        source: String,
        storage: String? = nil,
        runID: String? = nil,
        modelID: String? = nil
    ) {
        self.model = model
        self.source = source
        self.storage = storage
        self.runID = runID
        self.modelID = modelID
    }
}

/// Which versions a search is about; nil means any.
package struct VersionSearch: Sendable {
    /// In MLflow's search language over `name`, `version_number`, `run_id`, `source_path` and `tags.`.
    package var filter: String?
    /// By name and newest number first unless said otherwise; empty for MLflow's order, what changed last first.
    package var orderBy = ["name", "version_number DESC"]
    /// The end of the page before; nil for the first.
    package var after: PageToken?
    /// The registered model's name.
    package var model: String?
    /// The run that made it.
    package var runID: String?

    /// A search.
    package init(model: String? = nil, runID: String? = nil) {
        self.model = model
        self.runID = runID
    }
}

extension RegistryService {
    /// Makes the next version of a model.
    package func createVersion(_ draft: VersionDraft) async throws -> ModelVersion {
        try RegistryRules.check(source: draft.source)
        if let storage = draft.storage { try RegistryRules.check(source: storage) }
        try RegistryRules.check(text: draft.description, "description")
        try RegistryRules.check(text: draft.runLink, "link to the run")
        for tag in draft.tags { try RegistryRules.check(tag) }
        let now = now()
        return try await database.write { writer in
            try RegistryStore.requireModel(draft.model, writer.reader)
            try writer.execute(
                "UPDATE registry_models SET last_version = last_version + 1, updated_ms = \(now) WHERE name = \(draft.model)"
            )
            let row = try writer.row("SELECT last_version FROM registry_models WHERE name = \(draft.model)")
            let number = Int(row?.int64(0) ?? 1)
            try writer.execute(
                """
                INSERT INTO registry_versions (
                    name, version, created_ms, updated_ms, stage, description, source, run_id, model_id, run_link,
                    storage
                )
                VALUES (
                    \(draft.model), \(number), \(now), \(now), 'None', \(draft.description), \(draft.source),
                    \(draft.runID), \(draft.modelID), \(draft.runLink), \(draft.storage)
                )
                """
            )
            for tag in draft.tags { try Self.put(tag, model: draft.model, version: number, writer) }
            let version = try RegistryStore.version(draft.model, number, writer.reader)
            try tell(.versionCreated(version), of: draft.model, writer)
            return version
        }
    }

    /// A version by its number.
    package func version(model: String, number: Int) async throws -> ModelVersion {
        try await database.read { try RegistryStore.version(model, number, $0) }
    }

    /// Versions in the order that the search asks for.
    ///
    /// - Parameters:
    ///   - search: What is searched.
    ///   - limit: At most this many, up to 200,000.
    /// - Returns: A page of them.
    /// - Throws: ``RegistryError`` `.invalidParameter` for what cannot be read.
    package func searchVersions(_ search: VersionSearch, limit: Int = 1_000) async throws -> Page<ModelVersion> {
        var conditions: [SQL] = []
        if let model = search.model { conditions.append("item.name = \(model)") }
        if let runID = search.runID { conditions.append("item.run_id = \(runID)") }
        let query = try Self.query(
            .modelVersions,
            columns: RegistryStore.versionColumns,
            where: conditions,
            filter: search.filter,
            orderBy: search.orderBy,
            after: search.after,
            limit: min(max(limit, 1), 200_000)
        )
        return try await database.read { reader in
            let page = try query.page(reader)
            return Page(try RegistryStore.versions(page.items, reader), next: page.next)
        }
    }

    /// Changes a version's description.
    package func updateVersion(model: String, number: Int, description: String?) async throws -> ModelVersion {
        if let description { try RegistryRules.check(text: description, "description") }
        let now = now()
        return try await database.write { writer in
            try RegistryStore.requireVersion(model, number, writer.reader)
            if let description {
                try writer.execute(
                    """
                    UPDATE registry_versions SET description = \(description), updated_ms = \(now)
                    WHERE name = \(model) AND version = \(number)
                    """
                )
                try Self.touch(model, now, writer)
            }
            return try RegistryStore.version(model, number, writer.reader)
        }
    }

    /// Moves a version to a stage; with `archivesOthers` those that are there already are archived.
    package func moveVersion(
        model: String,
        number: Int,
        to stage: VersionStage,
        archivesOthers: Bool = false
    ) async throws -> ModelVersion {
        guard !archivesOthers || stage == .staging || stage == .production else {
            throw RegistryError(
                .invalidParameter,
                what: "cannot archive the versions in the stage `\(stage.rawValue)`",
                why: "only those in `Staging` and `Production` are archived"
            )
        }
        let now = now()
        return try await database.write { writer in
            try RegistryStore.requireVersion(model, number, writer.reader)
            if archivesOthers {
                try writer.execute(
                    """
                    UPDATE registry_versions SET stage = \(VersionStage.archived.rawValue), updated_ms = \(now)
                    WHERE name = \(model) AND stage = \(stage.rawValue) AND version <> \(number)
                    """
                )
            }
            try writer.execute(
                """
                UPDATE registry_versions SET stage = \(stage.rawValue), updated_ms = \(now)
                WHERE name = \(model) AND version = \(number)
                """
            )
            try Self.touch(model, now, writer)
            return try RegistryStore.version(model, number, writer.reader)
        }
    }

    /// Removes a version with its tags, aliases and verdicts; its number is not given again.
    package func deleteVersion(model: String, number: Int) async throws {
        let now = now()
        try await database.write { writer in
            try RegistryStore.requireVersion(model, number, writer.reader)
            try writer.execute("DELETE FROM registry_versions WHERE name = \(model) AND version = \(number)")
            try Self.touch(model, now, writer)
        }
    }

    private static func touch(_ model: String, _ now: Int64, _ writer: SQLWriter) throws {
        try writer.execute("UPDATE registry_models SET updated_ms = \(now) WHERE name = \(model)")
    }
}
