// SPDX-License-Identifier: Apache-2.0

/// A prediction that turned out wrong.
package struct ErrorRow: Sendable {
    /// The prediction's id.
    package var predictionID: String
    /// `false_negative`, `false_positive`, `wrong_class` or `complaint`.
    package var kind: String
    /// The version that answered.
    package var version: String
    /// What it answered.
    package var predicted: String
    /// What would have been right.
    package var truth: String?
    /// Probability of the positive class.
    package var score: Double?
    /// When it answered.
    package var predictedMs: Int64?
    /// The user's words.
    package var comment: String?
    /// The data version that holds it; nil while it waits for the next one.
    package var dataVersion: String?

    /// An error.
    package init(
        predictionID: String,
        kind: String,
        version: String,
        predicted: String,
        truth: String? = nil,
        score: Double? = nil,
        predictedMs: Int64? = nil,
        comment: String? = nil,
        dataVersion: String? = nil
    ) {
        self.predictionID = predictionID
        self.kind = kind
        self.version = version
        self.predicted = predicted
        self.truth = truth
        self.score = score
        self.predictedMs = predictedMs
        self.comment = comment
        self.dataVersion = dataVersion
    }
}

/// How many errors gathered, and how many it takes.
package struct ErrorSummary: Sendable {
    /// Positive cases that were missed.
    package var falseNegatives: Int
    /// False alarms.
    package var falsePositives: Int
    /// Errors of any other kind.
    package var others: Int
    /// Errors that no data version holds yet.
    package var new: Int
    /// How many new ones it takes until the loop retrains; nil if no rule says so.
    package var needed: Int?
    /// Truths that arrived.
    package var labels: Int
    /// Verdicts of users that arrived.
    package var verdicts: Int

    /// A summary.
    package init(
        falseNegatives: Int = 0,
        falsePositives: Int = 0,
        others: Int = 0,
        new: Int = 0,
        needed: Int? = nil,
        labels: Int = 0,
        verdicts: Int = 0
    ) {
        self.falseNegatives = falseNegatives
        self.falsePositives = falsePositives
        self.others = others
        self.new = new
        self.needed = needed
        self.labels = labels
        self.verdicts = verdicts
    }
}

/// One turn of the loop.
package struct TurnRow: Sendable {
    /// 1 for the first.
    package var number: Int
    /// `running`, `promoted`, `waiting`, `refused`, `failed` or `interrupted`.
    package var state: String
    /// Its start.
    package var startedMs: Int64?
    /// Its end; nil while it runs.
    package var endedMs: Int64?
    /// How many errors it learned from.
    package var errors: Int
    /// The challenger's run.
    package var runID: String?
    /// The challenger's model version.
    package var version: String?
    /// One line for people.
    package var note: String?

    /// A turn.
    package init(
        number: Int,
        state: String,
        startedMs: Int64? = nil,
        endedMs: Int64? = nil,
        errors: Int = 0,
        runID: String? = nil,
        version: String? = nil,
        note: String? = nil
    ) {
        self.number = number
        self.state = state
        self.startedMs = startedMs
        self.endedMs = endedMs
        self.errors = errors
        self.runID = runID
        self.version = version
        self.note = note
    }
}
