// SPDX-License-Identifier: Apache-2.0

import Database
import Registry
import Testing
import Tracking

@Suite(.timeLimit(.minutes(5)))
struct RegistrySearchTests {
    private static func withModels<Result>(_ body: (TestRegistry) async throws -> Result) async throws -> Result {
        try await TestRegistry.run { test in
            for name in ["churn", "Chat", "fraud"] {
                for number in 1...3 {
                    try await test.version(of: name, source: "s3://b/\(name)\(number)", runID: "r\(number)")
                }
            }
            try await test.registry.setTag(model: "fraud", KeyValue("team", "risk"))
            try await test.registry.setTag(model: "churn", version: 2, KeyValue("gate", "passed"))
            return try await body(test)
        }
    }

    @Test(
        arguments: [
            (nil, "Chat churn fraud"), ("name = 'churn'", "churn"), ("name LIKE 'c%'", "churn"),
            ("name ILIKE 'c%'", "Chat churn"), ("name != 'churn'", "Chat fraud"), ("tags.team = 'risk'", "fraud"),
            ("tags.`team` LIKE 'r%' AND name = 'fraud'", "fraud"), ("name = 'x' OR name = 'fraud'", "fraud"),
            ("tag.`mlflow.prompt.is_prompt` != 'true'", "Chat churn fraud"),
            ("tag.`mlflow.prompt.is_prompt` = 'true'", ""), ("tags.team != 'true'", "fraud"),
            ("name = 'churn''; DROP TABLE registry_models; --'", ""),
        ] as [(String?, String)]
    )
    func `models are found by name and tags`(filter: String?, expected: String) async throws {
        try await Self.withModels { test in
            let models = try await test.registry.searchModels(filter: filter)
            #expect(models.map(\.name).joined(separator: " ") == expected)
        }
    }

    @Test(
        arguments: [
            ("name = 'churn'", "churn 3, churn 2, churn 1"), ("run_id = 'r2'", "Chat 2, churn 2, fraud 2"),
            ("run_id IN ('r1','r9') AND name = 'churn'", "churn 1"), ("source_path = 's3://b/fraud3'", "fraud 3"),
            ("version_number > 2", "Chat 3, churn 3, fraud 3"), ("name LIKE 'c%' AND version_number = 1", "churn 1"),
            ("tags.gate = 'passed'", "churn 2"), ("name = 'nothing'", ""),
        ]
    )
    func `versions are found by model, number, run, source and tags`(filter: String, expected: String) async throws {
        try await Self.withModels { test in
            var search = VersionSearch()
            search.filter = filter
            let versions = try await test.registry.searchVersions(search)
            #expect(versions.map { "\($0.name) \($0.version)" }.joined(separator: ", ") == expected)
        }
    }

    @Test(arguments: ["bogus = 'x'", "name", "name = churn", "name > 'a'", "name = 'x"])
    func `a filter that cannot be read is refused in the registry's words`(filter: String) async throws {
        try await Self.withModels { test in
            var search = VersionSearch()
            search.filter = filter
            let asked = search
            let error = await #expect(throws: RegistryError.self) { try await test.registry.searchVersions(asked) }
            #expect(error?.code == .invalidParameter)
        }
    }

    @Test(
        arguments: [
            (["name DESC"], "fraud churn Chat"), (["last_updated_timestamp DESC"], "fraud Chat churn"),
            (["timestamp"], "churn Chat fraud"), (["creation_timestamp ASC"], "churn Chat fraud"),
        ]
    )
    func `models are ordered`(order: [String], expected: String) async throws {
        try await Self.withModels { test in
            let models = try await test.registry.searchModels(orderBy: order)
            #expect(models.map(\.name).joined(separator: " ") == expected)
        }
    }

    @Test func `an order that cannot be read is refused`() async throws {
        try await Self.withModels { test in
            for order in ["bogus", "name upwards"] {
                let error = await #expect(throws: RegistryError.self) {
                    try await test.registry.searchModels(orderBy: [order])
                }
                #expect(error?.code == .invalidParameter)
            }
        }
    }

    @Test func `pages give each version and model once, while new ones come`() async throws {
        try await Self.withModels { test in
            var found: [String] = []
            var search = VersionSearch()
            repeat {
                let page = try await test.registry.searchVersions(search, limit: 2)
                found += page.map { "\($0.name) \($0.version)" }
                search.after = page.next
                try await test.version(of: "Chat")
            } while search.after != nil
            #expect(
                found == [
                    "Chat 3", "Chat 2", "Chat 1", "churn 3", "churn 2", "churn 1", "fraud 3", "fraud 2", "fraud 1",
                ]
            )
            var models: [String] = []
            var token: PageToken?
            repeat {
                let page = try await test.registry.searchModels(after: token, limit: 1)
                models += page.map(\.name)
                token = page.next
                try await test.registry.ensureModel(name: "A\(models.count)")
            } while token != nil
            #expect(models == ["Chat", "churn", "fraud"])
            await #expect(throws: RegistryError.self) {
                try await test.registry.searchModels(after: PageToken("junk"))
            }
        }
    }

    @Test func `each model of a page has its own tags, aliases and versions`() async throws {
        try await Self.withModels { test in
            for (index, name) in ["Chat", "churn", "fraud"].enumerated() {
                try await test.registry.setAlias(model: name, alias: "best", version: index + 1)
            }
            let models = try await test.registry.searchModels()
            #expect(models.map { $0.aliases.map(\.version) } == [[1], [2], [3]])
            #expect(models.map { $0.latest.map(\.version) } == [[3], [3], [3]])
            #expect(models.map(\.tags) == [[], [], [KeyValue("team", "risk")]])
            let versions = try await test.registry.searchVersions(VersionSearch(model: "churn"))
            #expect(versions.map(\.aliases) == [[], ["best"], []])
            #expect(versions.map(\.tags) == [[], [KeyValue("gate", "passed")], []])
        }
    }

    @Test func `versions of a run are looked up, and every foreign key is the beginning of an index`() async throws {
        try await Self.withModels { test in
            let plan = try await test.database.read { reader in
                try reader.rows("EXPLAIN QUERY PLAN SELECT name FROM registry_versions WHERE run_id = 'r'")
                    .map { $0.string(3) }
            }
            #expect(plan.contains { $0.contains("registry_versions_run") }, "\(plan)")
            let missing = try await test.database.read { reader -> [String] in
                var missing: [String] = []
                for table in try reader.rows("SELECT name FROM sqlite_master WHERE type = 'table'").map({ $0.string(0) }
                ) {
                    let key = try reader.rows("SELECT \"from\" FROM pragma_foreign_key_list(\(table)) ORDER BY id, seq")
                        .map { $0.string(0) }
                    let indexes = try reader.rows("SELECT name FROM pragma_index_list(\(table))").map { index in
                        try reader.rows("SELECT name FROM pragma_index_info(\(index.string(0))) ORDER BY seqno")
                            .map { $0.string(0) }
                    }
                    if !indexes.contains(where: { $0.starts(with: key) }), !key.isEmpty { missing.append(table) }
                }
                return missing
            }
            #expect(missing.isEmpty)
        }
    }
}
