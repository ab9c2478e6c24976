// SPDX-License-Identifier: Apache-2.0

import Testing
import Tracking

struct SearchOrderTests {
    @Test(
        arguments: [
            ([], "-inf inf one none nan three"), (["start_time"], "three nan none one inf -inf"),
            (["attributes.start_time DESC"], "-inf inf one none nan three"),
            // What is no number, and then what is missing, come last in both directions.
            (["metrics.recall"], "-inf one three inf nan none"),
            (["metrics.recall ASC"], "-inf one three inf nan none"),
            (["metrics.`recall` desc"], "inf three one -inf nan none"),
            (["  metrics.recall   DESC  "], "inf three one -inf nan none"),
            (["params.p DESC"], "-inf inf one nan three none"),
            (["params.p", "metrics.recall DESC"], "three nan inf one -inf none"),
            (["run_name"], "-inf inf nan none one three"),
            (["end_time", "run_name DESC"], "three one none nan inf -inf"),
        ] as [([String], String)]
    )
    func `an order gives the runs in it`(order: [String], expected: String) async throws {
        try await TestTracking.withOrderedRuns { test in
            let search = RunSearch(experimentIDs: ["0"], orderBy: order)
            let runs = try await test.tracking.searchRuns(search)
            #expect(runs.map(\.name).joined(separator: " ") == expected)
        }
    }

    @Test func `a field that is named again decides nothing`() async throws {
        try await TestTracking.withOrderedRuns { test in
            let once = RunSearch(experimentIDs: ["0"], orderBy: ["metrics.recall"])
            let twice = RunSearch(experimentIDs: ["0"], orderBy: ["metrics.recall", "metrics.recall DESC"])
            let expected = try await test.tracking.searchRuns(once).map(\.name)
            #expect(try await test.tracking.searchRuns(twice).map(\.name) == expected)
        }
    }

    @Test(
        arguments: [
            ["bogus"], ["metrics.recall upwards"], ["metrics.recall; DROP TABLE x"], [""], ["DESC DESC DESC"],
            ["datasets.name"], ["'text' DESC"], ["metrics.`recall"],
            (0..<21).map { "metrics.m\($0)" },
        ]
    )
    func `an order that cannot be read is refused`(order: [String]) async throws {
        try await TestTracking.withOrderedRuns { test in
            let search = RunSearch(experimentIDs: ["0"], orderBy: order)
            let error = await #expect(throws: TrackingError.self) { try await test.tracking.searchRuns(search) }
            #expect(error?.code == .invalidParameter)
            #expect(error?.what.contains("cannot order by") == true)
        }
    }

    @Test func `models are ordered by what they measured last, on all data or on some`() async throws {
        try await TestTracking.run { test in
            let tracking = test.tracking
            let run = try await test.begin()
            let values: [(name: String, early: Double, late: Double)] = [
                ("a", 0.9, 0.1), ("b", 0.5, 0.5), ("c", 0.1, 0.9),
            ]
            for (name, early, late) in values {
                let id = try await tracking.createModel(LoggedModelDraft(experimentID: "0", name: name)).id
                let metrics = [
                    Metric(
                        key: "f1",
                        value: early,
                        timestampMs: 1,
                        modelID: id,
                        dataset: .init(name: "early", digest: "1")
                    ),
                    Metric(
                        key: "f1",
                        value: late,
                        timestampMs: 2,
                        modelID: id,
                        dataset: .init(name: "late", digest: "2")
                    ),
                ]
                try await tracking.log(.init(metrics: metrics), run: run)
            }
            _ = try await tracking.createModel(LoggedModelDraft(experimentID: "0", name: "d"))
            func names(_ term: SearchOrderTerm) async throws -> [String] {
                try await tracking.searchModels(experimentIDs: ["0"], orderBy: [term]).map(\.name)
            }
            #expect(try await names(.init(field: "metrics.f1", isDescending: true)) == ["c", "b", "a", "d"])
            let early = SearchOrderTerm(field: "metrics.f1", isDescending: true, dataset: DatasetFilter(name: "early"))
            #expect(try await names(early) == ["a", "b", "c", "d"])
            #expect(try await names(.init(field: "name", isDescending: false)) == ["a", "b", "c", "d"])
        }
    }
}
