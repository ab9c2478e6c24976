// SPDX-License-Identifier: Apache-2.0

import Testing
import Tracking

struct AdoptionTests {
    private static let id = "0123456789abcdef0123456789abcdef"

    private static func record(in experiment: String = "0") -> RunRecord {
        var record = RunRecord(
            id: id,
            experimentID: experiment,
            name: "first",
            status: .finished,
            startMs: 10,
            endMs: 20
        )
        record.userID = "ada"
        record.params = [KeyValue("depth", "3")]
        record.tags = [KeyValue("note", "good")]
        record.inputs = [DatasetInput(name: "iris", digest: "d1", sourceType: "local", source: "iris.csv")]
        return record
    }

    @Test func `a run comes with its own id, times, status and all that belongs to it`() async throws {
        try await TestTracking.run { test in
            let adopted = try await test.tracking.adopt(Self.record())
            #expect(adopted.outcome == .added)
            let run = try await test.tracking.run(id: Self.id)
            #expect(run.name == "first")
            #expect(run.status == .finished)
            #expect(run.startMs == 10)
            #expect(run.endMs == 20)
            #expect(run.userID == "ada")
            #expect(run.param("depth") == "3")
            #expect(run.tag("note") == "good")
            #expect(run.tag("mlflow.runName") == "first")
            #expect(run.inputs.map(\.name) == ["iris"])
            #expect(adopted.artifactURI == run.artifactURI)
            #expect(run.artifactURI == "mlflow-artifacts:/0/\(Self.id)/artifacts")
        }
    }

    @Test func `the second time nothing changes`() async throws {
        try await TestTracking.run { test in
            _ = try await test.tracking.adopt(Self.record())
            #expect(try await test.tracking.adoption(of: Self.record()) == .unchanged)
            #expect(try await test.tracking.adopt(Self.record()).outcome == .unchanged)
        }
    }

    @Test func `a run that grew is topped up, and keeps what was noted here`() async throws {
        try await TestTracking.run { test in
            var young = Self.record()
            young.status = .running
            young.endMs = nil
            _ = try await test.tracking.adopt(young)
            try await test.tracking.log(.init(tags: [KeyValue("here", "yes")]), run: Self.id)
            var grown = Self.record()
            grown.params.append(KeyValue("width", "5"))
            grown.tags = [KeyValue("note", "better")]
            #expect(try await test.tracking.adoption(of: grown) == .grown)
            #expect(try await test.tracking.adopt(grown).outcome == .grown)
            let run = try await test.tracking.run(id: Self.id)
            #expect(run.status == .finished)
            #expect(run.endMs == 20)
            #expect(run.param("width") == "5")
            #expect(run.tag("note") == "better")
            #expect(run.tag("here") == "yes")
        }
    }

    @Test func `an older state of a run does not take it back`() async throws {
        try await TestTracking.run { test in
            _ = try await test.tracking.adopt(Self.record())
            var old = Self.record()
            old.status = .running
            old.endMs = nil
            old.params = []
            #expect(try await test.tracking.adopt(old).outcome == .unchanged)
            #expect(try await test.tracking.run(id: Self.id).status == .finished)
        }
    }

    @Test func `another value of a parameter is a conflict, and nothing of the run is written`() async throws {
        try await TestTracking.run { test in
            _ = try await test.tracking.adopt(Self.record())
            var other = Self.record()
            other.params = [KeyValue("depth", "4"), KeyValue("width", "5")]
            other.tags.append(KeyValue("new", "tag"))
            let error = await #expect(throws: TrackingError.self) { try await test.tracking.adopt(other) }
            #expect(error?.code == .alreadyExists)
            #expect(error?.why.contains("`3` here and `4` there") == true)
            let run = try await test.tracking.run(id: Self.id)
            #expect(run.params == [KeyValue("depth", "3")])
            #expect(run.tag("new") == nil)
        }
    }

    @Test func `a deleted run comes deleted, and may grow`() async throws {
        try await TestTracking.run { test in
            var record = Self.record()
            record.stage = .deleted
            _ = try await test.tracking.adopt(record)
            #expect(try await test.tracking.run(id: Self.id).stage == .deleted)
            record.tags.append(KeyValue("late", "yes"))
            #expect(try await test.tracking.adopt(record).outcome == .grown)
            try await test.tracking.adoptMetrics([Metric(key: "loss", value: 1, timestampMs: 1)], run: Self.id)
            #expect(try await test.tracking.run(id: Self.id).metric("loss") == 1)
        }
    }

