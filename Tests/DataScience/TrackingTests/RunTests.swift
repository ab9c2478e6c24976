// SPDX-License-Identifier: Apache-2.0

import Testing
import Tracking

struct RunTests {
    @Test func `a run begins with an id, a name, a time and a place for artefacts`() async throws {
        try await TestTracking.run { test in
            let run = try await test.tracking.createRun(
                RunDraft(experimentID: "0", startMs: 5, userID: "ada", tags: [KeyValue("a", "b")])
            )
            #expect(run.id.count == 32)
            #expect(run.id.allSatisfy { $0.isHexDigit })
            #expect(run.status == .running)
            #expect(run.startMs == 5)
            #expect(run.endMs == nil)
            #expect(run.userID == "ada")
            #expect(run.artifactURI == "mlflow-artifacts:/0/\(run.id)/artifacts")
            #expect(run.tag("a") == "b")
            #expect(run.tag("mlflow.runName") == run.name)
            #expect(run.name.split(separator: "-").count == 3)
        }
    }

    @Test func `without a start it began now`() async throws {
        try await TestTracking.run { test in
            let run = try await test.tracking.run(id: try await test.begin())
            #expect(run.startMs > 1_000_000)
        }
    }

    @Test func `name and name tag are one; two that differ are refused`() async throws {
        try await TestTracking.run { test in
            let tagged = RunDraft(experimentID: "0", tags: [KeyValue("mlflow.runName", "tagged")])
            #expect(try await test.tracking.createRun(tagged).name == "tagged")
            let both = RunDraft(experimentID: "0", name: "named", tags: [KeyValue("mlflow.runName", "tagged")])
            let error = await #expect(throws: TrackingError.self) { try await test.tracking.createRun(both) }
            #expect(error?.code == .invalidParameter)
            let id = try await test.begin(name: "first")
            try await test.tracking.log(.init(tags: [KeyValue("mlflow.runName", "second")]), run: id)
            #expect(try await test.tracking.run(id: id).name == "second")
            _ = try await test.tracking.updateRun(id: id, name: "third")
            #expect(try await test.tracking.run(id: id).tag("mlflow.runName") == "third")
        }
    }

    @Test func `an update changes what it names and nothing else`() async throws {
        try await TestTracking.run { test in
            let id = try await test.begin(name: "one", startMs: 1)
            let ended = try await test.tracking.updateRun(id: id, status: .finished, endMs: 9)
            #expect(ended.status == .finished)
            #expect(ended.endMs == 9)
            #expect(ended.name == "one")
            let same = try await test.tracking.updateRun(id: id, name: "")
            #expect(same.status == .finished)
            #expect(same.endMs == 9)
            #expect(same.name == "one")
        }
    }

    @Test(arguments: [Int64.min, -1, .max])
    func `a time outside of the calendar is refused`(time: Int64) async throws {
        try await TestTracking.run { test in
            let start = await #expect(throws: TrackingError.self) { try await test.begin(startMs: time) }
            #expect(start?.code == .invalidParameter)
            let id = try await test.begin()
            let end = await #expect(throws: TrackingError.self) {
                try await test.tracking.updateRun(id: id, endMs: time)
            }
            #expect(end?.code == .invalidParameter)
        }
    }

    @Test func `a deleted run is hidden, takes nothing, and comes back whole`() async throws {
        try await TestTracking.run { test in
            let id = try await test.begin(name: "one")
            try await test.tracking.log(.init(params: [KeyValue("a", "1")]), run: id)
            try await test.tracking.setRun(id: id, stage: .deleted)
            try await test.tracking.setRun(id: id, stage: .deleted)
            #expect(try await test.names(nil).isEmpty)
            let search = RunSearch(experimentIDs: ["0"], view: .deletedOnly)
            #expect(try await test.tracking.searchRuns(search).map(\.id) == [id])
            let calls: [@Sendable (TrackingService) async throws -> Void] = [
                { try await $0.log(.init(tags: [KeyValue("a", "b")]), run: id) },
                { try await $0.logInputs([], run: id) },
                { try await $0.logOutputs([], run: id) },
                { try await $0.deleteRunTag(id: id, key: "mlflow.runName") },
                { _ = try await $0.updateRun(id: id, status: .failed) },
            ]
            for call in calls {
                let error = await #expect(throws: TrackingError.self) { try await call(test.tracking) }
                #expect(error?.code == .invalidState)
            }
            try await test.tracking.setRun(id: id, stage: .active)
            #expect(try await test.tracking.run(id: id).param("a") == "1")
            #expect(try await test.names(nil) == ["one"])
        }
    }

    @Test func `a run that is not there is said to be missing`() async throws {
        try await TestTracking.run { test in
            let id = String(repeating: "0", count: 32)
            let calls: [@Sendable (TrackingService) async throws -> Void] = [
                { _ = try await $0.run(id: id) },
                { _ = try await $0.updateRun(id: id) },
                { try await $0.setRun(id: id, stage: .deleted) },
                { try await $0.log(.init(), run: id) },
                { _ = try await $0.metricHistory(run: id, key: "a") },
                { try await $0.recordModel(json: Self.oldModel, run: id) },
            ]
            for call in calls {
                let error = await #expect(throws: TrackingError.self) { try await call(test.tracking) }
                #expect(error?.code == .notFound)
                #expect(error?.what.contains(id) == true)
            }
        }
    }

    @Test func `tags are set again and removed once`() async throws {
        try await TestTracking.run { test in
            let id = try await test.begin()
            try await test.tracking.log(.init(tags: [KeyValue("a", "1")]), run: id)
            try await test.tracking.log(.init(tags: [KeyValue("a", "2")]), run: id)
            #expect(try await test.tracking.run(id: id).tag("a") == "2")
            try await test.tracking.deleteRunTag(id: id, key: "a")
            #expect(try await test.tracking.run(id: id).tag("a") == nil)
            let error = await #expect(throws: TrackingError.self) {
                try await test.tracking.deleteRunTag(id: id, key: "a")
            }
            #expect(error?.code == .notFound)
        }
    }

    private static let oldModel =
        #"{"artifact_path":"model","flavors":{},"run_id":"r","utc_time_created":"2026-01-01 00:00:00"}"#

    @Test func `models of old clients gather on the run, whoever logs them at the same time`() async throws {
        try await TestTracking.run { test in
            let id = try await test.begin()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<10 { group.addTask { try await test.tracking.recordModel(json: Self.oldModel, run: id) } }
                try await group.waitForAll()
            }
            let record = try await test.tracking.run(id: id).tag("mlflow.log-model.history") ?? ""
            #expect(record.count(of: "artifact_path") == 10)
            #expect(record.hasPrefix("[{") && record.hasSuffix("}]"))
        }
    }

    @Test(arguments: ["{nope", "{}", "[]", #"{"artifact_path":"m","flavors":{},"run_id":"r"}"#])
    func `a record of a model that lacks something is refused`(json: String) async throws {
        try await TestTracking.run { test in
            let id = try await test.begin()
            let error = await #expect(throws: TrackingError.self) {
                try await test.tracking.recordModel(json: json, run: id)
            }
            #expect(error?.code == .invalidParameter)
        }
    }
}

extension String {
    fileprivate func count(of part: String) -> Int { ranges(of: part).count }
}
