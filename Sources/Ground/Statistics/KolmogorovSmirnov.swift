// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#endif

/// The two-sample Kolmogorov–Smirnov test.
package struct KolmogorovSmirnov: Sendable, Hashable {
    /// The largest distance of the two distributions, 0 to 1.
    package let distance: Double
    /// The probability of such a distance, or a larger one, if both samples came from one distribution.
    ///
    /// From the distribution of the one-sample statistic for the harmonic sample size n₁n₂/(n₁+n₂), as in SciPy's
    /// `ks_2samp(method="asymp")`.
    package let pValue: Double

    /// Compares two samples; values that are not finite are left out.
    ///
    /// - Returns: nil if a sample is empty.
    package init?(_ first: [Double], _ second: [Double]) {
        self.init(sorted: first.filter(\.isFinite).sorted(), sorted: second.filter(\.isFinite).sorted())
    }

    /// Compares two samples that are sorted and finite; reads each once.
    init?(sorted first: [Double], sorted second: [Double]) {
        guard !first.isEmpty, !second.isEmpty else { return nil }
        var (left, right, distance) = (0, 0, 0.0)
        let (leftCount, rightCount) = (Double(first.count), Double(second.count))
        while left < first.count, right < second.count {
            let value = min(first[left], second[right])
            while left < first.count, first[left] == value { left += 1 }
            while right < second.count, second[right] == value { right += 1 }
            distance = max(distance, abs(Double(left) / leftCount - Double(right) / rightCount))
        }
        self.distance = distance
        let size = (leftCount * rightCount / (leftCount + rightCount)).rounded(.toNearestOrEven)
        pValue = KolmogorovDistribution.survival(size: size, distance: distance)
    }
}

/// The distribution of the one-sample Kolmogorov–Smirnov statistic, two-sided.
///
/// - Source: Simard and L'Ecuyer, *Computing the Two-Sided Kolmogorov–Smirnov Distribution* (2011), with the
///   Marsaglia–Tsang–Wang matrix power where they choose Pomeranz's recursion; both are exact.
enum KolmogorovDistribution {
    /// The probability that the statistic of `size` values reaches `distance`.
    static func survival(size: Double, distance: Double) -> Double {
        if distance >= 1 { return 0 }
        if size < 1 || distance <= 0 { return 1 }
        let (t, w) = (size * distance, size * distance * distance)
        let result: Double
        if t <= 0.5 {
            result = 1
        } else if t <= 1 {
            result = 1 - exp(logGamma(size + 1) - size * log(size) + size * log(2 * t - 1))
        } else if t >= size - 1 {
            result = 2 * pow(1 - distance, size)
        } else if distance >= 0.5 {
            result = 2 * oneSided(size, distance)
        } else if size <= 140 {
            result = w <= 4 ? 1 - matrixPower(size, distance) : 2 * oneSided(size, distance)
        } else if w >= 370 {
            result = 0
        } else if w >= 2.2 {
            result = 2 * oneSided(size, distance)
        } else if size <= 100_000, size * pow(distance, 1.5) <= 1.4 {
            result = 1 - matrixPower(size, distance)
        } else {
            result = 1 - pelzGood(size, distance)
        }
        return min(max(result, 0), 1)
    }

    /// Birnbaum and Tingey's sum for the one-sided statistic, term by term in logarithms.
    private static func oneSided(_ size: Double, _ distance: Double) -> Double {
        let total = logGamma(size + 1)
        var sum = 0.0
        for step in 0...Int(size * (1 - distance)) {
            let j = Double(step)
            let rest = 1 - distance - j / size
            // 0⁰ is 1: the last term when size · (1 − distance) is whole.
            let tail = size - j == 0 ? 0 : (size - j) * log(max(rest, .leastNonzeroMagnitude))
            let binomial = total - logGamma(j + 1) - logGamma(size - j + 1)
            sum += exp(binomial + (j - 1) * log(distance + j / size) + tail)
        }
        return distance * sum
    }

