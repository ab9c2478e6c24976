// SPDX-License-Identifier: Apache-2.0

import Database
import Files
import ObjectStorage
import Synchronization
import SystemPackage
import Tracking

/// A tracking service over a database and a folder of the test's own.
struct TestTracking {
    let tracking: TrackingService
    let database: SQLDatabase
    let folder: FilePath

    /// Runs `body` with a new service, and removes all that it kept.
    static func run<Result>(_ body: (TestTracking) async throws -> Result) async throws -> Result {
        let folder = try FileSystem.temporaryDirectory(prefix: "tracking-test")
        defer {
            // What cannot be removed lies in the system's temporary folder.
            try? FileSystem.removeTree(folder)
        }
        let database = try await SQLDatabase.open(
            at: folder.appending("gyre.db"),
            role: .server,
            migrations: [TrackingService.migrations]
        )
        let artifacts = try FolderStore(root: folder.appending("artifacts"))
        let ticks = Ticks()
        let tracking = TrackingService(database: database, artifacts: artifacts) { ticks.next() }
        do {
            let result = try await body(TestTracking(tracking: tracking, database: database, folder: folder))
            await database.close()
            return result
        } catch {
            await database.close()
            throw error
        }
    }

    /// A run in the default experiment, or another one.
    func begin(in experiment: String = "0", name: String? = nil, startMs: Int64? = nil) async throws -> String {
        try await tracking.createRun(RunDraft(experimentID: experiment, name: name, startMs: startMs)).id
    }

    /// The names of the runs that a filter finds, sorted.
    func names(_ filter: String?, in experiment: String = "0") async throws -> [String] {
        try await tracking.searchRuns(RunSearch(experimentIDs: [experiment], filter: filter)).map(\.name).sorted()
    }
}

/// A clock that goes on by a millisecond each time that somebody looks.
final class Ticks: Sendable {
    private let time = Atomic<Int64>(1_000_000)

    func next() -> Int64 { time.wrappingAdd(1, ordering: .relaxed).newValue }
}
