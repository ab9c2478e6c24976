// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Registry
import Testing

/// `champion` of a guarded model moves only with a recorded pass for exactly what the version's files hold.
struct ChampionTests {
    private func refusal(_ test: TestRegistry, of model: String = "churn", _ version: Int) async -> RegistryError? {
        let error = await #expect(throws: RegistryError.self) {
            try await test.registry.setAlias(model: model, alias: RegistryService.champion, version: version)
        }
        #expect(error?.code == .notPassed)
        #expect(error?.kind == .refused)
        return error
    }

    @Test func `without a guard champion is an alias like others`() async throws {
        try await TestRegistry.run { test in
            let version = try await test.version(of: "churn")
            try await test.registry.setAlias(model: "churn", alias: RegistryService.champion, version: version)
            #expect(try await test.champion(of: "churn") == version)
        }
    }

    @Test func `a version that was never judged is refused, other aliases are free`() async throws {
        try await TestRegistry.run(guarded: ["churn"]) { test in
            let version = try await test.version(of: "churn")
            let error = await refusal(test, version)
            #expect(error?.why.contains("never checked") == true)
            #expect(error?.next?.contains("gyre promote") == true)
            #expect(try await test.champion(of: "churn") == nil)
            try await test.registry.setAlias(model: "churn", alias: "challenger", version: version)
        }
    }

    @Test func `a version that passed becomes champion`() async throws {
        try await TestRegistry.run(guarded: ["churn"]) { test in
            let version = try await test.version(of: "churn")
            try await test.judge("churn", version, passed: true)
            try await test.registry.setAlias(model: "churn", alias: RegistryService.champion, version: version)
            #expect(try await test.champion(of: "churn") == version)
        }
    }

    @Test func `a version that failed is refused, and the champion stays`() async throws {
        try await TestRegistry.run(guarded: ["churn"]) { test in
            let first = try await test.version(of: "churn")
            try await test.judge("churn", first, passed: true)
            try await test.registry.setAlias(model: "churn", alias: RegistryService.champion, version: first)
            let second = try await test.version(of: "churn")
            try await test.judge("churn", second, passed: false)
            let error = await refusal(test, second)
            #expect(error?.why.contains("does not meet") == true)
            #expect(try await test.champion(of: "churn") == first)
        }
    }

    @Test func `files that changed after the pass are refused until they pass themselves`() async throws {
        try await TestRegistry.run(guarded: ["churn"]) { test in
            let version = try await test.version(of: "churn")
            try await test.judge("churn", version, passed: true)
            test.contents.change("churn", version, to: "sha256:2")
            let error = await refusal(test, version)
            #expect(error?.why.contains("changed") == true)
            try await test.judge("churn", version, passed: true, digest: "sha256:2")
            try await test.registry.setAlias(model: "churn", alias: RegistryService.champion, version: version)
            #expect(try await test.champion(of: "churn") == version)
        }
    }

    @Test func `a pass of one version is none of another, nor of another model`() async throws {
        try await TestRegistry.run(guarded: ["churn", "other"]) { test in
            for name in ["churn", "other"] { for _ in 0..<2 { try await test.version(of: name) } }
            try await test.judge("churn", 1, passed: true)
            _ = await refusal(test, 2)
            _ = await refusal(test, of: "other", 1)
        }
    }

    @Test func `of several verdicts on the same files the newest counts`() async throws {
        try await TestRegistry.run(guarded: ["churn"]) { test in
            let version = try await test.version(of: "churn")
            try await test.judge("churn", version, passed: true)
            try await test.judge("churn", version, passed: false)
            _ = await refusal(test, version)
            try await test.judge("churn", version, passed: true)
            // A verdict on other files says nothing of these.
            try await test.judge("churn", version, passed: false, digest: "sha256:9")
            try await test.registry.setAlias(model: "churn", alias: RegistryService.champion, version: version)
            let verdicts = try await test.registry.verdicts(model: "churn", version: version)
            #expect(verdicts.map(\.passed) == [false, true, false, true])
        }
    }

    @Test func `a model that was promoted once stays guarded`() async throws {
        try await TestRegistry.run { test in
            let version = try await test.version(of: "churn")
            try await test.registry.setGuarded(model: "churn", true)
            _ = await refusal(test, version)
            try await test.judge("churn", version, passed: true)
            try await test.registry.setAlias(model: "churn", alias: RegistryService.champion, version: version)
        }
    }

    @Test func `who cannot compare the files cannot move the champion`() async throws {
        try await TestRegistry.run(guarded: nil) { test in
            let version = try await test.version(of: "churn")
            try await test.registry.setGuarded(model: "churn", true)
            try await test.judge("churn", version, passed: true)
            let error = await refusal(test, version)
            #expect(error?.why.contains("cannot be compared") == true)
        }
    }

    @Test func `deleting and registering a model again does not take its guard away`() async throws {
        try await TestRegistry.run(guarded: ["churn"]) { test in
            let version = try await test.version(of: "churn")
            try await test.judge("churn", version, passed: true)
            try await test.registry.deleteModel(name: "churn")
            _ = await refusal(test, try await test.version(of: "churn"))
        }
    }

    @Test func `no detour over another name brings a champion without a pass`() async throws {
        try await TestRegistry.run(guarded: ["churn"]) { test in
            // A model that nobody guards takes any champion, but not into the guarded name.
            let version = try await test.version(of: "free")
            try await test.registry.setAlias(model: "free", alias: RegistryService.champion, version: version)
            let error = await #expect(throws: RegistryError.self) {
                try await test.registry.renameModel(name: "free", to: "churn")
            }
            #expect(error?.code == .notPassed)
            try await test.judge("free", version, passed: true)
            _ = try await test.registry.renameModel(name: "free", to: "churn")
            // And a guarded model takes its guard along.
            _ = try await test.registry.renameModel(name: "churn", to: "other")
            let next = try await test.version(of: "other")
            _ = await refusal(test, of: "other", next)
        }
    }

    @Test func `of many who race for champion only those that passed get it`() async throws {
        try await TestRegistry.run(guarded: ["churn"]) { test in
            for _ in 0..<20 { try await test.version(of: "churn") }
            for number in stride(from: 2, through: 20, by: 2) { try await test.judge("churn", number, passed: true) }
            let moved = await withTaskGroup(of: Int?.self) { group in
                for number in 1...20 {
                    group.addTask {
                        do {
                            try await test.registry.setAlias(
                                model: "churn",
                                alias: RegistryService.champion,
                                version: number
                            )
                            return number
                        } catch {
                            return nil
                        }
                    }
                }
                return await group.reduce(into: Set<Int>()) { if let number = $1 { $0.insert(number) } }
            }
            #expect(moved == Set(stride(from: 2, through: 20, by: 2)))
        }
    }
}
