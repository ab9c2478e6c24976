// SPDX-License-Identifier: Apache-2.0

import Database
import Testing

@testable import Tracking

/// Histories that are blocks and rows: nobody sees the difference.
@Suite(.timeLimit(.minutes(5)))
struct LongHistoryTests {
    /// Logs points in calls of `size`.
    private func log(_ points: [MetricPoint], in size: Int, run: String, _ test: TestTracking) async throws {
        var rest = points[...]
        while !rest.isEmpty {
            let metrics = rest.prefix(size).map { Metric("m", $0) }
            try await test.tracking.log(.init(metrics: metrics), run: run)
            rest = rest.dropFirst(size)
        }
    }

    private func history(of run: String, page: Int, _ test: TestTracking) async throws -> [MetricPoint] {
        var points: [MetricPoint] = []
        var token: PageToken?
        repeat {
            let found = try await test.tracking.metricHistory(run: run, key: "m", after: token, limit: page)
            #expect(found.count <= page)
            points += found.map(\.point)
            token = found.next
        } while token != nil
        return points
    }

    private func blocks(_ test: TestTracking) async throws -> Int64 {
        try await test.database.read { try $0.row("SELECT count(*) FROM tracking_blocks")?.int64(0) ?? 0 }
    }

    /// Points at times that come again, with values that do, among them NaN and infinities.
    private static func points(_ count: Int, seed: UInt64) -> [MetricPoint] {
        var state = seed
        func next(_ bound: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % bound
        }
        return (0..<count).map { _ in
            let special: [Double] = [.nan, .infinity, -.infinity, 0]
            let value = next(10) == 0 ? special[Int(next(4))] : Double(next(5)) - 2
            return MetricPoint(timestampMs: Int64(next(1_500)), step: Int64(next(3)), value: value)
        }
    }

    @Test(arguments: [(1, 1_300), (7, 8_000), (127, 70_000), (128, 6_000), (1_000, 6_000)])
    func `a history in calls of any size comes back in order, each point once`(size: Int, count: Int) async throws {
        try await TestTracking.run { test in
            let points = Self.points(count, seed: UInt64(size))
            let run = try await test.begin()
            try await log(points, in: size, run: run, test)
            let count = try await blocks(test)
            #expect(count > 0)
            var expected: [MetricPoint] = []
            for point in points.sorted() where expected.last.map({ !$0.isSame(as: point) }) ?? true {
                expected.append(point)
            }
            for page in [25_000, 999, 100] {
                let found = try await history(of: run, page: page, test)
                #expect(found.count == expected.count)
                #expect(zip(found, expected).allSatisfy { $0.isSame(as: $1) })
            }
            let latest = try #require(try await test.tracking.run(id: run).metrics.first?.point)
            let last = try #require(points.max { $1.isLater(than: $0) })
            #expect(latest.isSame(as: last))
        }
    }

    @Test func `logging everything again changes nothing`() async throws {
        try await TestTracking.run { test in
            let run = try await test.begin()
            let points = (0..<3_000).map { MetricPoint(timestampMs: Int64($0), step: Int64($0), value: 1) }
            try await log(points, in: 1_000, run: run, test)
            try await log(points, in: 100, run: run, test)
            #expect(try await history(of: run, page: 1_024, test) == points)
        }
    }

    @Test func `runs and metrics beside each other keep their own points`() async throws {
        try await TestTracking.run { test in
            let runs = [try await test.begin(), try await test.begin()]
            for run in runs {
                for key in ["a", "b"] {
                    let metrics = (0..<1_000).map { step in
                        Metric(key: key, value: run == runs[0] ? 1 : 2, timestampMs: Int64(step), step: Int64(step))
                    }
                    try await test.tracking.log(.init(metrics: metrics), run: run)
                }
            }
            for (run, value) in zip(runs, [1.0, 2]) {
                let history = try await test.tracking.metricHistory(run: run, key: "b")
                #expect(history.count == 1_000)
                #expect(history.allSatisfy { $0.value == value && $0.key == "b" })
            }
        }
    }

