// SPDX-License-Identifier: Apache-2.0

import Database
import Testing

@testable import Tracking

/// However a search goes about it, it finds the same runs in the same order, page after page.
@Suite(.timeLimit(.minutes(5)))
struct SearchWayTests {
    private static let filters = [
        "", "metrics.m > 2", "metrics.m <= 2 AND params.p = 'b'", "params.p IN ('a', 'c') AND metrics.n = 1",
        "tags.t = 'x' AND params.p = 'a' AND metrics.m != 0", "params.p = 'none'", "params.p = 'a' OR metrics.m > 3",
        "NOT params.p = 'a' AND metrics.m > 0", "(params.p = 'a' AND tags.t = 'x')", "params.long = '\(long)'",
        "params.long = 'b' AND metrics.m >= 0", "status = 'RUNNING' AND metrics.m < 4",
    ]
    private static let orders: [[String]] = [
        [], ["metrics.m"], ["metrics.m DESC"], ["metrics.m DESC", "params.p"], ["params.p DESC", "metrics.n"],
        ["start_time"], ["tags.t", "run_name DESC"], ["metrics.none"],
    ]
    private static let long = String(repeating: "l", count: 65)

    private func withRuns(_ body: (TestTracking, [String]) async throws -> Void) async throws {
        try await TestTracking.run { test in
            let other = try await test.tracking.createExperiment(name: "other")
            for number in 0..<90 {
                let experiment = number % 3 == 0 ? other : "0"
                let id = try await test.begin(in: experiment, startMs: Int64(number / 2))
                var batch = TrackingService.Batch()
                if number % 7 != 0 {
                    let value = number % 11 == 0 ? Double.nan : Double(number % 5)
                    batch.metrics.append(Metric(key: "m", value: value, timestampMs: 1))
                }
                batch.metrics.append(Metric(key: "n", value: Double(number % 2), timestampMs: 1))
                if number % 5 != 0 { batch.params.append(KeyValue("p", ["a", "b", "c"][number % 3])) }
                batch.params.append(KeyValue("long", number % 4 == 0 ? Self.long : "b"))
                if number % 2 == 0 { batch.tags.append(KeyValue("t", "x")) }
                try await test.tracking.log(batch, run: id)
                if number % 13 == 0 { try await test.tracking.setRun(id: id, stage: .deleted) }
            }
            try await body(test, ["0", other])
        }
    }

    private func all(_ search: RunSearch, by way: RunQuery.Way?, _ test: TestTracking) async throws -> [String] {
        var found: [String] = []
        var search = search
        repeat {
            let query = try RunQuery(search)
            let page = try await test.database.read { try query.page($0, by: way) }
            found += page.map { $0.string(1) }
            search.after = page.next
        } while search.after != nil
        return found
    }

    @Test func `every way finds the same`() async throws {
        try await withRuns { test, experiments in
            for ids in [["0"], experiments, nil] as [[String]?] {
                for filter in Self.filters {
                    for order in Self.orders {
                        var search = RunSearch(experimentIDs: ids, filter: filter, orderBy: order)
                        let expected = try await all(search, by: .runs, test)
                        for way in [.metric, .lookup, nil] as [RunQuery.Way?] {
                            for limit in [1_000, 7] {
                                search.limit = limit
                                let found = try await all(search, by: way, test)
                                #expect(found == expected, "\(filter) \(order) \(String(describing: way)) \(limit)")
                            }
                        }
                    }
                }
            }
        }
    }

    @Test func `the filters tell runs apart`() async throws {
        try await withRuns { test, _ in
            var counts: Set<Int> = []
            for filter in Self.filters {
                counts.insert(try await test.tracking.searchRuns(RunSearch(experimentIDs: ["0"], filter: filter)).count)
            }
            #expect(counts.count > 6)
        }
    }
}
