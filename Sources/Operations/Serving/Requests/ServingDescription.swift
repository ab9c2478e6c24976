// SPDX-License-Identifier: Apache-2.0

package import JSONText

/// The OpenAPI 3.1 document of live models: which columns they take, of which types, with their examples, and what they answer.
package struct ServingDescription: Sendable {
    private let models: [ServedModel]
    private let gyreVersion: String

    /// A description of the current versions.
    package init(of models: [ServedModel], gyreVersion: String) {
        (self.models, self.gyreVersion) = (models, gyreVersion)
    }

    /// Writes the document.
    package func write(into writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("openapi", "3.1.0")
            writer.key("info")
            writer.object { writer in
                writer.field("title", models.count == 1 ? models[0].name : "Gyre")
                writer.field("version", models.count == 1 ? models[0].version : gyreVersion)
                writer.field("description", "Predictions by Gyre \(gyreVersion).")
            }
            writer.key("paths")
            writer.object { writer in
                for model in models {
                    if model.table != nil {
                        if models.count == 1 { predict("/predict", model, &writer) }
                        predict("/predict/\(model.name)", model, &writer)
                    }
                    infer(model, &writer)
                }
            }
            writer.key("components")
            writer.object { writer in
                writer.key("schemas")
                writer.object { writer in
                    for model in models where model.table != nil {
                        record(model, &writer)
                        answer(model, &writer)
                    }
                    problem(&writer)
                }
            }
        }
    }

    // MARK: Paths

    private func predict(_ path: String, _ model: ServedModel, _ writer: inout JSONWriter) {
        writer.key(path)
        writer.object { writer in
            writer.key("post")
            writer.object { writer in
                writer.field("summary", "Ask \(model.name), version \(model.version)")
                writer.field("operationId", "predict\(path == "/predict" ? "" : "-\(model.name)")")
                writer.key("requestBody")
                writer.object { writer in
                    writer.field("required", true)
                    content("application/json", &writer) { writer in
                        writer.key("schema")
                        Self.either(["$ref": "#/components/schemas/\(model.name).record"], isList: true, &writer)
                        writer.key("example")
                        Self.example(of: model, into: &writer)
                    }
                }
                responses(&writer) { writer in
                    writer.key("schema")
                    writer.object { $0.field("$ref", "#/components/schemas/\(model.name).answer") }
                }
            }
        }
    }

    private func infer(_ model: ServedModel, _ writer: inout JSONWriter) {
        writer.key("/v2/models/\(model.name)/infer")
        writer.object { writer in
            writer.key("post")
            writer.object { writer in
                writer.field("summary", "Ask \(model.name) by the Open Inference Protocol, version 2")
                writer.field("operationId", "infer-\(model.name)")
                writer.key("requestBody")
                writer.object { writer in
                    writer.field("required", true)
                    content("application/json", &writer) { writer in
                        writer.key("schema")
                        writer.object { writer in
                            writer.field("type", "object")
                            writer.field("required", ["inputs"])
                        }
                        writer.key("example")
                        Self.inferExample(of: model, into: &writer)
                    }
                }
                responses(&writer) { writer in
                    writer.key("schema")
                    writer.object { $0.field("type", "object") }
                }
            }
        }
    }

    private func content(
        _ type: String,
        _ writer: inout JSONWriter,
        _ body: (inout JSONWriter) -> Void
    ) {
        writer.key("content")
        writer.object { writer in
            writer.key(type)
            writer.object(body)
        }
    }

    private func responses(_ writer: inout JSONWriter, _ body: (inout JSONWriter) -> Void) {
        writer.key("responses")
        writer.object { writer in
            writer.key("200")
            writer.object { writer in
                writer.field("description", "The prediction")
                content("application/json", &writer, body)
            }
            let failures = [
                ("400", "The request does not fit the model"), ("404", "No such model is live"),
                ("413", "Too many rows or bytes"), ("503", "Not now; try again after Retry-After"),
            ]
            for (status, words) in failures {
                writer.key(status)
                writer.object { writer in
                    writer.field("description", words)
                    content("application/problem+json", &writer) { writer in
                        writer.key("schema")
                        writer.object { $0.field("$ref", "#/components/schemas/Problem") }
                    }
                }
            }
        }
    }

    // MARK: Schemas

    private static func either(_ fields: [String: String], isList: Bool, _ writer: inout JSONWriter) {
        func one(_ writer: inout JSONWriter) { writer.object { for (key, value) in fields { $0.field(key, value) } } }
        writer.object { writer in
            writer.key("oneOf")
            writer.array { writer in
                one(&writer)
                writer.object { writer in
                    writer.field("type", "array")
                    writer.key("items")
                    one(&writer)
                    writer.field("maxItems", ServingService.rowLimit)
                }
            }
        }
    }

    private func record(_ model: ServedModel, _ writer: inout JSONWriter) {
        writer.key("\(model.name).record")
        writer.object { writer in
            writer.field("type", "object")
            writer.field("additionalProperties", false)
            writer.field("required", model.columns.map(\.name))
            writer.key("properties")
            writer.object { writer in
                for (index, column) in model.columns.enumerated() {
                    writer.key(column.name)
                    writer.object { writer in
                        let type = column.kind == .text ? "string" : "number"
                        if column.kind == .number, model.table?.takesMissing == true {
                            writer.field("type", [type, "null"])
                        } else {
                            writer.field("type", type)
                        }
                        guard let example = model.table?.example else { return }
                        writer.key("examples")
                        writer.array { Self.value(example, column: index, row: 0, into: &$0) }
                    }
                }
            }
        }
    }

    private func answer(_ model: ServedModel, _ writer: inout JSONWriter) {
        writer.key("\(model.name).answer")
        writer.object { writer in
            writer.field("type", "object")
            writer.field("required", ["model_name", "model_version"])
            writer.key("properties")
            writer.object { writer in
                writer.key("prediction")
                writer.object { writer in
                    switch model.labelType {
                    case .int64: writer.field("type", "integer")
                    case .string:
                        writer.field("type", "string")
                        writer.field("enum", model.classes)
                    default: writer.field("type", "number")
                    }
                }
                if model.isClassifier {
                    writer.key("probabilities")
                    writer.object { writer in
                        writer.field("type", "object")
                        writer.key("properties")
                        writer.object { writer in
                            for name in model.classes {
                                writer.key(name)
                                writer.object { $0.field("type", "number") }
                            }
                        }
                    }
                }
                for name in ["prediction_id", "model_name", "model_version"] {
                    writer.key(name)
                    writer.object { $0.field("type", "string") }
                }
                writer.key("predictions")
                writer.object { writer in
                    writer.field("type", "array")
                    writer.field("description", "To a list of records: one prediction for each")
                }
            }
        }
    }

    private func problem(_ writer: inout JSONWriter) {
        writer.key("Problem")
        writer.object { writer in
            writer.field("type", "object")
            writer.field("description", "RFC 9457")
        }
    }

    // MARK: Examples

    /// Writes a record that the model takes: the first of its example, else zeros and empty texts.
    package static func example(of model: ServedModel, into writer: inout JSONWriter) {
        writer.object { writer in
            for (index, column) in model.columns.enumerated() {
                writer.key(column.name)
                if let example = model.table?.example {
                    value(example, column: index, row: 0, into: &writer)
                } else if column.kind == .text {
                    writer.string("")
                } else {
                    writer.integer(0)
                }
            }
        }
    }

    private static func value(_ batch: FeatureBatch, column: Int, row: Int, into writer: inout JSONWriter) {
        switch batch.columns[column] {
        case .numbers(let numbers): if numbers[row].isNaN { writer.null() } else { writer.double(numbers[row]) }
        case .texts(let texts): writer.string(texts[row])
        }
    }

    /// The value of a column in ``example(of:into:)``, as JSON.
    package static func example(of model: ServedModel, column: Int) -> String {
        var writer = JSONWriter()
        guard let example = model.table?.example else { return model.columns[column].kind == .text ? "\"\"" : "0" }
        value(example, column: column, row: 0, into: &writer)
        return writer.text
    }

    /// Writes a request of Open Inference that the model takes.
    package static func inferExample(of model: ServedModel, into writer: inout JSONWriter) {
        writer.object { writer in
            writer.key("inputs")
            writer.array { writer in
                for (index, spec) in model.inputs.enumerated() {
                    let shape = spec.shape.map { $0 < 0 ? 1 : $0 }
                    writer.object { writer in
                        writer.field("name", spec.name)
                        writer.field("datatype", spec.type?.openInferenceName ?? "")
                        writer.key("shape")
                        writer.array { writer in for size in shape { writer.integer(size) } }
                        writer.key("data")
                        writer.array { writer in
                            if let example = model.table?.example {
                                value(example, column: index, row: 0, into: &writer)
                                return
                            }
                            for _ in 0..<min(shape.reduce(1, *), 1_000) {
                                switch spec.type {
                                case .string: writer.string("")
                                case .bool: writer.bool(false)
                                default: writer.integer(0)
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
