// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Tracking

/// Merging what two services know of one run.
struct MergingTests {
    private static func points(_ range: Range<Int>) -> [MetricPoint] {
        range.map { MetricPoint(timestampMs: Int64($0), step: Int64($0), value: Double($0 % 7)) }
    }

    private func state(_ test: TestTracking, _ run: String) async throws -> HistoryState {
        try #require(try await test.tracking.historyStates(run: run, keys: ["m"])["m"])
    }

    private static func state(of points: [MetricPoint]) -> HistoryState {
        var state = HistoryState()
        for point in points { state.add(point) }
        return state
    }

    @Test(arguments: [7, 200, 5_000])
    func `points come in any order and overlap, and each is there once`(size: Int) async throws {
        try await TestTracking.run { test in
            let run = try await test.tracking.createRun(RunDraft(experimentID: "0")).id
            let all = Self.points(0..<5_000)
            var added = 0
            for start in stride(from: 5_000 - size, through: 0, by: -size / 2 - 1) {
                let piece = Array(all[start..<min(start + size, all.count)])
                added += try await test.tracking.mergeHistories([("m", piece)], run: run)
            }
            added += try await test.tracking.mergeHistories([("m", all)], run: run)
            #expect(added == 5_000)
            #expect(try await state(test, run) == Self.state(of: all))
            #expect(try await test.tracking.mergeHistories([("m", all.shuffled())], run: run) == 0)
        }
    }

    @Test func `every NaN is one point, and both zeros are`() async throws {
        try await TestTracking.run { test in
            let run = try await test.tracking.createRun(RunDraft(experimentID: "0")).id
            let odd: [Double] = [.nan, .signalingNaN, 0, -0.0, .infinity, -.infinity]
            let points = odd.map { MetricPoint(timestampMs: 1, step: 1, value: $0) }
            #expect(try await test.tracking.mergeHistories([("m", points)], run: run) == 4)
            #expect(try await test.tracking.mergeHistories([("m", points)], run: run) == 0)
        }
    }

    @Test func `a state tells one point from another`() {
        let one = MetricPoint(timestampMs: 1, step: 2, value: 3)
        for other in [
            MetricPoint(timestampMs: 2, step: 1, value: 3), MetricPoint(timestampMs: 1, step: 2, value: 4),
            MetricPoint(timestampMs: 1, step: 3, value: 3),
        ] {
            #expect(Self.state(of: [one]) != Self.state(of: [other]))
        }
        #expect(Self.state(of: [one, one]) != Self.state(of: [one]))
    }

    @Test func `a mark changes with every point, whether it becomes a row or part of a block`() async throws {
        try await TestTracking.run { test in
            let run = try await test.tracking.createRun(RunDraft(experimentID: "0")).id
            var seen: Set<String> = []
            var next = 0
            for size in [1, 1, 100, 500, 600, 1, 2_000, 1] {
                let metrics = Self.points(next..<next + size).map { Metric("m", $0) }
                // A batch has at most a thousand.
                for start in stride(from: 0, to: size, by: 1_000) {
                    let batch = Array(metrics[start..<min(start + 1_000, size)])
                    try await test.tracking.log(.init(metrics: batch), run: run)
                }
                next += size
                let mark = try await test.tracking.historyMarks(runs: [run])[run]
                #expect(seen.insert(try #require(mark)).inserted, "after \(next)")
            }
        }
    }

    @Test func `a deletion is taken over once, and of a run that is here`() async throws {
        try await TestTracking.run { test in
            let run = try await test.tracking.createRun(RunDraft(experimentID: "0")).id
            #expect(try await test.tracking.adoptDeletion(ofRun: run) == .grown)
            #expect(try await test.tracking.run(id: run).stage == .deleted)
            #expect(try await test.tracking.adoptDeletion(ofRun: run) == .unchanged)
            #expect(try await test.tracking.adoptDeletion(ofRun: String(repeating: "0", count: 32)) == nil)
        }
    }

    @Test func `measured values of a logged model come in pages, and each once`() async throws {
        try await TestTracking.run { test in
            let tracking = test.tracking
            let run = try await tracking.createRun(RunDraft(experimentID: "0")).id
            let model = try await tracking.createModel(LoggedModelDraft(experimentID: "0", name: "m")).id
            let values = (0..<25).map { index in
                let value: Double = index % 5 == 0 ? .nan : Double(index)
                let metric = Metric(
                    key: "auc",
                    value: value,
                    timestampMs: Int64(index / 3),
                    step: Int64(index % 2),
                    dataset: .init(name: "d\(index)", digest: "")
                )
                return (metric: metric, run: run)
            }
            #expect(try await tracking.mergeModelMetrics(values, model: model) == 25)
            #expect(try await tracking.mergeModelMetrics(values, model: model) == 0)
            #expect(try await tracking.modelMetricCounts([model]) == [model: 25])
            var found: [String] = []
            var last: (metric: Metric, run: String)?
            repeat {
                let page = try await tracking.modelMetrics(of: model, after: last, limit: 4)
                found += page.map { $0.metric.dataset?.name ?? "" }
                last = page.last
            } while last != nil
            #expect(found.count == 25)
            #expect(Set(found).count == 25)
        }
    }
}
