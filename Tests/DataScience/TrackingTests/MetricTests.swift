// SPDX-License-Identifier: Apache-2.0

import Testing
import Tracking

/// Histories and latest values; what is expected was read from MLflow 3.17's own server.
@Suite(.timeLimit(.minutes(5)))
struct MetricTests {
    struct Point: Sendable {
        let value: Double
        let timestampMs: Int64
        let step: Int64

        init(_ value: Double, _ timestampMs: Int64, _ step: Int64) {
            self.value = value
            self.timestampMs = timestampMs
            self.step = step
        }

        func metric(_ key: String) -> Metric { Metric(key: key, value: value, timestampMs: timestampMs, step: step) }
    }

    @Test func `a history comes by time, then step, then value`() async throws {
        try await TestTracking.run { test in
            let id = try await test.begin()
            let points: [Point] = [
                .init(3, 10, 2), .init(1, 30, 0), .init(2, 20, 1), .init(2.5, 20, 1), .init(9, 20, 0),
            ]
            try await test.tracking.log(.init(metrics: points.map { $0.metric("h") }), run: id)
            let history = try await test.tracking.metricHistory(run: id, key: "h")
            #expect(history.map(\.value) == [3, 9, 2, 2.5, 1])
            #expect(history.next == nil)
            #expect(try await test.tracking.metricHistory(run: id, key: "other").isEmpty)
        }
    }

    @Test func `a point that is there already adds nothing`() async throws {
        try await TestTracking.run { test in
            let id = try await test.begin()
            let points = [Point(1, 1, 1), .init(.nan, 2, 1), .init(1, 1, 1)].map { $0.metric("h") }
            try await test.tracking.log(.init(metrics: points), run: id)
            try await test.tracking.log(.init(metrics: points), run: id)
            #expect(try await test.tracking.metricHistory(run: id, key: "h").count == 2)
        }
    }

    @Test(
        arguments: [
            ([Point(1, 9, 1), .init(2, 1, 2)], 2.0), ([.init(2, 1, 2), .init(1, 9, 1)], 2),
            ([.init(1, 5, 1), .init(2, 4, 1)], 1), ([.init(1, 5, 1), .init(2, 5, 1)], 2),
            ([.init(2, 5, 1), .init(1, 5, 1)], 2), ([.init(5, 1, -3), .init(6, 1, -4)], 5),
            ([.init(-5, 1, 1), .init(.nan, 1, 1)], .nan), ([.init(.nan, 1, 1), .init(-5, 1, 1)], .nan),
            ([.init(5, 1, 1), .init(.nan, 1, 1)], 5), ([.init(.nan, 1, 1), .init(5, 1, 1)], 5),
            ([.init(.infinity, 1, 1), .init(5, 1, 1)], .infinity),
            ([.init(-.infinity, 1, 1), .init(5, 1, 0)], -.infinity),
        ] as [([Point], Double)]
    )
    func `the latest value is by step, then time, then value, however it came`(
        points: [Point],
        latest: Double
    ) async throws {
        try await TestTracking.run { test in
            let together = try await test.begin()
            try await test.tracking.log(.init(metrics: points.map { $0.metric("m") }), run: together)
            let apart = try await test.begin()
            for point in points { try await test.tracking.log(.init(metrics: [point.metric("m")]), run: apart) }
            for id in [together, apart] {
                let value = try #require(try await test.tracking.run(id: id).metric("m"))
                #expect(value == latest || (value.isNaN && latest.isNaN))
            }
        }
    }

    @Test(
        arguments: [
            0, -0.0, 1.5, -1e308, 1.7976931348623157e308, 2.2250738585072014e-308, 0.1 + 0.2, .infinity, -.infinity,
            .nan,
        ] as [Double]
    )
    func `a value comes back with every bit`(value: Double) async throws {
        try await TestTracking.run { test in
            let id = try await test.begin()
            try await test.tracking.log(.init(metrics: [Metric(key: "m", value: value, timestampMs: 1)]), run: id)
            let stored = try #require(try await test.tracking.run(id: id).metric("m"))
            let point = try #require(try await test.tracking.metricHistory(run: id, key: "m").first?.value)
            #expect(stored == value || (stored.isNaN && value.isNaN))
            #expect(point == value || (point.isNaN && value.isNaN))
        }
    }

    @Test func `steps and times of every size are kept, and a negative time is refused`() async throws {
        try await TestTracking.run { test in
            let id = try await test.begin()
            let wide = Metric(key: "m", value: 1, timestampMs: .max, step: .min)
            try await test.tracking.log(.init(metrics: [wide]), run: id)
            #expect(try await test.tracking.metricHistory(run: id, key: "m").items == [wide])
            let error = await #expect(throws: TrackingError.self) {
                try await test.tracking.log(.init(metrics: [Metric(key: "m", value: 1, timestampMs: -1)]), run: id)
            }
            #expect(error?.code == .invalidParameter)
        }
    }

    @Test func `pages of a history give each point once, while points are added`() async throws {
        try await TestTracking.run { test in
            let id = try await test.begin()
            let points = (0..<25).map { index -> Metric in
                Point(Double(index % 3) - 1, Int64(index / 5), Int64(index % 2)).metric("h")
            }
            try await test.tracking.log(.init(metrics: points), run: id)
            try await test.tracking.log(.init(metrics: [Point(.nan, 2, 0).metric("h")]), run: id)
            let whole = try await test.tracking.metricHistory(run: id, key: "h").items
            var paged: [Metric] = []
            var token: PageToken?
            repeat {
                let page = try await test.tracking.metricHistory(run: id, key: "h", after: token, limit: 4)
                #expect(page.count <= 4)
                paged += page
                token = page.next
                // A point before the place that was read already must not move the next page.
                let early = Point(Double(paged.count), 0, -1)
                try await test.tracking.log(.init(metrics: [early.metric("h")]), run: id)
            } while token != nil
            #expect(paged.map { "\($0)" } == whole.map { "\($0)" })
        }
    }

    @Test(arguments: ["", "junk", "0", "7b7d", "5b5d", "o5", "5b22743122226d5d"])
    func `a token that no page gave is refused`(token: String) async throws {
        try await TestTracking.run { test in
            let id = try await test.begin()
            let error = await #expect(throws: TrackingError.self) {
                try await test.tracking.metricHistory(run: id, key: "h", after: PageToken(token))
            }
            #expect(error?.code == .invalidParameter)
        }
    }
}
