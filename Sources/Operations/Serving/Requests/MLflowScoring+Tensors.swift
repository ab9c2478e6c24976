// SPDX-License-Identifier: Apache-2.0

import JSONText

/// MLflow's scoring for models that take tensors as they are, as its `onnx` flavour does.
extension MLflowScoring {
    /// Reads a request: lists by the names of inputs, a list for the one input, a list of objects, or a table whose columns are
    /// the inputs, or for the one input its columns.
    ///
    /// - Throws: ``ServingError`` `.invalidRequest`.
    static func tensors(_ root: JSONElement, for model: ServedModel) throws(ServingError) -> [Tensor] {
        let (form, content) = try form(root)
        if form == "dataframe_split" { return try split(content, model) }
        if content.kind == .object, form != "dataframe_records" { return try named(content, model) }
        guard content.kind == .array else { throw .request("`\(form)` is no list") }
        if content.elements.first(where: { _ in true })?.kind == .object {
            return try rows(content, model, form)
        }
        guard model.inputs.count == 1, let only = model.inputs.first else {
            throw .request("`\(form)` is a list, and the model has the inputs \(names(model))")
        }
        return [try tensor(content, only)]
    }

    private static func names(_ model: ServedModel) -> String {
        model.inputs.map { "`\($0.name)`" }.joined(separator: ", ")
    }

    private static func named(_ content: JSONElement, _ model: ServedModel) throws(ServingError) -> [Tensor] {
        var tensors: [Tensor] = []
        for (name, element) in content.members {
            guard let spec = model.inputs.first(where: { $0.name == name }) else {
                throw .request("the model has no input `\(name.prefix(100))`", next: "its inputs are \(names(model))")
            }
            tensors.append(try tensor(element, spec))
        }
        return tensors
    }

    /// A list of objects, each with a value for each input.
    private static func rows(
        _ content: JSONElement,
        _ model: ServedModel,
        _ form: String
    ) throws(ServingError) -> [Tensor] {
        var tensors: [Tensor] = []
        for spec in model.inputs {
            var parts: [Tensor] = []
            for (index, row) in content.elements.enumerated() {
                guard row.kind == .object, let value = row[spec.name] else {
                    throw .request("item \(index) of `\(form)` has no `\(spec.name)`")
                }
                parts.append(try tensor(value, spec, hasRows: false))
            }
            guard let tensor = Tensor.stacked(parts, as: spec.name) else {
                throw .request("the values of `\(spec.name)` differ in their shapes")
            }
            tensors.append(try fitted(tensor, spec))
        }
        return tensors
    }

    private static func split(_ content: JSONElement, _ model: ServedModel) throws(ServingError) -> [Tensor] {
        guard let data = content["data"], data.kind == .array else {
            throw .request("`dataframe_split` has no list `data`")
        }
        if model.inputs.count == 1, let only = model.inputs.first { return [try tensor(data, only)] }
        let titles = content["columns"]?.elements.map { $0.string ?? $0.json } ?? []
        var tensors: [Tensor] = []
        for spec in model.inputs {
            guard let index = titles.firstIndex(of: spec.name) else {
                throw .request("the column `\(spec.name)` is missing")
            }
            var parts: [Tensor] = []
            for (number, row) in data.elements.enumerated() {
                guard row.kind == .array, row.count == titles.count,
                    let value = row.elements.dropFirst(index).first(where: { _ in true })
                else {
                    throw .request(
                        "row \(number) of `data` does not have one value for each of the \(titles.count) columns"
                    )
                }
                parts.append(try tensor(value, spec, hasRows: false))
            }
            guard let tensor = Tensor.stacked(parts, as: spec.name) else {
                throw .request("the values of `\(spec.name)` differ in their shapes")
            }
            tensors.append(try fitted(tensor, spec))
        }
        return tensors
    }

    /// A tensor whose shape is that of nested lists.
    private static func tensor(
        _ element: JSONElement,
        _ spec: TensorSpec,
        hasRows: Bool = true
    ) throws(ServingError) -> Tensor {
        var shape: [Int] = []
        var inner: JSONElement? = element
        while let list = inner, list.kind == .array, shape.count < 16 {
            shape.append(list.count)
            inner = list.elements.first { _ in true }
        }
        guard let type = spec.type else { throw .request("`\(spec.name)` cannot be brought by a request") }
        guard !shape.isEmpty else {
            guard !hasRows else { throw .request("`\(spec.name)` is no list") }
            return try TensorJSON.tensor(of: element, single: spec.name, type)
        }
        let tensor = try TensorJSON.tensor(of: element, spec.name, type, shape)
        return hasRows ? try fitted(tensor, spec) : tensor
    }

    /// A column of values as the matrix of one column that a model takes.
    private static func fitted(_ tensor: Tensor, _ spec: TensorSpec) throws(ServingError) -> Tensor {
        guard tensor.shape.count == 1, spec.shape.count == 2, spec.shape[1] == 1 || spec.shape[1] == -1 else {
            return tensor
        }
        return tensor.reshaped([tensor.rowCount, 1])
    }

    /// Writes the answer: `{"predictions": {"NAME": […]}, "prediction_ids": […], "model_version": "…"}`.
    static func encode(_ outputs: [Tensor], ids: [String], of model: ServedModel, into writer: inout JSONWriter) {
        writer.object { writer in
            writer.key("predictions")
            writer.object { writer in
                for tensor in outputs {
                    writer.key(tensor.name)
                    TensorJSON.writeNested(tensor, into: &writer)
                }
            }
            writer.field("prediction_ids", ids)
            writer.field("model_version", model.version)
        }
    }
}
