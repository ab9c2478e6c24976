// SPDX-License-Identifier: Apache-2.0

import Database
import JSONText
import Tracking

/// The statements of the room that several calls share: a fixed number for a list, however long it is.
enum RegistryStore {
    // MARK: Models

    static let modelColumns = ["name", "description", "created_ms", "updated_ms"]

    static func model(_ name: String, _ reader: SQLReader) throws -> RegisteredModel {
        let sql: SQL = """
            SELECT \(raw: modelColumns.joined(separator: ", ")) FROM registry_models WHERE name = \(name)
            """
        guard let model = try models(try reader.rows(sql), reader).first else { throw missing(model: name) }
        return model
    }

    static func models(_ rows: [SQLRow], _ reader: SQLReader) throws -> [RegisteredModel] {
        guard !rows.isEmpty else { return [] }
        let owners = members(rows.map { $0.string(0) })
        let aliases: SQL = """
            SELECT name, alias, version FROM registry_aliases WHERE name IN \(owners) ORDER BY name, alias
            """
        let tags: SQL = """
            SELECT name, key, value FROM registry_model_tags WHERE name IN \(owners) ORDER BY name, key
            """
        let newest: SQL = """
            SELECT \(raw: versionColumns.joined(separator: ", "))
            FROM registry_versions
            WHERE (name, version) IN (
                SELECT name, max(version) FROM registry_versions WHERE name IN \(owners) GROUP BY name, stage
            )
            ORDER BY name, version
            """
        let latest = Dictionary(grouping: try versions(try reader.rows(newest), reader), by: \.name)
        let aliasesOf = try grouped(aliases, reader) { (alias: $0.string(1), version: Int($0.int64(2))) }
        let tagsOf = try grouped(tags, reader) { KeyValue($0.string(1), $0.string(2)) }
        return rows.map { row in
            let name = row.string(0)
            return RegisteredModel(
                name: name,
                description: row.string(1),
                createdMs: row.int64(2),
                updatedMs: row.int64(3),
                tags: tagsOf[name] ?? [],
                aliases: aliasesOf[name] ?? [],
                latest: latest[name] ?? []
            )
        }
    }

    static func requireModel(_ name: String, _ reader: SQLReader) throws {
        guard try reader.row("SELECT 1 FROM registry_models WHERE name = \(name)") != nil else {
            throw missing(model: name)
        }
    }

    private static func missing(model name: String) -> RegistryError {
        do {
            // As MLflow has it, a name that no model can have is wrong, and not merely unknown.
            try RegistryRules.check(modelName: name)
        } catch {
            return error
        }
        return RegistryError(
            .notFound,
            what: "cannot find the model `\(name.prefix(100))`",
            why: "no model is registered under that name"
        )
    }

    // MARK: Versions

    static let versionColumns = [
        "name", "version", "created_ms", "updated_ms", "stage", "description", "source", "run_id", "model_id",
        "run_link", "storage",
    ]

    static func version(_ name: String, _ number: Int, _ reader: SQLReader) throws -> ModelVersion {
        let sql: SQL = """
            SELECT \(raw: versionColumns.joined(separator: ", "))
            FROM registry_versions
            WHERE name = \(name) AND version = \(number)
            """
        guard let version = try versions(try reader.rows(sql), reader).first else { throw missing(name, number) }
        return version
    }