    @Test(arguments: ["", "0123", "../../../../../../../../etc/passwd", "0123456789ABCDEF0123456789ABCDEF"])
    func `an id that is not 32 hexadecimal digits is refused`(id: String) async throws {
        try await TestTracking.run { test in
            var record = Self.record()
            record.id = id
            let wrong = record
            let error = await #expect(throws: TrackingError.self) { try await test.tracking.adopt(wrong) }
            #expect(error?.code == .invalidParameter)
        }
    }

    @Test func `an experiment is known by its name, also a deleted one`() async throws {
        try await TestTracking.run { test in
            var record = ExperimentRecord(name: "old", stage: .deleted, createdMs: 5, tags: [KeyValue("team", "a")])
            let first = try await test.tracking.adopt(record)
            #expect(first.outcome == .added)
            let made = try await test.tracking.experiment(id: first.id)
            #expect(made.stage == .deleted)
            #expect(made.createdMs == 5)
            #expect(made.artifactLocation == "mlflow-artifacts:/\(first.id)")
            #expect(try await test.tracking.adopt(record).outcome == .unchanged)
            record.tags.append(KeyValue("more", "b"))
            let second = try await test.tracking.adopt(record)
            #expect(second.id == first.id)
            #expect(second.outcome == .grown)
        }
    }

    @Test func `a logged model comes with its links, and a link to a model that is not here is left out`() async throws
    {
        try await TestTracking.run { test in
            let model = "m-\(Self.id)"
            var record = ModelRecord(id: model, experimentID: "0", name: "tree", status: .pending, createdMs: 4)
            record.params = [KeyValue("depth", "3")]
            record.sourceRunID = Self.id
            #expect(try await test.tracking.adopt(record).outcome == .added)
            #expect(try await test.tracking.adopt(record).outcome == .unchanged)
            record.status = .ready
            record.tags = [KeyValue("kind", "tree")]
            #expect(try await test.tracking.adopt(record).outcome == .grown)
            var run = Self.record()
            run.modelOutputs = [(model, 7), ("m-ffffffffffffffffffffffffffffffff", 0)]
            _ = try await test.tracking.adopt(run)
            #expect(try await test.tracking.adopt(run).outcome == .unchanged)
            #expect(try await test.tracking.run(id: Self.id).modelOutputs.map(\.modelID) == [model])
            let point = Metric(key: "auc", value: 0.5, timestampMs: 3, modelID: model, dataset: nil)
            try await test.tracking.adoptMetrics([point], run: Self.id)
            let stored = try await test.tracking.model(id: model)
            #expect(stored.status == .ready)
            #expect(stored.createdMs == 4)
            #expect(stored.metrics.map(\.metric.value) == [0.5])
            #expect(stored.metrics.map(\.runID) == [Self.id])
        }
    }

    @Test func `points that are there are not counted again, not a number among them`() async throws {
        try await TestTracking.run { test in
            _ = try await test.tracking.adopt(Self.record())
            let points = [1.0, .nan, .infinity, -.infinity].enumerated().map { index, value in
                Metric(key: "loss", value: value, timestampMs: 5, step: Int64(index))
            }
            var first = MetricAdoption(test.tracking, run: Self.id, isNew: true)
            #expect(try await first.add(points + points.prefix(1), of: "loss") == 4)
            var second = MetricAdoption(test.tracking, run: Self.id, isNew: false)
            #expect(try await second.add(points, of: "loss") == 0)
            let later = Metric(key: "loss", value: 9, timestampMs: 6, step: 4)
            #expect(try await second.add([later], of: "loss") == 1)
            let history = try await test.tracking.metricHistory(run: Self.id, key: "loss")
            #expect(history.map(\.step) == [0, 1, 2, 3, 4])
            #expect(history[1].value.isNaN)
        }
    }

    @Test func `points can be counted without adding them`() async throws {
        try await TestTracking.run { test in
            _ = try await test.tracking.adopt(Self.record())
            var counting = MetricAdoption(test.tracking, run: Self.id, isNew: false, writes: false)
            let point = Metric(key: "loss", value: 1, timestampMs: 1)
            #expect(try await counting.add([point], of: "loss") == 1)
            #expect(try await test.tracking.run(id: Self.id).metrics.isEmpty)
        }
    }
}
