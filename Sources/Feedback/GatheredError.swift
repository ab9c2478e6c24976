// SPDX-License-Identifier: Apache-2.0

/// A prediction that turned out wrong, with all that is needed to learn from it.
package struct GatheredError: Sendable, Identifiable {
    /// How it was wrong.
    package enum Kind: String, Sendable, CaseIterable {
        /// The positive class was there and was not predicted.
        case falseNegative = "false_negative"
        /// The positive class was predicted and was not there.
        case falsePositive = "false_positive"
        /// Two classes, neither of them the positive one, were confused.
        case wrongClass = "wrong_class"
        /// A user complained and nobody has said yet what would have been right.
        case complaint
    }

    /// The prediction's id.
    package let id: String
    /// How it was wrong.
    package let kind: Kind
    /// The registered model that answered.
    package let model: String
    /// The version of the model that answered.
    package let version: String
    /// What was predicted.
    package let predicted: String
    /// What would have been right; nil for a complaint without a truth.
    package let truth: String?
    /// Probability of the positive class, if the model gave one.
    package let score: Double?
    /// When the prediction was made, milliseconds UTC.
    package let predictedMs: Int64
    /// The user's words, if there were any.
    package let comment: String?
    /// Digest of the data version that holds it; nil while it waits for the next one.
    package let dataVersion: String?
}

/// How many errors there are, by kind and by whether a data version holds them.
package struct ErrorCounts: Sendable, Hashable {
    /// Errors of each kind, waiting or not.
    package let byKind: [GatheredError.Kind: Int]
    /// Errors with a known truth that no data version holds yet: `errors.new` in `loop.retrain_when`.
    package let new: Int
    /// Labels that arrived.
    package let labels: Int
    /// Verdicts of users that arrived.
    package let verdicts: Int
}
