// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#endif

/// How far two samples of one feature are apart.
package enum Drift {
    /// What a comparison of two samples gives.
    package struct Comparison: Sendable, Hashable {
        /// How large the difference is: the Jensen–Shannon distance over bins, 0 to √ln 2 ≈ 0.83.
        package let effect: Double
        /// How likely such a difference is by chance; nil if nothing can be tested.
        package let pValue: Double?
        /// The population stability index over the same bins.
        package let stability: Double
        /// The Kolmogorov–Smirnov distance; nil for categories.
        package let distance: Double?
    }

    /// Compares numbers: effect and stability over ``QuantileBins``, chance by Kolmogorov–Smirnov.
    ///
    /// Missing values (NaN) are a bin of their own, so that a feature that goes missing drifts. Ranks decide, so one far value
    /// changes next to nothing.
    ///
    /// - Returns: nil if there are no current rows, or no finite number in the reference.
    package static func numbers(reference: [Double], current: [Double]) -> Comparison? {
        guard !reference.isEmpty, !current.isEmpty else { return nil }
        let sortedReference = reference.filter(\.isFinite).sorted()
        guard !sortedReference.isEmpty else { return nil }
        let bins = QuantileBins(sorted: sortedReference)
        let (expected, actual) = (bins.counts(reference), bins.counts(current))
        let test = KolmogorovSmirnov(sorted: sortedReference, sorted: current.filter(\.isFinite).sorted())
        let missing = chiSquare(
            [expected.last ?? 0, total(expected) - (expected.last ?? 0)],
            [
                actual.last ?? 0, total(actual) - (actual.last ?? 0),
            ]
        )
        // Two looks at one feature: the values, and whether they are there.
        let pValues = [test?.pValue, missing].compactMap { $0 }
        return Comparison(
            effect: jensenShannon(expected, actual),
            pValue: pValues.min().map { min(1, $0 * Double(pValues.count)) },
            stability: populationStability(expected, actual),
            distance: test?.distance
        )
    }

    /// Compares categories; nil is a category of its own.
    ///
    /// Rare categories are put together, in the order of a hash of their names, until each group can be tested: to choose them by
    /// their count would raise alarms by itself.
    ///
    /// - Returns: nil if a sample is empty.
    package static func categories(reference: [String?: Int], current: [String?: Int]) -> Comparison? {
        let names = Set(reference.keys).union(current.keys).map { ($0, hash($0)) }.sorted { $0.1 < $1.1 }.map(\.0)
        let expected = names.map { reference[$0, default: 0] }
        let actual = names.map { current[$0, default: 0] }
        guard total(expected) > 0, total(actual) > 0 else { return nil }
        return Comparison(
            effect: jensenShannon(expected, actual),
            pValue: chiSquare(expected, actual),
            stability: populationStability(expected, actual),
            distance: nil
        )
    }

    /// The population stability index over bins that hold equal shares of the reference.
    ///
    /// Below 0.1 nobody speaks of a shift, above 0.25 it is a large one. Missing values (NaN) are left out.
    ///
    /// - Parameters:
    ///   - reference: What the feature looked like in training.
    ///   - live: What it looks like now.
    ///   - bins: How many bins, at least two.
    /// - Returns: The index; nil if a sample has fewer than ten values.
    package static func populationStability(reference: [Double], live: [Double], bins: Int = 10) -> Double? {
        let sorted = reference.filter(\.isFinite).sorted()
        let live = live.filter { !$0.isNaN }
        guard sorted.count >= 10, live.count >= 10, bins >= 2 else { return nil }
        let bins = QuantileBins(sorted: sorted, count: bins)
        return populationStability(bins.counts(sorted), bins.counts(live))
    }

    /// The population stability index of two histograms over the same bins: Σ (cᵢ − rᵢ) · ln(cᵢ / rᵢ).
    ///
    /// A bin that only one side has counts as half a row there, so the index stays finite; one that neither has, not at all.
    ///
    /// - Source: Siddiqi, *Credit Risk Scorecards* (2006).
    package static func populationStability(_ reference: [Int], _ current: [Int]) -> Double {
        precondition(reference.count == current.count, "histograms over different bins")
        let (expected, actual) = (Double(total(reference)), Double(total(current)))
        guard expected > 0, actual > 0 else { return 0 }
        return zip(reference, current).reduce(0) { sum, pair in
            guard pair.0 > 0 || pair.1 > 0 else { return sum }
            let (r, c) = (max(Double(pair.0), 0.5) / expected, max(Double(pair.1), 0.5) / actual)
            return sum + (c - r) * log(c / r)
        }
    }

    /// The Jensen–Shannon distance of two histograms over the same bins, in nats: 0 for equal shares, √ln 2 for none in common.
    package static func jensenShannon(_ reference: [Int], _ current: [Int]) -> Double {
        precondition(reference.count == current.count, "histograms over different bins")
        let (expected, actual) = (Double(total(reference)), Double(total(current)))
        guard expected > 0, actual > 0 else { return 0 }
        let divergence = zip(reference, current).reduce(0.0) { sum, pair in
            let (p, q) = (Double(pair.0) / expected, Double(pair.1) / actual)
            let middle = (p + q) / 2
            return sum + (p > 0 ? p * log(p / middle) : 0) + (q > 0 ? q * log(q / middle) : 0)
        }
        return (max(0, divergence) / 2).squareRoot()
    }

    /// The two-sample Kolmogorov–Smirnov statistic: the largest distance of the two distributions, 0 to 1.
    package static func kolmogorovSmirnov(_ first: [Double], _ second: [Double]) -> Double? {
        KolmogorovSmirnov(first, second)?.distance
    }

    /// Pearson's test on two rows of counts, neighbours put together until each group expects five in both; nil for one group.
    private static func chiSquare(_ reference: [Int], _ current: [Int]) -> Double? {
        let (expected, actual) = (Double(total(reference)), Double(total(current)))
        let needed = 5 * (expected + actual) / min(expected, actual)
        var groups: [(Double, Double)] = []
        var open = (0.0, 0.0)
        for (first, second) in zip(reference, current) {
            open = (open.0 + Double(first), open.1 + Double(second))
            if open.0 + open.1 >= needed {
                groups.append(open)
                open = (0, 0)
            }
        }
        if let last = groups.popLast() { groups.append((last.0 + open.0, last.1 + open.1)) }
        guard groups.count >= 2 else { return nil }
        let statistic = groups.reduce(0.0) { sum, group in
            let both = (group.0 + group.1) / (expected + actual)
            let (first, second) = (both * expected, both * actual)
            let change = (group.0 - first) * (group.0 - first)
            return sum + change / first + change / second
        }
        return chiSquareSurvival(statistic, degrees: groups.count - 1)
    }

    private static func total(_ counts: [Int]) -> Int { counts.reduce(0, +) }

    /// FNV-1a: the same order in every process, unlike Swift's own hashes.
    private static func hash(_ name: String?) -> UInt64 {
        guard let name else { return 0 }
        return name.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}
