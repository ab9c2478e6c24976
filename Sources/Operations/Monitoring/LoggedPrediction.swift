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
    /// Its version.
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
        score: Double?
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
    }

    /// The prediction as one JSON object; a number that is not finite becomes a text such as `"NaN"`.
    func encoded() -> [UInt8] {
        var writer = JSONWriter(reserving: 512, nonFinite: .text)
        writer.object { writer in
            writer.field("id", id)
            writer.field("model", model)
            writer.field("version", version)
            writer.field("run_id", runID)
            writer.field("time_ms", timeMs)
            writer.field("duration_ns", durationNs)
            writer.field("label", label)
            writer.field("score", score)
            writer.key("numbers")
            writer.object { writer in
                for feature in features {
                    if case .number(let value) = feature.value { writer.field(feature.name, value) }
                }
            }
            writer.key("texts")
            writer.object { writer in
                for feature in features {
                    if case .text(let value) = feature.value { writer.field(feature.name, value) }
                }
            }
        }
        return writer.bytes
    }

    /// Reads what ``encoded()`` wrote; numbers come before texts.
    init(decoding bytes: UnsafeRawBufferPointer) throws(JSONError) {
        let root = try JSONDocument(parsing: bytes).root
        guard let id = root["id"]?.string, let model = root["model"]?.string, let label = root["label"]?.string else {
            throw JSONError(why: "a prediction lacks `id`, `model` or `label`")
        }
        let special = ["NaN": Double.nan, "Infinity": .infinity, "-Infinity": -.infinity]
        var features: [Feature] = []
        if let numbers = root["numbers"] {
            for (name, value) in numbers.members {
                let number = value.double ?? value.string.flatMap { special[$0] } ?? .nan
                features.append(Feature(name: name, value: .number(number)))
            }
        }
        if let texts = root["texts"] {
            for (name, value) in texts.members { features.append(Feature(name: name, value: .text(value.string ?? ""))) }
        }
        self.init(
            id: id,
            model: model,
            version: root["version"]?.string ?? "",
            runID: root["run_id"]?.string,
            timeMs: root["time_ms"]?.int64 ?? 0,
            durationNs: root["duration_ns"]?.int64 ?? 0,
            features: features,
            label: label,
            score: root["score"]?.double
        )
    }
}
