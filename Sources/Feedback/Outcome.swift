// SPDX-License-Identifier: Apache-2.0

/// What a label says of its prediction.
package enum Outcome: String, Sendable, CaseIterable {
    /// The positive class, predicted.
    case truePositive = "true_positive"
    /// Another class, and not the positive one predicted.
    case trueNegative = "true_negative"
    /// Predicted positive, and it was not.
    case falsePositive = "false_positive"
    /// The positive class, not predicted.
    case falseNegative = "false_negative"
    /// Two classes, neither of them the positive one, were confused.
    case wrongClass = "wrong_class"

    /// Compares a prediction with the truth; class names are compared as numbers where both are numbers, so that `1` and
    /// `1.0` are one class.
    package init(predicted: String, truth: String, positive: String) {
        let isPositive = Self.equal(truth, positive)
        let saysPositive = Self.equal(predicted, positive)
        self =
            switch (isPositive, saysPositive) {
            case (true, true): .truePositive
            case (true, false): .falseNegative
            case (false, true): .falsePositive
            case (false, false): Self.equal(predicted, truth) ? .trueNegative : .wrongClass
            }
    }

    /// The kind of error it is; nil if the prediction was right.
    package var errorKind: GatheredError.Kind? {
        switch self {
        case .truePositive, .trueNegative: nil
        case .falsePositive: .falsePositive
        case .falseNegative: .falseNegative
        case .wrongClass: .wrongClass
        }
    }

    private static func equal(_ left: String, _ right: String) -> Bool {
        if left == right { return true }
        guard let left = Double(left), let right = Double(right) else { return false }
        return left == right
    }
}

/// Quality of one model version in production, from the labels that arrived.
package struct LiveQuality: Sendable {
    /// The version that answered.
    package let version: String
    /// How many labelled predictions had each outcome.
    package let counts: [Outcome: Int]

    /// Labelled predictions.
    package var labelled: Int { counts.values.reduce(0, +) }

    /// Share of positives that were found; nil without a labelled positive.
    package var recall: Double? { ratio(.truePositive, against: .falseNegative) }

    /// Share of predicted positives that were right; nil without one.
    package var precision: Double? { ratio(.truePositive, against: .falsePositive) }

    private func ratio(_ hit: Outcome, against miss: Outcome) -> Double? {
        let (hits, misses) = (counts[hit, default: 0], counts[miss, default: 0])
        return hits + misses == 0 ? nil : Double(hits) / Double(hits + misses)
    }
}
