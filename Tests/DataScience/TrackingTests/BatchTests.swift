// SPDX-License-Identifier: Apache-2.0

import Testing
import Tracking

/// What a batch may hold; the rules are those of MLflow 3.17's own server.
struct BatchTests {
    @Test func `a parameter keeps its value; the same one again is fine`() async throws {
        try await TestTracking.run { test in
            let id = try await test.begin()
            try await test.tracking.log(.init(params: [KeyValue("depth", "3")]), run: id)
            try await test.tracking.log(.init(params: [KeyValue("depth", "3"), KeyValue("rate", "0.1")]), run: id)
            #expect(try await test.tracking.run(id: id).params == [KeyValue("depth", "3"), KeyValue("rate", "0.1")])
            let error = await #expect(throws: TrackingError.self) {
                try await test.tracking.log(.init(params: [KeyValue("depth", "5")]), run: id)
            }
            #expect(error?.code == .invalidParameter)
            #expect(error?.what.contains("`depth`") == true)
            #expect(error?.why.contains("`3`") == true)
            #expect(error?.why.contains("`5`") == true)
        }
    }

    @Test func `of a batch with one wrong entry nothing is kept`() async throws {
        try await TestTracking.run { test in
            let id = try await test.begin(name: "one")
            try await test.tracking.log(.init(params: [KeyValue("depth", "3")]), run: id)
            let batch = TrackingService.Batch(
                metrics: [Metric(key: "loss", value: 1, timestampMs: 1)],
                params: [KeyValue("new", "1"), KeyValue("depth", "4")],
                tags: [KeyValue("mlflow.runName", "two")]
            )
            await #expect(throws: TrackingError.self) { try await test.tracking.log(batch, run: id) }
            let run = try await test.tracking.run(id: id)
            #expect(run.name == "one")
            #expect(run.params == [KeyValue("depth", "3")])
            #expect(run.metrics.isEmpty)
            #expect(try await test.tracking.metricHistory(run: id, key: "loss").isEmpty)
        }
    }

    @Test(
        arguments: [
            (1_000, 0, 0, true), (1_001, 0, 0, false), (0, 100, 0, true), (0, 101, 0, false), (0, 0, 100, true),
            (0, 0, 101, false), (900, 50, 50, true), (901, 50, 50, false), (0, 0, 0, true),
        ]
    )
    func `a batch has at most 1000 metrics, 100 params, 100 tags, 1000 in all`(
        metrics: Int,
        params: Int,
        tags: Int,
        isAllowed: Bool
    ) async throws {
        try await TestTracking.run { test in
            let id = try await test.begin()
            let batch = TrackingService.Batch(
                metrics: (0..<metrics).map { Metric(key: "m\($0)", value: 1, timestampMs: 1) },
                params: (0..<params).map { KeyValue("p\($0)", "1") },
                tags: (0..<tags).map { KeyValue("t\($0)", "1") }
            )
            if isAllowed {
                try await test.tracking.log(batch, run: id)
                #expect(try await test.tracking.run(id: id).metrics.count == metrics)
            } else {
                let error = await #expect(throws: TrackingError.self) { try await test.tracking.log(batch, run: id) }
                #expect(error?.code == .invalidParameter)
                #expect(error?.next == "send several")
            }
        }
    }

    @Test func `a batch names a parameter once`() async throws {
        try await TestTracking.run { test in
            let id = try await test.begin()
            let batch = TrackingService.Batch(params: [KeyValue("a", "1"), KeyValue("a", "1")])
            let error = await #expect(throws: TrackingError.self) { try await test.tracking.log(batch, run: id) }
            #expect(error?.why.contains("`a` twice") == true)
        }
    }

    @Test(
        arguments: [
            "a", "a b", "a:b", "a/b/c", "a.b", "_", "-", " ", "ü", "日本", "½", "x/..b",
            String(repeating: "ü", count: 250),
        ]
    )
    func `a key that MLflow takes is taken`(key: String) async throws {
        try await TestTracking.run { test in
            let id = try await test.begin()
            let metric = Metric(key: key, value: 1, timestampMs: 1)
            try await test.tracking.log(
                .init(metrics: [metric], params: [KeyValue(key, "1")], tags: [KeyValue(key, "1")]),
                run: id
            )
            let run = try await test.tracking.run(id: id)
            #expect(run.metrics == [metric])
            #expect(run.param(key) == "1")
            #expect(run.tag(key) == "1")
        }
    }

    @Test(
        arguments: [
            "", "/a", "a/", "a//b", "../a", "a/../b", ".", "..", "./a", "...", "a#b", "a\nb", "a\tb", "a\0b", "a\\b",
            "a\u{301}", "🙂", String(repeating: "k", count: 251),
        ]
    )
    func `a key that MLflow refuses is refused everywhere`(key: String) async throws {
        try await TestTracking.run { test in
            let id = try await test.begin()
            let batches: [TrackingService.Batch] = [
                .init(metrics: [Metric(key: key, value: 1, timestampMs: 1)]), .init(params: [KeyValue(key, "1")]),
                .init(tags: [KeyValue(key, "1")]),
            ]
            for batch in batches {
                let error = await #expect(throws: TrackingError.self) { try await test.tracking.log(batch, run: id) }
                #expect(error?.code == .invalidParameter)
            }
        }
    }

    @Test func `long values are cut by characters, as MLflow cuts them`() async throws {
        try await TestTracking.run { test in
            let id = try await test.begin()
            let long = String(repeating: "ü", count: 9_000)
            let batch = TrackingService.Batch(params: [KeyValue("p", long)], tags: [KeyValue("t", long)])
            try await test.tracking.log(batch, run: id)
            let run = try await test.tracking.run(id: id)
            #expect(run.param("p") == String(repeating: "ü", count: 6_000))
            #expect(run.tag("t") == String(repeating: "ü", count: 8_000))
            try await test.tracking.log(batch, run: id)
        }
    }

    @Test func `values come back as they were sent, a NUL is refused`() async throws {
        try await TestTracking.run { test in
            let id = try await test.begin()
            let value = "'; DROP TABLE tracking_runs; --\n\"\\\u{1F9EA} e\u{301}"
            try await test.tracking.log(.init(params: [KeyValue("p", value)], tags: [KeyValue("t", "")]), run: id)
            let run = try await test.tracking.run(id: id)
            #expect(run.param("p").map { Array($0.utf8) } == Array(value.utf8))
            #expect(run.tag("t")?.isEmpty == true)
            let error = await #expect(throws: TrackingError.self) {
                try await test.tracking.log(.init(params: [KeyValue("n", "a\0b")]), run: id)
            }
            #expect(error?.code == .invalidParameter)
        }
    }
}
