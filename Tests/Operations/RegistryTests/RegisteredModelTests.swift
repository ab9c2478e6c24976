// SPDX-License-Identifier: Apache-2.0

import Registry
import Testing
import Tracking

struct RegisteredModelTests {
    @Test func `a model keeps its description, tags and times`() async throws {
        try await TestRegistry.run { test in
            let model = try await test.registry.createModel(
                name: "churn",
                description: "who leaves",
                tags: [KeyValue("team", "risk")]
            )
            #expect(model.name == "churn")
            #expect(model.description == "who leaves")
            #expect(model.tags == [KeyValue("team", "risk")])
            #expect(model.latest.isEmpty && model.aliases.isEmpty)
            let updated = try await test.registry.updateModel(name: "churn", description: "other")
            #expect(updated.description == "other")
            #expect(updated.updatedMs > updated.createdMs)
            #expect(try await test.registry.updateModel(name: "churn", description: nil).description == "other")
        }
    }

    @Test func `a name is taken once, however many ask at the same time`() async throws {
        try await TestRegistry.run { test in
            let made = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        do {
                            _ = try await test.registry.createModel(name: "churn")
                            return true
                        } catch {
                            return false
                        }
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(made == 1)
            let error = await #expect(throws: RegistryError.self) { try await test.registry.createModel(name: "churn") }
            #expect(error?.code == .alreadyExists)
            try await test.registry.ensureModel(name: "churn")
        }
    }

    @Test(arguments: ["a.b", "a%b", "a'b", "a\"b", "a b", "ü", String(repeating: "ü", count: 256)])
    func `a name that MLflow takes is taken`(name: String) async throws {
        try await TestRegistry.run { test in
            let model = try await test.registry.createModel(name: name)
            #expect(try await test.registry.model(named: name).name == model.name)
        }
    }

    @Test(arguments: ["", " ", "a/b", "a:b", ".", "..", "../a", "a\0b", String(repeating: "a", count: 257)])
    func `a name that MLflow refuses is refused, also as a new one`(name: String) async throws {
        try await TestRegistry.run { test in
            let created = await #expect(throws: RegistryError.self) { try await test.registry.createModel(name: name) }
            #expect(created?.code == .invalidParameter)
            try await test.registry.ensureModel(name: "churn")
            let renamed = await #expect(throws: RegistryError.self) {
                try await test.registry.renameModel(name: "churn", to: name)
            }
            #expect(renamed?.code == .invalidParameter)
        }
    }

    @Test func `a new name takes versions, tags, aliases and verdicts along`() async throws {
        try await TestRegistry.run { test in
            let version = try await test.version(of: "churn")
            try await test.registry.setTag(model: "churn", version: version, KeyValue("a", "1"))
            try await test.registry.setAlias(model: "churn", alias: "best", version: version)
            try await test.judge("churn", version, passed: true)
            let renamed = try await test.registry.renameModel(name: "churn", to: "leavers")
            #expect(renamed.aliases.map(\.alias) == ["best"])
            #expect(try await test.registry.version(model: "leavers", number: version).tags == [KeyValue("a", "1")])
            #expect(try await test.registry.verdicts(model: "leavers", version: version).count == 1)
            let missing = await #expect(throws: RegistryError.self) { try await test.registry.model(named: "churn") }
            #expect(missing?.code == .notFound)
            try await test.registry.ensureModel(name: "other")
            let taken = await #expect(throws: RegistryError.self) {
                try await test.registry.renameModel(name: "other", to: "leavers")
            }
            #expect(taken?.code == .alreadyExists)
            #expect(try await test.version(of: "leavers") == version + 1)
        }
    }

    @Test func `deleting removes all that belongs to a model, and nothing of others`() async throws {
        try await TestRegistry.run { test in
            for name in ["churn", "other"] {
                let version = try await test.version(of: name)
                try await test.registry.setTag(model: name, KeyValue("a", "1"))
                try await test.registry.setAlias(model: name, alias: "best", version: version)
                try await test.judge(name, version, passed: true)
            }
            try await test.registry.deleteModel(name: "churn")
            let again = await #expect(throws: RegistryError.self) { try await test.registry.deleteModel(name: "churn") }
            #expect(again?.code == .notFound)
            #expect(try await test.registry.version(model: "churn", alias: "best") == nil)
            try await test.registry.ensureModel(name: "churn")
            let anew = try await test.registry.model(named: "churn")
            #expect(anew.tags.isEmpty && anew.aliases.isEmpty && anew.latest.isEmpty)
            #expect(try await test.registry.model(named: "other").aliases.count == 1)
            #expect(try await test.registry.verdicts(model: "other", version: 1).count == 1)
        }
    }

    @Test func `the newest version of each stage is the latest`() async throws {
        try await TestRegistry.run { test in
            for _ in 0..<4 { try await test.version(of: "churn") }
            for (number, stage) in [(1, VersionStage.production), (2, .production), (3, .staging)] {
                _ = try await test.registry.moveVersion(model: "churn", number: number, to: stage)
            }
            let latest = try await test.registry.model(named: "churn").latest
            #expect(latest.map(\.version) == [2, 3, 4])
            #expect(latest.map(\.stage) == [.production, .staging, .none])
        }
    }

    @Test(arguments: [("k", 100_001), ("/k", 1), ("", 1), (String(repeating: "k", count: 251), 1)])
    func `a tag beyond MLflow's limits is refused`(key: String, length: Int) async throws {
        try await TestRegistry.run { test in
            let version = try await test.version(of: "churn")
            let tag = KeyValue(key, String(repeating: "v", count: length))
            for number in [nil, version] {
                let error = await #expect(throws: RegistryError.self) {
                    try await test.registry.setTag(model: "churn", version: number, tag)
                }
                #expect(error?.code == .invalidParameter)
            }
        }
    }

    @Test(arguments: [String(repeating: "ü", count: 100_001), "a\0b"])
    func `a description that is too long, or holds a NUL, is refused`(description: String) async throws {
        try await TestRegistry.run { test in
            let version = try await test.version(of: "churn")
            let calls: [@Sendable (RegistryService) async throws -> Void] = [
                { _ = try await $0.createModel(name: "other", description: description) },
                { _ = try await $0.updateModel(name: "churn", description: description) },
                { _ = try await $0.updateVersion(model: "churn", number: version, description: description) },
            ]
            for call in calls {
                let error = await #expect(throws: RegistryError.self) { try await call(test.registry) }
                #expect(error?.code == .invalidParameter)
            }
        }
    }

    @Test func `a tag that is not there is removed without a word`() async throws {
        try await TestRegistry.run { test in
            let version = try await test.version(of: "churn")
            try await test.registry.setTag(model: "churn", KeyValue("a", "1"))
            try await test.registry.setTag(model: "churn", KeyValue("a", "2"))
            #expect(try await test.registry.model(named: "churn").tags == [KeyValue("a", "2")])
            for _ in 0..<2 { try await test.registry.deleteTag(model: "churn", key: "a") }
            try await test.registry.deleteTag(model: "churn", version: version, key: "a")
            #expect(try await test.registry.model(named: "churn").tags.isEmpty)
            let error = await #expect(throws: RegistryError.self) {
                try await test.registry.deleteTag(model: "nothing", key: "a")
            }
            #expect(error?.code == .notFound)
        }
    }
}
