// SPDX-License-Identifier: Apache-2.0

/// How well predicted numbers agree with the truth; definitions are those of scikit-learn 1.9.
package struct RegressionQuality: Sendable, Hashable {
    /// Mean absolute error.
    package let meanAbsoluteError: Double
    /// Mean squared error.
    package let meanSquaredError: Double
    /// The largest absolute error.
    package let largestError: Double
    /// Share of the variance that is explained; 0 if the truth is constant and the answers are not exact.
    package let r2: Double

    /// Measures answers; no rows measure 0.
    ///
    /// - Throws: ``StatisticsError`` if the lengths differ or a value is not a number.
    package init(truths: [Double], answers: [Double]) throws(StatisticsError) {
        guard truths.count == answers.count else { throw .lengthsDiffer(truths.count, answers.count) }
        if let row = truths.indices.first(where: { truths[$0].isNaN || answers[$0].isNaN }) {
            throw .notANumber(row: row)
        }
        let count = Double(max(truths.count, 1))
        // Two passes: one would lose all digits when the mean is large against the spread.
        let mean = truths.reduce(0, +) / count
        var (absolute, squares, spread, largest) = (0.0, 0.0, 0.0, 0.0)
        for (truth, answer) in zip(truths, answers) {
            let error = abs(truth - answer)
            absolute += error
            squares += error * error
            spread += (truth - mean) * (truth - mean)
            largest = max(largest, error)
        }
        meanAbsoluteError = absolute / count
        meanSquaredError = squares / count
        largestError = largest
        r2 = spread > 0 ? 1 - squares / spread : (squares == 0 ? 1 : 0)
    }

    /// The values by the names that requirements use.
    package var metrics: [String: Double] {
        [
            "mae": meanAbsoluteError, "mse": meanSquaredError, "rmse": meanSquaredError.squareRoot(),
            "max_error": largestError, "r2": r2,
        ]
    }
}
