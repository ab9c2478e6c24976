// SPDX-License-Identifier: Apache-2.0

import Diagnostics
package import JSONText

/// The JSON requests and answers of the Open Inference Protocol, version 2.
package enum OpenInference {
    /// A request that was understood.
    package struct Request: Sendable {
        /// The caller's id for the request; comes back with the answer.
        package let id: String?
        /// The rows.
        package let batch: FeatureBatch
        /// The outputs that the caller wants; all if empty.
        package let outputs: [String]
    }

    /// The names of the outputs that every classifier has.
    private static let outputNames = ["label", "probability", "prediction_id"]

    /// Reads an inference request: either one tensor `input` of shape [rows, columns], or a tensor for each column with one
    /// value a row.
    ///
    /// - Throws: ``ServingError`` `.invalidRequest`, `.tooManyRows`.
    package static func decode(_ root: JSONElement, for model: ServedModel) throws(ServingError) -> Request {
        guard let inputs = root["inputs"], inputs.kind == .array, inputs.count > 0 else {
            throw .request(
                "the body has no list `inputs`",
                next: #"send {"inputs": [{"name", "shape", "datatype", "data"}]}"#
            )
        }
        var outputs: [String] = []
        if let wanted = root["outputs"], wanted.kind == .array {
            for element in wanted.elements {
                guard let name = element["name"]?.string else { throw .request("an item of `outputs` has no `name`") }
                guard outputNames.contains(name) else {
                    let near = nearest(to: name, among: outputNames).map { "did you mean `\($0)`?" }
                    throw .request("there is no output `\(name.prefix(100))`", next: near)
                }
                outputs.append(name)
            }
        }
        var tensors: [(name: String, shape: [Int], cells: [FeatureTable.Cell])] = []
        for element in inputs.elements { tensors.append(try tensor(element)) }
        let columns = model.prepared.columns
        let batch: FeatureBatch
        if tensors.count == 1, let matrix = tensors.first, matrix.shape.count == 2,
            columns.count > 1 || matrix.name == "input"
        {
            guard matrix.shape[1] == columns.count else {
                throw .request("`\(matrix.name)` has \(matrix.shape[1]) columns; the model takes \(columns.count)")
            }
            batch = try split(matrix.cells, matrix.shape[0], columns)
        } else {
            let rows = tensors.first?.shape.first ?? 0
            var table = try FeatureTable(rowCount: rows)
            for tensor in tensors { try table.set(tensor.name, tensor.cells) }
            batch = try table.batch(for: columns)
        }
        return Request(id: root["id"]?.string, batch: batch, outputs: outputs)
    }

    /// Writes the answer.
    package static func encode(_ prediction: Prediction, to request: Request, into writer: inout JSONWriter) {
        let rows = prediction.answers.count
        func wants(_ name: String) -> Bool { request.outputs.isEmpty || request.outputs.contains(name) }
        writer.object { writer in
            writer.field("model_name", prediction.model.name)
            writer.field("model_version", prediction.model.version)
            if let id = request.id { writer.field("id", id) }
            writer.key("outputs")
            writer.array { writer in
                if wants("label") { label(prediction, rows, &writer) }
                let width = prediction.model.prepared.classes.count
                if wants("probability"), width > 0 {
                    output("probability", "FP64", [rows, width], &writer) { writer in
                        for answer in prediction.answers { for value in answer.probabilities { writer.double(value) } }
                    }
                }
                if wants("prediction_id") {
                    output("prediction_id", "BYTES", [rows], &writer) { writer in
                        for id in prediction.ids { writer.string(id) }
                    }
                }
            }
        }
    }

    /// Writes a model's metadata.
    package static func metadata(of model: ServedModel, into writer: inout JSONWriter) {
        func port(_ name: String, _ type: String, _ shape: [Int], _ writer: inout JSONWriter) {
            writer.object { writer in
                writer.field("name", name)
                writer.field("datatype", type)
                writer.key("shape")
                writer.array { writer in for size in shape { writer.integer(size) } }
            }
        }
        writer.object { writer in
            writer.field("name", model.name)
            writer.key("versions")
            writer.array { $0.string(model.version) }
            writer.field("platform", "onnx_onnxv1")
            writer.key("inputs")
            writer.array { writer in
                for column in model.prepared.columns {
                    port(column.name, column.kind == .text ? "BYTES" : "FP64", [-1], &writer)
                }
            }
            writer.key("outputs")
            writer.array { writer in
                let classes = model.prepared.classes
                port("label", labelType(model), [-1], &writer)
                if !classes.isEmpty { port("probability", "FP64", [-1, classes.count], &writer) }
                port("prediction_id", "BYTES", [-1], &writer)
            }
        }
    }

    // MARK: Parts

    private static func labelType(_ model: ServedModel) -> String {
        guard model.isClassifier else { return "FP64" }
        return model.prepared.classes.allSatisfy { Int64($0) != nil } ? "INT64" : "BYTES"
    }

    private static func label(_ prediction: Prediction, _ rows: Int, _ writer: inout JSONWriter) {
        let type = labelType(prediction.model)
        output("label", type, [rows], &writer) { writer in
            for answer in prediction.answers {
                switch type {
                case "FP64": writer.double(answer.value ?? .nan)
                case "INT64": writer.integer(Int64(answer.label) ?? 0)
                default: writer.string(answer.label)
                }
            }
        }
    }

    private static func output(
        _ name: String,
        _ type: String,
        _ shape: [Int],
        _ writer: inout JSONWriter,
        _ data: (inout JSONWriter) -> Void
    ) {
        writer.object { writer in
            writer.field("name", name)
            writer.field("datatype", type)
            writer.key("shape")
            writer.array { writer in for size in shape { writer.integer(size) } }
            writer.key("data")
            writer.array(data)
        }
    }

    private static func tensor(
        _ element: JSONElement
    ) throws(ServingError) -> (name: String, shape: [Int], cells: [FeatureTable.Cell]) {
        guard let name = element["name"]?.string else { throw .request("an item of `inputs` has no `name`") }
        guard let sizes = element["shape"], sizes.kind == .array, (1...2).contains(sizes.count) else {
            throw .request("`\(name.prefix(100))` needs a `shape` of one or two sizes")
        }
        let shape = sizes.elements.compactMap(\.int64).map { Int($0) }
        guard shape.count == sizes.count, shape.allSatisfy({ (0...1_000_000_000).contains($0) }) else {
            throw .request("the `shape` of `\(name.prefix(100))` holds something that is no size")
        }
        let type = element["datatype"]?.string ?? ""
        let types = [
            "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32", "FP64",
            "BYTES",
        ]
        guard types.contains(type) else {
            throw .request(
                "`\(type.prefix(20))` is not a datatype",
                next: nearest(to: type, among: types).map { "did you mean `\($0)`?" }
                    ?? "they are \(types.joined(separator: ", "))"
            )
        }
        guard let data = element["data"], data.kind == .array else {
            throw .request("`\(name.prefix(100))` has no list `data`")
        }
        _ = try FeatureTable(rowCount: shape.first ?? 0)
        var cells: [FeatureTable.Cell] = []
        try flatten(data, name, depth: 0, &cells)
        guard cells.count == shape.reduce(1, *) else {
            throw .request("`\(name.prefix(100))` has \(cells.count) values; its shape wants \(shape.reduce(1, *))")
        }
        return (name, shape, cells)
    }

    /// The protocol allows data flat or nested as the shape is.
    private static func flatten(
        _ data: JSONElement,
        _ name: String,
        depth: Int,
        _ cells: inout [FeatureTable.Cell]
    ) throws(ServingError) {
        for element in data.elements {
            if element.kind == .array, depth < 2 {
                try flatten(element, name, depth: depth + 1, &cells)
            } else if let cell = FeatureTable.cell(element) {
                cells.append(cell)
            } else {
                throw .request("`\(name.prefix(100))` holds something that is no value")
            }
        }
    }

    private static func split(
        _ cells: [FeatureTable.Cell],
        _ rows: Int,
        _ columns: [ModelColumn]
    ) throws(ServingError) -> FeatureBatch {
        let width = columns.count
        var result: [FeatureBatch.Column] = []
        for (index, column) in columns.enumerated() {
            result.append(try FeatureTable.convert((0..<rows).map { cells[$0 * width + index] }, column))
        }
        return FeatureBatch(rowCount: rows, columns: result)
    }
}
