// SPDX-License-Identifier: Apache-2.0

import Statistics
import Testing

/// Expected values: scikit-learn 1.9.1 on the same rows.
struct QualityTests {
    private let truths = (0..<200).map { ($0 * 37 + 11) % 97 < 40 }
    private var scores: [Double] {
        truths.indices.map { min(Double((($0 * 53 + 7) % 101) / 5) / 20 * 0.6 + (truths[$0] ? 1 : 0) * 0.2, 1) }
    }

    @Test func `a classifier measures as in scikit-learn`() throws {
        let quality = try BinaryQuality(truths: truths, scores: scores)
        #expect(
            [quality.trueNegatives, quality.falsePositives, quality.falseNegatives, quality.truePositives]
                == [101, 16, 34, 49]
        )
        let expected = [
            "accuracy": 0.75, "balanced_accuracy": 0.7268046545154979, "precision": 0.7538461538461538,
            "recall": 0.5903614457831325, "specificity": 0.8632478632478633, "f1": 0.6621621621621622,
            "mcc": 0.47718894419834623, "roc_auc": 0.8233961486973536, "pr_auc": 0.8096687258145875,
            "log_loss": 0.5104336781052048, "brier": 0.1714855,
        ]
        for (name, value) in expected {
            let measured = try #require(quality.metrics[name])
            #expect(abs(measured - value) < 1e-12, "\(name)")
        }
        #expect(quality.metrics.count == expected.count)
    }

    @Test func `a ratio without a denominator is zero, an area without a class is not there`() throws {
        let quality = try BinaryQuality(truths: [false, false], scores: [0.1, 0.2])
        #expect(quality.recall == 0 && quality.precision == 0 && quality.mcc == 0 && quality.accuracy == 1)
        #expect(quality.rocAUC == nil && quality.prAUC == nil)
        #expect(quality.metrics["roc_auc"] == nil)
    }

    @Test func `certainty that is wrong costs much, but not infinitely much`() throws {
        let quality = try BinaryQuality(truths: [true, false], scores: [0, 1])
        #expect(quality.logLoss > 36 && quality.logLoss.isFinite)
    }

    @Test func `nothing to measure measures zero`() throws {
        let quality = try BinaryQuality(truths: [], scores: [])
        #expect(quality.accuracy == 0 && quality.logLoss == 0 && quality.rows == 0)
    }

    @Test func `a score that is not a number is refused with its row`() {
        #expect(throws: StatisticsError.notANumber(row: 1)) {
            try BinaryQuality(truths: [true, false], scores: [0.5, .nan])
        }
        #expect(throws: StatisticsError.lengthsDiffer(1, 2)) { try BinaryQuality(truths: [true], scores: [0.5, 1]) }
    }

    @Test func `a regression measures as in scikit-learn, also far from zero`() throws {
        let truths = sequence(50, 37, 5, 101).map { 1e8 + $0 }
        let answers = zip(truths, sequence(50, 11, 3, 53)).map { $0 + $1 - 0.5 }
        let quality = try RegressionQuality(truths: truths, answers: answers)
        #expect(abs(quality.meanAbsoluteError - 0.25396226048469545) < 1e-9)
        #expect(abs(quality.meanSquaredError - 0.08547169687613003) < 1e-9)
        #expect(abs(quality.r2 - 0.003590262857492754) < 1e-7)
        #expect(quality.largestError == 0.5)
    }

    @Test func `a constant truth is explained only by exact answers`() throws {
        #expect(try RegressionQuality(truths: [2, 2], answers: [2, 2]).r2 == 1)
        #expect(try RegressionQuality(truths: [2, 2], answers: [2, 3]).r2 == 0)
    }
}

/// Numbers in 0 ..< 1 that any language makes alike.
func sequence(_ count: Int, _ factor: Int, _ offset: Int, _ modulus: Int) -> [Double] {
    (0..<count).map { Double(($0 * factor + offset) % modulus) / Double(modulus) }
}
