// SPDX-License-Identifier: Apache-2.0

import Database

extension RegistryService {
    /// The alias that the live service follows.
    package static let champion = "champion"

    // MARK: Aliases

    /// Points an alias to a version.
    ///
    /// For the `champion` of a guarded model the version's files are read and their digest is what must have passed.
    ///
    /// - Throws: ``RegistryError`` `.notPassed` for the alias `champion` of a guarded model without a pass.
    package func setAlias(model: String, alias: String, version: Int) async throws {
        try RegistryRules.check(alias: alias)
        var digest: String?
        if alias == Self.champion, let gate {
            let judged = try await database.read { reader -> ModelVersion? in
                let wanted = try RegistryStore.version(model, version, reader)
                guard try gate.models.contains(model) || RegistryStore.isGuarded(model, reader) else { return nil }
                try RegistryStore.requireVerdict(model, version, reader)
                return wanted
            }
            if let judged { digest = try await gate.contentDigest(judged) }
        }
        let content = digest
        let isNamed = gate?.models.contains(model) ?? false
        try await database.write { writer in
            try RegistryStore.requireVersion(model, version, writer.reader)
            if alias == Self.champion, try isNamed || RegistryStore.isGuarded(model, writer.reader) {
                guard let content else {
                    throw RegistryStore.notPassed(model, version, "its files cannot be compared with what was checked")
                }
                try RegistryStore.requirePass(model, version, digest: content, writer.reader)
            }
            try writer.execute(
                """
                INSERT INTO registry_aliases (name, alias, version) VALUES (\(model), \(alias), \(version))
                ON CONFLICT (name, alias) DO UPDATE SET version = excluded.version
                """
            )
            try tell(.aliasSet(model: model, alias: alias, version: version), of: model, writer)
        }
    }

    /// Removes an alias; one that is not there is fine.
    package func deleteAlias(model: String, alias: String) async throws {
        try RegistryRules.check(alias: alias)
        try await database.write { writer in
            try RegistryStore.requireModel(model, writer.reader)
            try writer.execute("DELETE FROM registry_aliases WHERE name = \(model) AND alias = \(alias)")
            try tell(.aliasDeleted(model: model, alias: alias), of: model, writer)
        }
    }

    /// The version that an alias points to, or for `latest` the newest; nil if there is no such alias.
    package func version(model: String, alias: String) async throws -> ModelVersion? {
        try await database.read { reader in
            let sql: SQL =
                alias.lowercased() == "latest"
                ? "SELECT max(version) FROM registry_versions WHERE name = \(model)"
                : "SELECT version FROM registry_aliases WHERE name = \(model) AND alias = \(alias)"
            guard let number = try reader.row(sql)?.optionalInt64(0) else { return nil }
            return try RegistryStore.version(model, Int(number), reader)
        }
    }

    // MARK: The guard of `champion`

    /// Says whether the `champion` of a model needs a recorded pass.
    package func setGuarded(model: String, _ isGuarded: Bool) async throws {
        try await database.write { writer in
            try RegistryStore.requireModel(model, writer.reader)
            try writer.execute("UPDATE registry_models SET is_guarded = \(isGuarded) WHERE name = \(model)")
        }
    }

    /// Keeps what a gate said of a version.
    package func record(_ verdict: RecordedVerdict, model: String, version: Int) async throws {
        try await database.write { writer in
            try RegistryStore.requireVersion(model, version, writer.reader)
            try writer.execute(
                """
                INSERT INTO registry_verdicts (name, version, digest, passed, report, created_ms)
                VALUES (\(model), \(version), \(verdict.digest), \(verdict.passed), \(verdict.report), \(verdict.createdMs))
                """
            )
        }
    }

    /// The verdicts on a version, newest first, at most 100.
    package func verdicts(model: String, version: Int) async throws -> [RecordedVerdict] {
        try await database.read { reader in
            let sql: SQL = """
                SELECT digest, passed, report, created_ms
                FROM registry_verdicts
                WHERE name = \(model) AND version = \(version)
                ORDER BY id DESC LIMIT 100
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

    /// Refuses a model whose `champion` has no pass, or is another one than the judged version.
    static func requirePass(
        ofChampionOf model: String,
        judged: Int?,
        _ digest: String?,
        _ reader: SQLReader
    ) throws {
        let sql: SQL = "SELECT version FROM registry_aliases WHERE name = \(model) AND alias = \(champion)"
        guard let number = try reader.row(sql).map({ Int($0.int64(0)) }) else { return }
        guard number == judged, let digest else {
            throw RegistryStore.notPassed(model, number, "its files cannot be compared with what was checked")
        }
        try RegistryStore.requirePass(model, number, digest: digest, reader)
    }
}
