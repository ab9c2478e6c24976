// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Files

/// A table of features as a request brings it: a column of values for each column of the model.
package struct FeatureBatch: Sendable {
    /// The values of a column, one a row.
    package enum Column: Sendable {
        /// Numbers; NaN for a missing one.
        case numbers([Double])
        /// Texts.
        case texts([String])
    }

    /// How many rows there are.
    package let rowCount: Int
    /// The columns in the model's order.
    package let columns: [Column]

    /// A batch whose columns all have `rowCount` values.
    package init(rowCount: Int, columns: [Column]) {
        self.rowCount = rowCount
        self.columns = columns
    }
}

/// What a model says of one row.
package struct RowAnswer: Sendable, Hashable {
    /// The class, or the value of a regression as text.
    package let label: String
    /// The value of a regression; nil for a classification.
    package let value: Double?
    /// The probability of each class in the model's order; empty for a regression.
    package let probabilities: [Double]
}

/// How the answer of a binary classification is taken.
package struct DecisionRule: Sendable, Hashable {
    /// The class that the threshold is about.
    package let positive: String
    /// The probability from which the answer is `positive`, 0 to 1.
    package let threshold: Double

    /// A rule.
    package init(positive: String, threshold: Double = 0.5) {
        self.positive = positive
        self.threshold = threshold
    }
}

/// A version of a model that answers.
package final class ServedModel: Sendable {
    /// The registered name.
    package let name: String
    /// The version.
    package let version: String
    /// The run that trained it; nil if it is not known.
    package let runID: String?
    /// What goes in and what comes out.
    package let prepared: PreparedModel
    private let engine: OnnxModel
    private let rule: DecisionRule?
    private let positive: Int?

    /// Loads a version.
    ///
    /// Blocks.
    ///
    /// - Throws: ``ServingError`` `.invalidModel` if the file lacks the outputs that it should have.
    package init(
        name: String,
        version: String,
        runID: String?,
        prepared: PreparedModel,
        runtime: OnnxRuntime,
        rule: DecisionRule?
    ) throws(ServingError) {
        let engine = try OnnxModel(runtime: runtime, path: prepared.onnx)
        for output in [prepared.labelOutput, prepared.probabilityOutput].compactMap({ $0 })
        where !engine.outputs.contains(where: { $0.name == output }) {
            throw ServingError(
                .invalidModel,
                what: "cannot serve `\(name)` version \(version)",
                why: "`\(prepared.onnx)` has no output `\(output)`"
            )
        }
        if let rule, !prepared.classes.contains(rule.positive) {
            let known = prepared.classes.map { "`\($0)`" }.joined(separator: ", ")
            throw ServingError(
                .invalidModel,
                what: "cannot serve `\(name)` version \(version)",
                why:
                    "the positive class `\(rule.positive)` is none of its classes\(known.isEmpty ? "; it has none" : ": \(known)")",
                next: nearest(to: rule.positive, among: prepared.classes).map { "did you mean `\($0)`?" }
            )
        }
        self.name = name
        self.version = version
        self.runID = runID
        self.prepared = prepared
        self.engine = engine
        self.rule = rule
        positive = rule.flatMap { rule in prepared.classes.firstIndex(of: rule.positive) }
    }

    /// Whether it tells classes.
    package var isClassifier: Bool { !prepared.classes.isEmpty }

    /// The place of the positive class among the probabilities; nil if there is none.
    package var positiveIndex: Int? { positive }

    /// Answers a batch, row by row.
    ///
    /// - Throws: ``ServingError`` `.invalidRequest`, `.engineFailed`.
    package func answer(_ batch: FeatureBatch) async throws -> [RowAnswer] {
        guard batch.rowCount > 0 else { return [] }
        try checkNumbers(batch)
        let wanted = [prepared.labelOutput, prepared.probabilityOutput].compactMap { $0 }
        let (engine, tensors) = (engine, try inputs(batch))
        let outputs = try await BlockingPool.shared.run { try engine.run(tensors, outputs: wanted) }
        guard let label = outputs.first, label.count == batch.rowCount else {
            throw ServingError(
                .engineFailed,
                what: "cannot predict",
                why: "the model gave \(outputs.first?.count ?? 0) answers for \(batch.rowCount) rows"
            )
        }
        guard isClassifier else {
            return zip(label.texts, label.doubles ?? []).map { RowAnswer(label: $0, value: $1, probabilities: []) }
        }
        let labels = label.texts
        let width = prepared.classes.count
        let probabilities = outputs.dropFirst().first?.doubles ?? []
        let isSingle = outputs.dropFirst().first?.type == .float32
        return labels.indices.map { row in
            let range = row * width..<(row + 1) * width
            let own = range.upperBound <= probabilities.count ? Array(probabilities[range]) : []
            let label = isSingle ? firstOfEquals(labels[row], own) : labels[row]
            return RowAnswer(label: decide(label, own), value: nil, probabilities: own)
        }
    }

    /// Refuses what scikit-learn refuses; the engine would answer with a class and no probability.
    private func checkNumbers(_ batch: FeatureBatch) throws(ServingError) {
        for (description, column) in zip(prepared.columns, batch.columns) {
            guard case .numbers(let numbers) = column else { continue }
            for (row, number) in numbers.enumerated() where !number.isFinite && !(number.isNaN && prepared.takesMissing)
            {
                let words = number.isNaN ? "is missing, and the model takes no missing values" : "is not finite"
                throw .request("the value of `\(description.name)` in row \(row) \(words)")
            }
        }
    }

    /// The first of the equally probable classes, which is scikit-learn's choice.
    ///
    /// Sums in single precision tell equal votes apart by the order of adding alone; 1e-6 is beyond that.
    private func firstOfEquals(_ label: String, _ probabilities: [Double]) -> String {
        guard let own = prepared.classes.firstIndex(of: label), probabilities.indices.contains(own),
            let best = probabilities.max(), probabilities[own] >= best - 1e-6,
            let first = probabilities.firstIndex(where: { $0 >= best - 1e-6 })
        else { return label }
        return prepared.classes[first]
    }

    private func decide(_ label: String, _ probabilities: [Double]) -> String {
        guard let rule, rule.threshold != 0.5, let positive, prepared.classes.count == 2, probabilities.count == 2
        else {
            return label
        }
        return prepared.classes[probabilities[positive] >= rule.threshold ? positive : 1 - positive]
    }

    private func inputs(_ batch: FeatureBatch) throws(ServingError) -> [Tensor] {
        if prepared.isMatrix, let port = engine.inputs.first {
            let width = batch.columns.count
            var values: [Double] = Array(repeating: .nan, count: batch.rowCount * width)
            for (index, column) in batch.columns.enumerated() {
                guard case .numbers(let numbers) = column else { continue }
                for row in 0..<batch.rowCount { values[row * width + index] = numbers[row] }
            }
            let type = port.type ?? .float64
            return [try Tensor.numbers(values, as: type, name: port.name, shape: [batch.rowCount, width])]
        }
        var tensors: [Tensor] = []
        for (name, column) in zip(prepared.inputNames, batch.columns) {
            guard let port = engine.inputs.first(where: { $0.name == name }) else { continue }
            let shape = [batch.rowCount, 1]
            switch column {
            case .texts(let texts): tensors.append(Tensor(name: port.name, shape: shape, texts: texts))
            case .numbers(let numbers):
                tensors.append(
                    try Tensor.numbers(numbers, as: port.type ?? .float64, name: port.name, shape: shape)
                )
            }
        }
        return tensors
    }
}
