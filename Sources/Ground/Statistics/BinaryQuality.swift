// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#endif

/// How well scores and answers of a binary classification agree with the truth.
///
/// Definitions are those of scikit-learn 1.9: a ratio without a denominator is 0, the area under the ROC curve counts ties by
/// half, and the area under the precision–recall curve is the average precision, without interpolation.
package struct BinaryQuality: Sendable, Hashable {
    /// Positive and answered positive.
    package let truePositives: Int
    /// Negative and answered positive.
    package let falsePositives: Int
    /// Negative and answered negative.
    package let trueNegatives: Int
    /// Positive and answered negative.
    package let falseNegatives: Int
    /// Area under the ROC curve; nil if a class is missing.
    package let rocAUC: Double?
    /// Average precision; nil if there is no positive.
    package let prAUC: Double?
    /// Mean negative logarithm of the probability given to the truth.
    package let logLoss: Double
    /// Mean squared difference of probability and truth.
    package let brier: Double

    /// Measures scores, which answer positive from `threshold` on.
    ///
    /// - Throws: ``StatisticsError`` if the lengths differ or a score is not a number.
    package init(truths: [Bool], scores: [Double], threshold: Double = 0.5) throws(StatisticsError) {
        try self.init(truths: truths, answers: scores.map { $0 >= threshold }, scores: scores)
    }

    /// Measures answers.
    ///
    /// - Parameters:
    ///   - truths: Whether each row is positive.
    ///   - answers: Whether each row was answered positive; as many.
    ///   - scores: The probability of positive, 0 to 1; as many.
    /// - Throws: ``StatisticsError`` if the lengths differ or a score is not a number.
    package init(truths: [Bool], answers: [Bool], scores: [Double]) throws(StatisticsError) {
        for count in [answers.count, scores.count] where count != truths.count {
            throw .lengthsDiffer(truths.count, count)
        }
        if let row = scores.firstIndex(where: \.isNaN) { throw .notANumber(row: row) }
        var counts = (tp: 0, fp: 0, tn: 0, fn: 0)
        var logarithms = 0.0
        var squares = 0.0
        for index in truths.indices {
            switch (truths[index], answers[index]) {
            case (true, true): counts.tp += 1
            case (false, true): counts.fp += 1
            case (false, false): counts.tn += 1
            case (true, false): counts.fn += 1
            }
            let truth = truths[index] ? 1.0 : 0.0
            let score = min(max(scores[index], 2.220446049250313e-16), 1 - 2.220446049250313e-16)
            logarithms -= truths[index] ? log(score) : log(1 - score)
            squares += (scores[index] - truth) * (scores[index] - truth)
        }
        (truePositives, falsePositives, trueNegatives, falseNegatives) = (counts.tp, counts.fp, counts.tn, counts.fn)
        let total = Double(max(truths.count, 1))
        logLoss = logarithms / total
        brier = squares / total
        (rocAUC, prAUC) = Self.areas(truths, scores)
    }

    /// Rows measured.
    package var rows: Int { truePositives + falsePositives + trueNegatives + falseNegatives }
    /// Share of right answers.
    package var accuracy: Double { Self.ratio(truePositives + trueNegatives, rows) }
    /// Share of positive answers that are right.
    package var precision: Double { Self.ratio(truePositives, truePositives + falsePositives) }
    /// Share of positives that were found.
    package var recall: Double { Self.ratio(truePositives, truePositives + falseNegatives) }
    /// Share of negatives that were left alone.
    package var specificity: Double { Self.ratio(trueNegatives, trueNegatives + falsePositives) }
    /// Mean of recall and specificity.
    package var balancedAccuracy: Double { (recall + specificity) / 2 }
    /// Harmonic mean of precision and recall.
    package var f1: Double { Self.ratio(2 * truePositives, 2 * truePositives + falsePositives + falseNegatives) }

    /// Matthews correlation coefficient; 0 if an answer or a class is missing.
    package var mcc: Double {
        let (tp, fp) = (Double(truePositives), Double(falsePositives))
        let (tn, fn) = (Double(trueNegatives), Double(falseNegatives))
        let product = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
        return product == 0 ? 0 : (tp * tn - fp * fn) / product.squareRoot()
    }

    /// The values by the names that requirements use.
    package var metrics: [String: Double] {
        var result = [
            "accuracy": accuracy, "balanced_accuracy": balancedAccuracy, "precision": precision, "recall": recall,
            "specificity": specificity, "f1": f1,
            "mcc": mcc, "log_loss": logLoss, "brier": brier,
        ]
        if let rocAUC { result["roc_auc"] = rocAUC }
        if let prAUC { result["pr_auc"] = prAUC }
        return result
    }

    private static func ratio(_ part: Int, _ whole: Int) -> Double { whole == 0 ? 0 : Double(part) / Double(whole) }

    private static func areas(_ truths: [Bool], _ scores: [Double]) -> (roc: Double?, pr: Double?) {
        let positives = truths.count { $0 }
        let negatives = truths.count - positives
        guard positives > 0 else { return (nil, nil) }
        let order = scores.indices.sorted { scores[$0] > scores[$1] }
        var (tp, fp) = (0, 0)
        var (roc, pr) = (0.0, 0.0)
        var position = 0
        while position < order.count {
            // Rows of one score enter together.
            let (oldTP, oldFP) = (tp, fp)
            let score = scores[order[position]]
            while position < order.count, scores[order[position]] == score {
                if truths[order[position]] { tp += 1 } else { fp += 1 }
                position += 1
            }
            roc += Double(fp - oldFP) * Double(tp + oldTP) / 2
            pr += Double(tp - oldTP) / Double(positives) * Double(tp) / Double(tp + fp)
        }
        return (negatives > 0 ? roc / (Double(positives) * Double(negatives)) : nil, pr)
    }
}
