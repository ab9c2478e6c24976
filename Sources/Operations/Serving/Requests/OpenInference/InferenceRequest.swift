// SPDX-License-Identifier: Apache-2.0

import Diagnostics
package import JSONText

/// An inference request of the Open Inference Protocol, version 2, as JSON or with binary tensors behind it.
package struct InferenceRequest: Sendable {
    /// An output that the caller wants.
    package struct Output: Sendable, Hashable {
        /// Its name.
        package let name: String
        /// Whether its elements come as bytes.
        package let isBinary: Bool
    }

    /// The caller's id for the request; comes back with the answer.
    package let id: String?
    /// The tensors, in the request's order.
    package let inputs: [Tensor]
    /// The outputs that the caller wants; all if empty.
    package let outputs: [Output]
    /// Whether outputs come as bytes where the caller says nothing.
    package let isBinary: Bool

    /// Splits a body with binary tensors.
    ///
    /// - Parameters:
    ///   - body: The whole body.
    ///   - length: What `Inference-Header-Content-Length` says; nil for JSON alone.
    /// - Returns: The JSON, and the bytes behind it.
    /// - Throws: ``ServingError`` `.invalidRequest` for a length that is none.
    package static func split(
        _ body: [UInt8],
        headerLength length: String?
    ) throws(ServingError) -> (json: ArraySlice<UInt8>, rest: ArraySlice<UInt8>) {
        guard let length else { return (body[...], []) }
        guard let count = Int(length), count >= 0, count <= body.count else {
            throw .request(
                "`Inference-Header-Content-Length` is `\(length.prefix(30))`, and the body has \(body.count) bytes",
                next: "it is the length of the JSON in front of the binary tensors"
            )
        }
        return (body[..<count], body[count...])
    }

    /// Reads a request.
    ///
    /// - Parameters:
    ///   - root: The JSON.
    ///   - rest: The bytes of binary tensors, in the order of the inputs.
    /// - Throws: ``ServingError`` `.invalidRequest`.
    package init(_ root: JSONElement, rest: ArraySlice<UInt8> = []) throws(ServingError) {
        guard root.kind == .object else { throw .request("the body is no JSON object") }
        guard let listed = root["inputs"], listed.kind == .array, listed.count > 0 else {
            throw .request(
                "the body has no list `inputs`",
                next: #"send {"inputs": [{"name", "shape", "datatype", "data"}]}"#
            )
        }
        var rest = rest
        var inputs: [Tensor] = []
        for element in listed.elements {
            let name = try TensorJSON.name(element)
            guard !inputs.contains(where: { $0.name == name }) else {
                throw .request("`\(name.prefix(100))` comes twice")
            }
            let shape = try TensorJSON.shape(element, name)
            let type = try TensorJSON.type(element, name)
            guard let size = element["parameters"]?["binary_data_size"] else {
                inputs.append(try TensorJSON.tensor(element, name, type, shape))
                continue
            }
            guard let size = size.int64, size >= 0, size <= rest.count else {
                throw .request(
                    "the `binary_data_size` of `\(name.prefix(100))` is no size of what follows the JSON",
                    next: "there are \(rest.count) bytes left; see `Inference-Header-Content-Length`"
                )
            }
            inputs.append(try TensorBytes.tensor(name, type, shape, rest.prefix(Int(size))))
            rest = rest.dropFirst(Int(size))
        }
        guard rest.isEmpty else { throw .request("\(rest.count) bytes behind the JSON belong to no input") }
        let isBinary = root["parameters"]?["binary_data_output"]?.bool ?? false
        var outputs: [Output] = []
        if let wanted = root["outputs"] {
            guard wanted.kind == .array else { throw .request("`outputs` is no list") }
            for element in wanted.elements {
                guard let name = element["name"]?.string else { throw .request("an item of `outputs` has no `name`") }
                let own = element["parameters"]?["binary_data"]?.bool
                outputs.append(Output(name: name, isBinary: own ?? isBinary))
            }
        }
        (self.inputs, self.outputs, self.isBinary) = (inputs, outputs, isBinary)
        id = root["id"]?.string
    }

    /// Whether an output of this name is wanted.
    func wants(_ name: String) -> Bool { outputs.isEmpty || outputs.contains { $0.name == name } }

    /// Refuses outputs that the model does not have.
    func check(outputs known: [String]) throws(ServingError) {
        for output in outputs where !known.contains(output.name) {
            let near = nearest(to: output.name, among: known).map { "did you mean `\($0)`?" }
            throw .request("there is no output `\(output.name.prefix(100))`", next: near)
        }
    }
}

/// An answer of the Open Inference Protocol.
package struct InferenceAnswer: Sendable {
    /// The JSON.
    package let json: [UInt8]
    /// The elements of binary outputs, one after the other; empty if all are in the JSON.
    package let rest: [UInt8]

    /// Writes an answer.
    ///
    /// - Parameters:
    ///   - tensors: The outputs; those that the request does not want are left out.
    ///   - request: What was asked for.
    ///   - model: The name of the model.
    ///   - version: Its version.
    package init(_ tensors: [Tensor], to request: InferenceRequest, model: String, version: String) {
        var rest: [UInt8] = []
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("model_name", model)
            writer.field("model_version", version)
            if let id = request.id { writer.field("id", id) }
            writer.key("outputs")
            writer.array { writer in
                // In the caller's order, if there is one.
                let names = request.outputs.isEmpty ? tensors.map(\.name) : request.outputs.map(\.name)
                for name in names {
                    guard let tensor = tensors.first(where: { $0.name == name }) else { continue }
                    let isBinary = request.outputs.first { $0.name == name }?.isBinary ?? request.isBinary
                    Self.write(tensor, isBinary, &rest, &writer)
                }
            }
        }
        (json, self.rest) = (writer.bytes, rest)
    }

    private static func write(_ tensor: Tensor, _ isBinary: Bool, _ rest: inout [UInt8], _ writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("name", tensor.name)
            writer.field("datatype", tensor.type.openInferenceName)
            writer.key("shape")
            writer.array { writer in for size in tensor.shape { writer.integer(size) } }
            let bytes = isBinary ? TensorBytes.bytes(tensor) : []
            if isBinary || !tensor.labels.isEmpty {
                writer.key("parameters")
                writer.object { writer in
                    if isBinary { writer.field("binary_data_size", bytes.count) }
                    // Parameters are scalars: Open Inference knows no lists there.
                    if !tensor.labels.isEmpty { writer.field("labels", tensor.labels.joined(separator: ",")) }
                }
            }
            if isBinary {
                rest += bytes
            } else {
                writer.key("data")
                TensorJSON.write(tensor, into: &writer)
            }
        }
    }
}