    @Test func `a block that is damaged is an error of the store, and what is beside it is read`() async throws {
        try await TestTracking.run { test in
            let run = try await test.begin()
            try await log(Self.points(1_000, seed: 1), in: 1_000, run: run, test)
            try await test.tracking.log(.init(metrics: [Metric(key: "other", value: 1, timestampMs: 1)]), run: run)
            let damage: [UInt8] = [1, 2]
            try await test.database.write { _ = try $0.execute("UPDATE tracking_blocks SET bytes = \(damage)") }
            func code(_ key: String) async -> TrackingError.Code? {
                await #expect(throws: TrackingError.self) {
                    try await test.tracking.metricHistory(run: run, key: key)
                }?.code
            }
            #expect(await code("m") == .corrupt)
            #expect(try await test.tracking.metricHistory(run: run, key: "other").count == 1)
            try await test.database.write { _ = try $0.execute("UPDATE tracking_batches SET bytes = \(damage)") }
            #expect(await code("other") == .corrupt)
        }
    }

    // MARK: Many metrics

    /// Few points of many metrics are left over again and again until they are worth a block, or too many.
    @Test(arguments: [8, 1_000])
    func `many metrics of few points each keep them, whatever becomes of their batches`(rest: Int) async throws {
        try await TestTracking.run { test in
            let run = try await test.begin()
            let limits = HistoryWriter.Limits(block: 6, batches: 5, fresh: 40, worth: 4, rest: rest)
            var expected: [Int64: Set<MetricPoint>] = [:]
            var rested = false
            var packed = false
            for turn in 0..<120 as Range<Int64> {
                // A rare metric, a frequent one, one of a few points a call, and one that comes twice.
                let few: [(key: Int64, step: Int64)] = [(turn % 37, 0), (100, 0), (100, 0)]
                let points = few + (0..<(turn % 8)).map { (key: 101, step: $0) }
                let keyed = (turn % 3 == 0 ? points.reversed() : points).map { key, place in
                    KeyedPoint(
                        key: key,
                        point: MetricPoint(timestampMs: 1_000 - turn, step: place, value: Double(turn))
                    )
                }
                for entry in keyed { expected[entry.key, default: []].insert(entry.point) }
                let state = try await test.database.write { writer in
                    let key = try Store.key(ofRun: run, writer.reader)
                    try HistoryWriter(run: key, writer, limits: limits).append(keyed)
                    let rows = try writer.rows("SELECT number FROM tracking_batches ORDER BY number")
                    let blocks = try writer.row("SELECT count(*) FROM tracking_blocks WHERE points < 4")?.int64(0)
                    return (rows.first?.int64(0), rows.count, blocks ?? 0)
                }
                rested = rested || state.0 == 0
                packed = packed || state.2 > 0
                #expect(state.1 <= 40)
            }
            #expect(rested)
            #expect(packed == (rest == 8))
            let found = try await test.database.read { [keys = expected.keys] reader in
                let run = try Store.key(ofRun: run, reader).number
                var found: [Int64: [MetricPoint]] = [:]
                for key in keys {
                    try MetricHistory(key: key, run: run, reader).scan { piece in
                        found[key, default: []] += piece
                        return true
                    }
                }
                return found
            }
            #expect(found == expected.mapValues { $0.sorted() })
        }
    }

    // MARK: Samples

    @Test func `a sample is spread evenly, with the first and the last point`() async throws {
        try await TestTracking.run { test in
            let run = try await test.begin()
            let points = (0..<1_000).map { MetricPoint(timestampMs: 5, step: Int64($0), value: Double($0)) }
            try await log(points, in: 1_000, run: run, test)
            func steps(_ limit: Int, _ range: ClosedRange<Int64>? = nil) async throws -> [Int64] {
                try await test.tracking.sampledHistory(run: run, key: "m", steps: range, limit: limit).map(\.step)
            }
            #expect(try await steps(1) == [999])
            #expect(try await steps(4) == [0, 250, 500, 999])
            #expect(try await steps(3, 10...16) == [10, 13, 16])
            #expect(try await steps(2_000).count == 1_000)
            #expect(try await steps(10, 2_000...3_000) == [])
            #expect(try await test.tracking.sampledHistory(run: run, key: "none", limit: 5).isEmpty)
            #expect(try await test.tracking.sampledHistory(run: "none", key: "m", limit: 5).isEmpty)
        }
    }

    @Test(arguments: [true, false])
    func `a sample of extremes keeps every peak, whether steps go on with time or not`(isOrdered: Bool) async throws {
        try await TestTracking.run { test in
            let run = try await test.begin()
            let peaks: [Int: Double] = [17: 9, 503: -9, 998: .infinity]
            let points = (0..<1_000).map { step in
                let time = Int64(isOrdered ? step : 2_000 - step)
                return MetricPoint(
                    timestampMs: time,
                    step: Int64(step),
                    value: peaks[step] ?? (step % 3 == 0 ? .nan : 0)
                )
            }
            try await log(points, in: 100, run: run, test)
            let sample = try await test.tracking.sampledHistory(run: run, key: "m", limit: 20, sampling: .extremes)
            #expect(sample.count <= 20)
            #expect(sample.map(\.step) == sample.map(\.step).sorted())
            #expect(Set(sample.map(\.value)).isSuperset(of: [9, -9, .infinity]))
            let single = try await test.tracking.sampledHistory(run: run, key: "m", limit: 1, sampling: .extremes)
            #expect(single.count == 1)
        }
    }
}
