// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#endif

/// How far two samples of one feature are apart.
package enum Drift {
    /// The population stability index over bins that hold equal shares of the reference.
    ///
    /// Below 0.1 nobody speaks of a shift, above 0.25 it is a large one. An empty bin counts as half a row, so the index stays
    /// finite. Missing values (NaN) are left out.
    ///
    /// - Parameters:
    ///   - reference: What the feature looked like in training.
    ///   - live: What it looks like now.
    ///   - bins: How many bins, at least two.
    /// - Returns: The index; nil if a sample has fewer than ten values.
    package static func populationStability(reference: [Double], live: [Double], bins: Int = 10) -> Double? {
        let sorted = reference.filter { !$0.isNaN }.sorted()
        let live = live.filter { !$0.isNaN }
        guard sorted.count >= 10, live.count >= 10, bins >= 2 else { return nil }
        var edges: [Double] = []
        for bin in 1..<bins {
            let edge = sorted[sorted.count * bin / bins]
            if edges.last != edge { edges.append(edge) }
        }
        let expected = shares(of: sorted, edges)
        let actual = shares(of: live, edges)
        return zip(expected, actual).reduce(0) { $0 + ($1.1 - $1.0) * log($1.1 / $1.0) }
    }

    private static func shares(of values: [Double], _ edges: [Double]) -> [Double] {
        var counts: [Double] = Array(repeating: 0, count: edges.count + 1)
        for value in values {
            // The first edge above the value, by halving.
            var (low, high) = (0, edges.count)
            while low < high {
                let middle = (low + high) / 2
                if edges[middle] > value { high = middle } else { low = middle + 1 }
            }
            counts[low] += 1
        }
        return counts.map { max($0, 0.5) / Double(values.count) }
    }

    /// The two-sample Kolmogorov–Smirnov statistic: the largest distance of the two distributions, 0 to 1.
    package static func kolmogorovSmirnov(_ first: [Double], _ second: [Double]) -> Double? {
        let first = first.filter { !$0.isNaN }.sorted()
        let second = second.filter { !$0.isNaN }.sorted()
        guard !first.isEmpty, !second.isEmpty else { return nil }
        var (left, right, distance) = (0, 0, 0.0)
        while left < first.count, right < second.count {
            let value = min(first[left], second[right])
            while left < first.count, first[left] == value { left += 1 }
            while right < second.count, second[right] == value { right += 1 }
            distance = max(distance, abs(Double(left) / Double(first.count) - Double(right) / Double(second.count)))
        }
        return distance
    }
}
