// SPDX-License-Identifier: Apache-2.0

/// Takes over the points of one run piece by piece, and tells how many of them were new.
///
/// Give the points of one metric after those of another: what is known of one metric is in memory at a time, about 40 bytes a
/// point.
package struct MetricAdoption: Sendable {
    private struct Point: Hashable {
        let timestampMs: Int64
        let step: Int64
        let value: Double
        let isNaN: Bool

        init(_ metric: Metric) {
            (timestampMs, step, value) = (metric.timestampMs, metric.step, metric.storedValue)
            isNaN = metric.value.isNaN
        }
    }

    private let tracking: TrackingService
    private let run: String
    private let isNew: Bool
    private let writes: Bool
    private var key: String?
    private var known: Set<Point> = []

    /// Takes over points of a run.
    ///
    /// - Parameters:
    ///   - tracking: The service that has the run, or will have it.
    ///   - run: The run.
    ///   - isNew: Whether the run has no points yet, so that none need be looked up.
    ///   - writes: Whether points are added; else they are only counted.
    package init(_ tracking: TrackingService, run: String, isNew: Bool, writes: Bool = true) {
        self.tracking = tracking
        self.run = run
        self.isNew = isNew
        self.writes = writes
    }

    /// Adds points of one metric, in one transaction.
    ///
    /// - Returns: How many of them were not there before.
    package mutating func add(_ points: [Metric], of key: String) async throws -> Int {
        if key != self.key {
            known = isNew ? [] : try await self.known(key)
            self.key = key
        }
        var fresh: [Metric] = []
        for point in points where known.insert(Point(point)).inserted { fresh.append(point) }
        if writes { try await tracking.adoptMetrics(fresh, run: run) }
        return fresh.count
    }

    private func known(_ key: String) async throws -> Set<Point> {
        var result: Set<Point> = []
        var token: PageToken?
        repeat {
            let page = try await tracking.metricHistory(run: run, key: key, after: token)
            for metric in page { result.insert(Point(metric)) }
            token = page.next
        } while token != nil
        return result
    }
}
