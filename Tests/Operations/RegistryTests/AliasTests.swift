// SPDX-License-Identifier: Apache-2.0

import Registry
import Testing

struct AliasTests {
    @Test func `an alias points to one version and moves`() async throws {
        try await TestRegistry.run { test in
            for _ in 0..<2 { try await test.version(of: "churn") }
            try await test.registry.setAlias(model: "churn", alias: "best", version: 1)
            try await test.registry.setAlias(model: "churn", alias: "best", version: 2)
            try await test.registry.setAlias(model: "churn", alias: "ü-1_x", version: 2)
            #expect(try await test.registry.version(model: "churn", alias: "best")?.version == 2)
            #expect(try await test.registry.version(model: "churn", number: 1).aliases.isEmpty)
            #expect(try await test.registry.version(model: "churn", number: 2).aliases == ["best", "ü-1_x"])
            for _ in 0..<2 { try await test.registry.deleteAlias(model: "churn", alias: "best") }
            #expect(try await test.registry.version(model: "churn", alias: "best") == nil)
        }
    }

    @Test func `latest is the newest version, and nobody's alias`() async throws {
        try await TestRegistry.run { test in
            #expect(try await test.registry.version(model: "churn", alias: "latest") == nil)
            for _ in 0..<3 { try await test.version(of: "churn") }
            #expect(try await test.registry.version(model: "churn", alias: "latest")?.version == 3)
        }
    }

    @Test(arguments: [
        "", "v1", "V22", "latest", "LATEST", "a b", "a.b", "a/b", "a\n", String(repeating: "x", count: 256),
    ])
    func `an alias that MLflow refuses is refused`(alias: String) async throws {
        try await TestRegistry.run { test in
            try await test.version(of: "churn")
            let error = await #expect(throws: RegistryError.self) {
                try await test.registry.setAlias(model: "churn", alias: alias, version: 1)
            }
            #expect(error?.code == .invalidParameter)
        }
    }

    @Test(arguments: ["v", "v1a", "V", "1", "_", "-", "latest2", String(repeating: "ü", count: 255)])
    func `an alias that MLflow takes is taken`(alias: String) async throws {
        try await TestRegistry.run { test in
            try await test.version(of: "churn")
            try await test.registry.setAlias(model: "churn", alias: alias, version: 1)
            #expect(try await test.registry.version(model: "churn", alias: alias)?.version == 1)
        }
    }

    @Test func `an alias of what is not there is refused`() async throws {
        try await TestRegistry.run { test in
            try await test.version(of: "churn")
            let version = await #expect(throws: RegistryError.self) {
                try await test.registry.setAlias(model: "churn", alias: "best", version: 9)
            }
            #expect(version?.code == .notFound)
            let model = await #expect(throws: RegistryError.self) {
                try await test.registry.deleteAlias(model: "nothing", alias: "best")
            }
            #expect(model?.code == .notFound)
        }
    }
}
