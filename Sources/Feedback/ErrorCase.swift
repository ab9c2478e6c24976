// SPDX-License-Identifier: Apache-2.0

import JSONText
import Monitoring

/// A gathered error as a row to learn from: the features as they were sent, and the truth.
package struct ErrorCase: Sendable {
    /// A feature as the client sent it.
    package enum Value: Sendable, Hashable {
        /// A number; may be NaN for a missing one.
        case number(Double)
        /// A text.
        case text(String)
    }

    /// The prediction that was wrong.
    package let predictionID: String
    /// What would have been right.
    package let truth: String
    /// Name and value of each feature, in the order of the request.
    package let features: [(name: String, value: Value)]

    init(predictionID: String, truth: String, featuresJSON: String) throws {
        self.predictionID = predictionID
        self.truth = truth
        features = try JSONDocument(featuresJSON).root.members.map { name, value in
            if let text = value.string { return (name, .text(text)) }
            return (name, .number(value.double ?? .nan))
        }
    }

    /// The features of a logged prediction as one JSON object; a number that is not finite becomes null.
    static func json(of prediction: LoggedPrediction) -> String {
        var writer = JSONWriter()
        writer.beginObject()
        for feature in prediction.features {
            writer.key(feature.name)
            switch feature.value {
            case .number(let number) where number.isFinite: writer.double(number)
            case .number: writer.null()
            case .text(let text): writer.string(text)
            }
        }
        writer.endObject()
        return writer.text
    }
}
