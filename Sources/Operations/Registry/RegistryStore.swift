// SPDX-License-Identifier: Apache-2.0

import Database
import Tracking

/// The statements of the room that several calls share.
enum RegistryStore {
    static func model(_ name: String, _ reader: SQLReader) throws -> RegisteredModel {
        let sql: SQL = "SELECT description, created_ms, updated_ms FROM registry_models WHERE name = \(name)"
        guard let row = try reader.row(sql) else {
            throw RegistryError(
                .notFound,
                what: "cannot find the model `\(name.prefix(100))`",
                why: "no model is registered under that name"
            )
        }
        let aliases: SQL = "SELECT alias, version FROM registry_aliases WHERE name = \(name) ORDER BY alias"
        let latest: SQL = "SELECT max(version) FROM registry_versions WHERE name = \(name) GROUP BY stage ORDER BY 1"
        let tags: SQL = "SELECT key, value FROM registry_model_tags WHERE name = \(name) ORDER BY key"
        return RegisteredModel(
            name: name,
            description: row.string(0),
            createdMs: row.int64(1),
            updatedMs: row.int64(2),
            tags: try reader.rows(tags).map { KeyValue($0.string(0), $0.string(1)) },
            aliases: try reader.rows(aliases).map { ($0.string(0), Int($0.int64(1))) },
            latest: try reader.rows(latest).map { try version(name, Int($0.int64(0)), reader) }
        )
    }

    static func version(_ name: String, _ number: Int, _ reader: SQLReader) throws -> ModelVersion {
        let sql: SQL = """
            SELECT created_ms, updated_ms, stage, description, source, run_id, model_id, run_link
            FROM registry_versions WHERE name = \(name) AND version = \(number)
            """
        guard let row = try reader.row(sql) else {
            throw RegistryError(
                .notFound,
                what: "cannot find version \(number) of `\(name.prefix(100))`",
                why: "there is no such version"
            )
        }
        let aliases: SQL =
            "SELECT alias FROM registry_aliases WHERE name = \(name) AND version = \(number) ORDER BY alias"
        let tags: SQL = """
            SELECT key, value FROM registry_version_tags WHERE name = \(name) AND version = \(number) ORDER BY key
            """
        return ModelVersion(
            name: name,
            version: number,
            createdMs: row.int64(0),
            updatedMs: row.int64(1),
            stage: row.string(2),
            description: row.string(3),
            source: row.string(4),
            runID: row.optionalString(5),
            modelID: row.optionalString(6),
            runLink: row.string(7),
            tags: try reader.rows(tags).map { KeyValue($0.string(0), $0.string(1)) },
            aliases: try reader.rows(aliases).map { $0.string(0) }
        )
    }

    /// Refuses a version of a guarded model whose newest verdict is not a pass, or is one for other content.
    static func requirePass(
        _ name: String,
        _ number: Int,
        _ digest: String?,
        isGuarded: Bool,
        _ reader: SQLReader
    ) throws {
        let isMarked = try reader.row("SELECT is_guarded FROM registry_models WHERE name = \(name)")?.bool(0) ?? false
        guard isGuarded || isMarked else { return }
        let verdicts: SQL = """
            SELECT passed, digest FROM registry_verdicts WHERE name = \(name) AND version = \(number) ORDER BY id DESC LIMIT 1
            """
        let verdict = try reader.row(verdicts)
        let why: String? =
            if verdict == nil {
                "the requirements of `gyre.yaml` were never checked for it"
            } else if verdict?.bool(0) == false {
                "it does not meet the requirements of `gyre.yaml`"
            } else if let digest, verdict?.string(1) != digest {
                "its files changed after it was checked"
            } else {
                nil
            }
        guard let why else { return }
        throw RegistryError(
            .notPassed,
            what: "cannot make version \(number) of `\(name)` the champion",
            why: why,
            next: "run `gyre promote`, which checks and promotes"
        )
    }
}
