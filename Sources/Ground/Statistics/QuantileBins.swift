// SPDX-License-Identifier: Apache-2.0

/// Bins that hold about equal shares of a reference sample, one below it, one above it, and one for what is missing.
///
/// A value that fills a bin by itself (a flag, a zero that most rows have) gets a bin of its own; so does each value of a
/// sample with no more distinct values than bins.
package struct QuantileBins: Sendable, Hashable {
    /// Where bins begin: bin i holds values from `edges[i - 1]` up to, not with, `edges[i]`.
    package let edges: [Double]

    /// Bins for a sample that is finite, sorted and not empty.
    package init(sorted: [Double], count: Int = 16) {
        precondition(!sorted.isEmpty && count >= 1, "bins need a sample")
        var distinct: [Double] = []
        for value in sorted where distinct.last != value {
            distinct.append(value)
            if distinct.count > count { break }
        }
        var edges: [Double] = []
        if distinct.count <= count {
            for value in distinct {
                // The next number after one value may be the next value.
                if edges.last != value { edges.append(value) }
                edges.append(value.nextUp)
            }
        } else {
            let quantiles = (0...count).map { sorted[(sorted.count - 1) * $0 / count] }
            for (index, value) in quantiles.enumerated() where index == 0 || quantiles[index - 1] != value {
                if edges.last != value { edges.append(value) }
                if index < count, quantiles[index + 1] == value { edges.append(value.nextUp) }
            }
            if let last = sorted.last, edges.last != last.nextUp { edges.append(last.nextUp) }
        }
        self.edges = edges
    }

    /// How many values fall into each bin: below, the bins, above, and last those that are NaN.
    package func counts(_ values: [Double]) -> [Int] {
        var counts = Array(repeating: 0, count: edges.count + 2)
        for value in values {
            if value.isNaN {
                counts[edges.count + 1] += 1
                continue
            }
            // The first edge above the value, by halving.
            var (low, high) = (0, edges.count)
            while low < high {
                let middle = (low + high) / 2
                if edges[middle] > value { high = middle } else { low = middle + 1 }
            }
            counts[low] += 1
        }
        return counts
    }
}
