// SPDX-License-Identifier: Apache-2.0

import Diagnostics
package import JSONText

/// What the Open Inference Protocol, version 2, says of models, and how it brings tables.
package enum OpenInference {
    /// The rows of a request to a model that takes a table: one tensor of shape [rows, columns], or a tensor for each column with
    /// one value a row.
    ///
    /// - Throws: ``ServingError`` `.invalidRequest`, `.tooManyRows`.
    static func batch(_ inputs: [Tensor], for columns: [ModelColumn]) throws(ServingError) -> FeatureBatch {
        for tensor in inputs where !(1...2).contains(tensor.shape.count) {
            throw .request("`\(tensor.name.prefix(100))` has \(tensor.shape.count) dimensions; one or two are taken")
        }
        let rows = inputs.first?.rowCount ?? 0
        _ = try FeatureTable(rowCount: rows)
        if inputs.count == 1, let matrix = inputs.first, matrix.shape.count == 2,
            columns.count > 1 || matrix.name == "input"
        {
            guard matrix.shape[1] == columns.count else {
                throw .request("`\(matrix.name)` has \(matrix.shape[1]) columns; the model takes \(columns.count)")
            }
            var result: [FeatureBatch.Column] = []
            for (index, column) in columns.enumerated() {
                result.append(try values(matrix, of: column, from: index, by: columns.count))
            }
            return FeatureBatch(rowCount: rows, columns: result)
        }
        var result: [FeatureBatch.Column] = []
        for column in columns {
            guard let tensor = inputs.first(where: { $0.name == column.name }) else {
                let near = nearest(to: column.name, among: inputs.map(\.name).sorted())
                throw .request(
                    "the column `\(column.name)` is missing",
                    next: near.map { "is `\($0)` meant for it?" } ?? "the model's columns are in its metadata"
                )
            }
            guard tensor.count == rows else {
                throw .request("the column `\(column.name)` has \(tensor.count) values for \(rows) rows")
            }
            result.append(try values(tensor, of: column, from: 0, by: 1))
        }
        return FeatureBatch(rowCount: rows, columns: result)
    }

    private static func values(
        _ tensor: Tensor,
        of column: ModelColumn,
        from start: Int,
        by step: Int
    ) throws(ServingError) -> FeatureBatch.Column {
        func every<Value>(_ values: [Value]) -> [Value] {
            step == 1 ? values : stride(from: start, to: values.count, by: step).map { values[$0] }
        }
        switch column.kind {
        case .number:
            guard let numbers = tensor.doubles else {
                throw .request("the column `\(column.name)` takes numbers, and one value is a text")
            }
            return .numbers(every(numbers))
        case .text:
            guard tensor.type == .string else {
                throw .request("the column `\(column.name)` takes texts, and one value is none")
            }
            return .texts(every(tensor.texts))
        }
    }

    /// The outputs of a prediction.
    static func tensors(_ prediction: Prediction) -> [Tensor] {
        let (model, answers) = (prediction.model, prediction.answers)
        let rows = answers.count
        let label: Tensor =
            switch model.labelType {
            case .int64: Tensor(name: "label", shape: [rows], answers.map { Int64($0.label) ?? 0 })
            case .string: Tensor(name: "label", shape: [rows], texts: answers.map(\.label))
            default: Tensor(name: "label", shape: [rows], answers.map { $0.value ?? .nan })
            }
        var tensors = [label]
        if model.isClassifier {
            let values = answers.flatMap(\.probabilities)
            tensors.append(Tensor(name: "probability", shape: [rows, model.classes.count], values))
        }
        return tensors + [ids(prediction.ids)]
    }

    static func ids(_ ids: [String]) -> Tensor { Tensor(name: idOutput, shape: [ids.count], texts: ids) }

    /// The output that each model has besides its own.
    static let idOutput = "prediction_id"

    /// Writes a model's metadata.
    ///
    /// - Parameters:
    ///   - model: The model.
    ///   - versions: All that answer under its name.
    ///   - writer: Where it goes.
    package static func metadata(
        of model: ServedModel,
        versions: [String],
        into writer: inout JSONWriter
    ) {
        func list(_ key: String, _ specs: [TensorSpec], _ writer: inout JSONWriter) {
            writer.key(key)
            writer.array { writer in
                for spec in specs {
                    writer.object { writer in
                        writer.field("name", spec.name)
                        writer.field("datatype", spec.type?.openInferenceName ?? "")
                        writer.key("shape")
                        writer.array { writer in for size in spec.shape { writer.integer(size) } }
                    }
                }
            }
        }
        writer.object { writer in
            writer.field("name", model.name)
            writer.field("versions", versions)
            writer.field("platform", "onnx_onnxv1")
            list("inputs", model.inputs, &writer)
            list("outputs", model.outputs, &writer)
        }
    }
}
