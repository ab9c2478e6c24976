// SPDX-License-Identifier: Apache-2.0

import Diagnostics

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
    /// How rows with columns go in and answers come out; nil for a model that takes tensors as they are.
    package let table: PreparedModel?
    /// What goes in, as callers see it.
    package let inputs: [TensorSpec]
    /// What comes out, as callers see it.
    package let outputs: [TensorSpec]
    private let engine: any InferenceEngine
    private let batcher: Batcher
    private let rule: DecisionRule?
    private let positive: Int?

    /// Loads a version that takes rows with columns.
    ///
    /// Blocks.
    ///
    /// - Parameters:
    ///   - name: The registered name.
    ///   - version: The version.
    ///   - runID: The run that trained it.
    ///   - prepared: Its files.
    ///   - runtime: The library.
    ///   - rule: How the answer of a binary classification is taken.
    ///   - limits: How requests share runs.
    ///   - onRun: Told of each run.
    /// - Throws: ``ServingError`` `.invalidModel` if the file lacks the outputs that it should have.
    package init(
        name: String,
        version: String,
        runID: String?,
        prepared: PreparedModel,
        runtime: OnnxRuntime,
        rule: DecisionRule?,
        limits: BatchLimits = .standard,
        onRun: @escaping @Sendable (BatchRecord) -> Void = { _ in }
    ) throws(ServingError) {
        let engine = try OnnxModel(runtime: runtime, path: prepared.onnx)
        let used = [prepared.labelOutput, prepared.probabilityOutput].compactMap { $0 }
        for output in used where !engine.outputs.contains(where: { $0.name == output }) {
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
        (self.name, self.version, self.runID, self.engine) = (name, version, runID, engine)
        (table, self.rule) = (prepared, rule)
        positive = rule.flatMap { rule in prepared.classes.firstIndex(of: rule.positive) }
        inputs = prepared.columns.map { column in
            TensorSpec(name: column.name, type: column.kind == .text ? .string : .float64, shape: [-1])
        }
        var outputs = [TensorSpec(name: "label", type: prepared.labelType, shape: [-1])]
        if !prepared.classes.isEmpty {
            outputs.append(TensorSpec(name: "probability", type: .float64, shape: [-1, prepared.classes.count]))
        }
        self.outputs = outputs + [Self.idSpec]
        // Without an example of two rows some are made up.
        let example = prepared.example.flatMap { $0.rowCount > 1 ? try? Self.inputs($0, prepared, engine) : nil }
        let shares = BatchProbe.canShare(engine, example: example, outputs: used)
        batcher = Batcher(engine, limits: limits, shares: shares, onRun: onRun)
    }

    /// Loads a version that takes tensors as its file describes them.
    ///
    /// Blocks.
    ///
    /// - Parameters:
    ///   - name: The name.
    ///   - version: The version.
    ///   - runID: The run that trained it.
    ///   - engine: What runs.
    ///   - limits: How requests share runs.
    ///   - onRun: Told of each run.
    /// - Throws: ``ServingError`` `.invalidModel` if it takes or gives something that is not served.
    package init(
        name: String,
        version: String,
        runID: String?,
        engine: any InferenceEngine,
        limits: BatchLimits = .standard,
        onRun: @escaping @Sendable (BatchRecord) -> Void = { _ in }
    ) throws(ServingError) {
        if let odd = engine.inputs.first(where: { $0.type == nil || $0.kind != .tensor })
            ?? engine.outputs.first(where: { $0.type == nil })
        {
            throw ServingError(
                .invalidModel,
                what: "cannot serve `\(name)`",
                why: "`\(odd.name)` is of a kind that no request can bring or take"
            )
        }
        (self.name, self.version, self.runID, self.engine) = (name, version, runID, engine)
        (table, rule, positive) = (nil, nil, nil)
        inputs = engine.inputs
        outputs = engine.outputs + [Self.idSpec]
        let shares = BatchProbe.canShare(engine, example: nil, outputs: engine.outputs.map(\.name))
        batcher = Batcher(engine, limits: limits, shares: shares, onRun: onRun)
    }

    private static let idSpec = TensorSpec(name: OpenInference.idOutput, type: .string, shape: [-1])

    /// The columns that a row has; empty for a model that takes tensors.
    package var columns: [ModelColumn] { table?.columns ?? [] }

    /// The classes in the order of the probabilities; empty for others.
    package var classes: [String] { table?.classes ?? [] }

    /// Whether it tells classes.
    package var isClassifier: Bool { !classes.isEmpty }

    /// The type of its labels.
    var labelType: ElementType { table?.labelType ?? .float64 }

    /// The place of the positive class among the probabilities; nil if there is none.
    package var positiveIndex: Int? { positive }

    // MARK: Tensors

    /// Answers tensors of a request with the tensors that it wants.
    ///
    /// - Throws: ``ServingError`` `.invalidRequest`, `.overloaded`, `.engineFailed`.
    func answer(_ tensors: [Tensor], outputs wanted: [String]) async throws -> [Tensor] {
        try await batcher.run(try ordered(tensors), outputs: wanted)
    }

    /// The tensors of a request in the model's order, each of its type and shape.
    private func ordered(_ tensors: [Tensor]) throws(ServingError) -> [Tensor] {
        for tensor in tensors where !inputs.contains(where: { $0.name == tensor.name }) {
            let near = nearest(to: tensor.name, among: inputs.map(\.name)).map { "did you mean `\($0)`?" }
            throw .request("the model has no input `\(tensor.name.prefix(100))`", next: near)
        }
        var result: [Tensor] = []
        for spec in inputs {
            guard let tensor = tensors.first(where: { $0.name == spec.name }) else {
                throw .request("the input `\(spec.name)` is missing")
            }
            guard tensor.type == spec.type else {
                let wanted = spec.type?.openInferenceName ?? ""
                throw .request("`\(spec.name)` is \(tensor.type.openInferenceName); the model takes \(wanted)")
            }
            let fits =
                tensor.shape.count == spec.shape.count
                && zip(tensor.shape, spec.shape).allSatisfy { $1 < 0 || $0 == $1 }
            guard fits else {
                throw .request("`\(spec.name)` has the shape \(tensor.shape); the model takes \(spec.shape)")
            }
            if tensor.type == .string, tensor.texts.contains(where: { $0.utf8.contains(0) }) {
                throw .request("a text of `\(spec.name)` holds a NUL, which the engine takes for its end")
            }
            result.append(tensor)
        }
        return result
    }

    // MARK: Rows

    /// Answers a batch, row by row.
    ///
    /// - Throws: ``ServingError`` `.invalidRequest`, `.overloaded`, `.engineFailed`.
    package func answer(_ batch: FeatureBatch) async throws -> [RowAnswer] {
        guard let table else { throw ServingError.request("the model takes tensors, and no rows with columns") }
        guard batch.rowCount > 0 else { return [] }
        try checkNumbers(batch, table)
        let wanted = [table.labelOutput, table.probabilityOutput].compactMap { $0 }
        let outputs = try await batcher.run(try Self.inputs(batch, table, engine), outputs: wanted)
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
        let width = classes.count
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
    private func checkNumbers(_ batch: FeatureBatch, _ table: PreparedModel) throws(ServingError) {
        for (description, column) in zip(table.columns, batch.columns) {
            guard case .numbers(let numbers) = column else { continue }
            for (row, number) in numbers.enumerated() where !number.isFinite && !(number.isNaN && table.takesMissing) {
                let words = number.isNaN ? "is missing, and the model takes no missing values" : "is not finite"
                throw .request("the value of `\(description.name)` in row \(row) \(words)")
            }
        }
    }

    /// The first of the equally probable classes, which is scikit-learn's choice.
    ///
    /// Sums in single precision tell equal votes apart by the order of adding alone; 1e-6 is beyond that.
    private func firstOfEquals(_ label: String, _ probabilities: [Double]) -> String {
        guard let own = classes.firstIndex(of: label), probabilities.indices.contains(own),
            let best = probabilities.max(), probabilities[own] >= best - 1e-6,
            let first = probabilities.firstIndex(where: { $0 >= best - 1e-6 })
        else { return label }
        return classes[first]
    }

    private func decide(_ label: String, _ probabilities: [Double]) -> String {
        guard let rule, rule.threshold != 0.5, let positive, classes.count == 2, probabilities.count == 2
        else {
            return label
        }
        return classes[probabilities[positive] >= rule.threshold ? positive : 1 - positive]
    }

    private static func inputs(
        _ batch: FeatureBatch,
        _ table: PreparedModel,
        _ engine: any InferenceEngine
    ) throws(ServingError) -> [Tensor] {
        if table.isMatrix, let port = engine.inputs.first {
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
        for (name, column) in zip(table.inputNames, batch.columns) {
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
