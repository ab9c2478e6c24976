// SPDX-License-Identifier: Apache-2.0

import Testing
import Tracking

struct LoggedModelTests {
    @Test func `a model is pending until its files are there`() async throws {
        try await TestTracking.run { test in
            let run = try await test.begin()
            let draft = LoggedModelDraft(
                experimentID: "0",
                name: "tumour",
                modelType: "classifier",
                sourceRunID: run,
                params: [KeyValue("C", "1")],
                tags: [KeyValue("a#b", "any name")]
            )
            let model = try await test.tracking.createModel(draft)
            #expect(model.id.hasPrefix("m-") && model.id.count == 34)
            #expect(model.status == .pending)
            #expect(model.artifactURI == "mlflow-artifacts:/0/models/\(model.id)/artifacts")
            #expect(model.params == [KeyValue("C", "1")])
            #expect(model.tags == [KeyValue("a#b", "any name")])
            let ready = try await test.tracking.finalizeModel(id: model.id, status: .ready)
            #expect(ready.status == .ready)
            #expect(ready.updatedMs > ready.createdMs)
            #expect(try await test.tracking.models(of: run).map(\.id) == [model.id])
        }
    }

    @Test(arguments: ["a/b", "a:b", "a.b", "a%b", "a\"b", "a'b", String(repeating: "x", count: 501)])
    func `a name that MLflow refuses is refused`(name: String) async throws {
        try await TestTracking.run { test in
            let error = await #expect(throws: TrackingError.self) {
                try await test.tracking.createModel(LoggedModelDraft(experimentID: "0", name: name))
            }
            #expect(error?.code == .invalidParameter)
        }
    }

    @Test func `a model's parameter does not change, a tag does`() async throws {
        try await TestTracking.run { test in
            let id = try await test.tracking.createModel(LoggedModelDraft(experimentID: "0")).id
            try await test.tracking.annotateModel(id: id, params: [KeyValue("C", "1")], tags: [KeyValue("t", "1")])
            try await test.tracking.annotateModel(id: id, params: [KeyValue("C", "1")], tags: [KeyValue("t", "2")])
            let error = await #expect(throws: TrackingError.self) {
                try await test.tracking.annotateModel(id: id, params: [KeyValue("C", "2")], tags: [KeyValue("t", "3")])
            }
            #expect(error?.code == .invalidParameter)
            let model = try await test.tracking.model(id: id)
            #expect(model.params == [KeyValue("C", "1")])
            #expect(model.tags == [KeyValue("t", "2")])
            try await test.tracking.deleteModelTag(id: id, key: "t")
            let missing = await #expect(throws: TrackingError.self) {
                try await test.tracking.deleteModelTag(id: id, key: "t")
            }
            #expect(missing?.code == .notFound)
        }
    }

    @Test func `a deleted model is gone, and deleting it again is fine; its files are still known`() async throws {
        try await TestTracking.run { test in
            let model = try await test.tracking.createModel(LoggedModelDraft(experimentID: "0"))
            try await test.tracking.deleteModel(id: model.id)
            try await test.tracking.deleteModel(id: model.id)
            let error = await #expect(throws: TrackingError.self) { try await test.tracking.model(id: model.id) }
            #expect(error?.code == .notFound)
            #expect(try await test.tracking.searchModels(experimentIDs: ["0"]).isEmpty)
            #expect(try await test.tracking.artifactURI(ofModel: model.id) == model.artifactURI)
            let unknown = await #expect(throws: TrackingError.self) {
                try await test.tracking.deleteModel(id: "m-nothing")
            }
            #expect(unknown?.code == .notFound)
        }
    }

    @Test func `metrics of one batch reach each their model, and the run's history holds each point once`() async throws
    {
        try await TestTracking.run { test in
            let run = try await test.begin()
            let first = try await test.tracking.createModel(LoggedModelDraft(experimentID: "0")).id
            let second = try await test.tracking.createModel(LoggedModelDraft(experimentID: "0")).id
            let data = Metric.Dataset(name: "test", digest: "d1")
            let point = Metric(key: "recall", value: 0.9, timestampMs: 5, step: 1)
            try await test.tracking.log(.init(metrics: [point]), run: run)
            let metrics = [
                Metric(key: "recall", value: 0.9, timestampMs: 5, step: 1, modelID: first, dataset: data),
                Metric(key: "recall", value: 0.8, timestampMs: 6, step: 1, modelID: second),
                Metric(key: "plain", value: .nan, timestampMs: 6),
            ]
            try await test.tracking.log(.init(metrics: metrics), run: run)
            #expect(try await test.tracking.model(id: first).metrics.map(\.metric) == [metrics[0]])
            #expect(try await test.tracking.model(id: first).metrics.map(\.runID) == [run])
            #expect(try await test.tracking.model(id: second).metrics.map(\.metric) == [metrics[1]])
            let history = try await test.tracking.metricHistory(run: run, key: "recall")
            #expect(history.map(\.value) == [0.9, 0.8])
        }
    }

    @Test func `a metric of a model that is not there is refused with its batch`() async throws {
        try await TestTracking.run { test in
            let run = try await test.begin()
            let metric = Metric(key: "recall", value: 1, timestampMs: 1, modelID: "m-nothing")
            let error = await #expect(throws: TrackingError.self) {
                try await test.tracking.log(.init(metrics: [metric]), run: run)
            }
            #expect(error?.code == .notFound)
            #expect(try await test.tracking.run(id: run).metrics.isEmpty)
        }
    }

    @Test func `a model is read with a bounded number of metrics`() async throws {
        try await TestTracking.run { test in
            let run = try await test.begin()
            let id = try await test.tracking.createModel(LoggedModelDraft(experimentID: "0")).id
            for part in 0..<2 {
                let metrics = (0..<700).map { step in
                    Metric(key: "loss", value: 1, timestampMs: Int64(part), step: Int64(step), modelID: id)
                }
                try await test.tracking.log(.init(metrics: metrics), run: run)
            }
            #expect(try await test.tracking.model(id: id).metrics.count == TrackingService.modelMetricLimit)
        }
    }
}
