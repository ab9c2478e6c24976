// SPDX-License-Identifier: Apache-2.0

import Statistics

/// Measures models and judges them.
package enum Evaluator {
    /// Holds measured values against requirements, as ``Verdict`` says.
    package static func verdict(
        requirements: [Requirement],
        measured: [String: Double],
        baselines: [String: [String: Double]]
    ) -> Verdict {
        Verdict(requirements: requirements, measured: measured, baselines: baselines)
    }

    /// Measures a binary classifier.
    ///
    /// - Parameters:
    ///   - labels: Whether each row is positive.
    ///   - scores: The probability of positive, 0 to 1; as many.
    ///   - threshold: The score from which an answer is positive.
    /// - Returns: Values by the names that requirements use, without the areas that need a class that is not there.
    /// - Throws: ``EvaluationError`` `.unusableData` if there are no rows, the lengths differ, or a score is not a number.
    package static func binaryMetrics(
        labels: [Bool],
        scores: [Double],
        threshold: Double = 0.5
    ) throws(EvaluationError) -> [String: Double] {
        try check(rows: labels.count)
        do { return try BinaryQuality(truths: labels, scores: scores, threshold: threshold).metrics } catch {
            throw unusable(error)
        }
    }

    /// Measures a regression.
    ///
    /// - Returns: Values by the names that requirements use.
    /// - Throws: ``EvaluationError`` `.unusableData` if there are no rows, the lengths differ, or a value is not a number.
    package static func regressionMetrics(
        truths: [Double],
        answers: [Double]
    ) throws(EvaluationError) -> [String: Double] {
        try check(rows: truths.count)
        do { return try RegressionQuality(truths: truths, answers: answers).metrics } catch { throw unusable(error) }
    }

    /// The worst value of each metric over slices: what `slice.METRIC` requires.
    ///
    /// - Parameter slices: Metrics by slice; where a slice lacks a metric, the others count.
    /// - Returns: Values by `slice.METRIC`: the largest of errors and losses, the smallest of all others.
    package static func worst(of slices: [String: [String: Double]]) -> [String: Double] {
        let isCost: Set = ["log_loss", "brier", "mae", "mse", "rmse", "max_error"]
        var worst: [String: Double] = [:]
        for metrics in slices.values {
            for (metric, value) in metrics {
                let name = "slice.\(metric)"
                worst[name] = worst[name].map { isCost.contains(metric) ? max($0, value) : min($0, value) } ?? value
            }
        }
        return worst
    }

    private static func check(rows: Int) throws(EvaluationError) {
        if rows == 0 {
            throw EvaluationError(.unusableData, what: "cannot evaluate the model", why: "the data has no rows")
        }
    }

    private static func unusable(_ error: StatisticsError) -> EvaluationError {
        let why =
            switch error {
            case .lengthsDiffer(let truths, let answers): "\(truths) rows have a truth and \(answers) an answer"
            case .notANumber(let row): "row \(row + 1) has no number as truth or answer"
            }
        return EvaluationError(.unusableData, what: "cannot evaluate the model", why: why)
    }
}
