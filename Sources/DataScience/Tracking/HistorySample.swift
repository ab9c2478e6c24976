// SPDX-License-Identifier: Apache-2.0

/// Chooses points of a history that stand for all of it.
struct HistorySample {
    /// By step, then time, then value.
    private let points: [MetricPoint]
    private let limit: Int

    /// Points in any order, of which at most `limit` are chosen.
    init(_ points: [MetricPoint], limit: Int) {
        // Most histories are in this order as they are, since steps go on with time.
        var isOrdered = true
        for (point, next) in zip(points, points.dropFirst()) where next.step < point.step {
            isOrdered = false
            break
        }
        self.points = isOrdered ? points : points.sorted { $0.step != $1.step ? $0.step < $1.step : $0 < $1 }
        self.limit = limit
    }

    /// The first point of each of `limit` equal stretches, and the last of all.
    ///
    /// - Source: MLflow 3.17, `SqlAlchemyStore._sample_rows_with_window_functions`: SQL's `NTILE`, whose first stretches are
    ///   the longer ones.
    func spread() -> [MetricPoint] {
        guard points.count > limit, let last = points.last else { return points }
        let (length, rest) = points.count.quotientAndRemainder(dividingBy: limit)
        var chosen: [MetricPoint] = []
        chosen.reserveCapacity(limit)
        for stretch in 0..<limit { chosen.append(points[stretch * length + min(stretch, rest)]) }
        // The last stretch gives its place to the end; a stretch of one point is the end.
        chosen[limit - 1] = last
        return chosen
    }

    /// The lowest and the highest point of each of `limit / 2` equal stretches, in their order; no number comes last.
    func extremes() -> [MetricPoint] {
        guard points.count > limit else { return points }
        let stretches = max(limit / 2, 1)
        var chosen: [MetricPoint] = []
        chosen.reserveCapacity(stretches * 2)
        for stretch in 0..<stretches {
            let range = (points.count * stretch / stretches)..<(points.count * (stretch + 1) / stretches)
            var (lowest, highest): (Int?, Int?) = (nil, nil)
            for index in range {
                let value = points[index].value
                if value.isNaN { continue }
                if lowest.map({ value < points[$0].value }) ?? true { lowest = index }
                if highest.map({ value > points[$0].value }) ?? true { highest = index }
            }
            guard let lowest, let highest else {
                chosen.append(points[range.lowerBound])
                continue
            }
            chosen.append(points[min(lowest, highest)])
            if lowest != highest { chosen.append(points[max(lowest, highest)]) }
        }
        return limit == 1 ? Array(chosen.prefix(1)) : chosen
    }
}

/// The extremes of a history that comes in parts, by step, without keeping it.
struct RunningExtremes {
    /// How many points a stretch has.
    private let length: Int
    private var chosen: [MetricPoint] = []
    private var lowest: MetricPoint?
    private var highest: MetricPoint?
    private var isHighestFirst = false
    private var first: MetricPoint?
    private var left: Int
    private var lastStep = Int64.min
    private var isOrdered = true

    /// For at most `count` points, of which at most `limit` are chosen.
    init(of count: Int, limit: Int) {
        let stretches = max(limit / 2, 1)
        length = (count + stretches - 1) / stretches
        left = length
    }

    /// Takes the next points; false once one comes before its step, where all is in vain.
    mutating func take(_ points: [MetricPoint]) -> Bool {
        for point in points {
            if point.step < lastStep {
                isOrdered = false
                return false
            }
            lastStep = point.step
            if left == 0 { endStretch() }
            left -= 1
            if first == nil { first = point }
            if point.value.isNaN { continue }
            if lowest.map({ point.value < $0.value }) ?? true {
                lowest = point
                isHighestFirst = true
            }
            if highest.map({ point.value > $0.value }) ?? true {
                highest = point
                isHighestFirst = false
            }
        }
        return true
    }

    /// What was chosen; nil if the points did not come by step.
    var points: [MetricPoint]? {
        guard isOrdered else { return nil }
        var all = self
        all.endStretch()
        return all.chosen
    }

    private mutating func endStretch() {
        if let lowest, let highest {
            let isOne = lowest.isSame(as: highest)
            chosen.append(isHighestFirst ? highest : lowest)
            if !isOne { chosen.append(isHighestFirst ? lowest : highest) }
        } else if let first {
            chosen.append(first)
        }
        (lowest, highest, first, left) = (nil, nil, nil, length)
    }
}
