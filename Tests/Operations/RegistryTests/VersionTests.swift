// SPDX-License-Identifier: Apache-2.0

import Registry
import Testing
import Tracking

struct VersionTests {
    @Test func `a version keeps what it was made from`() async throws {
        try await TestRegistry.run { test in
            try await test.registry.ensureModel(name: "churn")
            var draft = VersionDraft(model: "churn", source: "models:/m-1", runID: "r", modelID: "m-1")
            draft.description = "first"
            draft.runLink = "https://example.org/r"
            draft.tags = [KeyValue("a", "1")]
            let version = try await test.registry.createVersion(draft)
            #expect(version.version == 1)
            #expect(version.source == "models:/m-1")
            #expect(version.runID == "r")
            #expect(version.modelID == "m-1")
            #expect(version.description == "first")
            #expect(version.runLink == "https://example.org/r")
            #expect(version.tags == [KeyValue("a", "1")])
            #expect(version.stage == .none)
            let changed = try await test.registry.updateVersion(model: "churn", number: 1, description: "second")
            #expect(changed.description == "second")
            #expect(changed.updatedMs > version.updatedMs)
            #expect(try await test.registry.model(named: "churn").updatedMs == changed.updatedMs)
        }
    }

    @Test func `a copy keeps where its files lie, whatever becomes of the original`() async throws {
        try await TestRegistry.run { test in
            try await test.registry.ensureModel(name: "churn")
            try await test.registry.ensureModel(name: "copied")
            _ = try await test.registry.createVersion(VersionDraft(model: "churn", source: "s3://bucket/files"))
            let draft = VersionDraft(model: "copied", source: "models:/churn/1", storage: "s3://bucket/files")
            let copy = try await test.registry.createVersion(draft)
            #expect(copy.source == "models:/churn/1")
            try await test.registry.deleteModel(name: "churn")
            let kept = try await test.registry.version(model: "copied", number: 1)
            #expect(kept.location == "s3://bucket/files")
            let plain = VersionDraft(model: "copied", source: "s3://bucket/own")
            #expect(try await test.registry.createVersion(plain).location == "s3://bucket/own")
        }
    }

    @Test(arguments: [
        "s3://b/%2e%2e/x", "s3://b/%252e%252e/x", "s3://b/%25252E%25252e/x", "s3://b/..%5cx", "s3://b/x%00",
        "s3://b/x%2500",
    ])
    func `a source that leads up at any depth is refused`(source: String) async throws {
        try await TestRegistry.run { test in
            try await test.registry.ensureModel(name: "churn")
            let error = try #require(
                await #expect(throws: RegistryError.self) {
                    _ = try await test.registry.createVersion(VersionDraft(model: "churn", source: source))
                }
            )
            #expect(error.code == .invalidParameter)
        }
    }

    @Test func `versions made at the same time get each their number, without a gap`() async throws {
        try await TestRegistry.run { test in
            try await test.registry.ensureModel(name: "churn")
            try await test.registry.ensureModel(name: "other")
            let numbers = try await withThrowingTaskGroup(of: Int?.self) { group in
                for task in 0..<60 {
                    group.addTask {
                        if task % 3 == 0 {
                            try await test.version(of: "other")
                            return nil
                        }
                        return try await test.version(of: "churn")
                    }
                }
                return try await group.reduce(into: [Int]()) { if let number = $1 { $0.append(number) } }
            }
            #expect(numbers.sorted() == Array(1...40))
        }
    }

    @Test func `the number of a deleted version is not given again`() async throws {
        try await TestRegistry.run { test in
            for _ in 0..<2 { try await test.version(of: "churn") }
            try await test.registry.setAlias(model: "churn", alias: "best", version: 2)
            try await test.registry.deleteVersion(model: "churn", number: 2)
            #expect(try await test.registry.version(model: "churn", alias: "best") == nil)
            #expect(try await test.version(of: "churn") == 3)
            let error = await #expect(throws: RegistryError.self) {
                try await test.registry.deleteVersion(model: "churn", number: 2)
            }
            #expect(error?.code == .notFound)
        }
    }

    @Test(
        arguments: [
            "/etc/passwd", "file:///etc/passwd", "FILE:/etc", "relative/path", "", "mlflow-artifacts:/1/../../x",
            "mlflow-artifacts:/1/%2E%2e/x", "s3://b/..\\x", "a\0b:/", "c:\\model", String(repeating: "s", count: 9_000),
        ]
    )
    func `a source on some machine's disk, or out of its store, is refused`(source: String) async throws {
        try await TestRegistry.run { test in
            let error = await #expect(throws: RegistryError.self) {
                try await test.version(of: "churn", source: source)
            }
            #expect(error?.code == .invalidParameter)
        }
    }

    @Test(arguments: [
        "s3://bucket/x", "models:/m-1", "runs:/r/model", "mlflow-artifacts:/0/r/artifacts/model", "dbfs:/x",
    ])
    func `a source with a scheme is taken`(source: String) async throws {
        try await TestRegistry.run { test in
            let number = try await test.version(of: "churn", source: source)
            #expect(try await test.registry.version(model: "churn", number: number).source == source)
        }
    }

    @Test func `a version of a model that is not there is refused, and takes no number`() async throws {
        try await TestRegistry.run { test in
            let error = await #expect(throws: RegistryError.self) {
                try await test.registry.createVersion(VersionDraft(model: "churn", source: "s3://b/x"))
            }
            #expect(error?.code == .notFound)
            let refused = VersionDraft(model: "churn", source: "s3://b/x")
            try await test.registry.ensureModel(name: "churn")
            var bad = refused
            bad.tags = [KeyValue("/k", "v")]
            await #expect(throws: RegistryError.self) { try await test.registry.createVersion(bad) }
            #expect(try await test.registry.createVersion(refused).version == 1)
        }
    }

    @Test func `a stage is entered, and archives those that were there if asked`() async throws {
        try await TestRegistry.run { test in
            for _ in 0..<3 { try await test.version(of: "churn") }
            func stages() async throws -> [VersionStage] {
                try await test.registry.searchVersions(VersionSearch(model: "churn")).map(\.stage).reversed()
            }
            _ = try await test.registry.moveVersion(model: "churn", number: 1, to: .production)
            _ = try await test.registry.moveVersion(model: "churn", number: 2, to: .production)
            #expect(try await stages() == [.production, .production, .none])
            _ = try await test.registry.moveVersion(model: "churn", number: 2, to: .production, archivesOthers: true)
            #expect(try await stages() == [.archived, .production, .none])
            let error = await #expect(throws: RegistryError.self) {
                try await test.registry.moveVersion(model: "churn", number: 2, to: .none, archivesOthers: true)
            }
            #expect(error?.code == .invalidParameter)
            #expect(try await stages() == [.archived, .production, .none])
        }
    }

    @Test func `stages are named in any capitals, and no others exist`() throws {
        #expect(try VersionStage(named: "pRODUCTION") == .production)
        let error = #expect(throws: RegistryError.self) { try VersionStage(named: "live") }
        #expect(error?.code == .invalidParameter)
        #expect(error?.why.contains("None, Staging, Production, Archived") == true)
    }
}
