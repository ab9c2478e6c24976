// SPDX-License-Identifier: Apache-2.0

import Testing
import Tracking

struct ExperimentTests {
    @Test func `the default experiment is there from the start`() async throws {
        try await TestTracking.run { test in
            let experiment = try await test.tracking.experiment(id: "0")
            #expect(experiment.name == "Default")
            #expect(experiment.artifactLocation == "mlflow-artifacts:/0")
            #expect(experiment.stage == .active)
        }
    }

    @Test func `an experiment keeps its name, tags and times, and has a place for artefacts`() async throws {
        try await TestTracking.run { test in
            let tags = [KeyValue("team", "risk"), KeyValue("note", "ü")]
            let id = try await test.tracking.createExperiment(name: "churn", tags: tags)
            let experiment = try await test.tracking.experiment(id: id)
            #expect(experiment.name == "churn")
            #expect(experiment.artifactLocation == "mlflow-artifacts:/\(id)")
            #expect(Set(experiment.tags) == Set(tags))
            #expect(experiment.createdMs == experiment.updatedMs)
            #expect(try await test.tracking.experiment(named: "churn")?.id == id)
            #expect(try await test.tracking.experiment(named: "Churn") == nil)
        }
    }

    @Test func `a name is taken once, also by a deleted experiment`() async throws {
        try await TestTracking.run { test in
            let id = try await test.tracking.createExperiment(name: "churn")
            let taken = await #expect(throws: TrackingError.self) {
                try await test.tracking.createExperiment(name: "churn")
            }
            #expect(taken?.code == .alreadyExists)
            try await test.tracking.setExperiment(id: id, stage: .deleted)
            let deleted = await #expect(throws: TrackingError.self) {
                try await test.tracking.createExperiment(name: "churn")
            }
            #expect(deleted?.code == .alreadyExists)
            #expect(deleted?.next?.contains("restore") == true)
        }
    }

    @Test func `many who ask for the same new name get one experiment`() async throws {
        try await TestTracking.run { test in
            let ids = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<20 { group.addTask { try await test.tracking.ensureExperiment(named: "churn") } }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect(ids.count == 1)
        }
    }

    @Test(arguments: ["", String(repeating: "ü", count: 501), "a\0b"])
    func `a name that MLflow refuses is refused`(name: String) async throws {
        try await TestTracking.run { test in
            let error = await #expect(throws: TrackingError.self) {
                try await test.tracking.createExperiment(name: name)
            }
            #expect(error?.code == .invalidParameter)
        }
    }

    @Test func `500 characters of several bytes are a name`() async throws {
        try await TestTracking.run { test in
            let name = String(repeating: "ü", count: 500)
            let id = try await test.tracking.createExperiment(name: name)
            #expect(try await test.tracking.experiment(id: id).name == name)
        }
    }

    @Test(arguments: ["runs:/x", "mlflow-artifacts:/1/../2", String(repeating: "x", count: 3_000)])
    func `a place for artefacts that no store has is refused`(location: String) async throws {
        try await TestTracking.run { test in
            let error = await #expect(throws: TrackingError.self) {
                try await test.tracking.createExperiment(name: "churn", artifactLocation: location)
            }
            #expect(error?.code == .invalidParameter)
        }
    }

    @Test func `deleting hides an experiment with its runs, and restoring brings both back`() async throws {
        try await TestTracking.run { test in
            let id = try await test.tracking.createExperiment(name: "churn")
            let run = try await test.begin(in: id)
            try await test.tracking.setExperiment(id: id, stage: .deleted)
            #expect(try await test.tracking.experiment(id: id).stage == .deleted)
            #expect(try await test.tracking.run(id: run).stage == .deleted)
            #expect(try await test.tracking.searchExperiments().map(\.name) == ["Default"])
            #expect(try await test.tracking.searchExperiments(view: .deletedOnly).map(\.name) == ["churn"])
            #expect(try await test.tracking.searchExperiments(view: .all).count == 2)
            try await test.tracking.setExperiment(id: id, stage: .active)
            #expect(try await test.tracking.run(id: run).stage == .active)
            #expect(try await test.tracking.searchExperiments().count == 2)
        }
    }

    @Test func `deleting twice, and restoring what is in use, finds nothing`() async throws {
        try await TestTracking.run { test in
            let id = try await test.tracking.createExperiment(name: "churn")
            let restored = await #expect(throws: TrackingError.self) {
                try await test.tracking.setExperiment(id: id, stage: .active)
            }
            #expect(restored?.code == .notFound)
            try await test.tracking.setExperiment(id: id, stage: .deleted)
            let deleted = await #expect(throws: TrackingError.self) {
                try await test.tracking.setExperiment(id: id, stage: .deleted)
            }
            #expect(deleted?.code == .notFound)
        }
    }

    @Test func `a deleted experiment takes no run, tag or name`() async throws {
        try await TestTracking.run { test in
            let id = try await test.tracking.createExperiment(name: "churn")
            try await test.tracking.setExperiment(id: id, stage: .deleted)
            let run = await #expect(throws: TrackingError.self) { try await test.begin(in: id) }
            #expect(run?.code == .invalidState)
            let tag = await #expect(throws: TrackingError.self) {
                try await test.tracking.setExperimentTag(id: id, KeyValue("a", "b"))
            }
            #expect(tag?.code == .invalidState)
            let name = await #expect(throws: TrackingError.self) {
                try await test.tracking.renameExperiment(id: id, to: "other")
            }
            #expect(name?.code == .invalidState)
        }
    }

    @Test func `a new name is free, and moves the time of the change`() async throws {
        try await TestTracking.run { test in
            let id = try await test.tracking.createExperiment(name: "churn")
            try await test.tracking.renameExperiment(id: id, to: "leavers")
            let renamed = try await test.tracking.experiment(id: id)
            #expect(renamed.name == "leavers")
            #expect(renamed.updatedMs > renamed.createdMs)
            let error = await #expect(throws: TrackingError.self) {
                try await test.tracking.renameExperiment(id: id, to: "Default")
            }
            #expect(error?.code == .alreadyExists)
            try await test.tracking.renameExperiment(id: id, to: "leavers")
        }
    }

    @Test func `tags are set again and removed once`() async throws {
        try await TestTracking.run { test in
            try await test.tracking.setExperimentTag(id: "0", KeyValue("a", "1"))
            try await test.tracking.setExperimentTag(id: "0", KeyValue("a", "2"))
            #expect(try await test.tracking.experiment(id: "0").tags == [KeyValue("a", "2")])
            try await test.tracking.deleteExperimentTag(id: "0", key: "a")
            #expect(try await test.tracking.experiment(id: "0").tags.isEmpty)
            let error = await #expect(throws: TrackingError.self) {
                try await test.tracking.deleteExperimentTag(id: "0", key: "a")
            }
            #expect(error?.code == .notFound)
        }
    }

    @Test(arguments: [("a", 20_001), ("../a", 1), ("", 1)])
    func `a tag beyond MLflow's limits is refused`(key: String, length: Int) async throws {
        try await TestTracking.run { test in
            let tag = KeyValue(key, String(repeating: "x", count: length))
            let error = await #expect(throws: TrackingError.self) {
                try await test.tracking.setExperimentTag(id: "0", tag)
            }
            #expect(error?.code == .invalidParameter)
        }
    }

    @Test(arguments: [("99", TrackingError.Code.notFound), ("abc", .invalidParameter), ("", .invalidParameter)])
    func `an id that names nothing says why`(id: String, code: TrackingError.Code) async throws {
        try await TestTracking.run { test in
            let error = await #expect(throws: TrackingError.self) { try await test.tracking.experiment(id: id) }
            #expect(error?.code == code)
        }
    }

    @Test func `counts of runs leave deleted ones out`() async throws {
        try await TestTracking.run { test in
            _ = try await test.begin(startMs: 10)
            _ = try await test.begin(startMs: 30)
            try await test.tracking.setRun(id: try await test.begin(startMs: 99), stage: .deleted)
            let counts = try await test.tracking.runCounts()
            #expect(counts["0"]?.runs == 2)
            #expect(counts["0"]?.lastStartMs == 30)
        }
    }
}
