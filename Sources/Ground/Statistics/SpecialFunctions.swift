// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#endif

/// ln Γ(x) for x > 0; safe on any thread, unlike C's `lgamma`.
func logGamma(_ x: Double) -> Double {
    var sign: Int32 = 0
    return lgamma_r(x, &sign)
}

/// The probability that a chi-square value of this many degrees of freedom, or a larger one, comes by chance.
///
/// - Parameters:
///   - value: The statistic, ≥ 0; infinity gives 0.
///   - degrees: Degrees of freedom, ≥ 1.
/// - Returns: Q(degrees / 2, value / 2), the regularised upper incomplete gamma function.
package func chiSquareSurvival(_ value: Double, degrees: Int) -> Double {
    let (a, x) = (Double(degrees) / 2, value / 2)
    if x.isNaN || x <= 0 { return 1 }
    if x.isInfinite { return 0 }
    let scale = exp(a * log(x) - x - logGamma(a))
    if x < a + 1 {
        // The series of the lower function.
        var (term, sum, n) = (1 / a, 1 / a, a)
        while abs(term) > abs(sum) * 1e-17 {
            n += 1
            term *= x / n
            sum += term
        }
        return min(max(1 - scale * sum, 0), 1)
    }
    // Lentz's continued fraction of the upper function.
    let tiny = 1e-300
    var b = x + 1 - a
    var (c, d) = (1 / tiny, 1 / b)
    var fraction = d
    for step in 1...10_000 {
        let n = Double(step)
        let an = -n * (n - a)
        b += 2
        d = an * d + b
        if abs(d) < tiny { d = tiny }
        c = b + an / c
        if abs(c) < tiny { c = tiny }
        d = 1 / d
        let change = d * c
        fraction *= change
        if abs(change - 1) < 1e-16 { break }
    }
    return min(max(scale * fraction, 0), 1)
}

/// Holds many p-values at once to one rate of false discoveries (Benjamini and Hochberg, 1995).
///
/// - Parameter values: One p-value per test, in any order.
/// - Returns: The adjusted values in the same order; a test counts at rate α if its value is below α.
package func benjaminiHochberg(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] > values[$1] }
    var adjusted = values
    var smallest = 1.0
    for (position, index) in order.enumerated() {
        smallest = min(smallest, values[index] * Double(values.count) / Double(values.count - position))
        adjusted[index] = smallest
    }
    return adjusted
}
