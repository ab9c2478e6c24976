// SPDX-License-Identifier: Apache-2.0

/// A row of small bars, as high as the values are between the least and the greatest: `▁▂▄█`.
package enum Sparkline {
    private static let bars: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

    /// The values in at most `width` columns; each column of several values shows their mean.
    ///
    /// - Returns: One bar per column; `·` where no value is a finite number. Empty for less than two values, which show no course.
    package static func text(_ values: [Double], width: Int) -> String {
        guard values.count > 1, width > 0 else { return "" }
        let columns = min(values.count, width)
        let means = (0..<columns).map { column -> Double in
            let part = values[(column * values.count / columns)..<((column + 1) * values.count / columns)]
            let finite = part.filter(\.isFinite)
            return finite.isEmpty ? .nan : finite.reduce(0) { $0 + $1 / Double(finite.count) }
        }
        let finite = means.filter(\.isFinite)
        guard let least = finite.min(), let greatest = finite.max() else {
            return String(repeating: "·", count: columns)
        }
        // Halves, so that the span of the largest numbers is finite too.
        let span = greatest / 2 - least / 2
        return String(
            means.map { mean in
                guard mean.isFinite else { return "·" }
                return bars[span > 0 ? Int(((mean / 2 - least / 2) / span * 7).rounded()) : 3]
            }
        )
    }
}

/// The course of a value in bounded memory, however many points it has: neighbours are joined to their mean when there are
/// too many.
package struct Course: Sendable {
    private let limit: Int
    private var means: [Double] = []
    private var pointsPerMean = 1
    private var open: (sum: Double, finite: Int, count: Int) = (0, 0, 0)

    /// An empty course that keeps between `limit` and twice as many means, once it has had as many points.
    package init(limit: Int = 256) { self.limit = max(limit, 1) }

    /// The means of equally many neighbours each, the last perhaps of fewer; NaN where none was a finite number.
    package var values: [Double] {
        guard open.count > 0 else { return means }
        return means + [open.finite > 0 ? open.sum / Double(open.finite) : .nan]
    }

    /// Adds the next point.
    package mutating func add(_ value: Double) {
        if value.isFinite {
            open.sum += value
            open.finite += 1
        }
        open.count += 1
        guard open.count == pointsPerMean else { return }
        means = values
        open = (0, 0, 0)
        guard means.count == 2 * limit else { return }
        means = stride(from: 0, to: means.count, by: 2).map { index in
            let (left, right) = (means[index], means[index + 1])
            return left.isFinite ? right.isFinite ? left / 2 + right / 2 : left : right
        }
        pointsPerMean *= 2
    }
}