    /// Marsaglia, Tsang and Wang: an element of a matrix's power, exact but for rounding.
    private static func matrixPower(_ size: Double, _ distance: Double) -> Double {
        let k = Int((size * distance).rounded(.up))
        let order = 2 * k - 1
        let h = Double(k) - size * distance
        var matrix = SquareMatrix(order: order)
        for row in 0..<order {
            for column in 0..<min(row + 2, order) { matrix[row, column] = exp(-logGamma(Double(row - column + 2))) }
        }
        for index in 0..<order {
            let power = pow(h, Double(index + 1))
            matrix[index, 0] -= power * exp(-logGamma(Double(index + 2)))
            matrix[order - 1, index] -= pow(h, Double(order - index)) * exp(-logGamma(Double(order - index + 1)))
        }
        if 2 * h > 1 { matrix[order - 1, 0] += pow(2 * h - 1, Double(order)) * exp(-logGamma(Double(order + 1))) }
        let (power, exponent) = matrix.raised(to: Int(size))
        let value = power[k - 1, k - 1]
        guard value > 0 else { return 0 }
        return exp(log(value) + Double(exponent) * log(10) + logGamma(size + 1) - size * log(size))
    }

    /// Pelz and Good's asymptotic expansion of the distribution function, to the order N^(−3/2).
    private static func pelzGood(_ size: Double, _ distance: Double) -> Double {
        let z = size.squareRoot() * distance
        let (z2, pi2) = (z * z, Double.pi * Double.pi)
        let (z4, z6) = (z2 * z2, z2 * z2 * z2)
        var terms = (0.0, 0.0, 0.0, 0.0)
        let rate = -pi2 / (8 * z2)
        guard rate > -708 else { return 0 }
        for index in 1...max(1, Int((16 * z / .pi).rounded(.up))) {
            let m = Double(2 * index - 1)
            let (m2, q) = (m * m, exp(rate * m * m))
            let (m4, m6) = (m2 * m2, m2 * m2 * m2)
            terms.0 += q
            terms.1 += q * (-z2 + pi2 * m2 / 4)
            let second = 6 * z6 + 2 * z4 + (2 * z4 - 5 * z2) * pi2 * m2 / 4
            terms.2 += q * (second + pi2 * pi2 * m4 * (1 - 2 * z2) / 16)
            let third = -30 * z6 - 90 * z4 * z4 + pi2 * m2 * (135 * z4 - 96 * z6) / 4
            terms.3 +=
                q * (third + pi2 * pi2 * m4 * (212 * z4 - 60 * z2) / 16 + pi2 * pi2 * pi2 * m6 * (5 - 30 * z2) / 64)
        }
        let root = (2 * Double.pi).squareRoot()
        var k = (
            terms.0 * root / z, terms.1 * root / (6 * z4), terms.2 * root / (72 * z6 * z),
            terms.3 * root / (6_480 * z6 * z4)
        )
        let slow = -pi2 / (2 * z2)
        for index in 1...max(1, Int((16 * z / .pi).rounded(.up))) {
            let (n2, u) = (Double(index * index), exp(slow * Double(index * index)))
            k.2 -= pi2 * root / (36 * z2 * z) * n2 * u
            k.3 += pi2 * root / (216 * z6) * (3 * z2 - pi2 * n2) * n2 * u
        }
        return k.0 + k.1 / size.squareRoot() + k.2 / size + k.3 / (size * size.squareRoot())
    }
}

/// A square matrix of doubles, row by row.
private struct SquareMatrix {
    let order: Int
    private var cells: [Double]

    init(order: Int) {
        self.order = order
        cells = Array(repeating: 0, count: order * order)
    }

    subscript(row: Int, column: Int) -> Double {
        get { cells[row * order + column] }
        set { cells[row * order + column] = newValue }
    }

    /// The power by squaring, as a matrix and a decimal exponent that keeps its cells in range.
    func raised(to power: Int) -> (matrix: SquareMatrix, exponent: Int) {
        var result = SquareMatrix(order: order)
        for index in 0..<order { result[index, index] = 1 }
        var (resultExponent, base, baseExponent, rest) = (0, self, 0, power)
        while rest > 0 {
            if rest & 1 == 1 {
                result = result.times(base)
                resultExponent += baseExponent
                result.rescale(&resultExponent)
            }
            rest >>= 1
            guard rest > 0 else { break }
            base = base.times(base)
            baseExponent *= 2
            base.rescale(&baseExponent)
        }
        return (result, resultExponent)
    }

    private mutating func rescale(_ exponent: inout Int) {
        guard self[order / 2, order / 2] > 1e140 else { return }
        for index in cells.indices { cells[index] *= 1e-140 }
        exponent += 140
    }

    private func times(_ other: SquareMatrix) -> SquareMatrix {
        var product = SquareMatrix(order: order)
        for row in 0..<order {
            for inner in 0..<order {
                let factor = self[row, inner]
                if factor == 0 { continue }
                for column in 0..<order {
                    product.cells[row * order + column] += factor * other.cells[inner * order + column]
                }
            }
        }
        return product
    }
}
