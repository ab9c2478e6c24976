// SPDX-License-Identifier: Apache-2.0

import Database
import Files
import Registry
import Synchronization
import SystemPackage

/// A registry over a database of the test's own.
struct TestRegistry {
    let registry: RegistryService
    let database: SQLDatabase
    let contents: Contents

    /// Runs `body` with a new registry, and removes all that it kept; with `guarded` it has a gate for these models.
    static func run<Result>(
        guarded: Set<String>? = [],
        _ body: (TestRegistry) async throws -> Result
    ) async throws -> Result {
        let folder = try FileSystem.temporaryDirectory(prefix: "registry-test")
        defer {
            // What cannot be removed lies in the system's temporary folder.
            try? FileSystem.removeTree(folder)
        }
        let database = try await SQLDatabase.open(
            at: folder.appending("gyre.db"),
            role: .server,
            migrations: [RegistryService.migrations]
        )
        let contents = Contents()
        let gate = guarded.map { models in ChampionGate(models: models) { contents.digest(of: $0) } }
        let time = Mutex<Int64>(1_000_000)
        let registry = RegistryService(database: database, gate: gate) {
            time.withLock { time in
                time += 1
                return time
            }
        }
        do {
            let result = try await body(TestRegistry(registry: registry, database: database, contents: contents))
            await database.close()
            return result
        } catch {
            await database.close()
            throw error
        }
    }

    /// The next version of a model, which is registered if it is not.
    @discardableResult
    func version(of model: String, source: String = "s3://bucket/model", runID: String? = nil) async throws -> Int {
        try await registry.ensureModel(name: model)
        return try await registry.createVersion(VersionDraft(model: model, source: source, runID: runID)).version
    }

    /// Records what a gate said.
    func judge(_ model: String, _ version: Int, passed: Bool, digest: String = "sha256:1") async throws {
        let verdict = RecordedVerdict(digest: digest, passed: passed, report: "{}", createdMs: 1)
        try await registry.record(verdict, model: model, version: version)
    }

    /// The version that `champion` points to.
    func champion(of model: String) async throws -> Int? {
        try await registry.version(model: model, alias: RegistryService.champion)?.version
    }
}

/// What the files of versions hold, as their digests.
final class Contents: Sendable {
    private let digests = Mutex<[String: String]>([:])

    func digest(of version: ModelVersion) -> String {
        digests.withLock { $0["\(version.name) \(version.version)"] ?? "sha256:1" }
    }

    /// Changes the files of a version.
    func change(_ model: String, _ version: Int, to digest: String) {
        digests.withLock { $0["\(model) \(version)"] = digest }
    }
}