    static func versions(_ rows: [SQLRow], _ reader: SQLReader) throws -> [ModelVersion] {
        guard !rows.isEmpty else { return [] }
        var owners = JSONWriter(reserving: 64 * rows.count)
        owners.array { owners in
            for row in rows {
                owners.array { owner in
                    owner.string(row.string(0))
                    owner.integer(row.int64(1))
                }
            }
        }
        let listed: SQL = """
            (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(\(owners.text)))
            """
        let aliases: SQL = """
            SELECT name, version, alias FROM registry_aliases WHERE (name, version) IN \(listed) ORDER BY name, alias
            """
        let tags: SQL = """
            SELECT name, version, key, value
            FROM registry_version_tags
            WHERE (name, version) IN \(listed)
            ORDER BY name, version, key
            """
        struct Owner: Hashable {
            let name: String
            let version: Int64
        }
        var aliasesOf: [Owner: [String]] = [:]
        try reader.forEach(aliases) {
            aliasesOf[Owner(name: $0.string(0), version: $0.int64(1)), default: []].append($0.string(2))
        }
        var tagsOf: [Owner: [KeyValue]] = [:]
        try reader.forEach(tags) {
            let owner = Owner(name: $0.string(0), version: $0.int64(1))
            tagsOf[owner, default: []].append(KeyValue($0.string(2), $0.string(3)))
        }
        return rows.map { row in
            let owner = Owner(name: row.string(0), version: row.int64(1))
            return ModelVersion(
                name: row.string(0),
                version: Int(row.int64(1)),
                createdMs: row.int64(2),
                updatedMs: row.int64(3),
                stage: VersionStage(rawValue: row.string(4)) ?? .none,
                description: row.string(5),
                source: row.string(6),
                storage: row.optionalString(10),
                runID: row.optionalString(7),
                modelID: row.optionalString(8),
                runLink: row.string(9),
                tags: tagsOf[owner] ?? [],
                aliases: aliasesOf[owner] ?? []
            )
        }
    }

    static func requireVersion(_ name: String, _ number: Int, _ reader: SQLReader) throws {
        let sql: SQL = "SELECT 1 FROM registry_versions WHERE name = \(name) AND version = \(number)"
        guard try reader.row(sql) != nil else { throw missing(name, number) }
    }

    private static func missing(_ name: String, _ number: Int) -> RegistryError {
        RegistryError(
            .notFound,
            what: "cannot find version \(number) of `\(name.prefix(100))`",
            why: "there is no such version"
        )
    }

    // MARK: The guard of `champion`

    static func isGuarded(_ name: String, _ reader: SQLReader) throws -> Bool {
        try reader.row("SELECT is_guarded FROM registry_models WHERE name = \(name)")?.bool(0) ?? false
    }

    /// Refuses a version without a pass for exactly this content; the newest verdict on the content counts.
    static func requirePass(_ name: String, _ number: Int, digest: String, _ reader: SQLReader) throws {
        let verdicts: SQL = """
            SELECT passed, digest FROM registry_verdicts
            WHERE name = \(name) AND version = \(number)
            ORDER BY digest = \(digest) DESC, id DESC LIMIT 1
            """
        let verdict = try reader.row(verdicts)
        let why: String? =
            if verdict == nil {
                "the requirements of `gyre.yaml` were never checked for it"
            } else if verdict?.string(1) != digest {
                "its files changed after it was checked"
            } else if verdict?.bool(0) == false {
                "it does not meet the requirements of `gyre.yaml`"
            } else {
                nil
            }
        if let why { throw notPassed(name, number, why) }
    }

    /// Refuses a version that nobody ever judged, before its files are read.
    static func requireVerdict(_ name: String, _ number: Int, _ reader: SQLReader) throws {
        let any: SQL = "SELECT 1 FROM registry_verdicts WHERE name = \(name) AND version = \(number) LIMIT 1"
        guard try reader.row(any) == nil else { return }
        throw notPassed(name, number, "the requirements of `gyre.yaml` were never checked for it")
    }

    static func notPassed(_ name: String, _ number: Int, _ why: String) -> RegistryError {
        RegistryError(
            .notPassed,
            what: "cannot make version \(number) of `\(name)` the champion",
            why: why,
            next: "run `gyre promote`, which checks and promotes"
        )
    }

    // MARK: Lists

    /// The names as a list that is bound as one.
    private static func members(_ names: [String]) -> SQL {
        var writer = JSONWriter(reserving: 40 * names.count)
        writer.array { writer in for name in names { writer.string(name) } }
        return "(SELECT value FROM json_each(\(writer.text)))"
    }

    /// The rows by the owner in their first column.
    private static func grouped<Value>(
        _ sql: SQL,
        _ reader: SQLReader,
        _ value: (SQLColumns) -> Value
    ) throws -> [String: [Value]] {
        var result: [String: [Value]] = [:]
        try reader.forEach(sql) { result[$0.string(0), default: []].append(value($0)) }
        return result
    }
}
