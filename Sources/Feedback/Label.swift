// SPDX-License-Identifier: Apache-2.0

/// The truth about a prediction, as it turned out later.
package struct Label: Sendable, Hashable {
    /// The prediction it belongs to; it may not be in the inference log yet.
    package let predictionID: String
    /// The true class or value as text, in the spelling of the target column.
    package let truth: String

    /// The truth about `predictionID`.
    ///
    /// - Throws: ``FeedbackError`` `.invalidLabel` if either text is empty or longer than 255 bytes.
    package init(predictionID: String, truth: String) throws(FeedbackError) {
        for (name, value) in [("prediction_id", predictionID), ("truth", truth)]
        where value.isEmpty || value.utf8.count > 255 {
            throw FeedbackError(
                .invalidLabel,
                what: "cannot take the label",
                why: "`\(name)` has \(value.utf8.count) bytes; 1 to 255 are allowed",
                next: "send `prediction_id` as the service returned it, and the true value as text"
            )
        }
        self.predictionID = predictionID
        self.truth = truth
    }
}

/// What an end user says of a prediction.
package struct UserVerdict: Sendable, Hashable {
    /// The prediction that the user saw.
    package let predictionID: String
    /// Whether the answer was of use.
    package let isUsable: Bool
    /// What should have come out, if the user knows; it counts as a label.
    package let truth: String?
    /// In the user's words: what was wrong, which data was missing.
    package let comment: String

    /// What a user says of `predictionID`.
    ///
    /// - Throws: ``FeedbackError`` `.invalidLabel` if an id or truth breaks the rules of ``Label``, or the comment has
    ///   more than 4,000 bytes.
    package init(predictionID: String, isUsable: Bool, truth: String?, comment: String) throws(FeedbackError) {
        _ = try Label(predictionID: predictionID, truth: truth ?? "unknown")
        guard comment.utf8.count <= 4_000 else {
            throw FeedbackError(
                .invalidLabel,
                what: "cannot take the feedback",
                why: "`comment` has \(comment.utf8.count) bytes; 4,000 are allowed",
                next: "shorten the comment"
            )
        }
        self.predictionID = predictionID
        self.isUsable = isUsable
        self.truth = truth
        self.comment = comment
    }
}
