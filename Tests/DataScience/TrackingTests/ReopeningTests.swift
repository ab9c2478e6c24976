// SPDX-License-Identifier: Apache-2.0

import Database
import Files
import ObjectStorage
import SystemPackage
import Testing
import Tracking

struct ReopeningTests {
    @Test func `what was acknowledged is there after the database was closed and opened`() async throws {
        try await TestTracking.run { test in
            let id = try await test.begin(name: "one")
            let metric = Metric(key: "m", value: .nan, timestampMs: 1)
            try await test.tracking.log(.init(metrics: [metric], params: [KeyValue("p", "1")]), run: id)
            await test.database.close()
            let database = try await SQLDatabase.open(
                at: test.folder.appending("gyre.db"),
                role: .server,
                migrations: [TrackingService.migrations]
            )
            let tracking = TrackingService(database: database, artifacts: test.tracking.artifacts) { 0 }
            let run = try await tracking.run(id: id)
            #expect(run.name == "one")
            #expect(run.param("p") == "1")
            #expect(run.metric("m")?.isNaN == true)
            await database.close()
        }
    }
}
