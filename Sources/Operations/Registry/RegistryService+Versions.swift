// SPDX-License-Identifier: Apache-2.0

import Database
package import Tracking

/// What a version is made from.
package struct VersionDraft: Sendable {
    /// The registered model's name.
    package var model: String
    /// The URI of the files.
    package var source: String
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
    package init(model: String, source: String, runID: String? = nil, modelID: String? = nil) {
        self.model = model
        self.source = source
        self.runID = runID
        self.modelID = modelID
    }
}

/// Which versions a search is about; nil means any.
package struct VersionSearch: Sendable {
    /// The registered model's name.
    package var model: String?
    /// The run that made it.
    package var runID: String?
    /// The URI that it was registered from.
    package var source: String?

    /// A search.
    package init(model: String? = nil, runID: String? = nil, source: String? = nil) {
        self.model = model
        self.runID = runID
        self.source = source
    }
}

extension RegistryService {
    /// Makes the next version of a model.
    package func createVersion(_ draft: VersionDraft) async throws -> ModelVersion {
        let now = now()
        return try await database.write { writer in
            _ = try RegistryStore.model(draft.model, writer.reader)
            try writer.execute(
                "UPDATE registry_models SET last_version = last_version + 1, updated_ms = \(now) WHERE name = \(draft.model)"
            )
            let row = try writer.row("SELECT last_version FROM registry_models WHERE name = \(draft.model)")
            let number = Int(row?.int64(0) ?? 1)
            try writer.execute(
                """
                INSERT INTO registry_versions (
                    name, version, created_ms, updated_ms, stage, description, source, run_id, model_id, run_link
                )
                VALUES (
                    \(draft.model), \(number), \(now), \(now), 'None', \(draft.description), \(draft.source),
                    \(draft.runID), \(draft.modelID), \(draft.runLink)
                )
                """
            )
            for tag in draft.tags {
                try writer.execute(
                    """
                    INSERT OR REPLACE INTO registry_version_tags (name, version, key, value)
                    VALUES (\(draft.model), \(number), \(tag.key), \(tag.value))
                    """
                )
            }
            return try RegistryStore.version(draft.model, number, writer.reader)
        }
    }

    /// A version by its number.
    package func version(model: String, number: Int) async throws -> ModelVersion {
        try await database.read { try RegistryStore.version(model, number, $0) }
    }

    /// The version that an alias points to; nil if there is no such alias.
    package func version(model: String, alias: String) async throws -> ModelVersion? {
        try await database.read { reader in
            let sql: SQL = "SELECT version FROM registry_aliases WHERE name = \(model) AND alias = \(alias)"
            return try reader.row(sql).map { try RegistryStore.version(model, Int($0.int64(0)), reader) }
        }
    }

    /// Versions, newest number first.
    package func searchVersions(
        _ search: VersionSearch,
        offset: Int = 0,
        limit: Int = 1_000
    ) async throws -> [ModelVersion] {
        var conditions: [SQL] = ["1 = 1"]
        if let model = search.model { conditions.append("name = \(model)") }
        if let runID = search.runID { conditions.append("run_id = \(runID)") }
        if let source = search.source { conditions.append("source = \(source)") }
        let sql: SQL = """
            SELECT name, version FROM registry_versions WHERE \(SQL.joined(conditions, separator: " AND "))
            ORDER BY name, version DESC LIMIT \(min(max(limit, 1), 200_000)) OFFSET \(max(offset, 0))
            """
        return try await database.read { reader in
            try reader.rows(sql).map { try RegistryStore.version($0.string(0), Int($0.int64(1)), reader) }
        }
    }

    /// Changes a version's description or stage; with `archivesOthers` those of the same stage are archived.
    package func updateVersion(
        model: String,
        number: Int,
        description: String? = nil,
        stage: String? = nil,
        archivesOthers: Bool = false
    ) async throws -> ModelVersion {
        let now = now()
        let stages = ["None", "Staging", "Production", "Archived"]
        let known = try stage.map { stage in
            guard let known = stages.first(where: { $0.lowercased() == stage.lowercased() }) else {
                throw RegistryError(
                    .invalidParameter,
                    what: "cannot move the version to the stage `\(stage.prefix(50))`",
                    why: "stages are \(stages.joined(separator: ", "))"
                )
            }
            return known
        }
        return try await database.write { writer in
            _ = try RegistryStore.version(model, number, writer.reader)
            if let description {
                try writer.execute(
                    "UPDATE registry_versions SET description = \(description) WHERE name = \(model) AND version = \(number)"
                )
            }
            if let known {
                if archivesOthers {
                    try writer.execute(
                        "UPDATE registry_versions SET stage = 'Archived' WHERE name = \(model) AND stage = \(known)"
                    )
                }
                try writer.execute(
                    "UPDATE registry_versions SET stage = \(known) WHERE name = \(model) AND version = \(number)"
                )
            }
            try writer.execute(
                "UPDATE registry_versions SET updated_ms = \(now) WHERE name = \(model) AND version = \(number)"
            )
            return try RegistryStore.version(model, number, writer.reader)
        }
    }

    /// Removes a version with its tags, aliases and verdicts.
    package func deleteVersion(model: String, number: Int) async throws {
        try await database.write { writer in
            _ = try RegistryStore.version(model, number, writer.reader)
            try writer.execute("DELETE FROM registry_versions WHERE name = \(model) AND version = \(number)")
        }
    }
}
