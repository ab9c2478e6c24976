// SPDX-License-Identifier: Apache-2.0

import Statistics
package import Tables

/// How far live inputs are from what the model was trained on.
package struct DriftReport: Sendable {
    /// One feature.
    package struct Feature: Sendable {
        /// The column's name.
        package let name: String
        /// The population stability index against the reference.
        package let stability: Double
        /// Whether it passes the limit for a large shift.
        package var hasDrifted: Bool { stability >= DriftReport.limit }
    }

    /// The index from which a feature counts as drifted.
    package static let limit = 0.25

    /// The numeric features that could be compared.
    package let features: [Feature]
    /// How many live rows were compared.
    package let rows: Int

    /// The share of features that drifted, 0 to 1; nil if none could be compared.
    package var share: Double? {
        features.isEmpty ? nil : Double(features.count { $0.hasDrifted }) / Double(features.count)
    }

    /// Compares live predictions with a reference table; features that are not in both are left out.
    package init(live: [LoggedPrediction], reference: TableChunk) {
        var columns: [String: [Double]] = [:]
        for prediction in live {
            for feature in prediction.features {
                if case .number(let value) = feature.value { columns[feature.name, default: []].append(value) }
            }
        }
        var features: [Feature] = []
        for (name, values) in zip(reference.names, reference.columns) {
            guard let expected = values.doubles, let actual = columns[name],
                let stability = Drift.populationStability(reference: expected, live: actual)
            else { continue }
            features.append(Feature(name: name, stability: stability))
        }
        self.features = features
        rows = live.count
    }
}
