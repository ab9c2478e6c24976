// SPDX-License-Identifier: Apache-2.0

import Database

extension TrackingService {
    /// The most points of a metric's history in one page.
    package static let historyLimit = 25_000

    /// The points of a metric by time, then step, then value.
    ///
    /// - Parameters:
    ///   - run: The run.
    ///   - key: The metric.
    ///   - token: The end of the page before; nil for the first.
    ///   - limit: At most this many, up to ``historyLimit``.
    /// - Returns: A page of them; an empty one if the run has no such metric.
    /// - Throws: ``TrackingError`` `.notFound` for the run, `.invalidParameter` for the token.
    package func metricHistory(
        run: String,
        key: String,
        after token: PageToken? = nil,
        limit: Int = TrackingService.historyLimit
    ) async throws -> Page<Metric> {
        let limit = min(max(limit, 1), Self.historyLimit)
        let place = try token.map { try MetricPoint(place: $0) }
        return try await database.read { reader in
            let run = try Store.key(ofRun: run, reader)
            guard let number = try Store.number(ofName: key, reader) else { return Page([], next: nil) }
            var points: [MetricPoint] = []
            try MetricHistory(key: number, run: run.number, reader).scan(after: place) { piece in
                points += piece.prefix(limit + 1 - points.count)
                return points.count <= limit
            }
            let isWhole = points.count <= limit
            let page = points.prefix(limit).map { Metric(key, $0) }
            return Page(page, next: isWhole ? nil : points[limit - 1].place)
        }
    }

    /// The beginnings of a metric's histories in several runs, which share a limit.
    ///
    /// - Parameters:
    ///   - runs: The runs; those that are not there have no points.
    ///   - key: The metric.
    ///   - limit: At most this many points in all, up to ``historyLimit``.
    /// - Returns: The points of each run that has some, by the runs' ids.
    /// - Throws: ``TrackingError`` `.corrupt` for a damaged block.
    package func metricHistories(
        runs: [String],
        key: String,
        limit: Int = TrackingService.historyLimit
    ) async throws -> [(run: String, points: [Metric])] {
        try await database.read { reader in
            guard let number = try Store.number(ofName: key, reader) else { return [] }
            var left = min(max(limit, 0), Self.historyLimit)
            var result: [(run: String, points: [Metric])] = []
            for id in Set(runs).sorted() where left > 0 {
                guard let row = try reader.row("SELECT number FROM tracking_runs WHERE id = \(id)") else { continue }
                var points: [MetricPoint] = []
                try MetricHistory(key: number, run: row.int64(0), reader).scan { piece in
                    points += piece.prefix(left - points.count)
                    return points.count < left
                }
                left -= points.count
                if !points.isEmpty { result.append((id, points.map { Metric(key, $0) })) }
            }
            return result
        }
    }

    /// Which of many points stand for all.
    package enum Sampling: String, Sendable, CaseIterable {
        /// Evenly spread ones, the first and the last among them, as MLflow chooses.
        case spread
        /// The lowest and the highest of every stretch, so that a chart shows each peak.
        case extremes
    }

    /// Some points of a metric that stand for all, by step, then time, then value.
    ///
    /// Reads the whole history, at 24 bytes of memory a point; extremes of a history whose steps go on with time need none.
    ///
    /// - Parameters:
    ///   - run: The run.
    ///   - key: The metric.
    ///   - steps: Only points at these steps; nil for all.
    ///   - limit: At most this many points, 1 at least.
    ///   - sampling: Which ones.
    /// - Returns: The points; all of them if they are no more than `limit`. None if the run or the metric is not there.
    /// - Throws: ``TrackingError`` `.corrupt` for a damaged block.
    package func sampledHistory(
        run: String,
        key: String,
        steps: ClosedRange<Int64>? = nil,
        limit: Int,
        sampling: Sampling = .spread
    ) async throws -> [Metric] {
        let limit = max(limit, 1)
        return try await database.read { reader in
            guard let row = try reader.row("SELECT number FROM tracking_runs WHERE id = \(run)"),
                let number = try Store.number(ofName: key, reader)
            else { return [] }
            let history = try MetricHistory(key: number, run: row.int64(0), reader)
            let most = try history.bound()
            if sampling == .extremes, steps == nil, most > limit {
                var extremes = RunningExtremes(of: most, limit: limit)
                try history.scan { extremes.take($0) }
                if let points = extremes.points { return points.prefix(limit).map { Metric(key, $0) } }
            }
            var points: [MetricPoint] = []
            points.reserveCapacity(most)
            try history.scan { piece in
                if let steps {
                    points += piece.lazy.filter { steps.contains($0.step) }
                } else {
                    points += piece
                }
                return true
            }
            let sample = HistorySample(points, limit: limit)
            return (sampling == .spread ? sample.spread() : sample.extremes()).map { Metric(key, $0) }
        }
    }
}

extension MetricPoint {
    /// The place behind this point in a history.
    fileprivate var place: PageToken {
        PageToken(
            values: [.integer(timestampMs), .integer(step), .real(storedValue), .integer(value.isNaN ? 1 : 0)]
        )
    }

    fileprivate init(place token: PageToken) throws(TrackingError) {
        let values = try token.values([true, true, true, true])
        guard case .integer(let timestamp) = values[0], case .integer(let step) = values[1],
            case .integer(let isNaN) = values[3]
        else {
            throw .invalid("cannot read the page token", "it is none of a history")
        }
        let value: Double =
            switch values[2] {
            case .real(let number): number
            case .integer(let number): Double(number)
            default: 0
            }
        self.init(timestampMs: timestamp, step: step, value: isNaN == 0 ? value : .nan)
    }
}
