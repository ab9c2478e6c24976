// SPDX-License-Identifier: Apache-2.0

import Database
import Files
import ObjectStorage
import Registry
import SystemPackage
import Tracking

@testable import Transfer

/// A project of the test's own, into which things are imported.
struct TestProject {
    let tracking: TrackingService
    let registry: RegistryService
    let artifacts: FolderStore
    let folder: FilePath

    /// Runs `body` with a new project, and removes all that it kept.
    static func run<Result>(
        gate: ChampionGate? = nil,
        _ body: (TestProject) async throws -> Result
    ) async throws -> Result {
        let folder = try FileSystem.temporaryDirectory(prefix: "transfer-test")
        defer {
            // What cannot be removed lies in the system's temporary folder.
            try? FileSystem.removeTree(folder)
        }
        let database = try await SQLDatabase.open(
            at: folder.appending("gyre.db"),
            role: .client,
            migrations: [TrackingService.migrations, RegistryService.migrations]
        )
        let artifacts = try FolderStore(root: folder.appending("artifacts"))
        let tracking = TrackingService(database: database, artifacts: artifacts) { 1_000_000 }
        let registry = RegistryService(database: database, gate: gate) { 1_000_000 }
        let project = TestProject(tracking: tracking, registry: registry, artifacts: artifacts, folder: folder)
        do {
            let result = try await body(project)
            await database.close()
            return result
        } catch {
            await database.close()
            throw error
        }
    }

    /// Imports a source.
    @discardableResult
    func take(_ address: ImportAddress, _ options: Importer.Options = .init()) async throws -> ImportReport {
        try await Importer(tracking: tracking, registry: registry, options: options).run(address)
    }

    /// The one run of that name, deleted or not.
    func run(named name: String) async throws -> Run? {
        try await tracking.searchRuns(RunSearch(filter: "attributes.run_name = '\(name)'", view: .all)).first
    }

    /// The values of a metric in the order of its history.
    func values(_ key: String, of run: String) async throws -> [Double] {
        try await tracking.metricHistory(run: run, key: key).map(\.value)
    }

    /// The text of a stored file; nil if there is none.
    func text(_ uri: String, _ path: String) async throws -> String? {
        guard let prefix = TrackingService.artifactPrefix(of: uri) else { return nil }
        let key = try ObjectKey("\(prefix)/\(path)")
        guard try await artifacts.info(key) != nil else { return nil }
        return String(decoding: try await artifacts.bytes(of: key), as: UTF8.self)
    }
}

/// What outside tools made.
enum Fixture {
    /// The folder of the fixtures of a tool.
    static func folder(_ name: String) -> FilePath {
        FilePath(#filePath).removingLastComponent().appending("Fixtures").appending(name)
    }

    /// A copy of a fixture that a test may change.
    static func copy(_ source: FilePath, to target: FilePath) throws {
        if try FileSystem.status(of: source).isDirectory {
            try FileSystem.createDirectory(target)
            for entry in try FileSystem.entries(of: source) {
                try copy(source.appending(entry.component), to: target.appending(entry.component))
            }
        } else {
            try AtomicFile.write(try FileReader.bytes(of: source), to: target)
        }
    }
}
