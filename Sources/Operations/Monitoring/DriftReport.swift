// SPDX-License-Identifier: Apache-2.0

package import JSONText
import Statistics
package import SystemPackage
package import Tables

/// How far live inputs are from what the model was trained on.
///
/// A feature drifts if the difference is large (``Feature/effect`` of 0.1 or more) and no accident (its p-value, adjusted for
/// the number of features, below 0.05). Size alone would raise alarms over few rows, chance alone over many.
package struct DriftReport: Sendable {
    /// One feature.
    package struct Feature: Sendable {
        /// The column's name.
        package let name: String
        /// Whether it was compared as numbers; otherwise as categories.
        package let isNumeric: Bool
        /// The Jensen–Shannon distance of the two distributions, 0 to 0.83.
        package let effect: Double
        /// The population stability index against the reference.
        package let stability: Double
        /// The Kolmogorov–Smirnov distance, 0 to 1; nil for categories.
        package let distance: Double?
        /// How likely such a difference is by chance, adjusted for the number of features; nil if it could not be tested.
        package let pValue: Double?
        /// Categories that the reference lacks, with their counts: at most ten, the commonest first.
        package let unseen: [(category: String, count: Int)]

        /// Whether the difference is large and no accident.
        package var hasDrifted: Bool { effect >= DriftReport.effectLimit && (pValue ?? 1) < DriftReport.pValueLimit }
    }

    /// The effect from which a feature can count as drifted.
    package static let effectLimit = 0.1
    /// The rate of false alarms that is accepted.
    package static let pValueLimit = 0.05
    /// Fewer live rows than this are not compared.
    package static let smallestWindow = 10

    /// The features that could be compared, in the reference's order.
    package let features: [Feature]
    /// Columns of the reference that no live prediction has, such as the target.
    package let notCompared: [String]
    /// How many live rows were compared.
    package let rows: Int

    /// How many features drifted.
    package var drifted: Int { features.count { $0.hasDrifted } }

    /// The share of features that drifted, 0 to 1; nil if none could be compared.
    package var share: Double? { features.isEmpty ? nil : Double(drifted) / Double(features.count) }

    /// Compares live predictions with a reference table.
    ///
    /// A feature is numeric if the reference's column is.
    package init(live: [LoggedPrediction], reference: TableResult) {
        var columns: [String: [LoggedPrediction.FeatureValue]] = [:]
        for prediction in live {
            for feature in prediction.features { columns[feature.name, default: []].append(feature.value) }
        }
        var found: [(name: String, isNumeric: Bool, comparison: Drift.Comparison, unseen: [(String, Int)])] = []
        var notCompared: [String] = []
        for (name, values) in zip(reference.names, reference.columns) {
            guard let current = columns[name], current.count >= Self.smallestWindow else {
                notCompared.append(name)
                continue
            }
            if let expected = values.doubles,
                let comparison = Drift.numbers(reference: expected, current: current.map(Self.number))
            {
                found.append((name, true, comparison, []))
                continue
            }
            let expected = Self.counts(values.strings)
            let actual = Self.counts(current.map(Self.category))
            guard let comparison = Drift.categories(reference: expected, current: actual) else {
                notCompared.append(name)
                continue
            }
            let unseen = actual.compactMap { category, count in
                category.flatMap { expected[$0] == nil ? ($0, count) : nil }
            }
            found.append((name, false, comparison, unseen.sorted { ($1.1, $0.0) < ($0.1, $1.0) }))
        }
        let tested = found.indices.filter { found[$0].comparison.pValue != nil }
        let adjusted = benjaminiHochberg(tested.map { found[$0].comparison.pValue ?? 1 })
        let pValues = Dictionary(uniqueKeysWithValues: zip(tested, adjusted))
        features = found.enumerated().map { index, feature in
            Feature(
                name: feature.name,
                isNumeric: feature.isNumeric,
                effect: feature.comparison.effect,
                stability: feature.comparison.stability,
                distance: feature.comparison.distance,
                pValue: pValues[index],
                unseen: feature.unseen.prefix(10).map { (category: $0.0, count: $0.1) }
            )
        }
        self.notCompared = notCompared
        rows = live.count
    }

    /// Compares what a query gives with a table file.
    ///
    /// - Throws: ``TablesError`` if the reference cannot be read.
    package static func measure(
        _ log: InferenceLog,
        _ query: PredictionQuery,
        reference: FilePath,
        engine: TableEngine
    ) async throws -> DriftReport {
        let live = try await log.scan(query) { engine }
        return DriftReport(live: live, reference: try await engine.read(reference))
    }

    /// Writes the report as one JSON object.
    package func write(into writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("profile", "gyre")
            writer.field("rows", rows)
            writer.field("drifted", drifted)
            writer.field("share", share)
            writer.key("features")
            writer.array { writer in
                for feature in features {
                    writer.object { writer in
                        writer.field("name", feature.name)
                        writer.field("kind", feature.isNumeric ? "numeric" : "categorical")
                        writer.field("drifted", feature.hasDrifted)
                        writer.field("effect", feature.effect)
                        writer.field("p_value", feature.pValue)
                        writer.field("psi", feature.stability)
                        writer.field("ks", feature.distance)
                        writer.key("unseen")
                        writer.object { writer in
                            for (category, count) in feature.unseen { writer.field(category, count) }
                        }
                    }
                }
            }
            writer.key("not_compared")
            writer.array { writer in
                for name in notCompared { writer.string(name) }
            }
        }
    }

    private static func number(_ value: LoggedPrediction.FeatureValue) -> Double {
        switch value {
        case .number(let number): number
        case .text(let text): Double(text) ?? .nan
        }
    }

    private static func category(_ value: LoggedPrediction.FeatureValue) -> String? {
        switch value {
        case .number(let number): number.isNaN ? nil : TableValue.real(number).text
        case .text(let text): text
        }
    }

    private static func counts(_ values: [String?]) -> [String?: Int] {
        values.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }
}
