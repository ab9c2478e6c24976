// SPDX-License-Identifier: Apache-2.0

import JSONText

/// A prediction as the inference log keeps it.
package struct LoggedPrediction: Sendable, Hashable, Identifiable {
    /// The value of a feature.
    package enum FeatureValue: Sendable, Hashable {
        /// A number; NaN for a missing one.
        case number(Double)
        /// A text.
        case text(String)

        /// No value.
        package static var null: FeatureValue { .number(.nan) }
    }

    /// A feature as the client sent it.
    package struct Feature: Sendable, Hashable {
        /// The column's name.
        package let name: String
        /// Its value.
        package let value: FeatureValue

        /// A feature.
        package init(name: String, value: FeatureValue) {
            self.name = name
            self.value = value
        }
    }

    /// UUID of version 7.
    package let id: String
    /// The registered model.
    package let model: String
    /// Its version; empty for a model that is in no registry.
    package let version: String
    /// The run that trained it; nil if it is not known.
    package let runID: String?
    /// When the request was taken, milliseconds UTC.
    package let timeMs: Int64
    /// How long the engine took, nanoseconds.
    package let durationNs: Int64
    /// The features in the model's order.
    package let features: [Feature]
    /// The class, or the value of a regression as text.
    package let label: String
    /// The probability of the positive class, 0 to 1; nil if there is none.
    package let score: Double?
    /// The trace that the request belonged to, as W3C Trace Context writes it; nil if there was none.
    package let traceID: String?

    /// A prediction.
    package init(
        id: String,
        model: String,
        version: String,
        runID: String?,
        timeMs: Int64,
        durationNs: Int64,
        features: [Feature],
        label: String,
        score: Double?,
        traceID: String? = nil
    ) {
        self.id = id
        self.model = model
        self.version = version
        self.runID = runID
        self.timeMs = timeMs
        self.durationNs = durationNs
        self.features = features
        self.label = label
        self.score = score
        self.traceID = traceID
    }

    /// About how many bytes the prediction takes in memory.
    var sizeInBytes: Int {
        features.reduce(256) { size, feature in
            if case .text(let text) = feature.value { return size + 48 + text.utf8.count }
            return size + 48
        }
    }
}
