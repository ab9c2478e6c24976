// SPDX-License-Identifier: Apache-2.0

import Database
package import Tracking

/// A registered model that was made elsewhere, to take over; its versions and aliases come one by one.
package struct RegisteredModelRecord: Sendable {
    /// The name, which is its identity.
    package var name: String
    /// What people say of it.
    package var description = ""
    /// When it was made, milliseconds UTC.
    package var createdMs: Int64
    /// When it or a version changed, milliseconds UTC.
    package var updatedMs: Int64
    /// Notes about it.
    package var tags: [KeyValue] = []

    /// A model to take over.
    package init(name: String, createdMs: Int64, updatedMs: Int64? = nil) {
        self.name = name
        self.createdMs = createdMs
        self.updatedMs = updatedMs ?? createdMs
    }
}

/// A version that was made elsewhere, to take over with its number.
package struct ModelVersionRecord: Sendable {
    /// The registered model's name.
    package var model: String
    /// The number, from 1.
    package var version: Int
    /// The URI of the files.
    package var source: String
    /// Where it stands.
    package var stage = VersionStage.none
    /// The run that made it.
    package var runID: String?
    /// The logged model that it is.
    package var modelID: String?
    /// What people say of it.
    package var description = ""
    /// A link to the run elsewhere.
    package var runLink = ""
    /// When it was made, milliseconds UTC; with the number its identity.
    package var createdMs: Int64
    /// When it changed, milliseconds UTC.
    package var updatedMs: Int64
    /// Notes about it.
    package var tags: [KeyValue] = []

    /// A version to take over.
    package init(model: String, version: Int, source: String, createdMs: Int64, updatedMs: Int64? = nil) {
        self.model = model
        self.version = version
        self.source = source
        self.createdMs = createdMs
        self.updatedMs = updatedMs ?? createdMs
    }
}

/// Taking over what was registered elsewhere; each call is one transaction, and saying it again changes nothing.
extension RegistryService {
    /// Takes over a registered model; one of the same name gets the tags, and the description, that it lacks.
    package func adopt(_ record: RegisteredModelRecord) async throws -> Adopted.Outcome {
        try RegistryRules.check(modelName: record.name)
        try RegistryRules.check(text: record.description, "description")
        for tag in record.tags { try RegistryRules.check(tag) }
        let isGuarded = gate?.models.contains(record.name) ?? false
        return try await database.write { writer in
            let name = record.name
            guard try writer.row("SELECT 1 FROM registry_models WHERE name = \(name)") != nil else {
                try writer.execute(
                    """
                    INSERT INTO registry_models (name, description, created_ms, updated_ms, is_guarded)
                    VALUES (\(name), \(record.description), \(record.createdMs), \(record.updatedMs), \(isGuarded))
                    """
                )
                for tag in record.tags { try Self.put(tag, model: name, writer) }
                return .added
            }
            let old = try RegistryStore.model(name, writer.reader)
            let lacking = record.tags.filter { tag in !old.tags.contains { $0.key == tag.key } }
            for tag in lacking { try Self.put(tag, model: name, writer) }
            let isDescribed = !old.description.isEmpty || record.description.isEmpty
            if !isDescribed {
                try writer.execute(
                    "UPDATE registry_models SET description = \(record.description) WHERE name = \(name)"
                )
            }
            return lacking.isEmpty && isDescribed ? .unchanged : .grown
        }
    }

    /// Takes over a version with its number; the same version gets the tags that it lacks, and its stage stays.
    ///
    /// - Throws: ``RegistryError`` `.alreadyExists` if another version has that number, `.notFound` for the model.
    package func adopt(_ record: ModelVersionRecord) async throws -> Adopted.Outcome {
        try RegistryRules.check(source: record.source)
        try RegistryRules.check(text: record.description, "description")
        try RegistryRules.check(text: record.runLink, "link to the run")
        for tag in record.tags { try RegistryRules.check(tag) }
        guard (1...Int(Int32.max)).contains(record.version) else {
            throw RegistryError(
                .invalidParameter,
                what: "cannot take over version \(record.version) of `\(record.model.prefix(100))`",
                why: "versions are counted from 1"
            )
        }
        return try await database.write { writer in
            let (name, number) = (record.model, record.version)
            try RegistryStore.requireModel(name, writer.reader)
            let sql: SQL = """
                SELECT created_ms FROM registry_versions WHERE name = \(name) AND version = \(number)
                """
            if let row = try writer.row(sql) {
                guard row.int64(0) == record.createdMs else {
                    throw RegistryError(
                        .alreadyExists,
                        what: "cannot take over version \(number) of `\(name)`",
                        why: "another version has that number here"
                    )
                }
                let old = try RegistryStore.version(name, number, writer.reader)
                let lacking = record.tags.filter { tag in !old.tags.contains { $0.key == tag.key } }
                for tag in lacking { try Self.put(tag, model: name, version: number, writer) }
                return lacking.isEmpty ? .unchanged : .grown
            }
            try writer.execute(
                """
                INSERT INTO registry_versions (
                    name, version, created_ms, updated_ms, stage, description, source, run_id, model_id, run_link
                )
                VALUES (
                    \(name), \(number), \(record.createdMs), \(record.updatedMs), \(record.stage.rawValue),
                    \(record.description), \(record.source), \(record.runID), \(record.modelID), \(record.runLink)
                )
                """
            )
            try writer.execute(
                """
                UPDATE registry_models
                SET last_version = max(last_version, \(number)), updated_ms = max(updated_ms, \(record.updatedMs))
                WHERE name = \(name)
                """
            )
            for tag in record.tags { try Self.put(tag, model: name, version: number, writer) }
            return .added
        }
    }

    /// Takes over an alias; one that is here stays where it points, because services follow it.
    ///
    /// The alias `champion` of a guarded model needs a recorded pass, as always.
    ///
    /// - Throws: ``RegistryError`` `.alreadyExists` if it points to another version here, `.notPassed`, `.notFound`.
    package func adoptAlias(model: String, alias: String, version: Int) async throws -> Adopted.Outcome {
        // `latest` would find a version that has no such alias.
        if alias.lowercased() != "latest", let old = try await self.version(model: model, alias: alias) {
            guard old.version == version else {
                throw RegistryError(
                    .alreadyExists,
                    what: "cannot take over the alias `\(alias)` of `\(model)`",
                    why: "it points to version \(old.version) here, and to version \(version) there"
                )
            }
            return .unchanged
        }
        try await setAlias(model: model, alias: alias, version: version)
        return .added
    }
}
