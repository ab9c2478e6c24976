// SPDX-License-Identifier: Apache-2.0

package import Database
package import Tracking

/// Registered models, their versions and aliases; the meaning is MLflow's.
///
/// The alias `champion` of a guarded model moves only to a version with a recorded pass for exactly its content, whoever asks.
package struct RegistryService: Sendable {
    /// The alias that the live service follows.
    package static let champion = "champion"

    let database: SQLDatabase
    let guarded: Set<String>
    let now: @Sendable () -> Int64

    /// A service over the room's tables.
    ///
    /// - Parameters:
    ///   - database: Holds the tables of ``migrations``.
    ///   - guarded: Names whose `champion` needs a recorded pass from the start, also before the first promotion.
    ///   - now: The clock, milliseconds UTC.
    package init(database: SQLDatabase, guarded: Set<String> = [], now: @escaping @Sendable () -> Int64) {
        self.database = database
        self.guarded = guarded
        self.now = now
    }

    // MARK: Models

    /// Registers a name.
    package func createModel(
        name: String,
        description: String = "",
        tags: [KeyValue] = []
    ) async throws -> RegisteredModel {
        guard !name.isEmpty, name.utf8.count <= 256, !name.contains(where: { "/:.%\"'".contains($0) }) else {
            throw RegistryError(
                .invalidParameter,
                what: "cannot register a model as `\(name.prefix(100))`",
                why: "a name has 1 to 256 bytes and none of / : . % \" '"
            )
        }
        let now = now()
        return try await database.write { writer in
            guard try writer.row("SELECT 1 FROM registry_models WHERE name = \(name)") == nil else {
                throw RegistryError(.alreadyExists, what: "cannot register `\(name)`", why: "a model has that name")
            }
            try writer.execute(
                """
                INSERT INTO registry_models (name, description, created_ms, updated_ms)
                VALUES (\(name), \(description), \(now), \(now))
                """
            )
            for tag in tags {
                try writer.execute(
                    "INSERT OR REPLACE INTO registry_model_tags (name, key, value) VALUES (\(name), \(tag.key), \(tag.value))"
                )
            }
            return try RegistryStore.model(name, writer.reader)
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

    /// Registered models by name.
    ///
    /// - Parameters:
    ///   - pattern: A text with `*` for anything; nil for all.
    ///   - offset: How many to pass over.
    ///   - limit: At most this many, up to 1,000.
    package func searchModels(
        pattern: String? = nil,
        offset: Int = 0,
        limit: Int = 100
    ) async throws -> [RegisteredModel] {
        try await database.read { reader in
            let sql: SQL = """
                SELECT name FROM registry_models WHERE name GLOB \(pattern ?? "*") ORDER BY name
                LIMIT \(min(max(limit, 1), 1_000)) OFFSET \(max(offset, 0))
                """
            return try reader.rows(sql).map { try RegistryStore.model($0.string(0), reader) }
        }
    }

    /// Changes a model's description or name.
    package func updateModel(
        name: String,
        description: String? = nil,
        newName: String? = nil
    ) async throws -> RegisteredModel {
        let (now, guarded) = (now(), guarded)
        return try await database.write { writer in
            let model = try RegistryStore.model(name, writer.reader)
            if let description {
                try writer.execute(
                    "UPDATE registry_models SET description = \(description), updated_ms = \(now) WHERE name = \(name)"
                )
            }
            guard let newName, newName != name else { return try RegistryStore.model(name, writer.reader) }
            guard try writer.row("SELECT 1 FROM registry_models WHERE name = \(newName)") == nil else {
                throw RegistryError(.alreadyExists, what: "cannot rename `\(name)`", why: "`\(newName)` is taken")
            }
            if guarded.contains(newName), let champion = model.aliases.first(where: { $0.alias == Self.champion }) {
                try RegistryStore.requirePass(name, champion.version, nil, isGuarded: true, writer.reader)
            }
            try writer.execute("UPDATE registry_models SET name = \(newName), updated_ms = \(now) WHERE name = \(name)")
            return try RegistryStore.model(newName, writer.reader)
        }
    }

    /// Removes a model with its versions.
    package func deleteModel(name: String) async throws {
        try await database.write { writer in
            _ = try RegistryStore.model(name, writer.reader)
            try writer.execute("DELETE FROM registry_models WHERE name = \(name)")
        }
    }

    /// Sets or, with nil, removes a tag of a model or of one of its versions.
    package func setTag(model: String, version: Int? = nil, key: String, value: String?) async throws {
        guard (value ?? "").utf8.count <= 100_000, !key.isEmpty, key.utf8.count <= 250 else {
            throw RegistryError(.invalidParameter, what: "cannot set the tag", why: "its key or value is too long")
        }
        try await database.write { writer in
            if let version {
                _ = try RegistryStore.version(model, version, writer.reader)
                try writer.execute(
                    "DELETE FROM registry_version_tags WHERE name = \(model) AND version = \(version) AND key = \(key)"
                )
                guard let value else { return }
                try writer.execute(
                    """
                    INSERT INTO registry_version_tags (name, version, key, value)
                    VALUES (\(model), \(version), \(key), \(value))
                    """
                )
            } else {
                _ = try RegistryStore.model(model, writer.reader)
                try writer.execute("DELETE FROM registry_model_tags WHERE name = \(model) AND key = \(key)")
                guard let value else { return }
                try writer.execute(
                    "INSERT INTO registry_model_tags (name, key, value) VALUES (\(model), \(key), \(value))"
                )
            }
        }
    }

    // MARK: The guard of `champion`

    /// Says whether the `champion` of a model needs a recorded pass.
    package func setGuarded(model: String, _ isGuarded: Bool) async throws {
        try await database.write { writer in
            _ = try RegistryStore.model(model, writer.reader)
            try writer.execute("UPDATE registry_models SET is_guarded = \(isGuarded) WHERE name = \(model)")
        }
    }

    /// Keeps what a gate said of a version.
    package func record(_ verdict: RecordedVerdict, model: String, version: Int) async throws {
        try await database.write { writer in
            _ = try RegistryStore.version(model, version, writer.reader)
            try writer.execute(
                """
                INSERT INTO registry_verdicts (name, version, digest, passed, report, created_ms)
                VALUES (\(model), \(version), \(verdict.digest), \(verdict.passed), \(verdict.report), \(verdict.createdMs))
                """
            )
        }
    }

    /// The verdicts on a version, newest first.
    package func verdicts(model: String, version: Int) async throws -> [RecordedVerdict] {
        try await database.read { reader in
            let sql: SQL = """
                SELECT digest, passed, report, created_ms FROM registry_verdicts
                WHERE name = \(model) AND version = \(version) ORDER BY id DESC LIMIT 100
                """
            return try reader.rows(sql).map { row in
                RecordedVerdict(
                    digest: row.string(0),
                    passed: row.bool(1),
                    report: row.string(2),
                    createdMs: row.int64(3)
                )
            }
        }
    }

    /// Points an alias to a version.
    ///
    /// - Parameter digest: The digest of the version's files as they are now; for a guarded `champion` the pass must be for it.
    /// - Throws: ``RegistryError`` `.notPassed` for the alias `champion` of a guarded model without a pass.
    package func setAlias(model: String, alias: String, version: Int, digest: String? = nil) async throws {
        let isReserved = alias.lowercased() == "latest" || (alias.first == "v" && Int(alias.dropFirst()) != nil)
        guard !alias.isEmpty, alias.count <= 255, !isReserved,
            alias.allSatisfy({ $0.isLetter || $0.isNumber || "_-".contains($0) })
        else {
            throw RegistryError(
                .invalidParameter,
                what: "cannot use the alias `\(alias.prefix(100))`",
                why: "it has 1 to 255 letters, digits, `_` and `-`, and is neither `latest` nor a `v` with a number"
            )
        }
        let isGuarded = guarded.contains(model)
        try await database.write { writer in
            _ = try RegistryStore.version(model, version, writer.reader)
            if alias == Self.champion {
                try RegistryStore.requirePass(model, version, digest, isGuarded: isGuarded, writer.reader)
            }
            try writer.execute(
                """
                INSERT INTO registry_aliases (name, alias, version) VALUES (\(model), \(alias), \(version))
                ON CONFLICT (name, alias) DO UPDATE SET version = excluded.version
                """
            )
        }
    }

    /// Removes an alias; one that is not there is fine.
    package func deleteAlias(model: String, alias: String) async throws {
        try await database.write { writer in
            _ = try RegistryStore.model(model, writer.reader)
            try writer.execute("DELETE FROM registry_aliases WHERE name = \(model) AND alias = \(alias)")
        }
    }
}
