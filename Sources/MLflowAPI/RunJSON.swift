// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import JSONText
import Tracking

extension Metric {
    init(fields: Fields) throws(CallError) {
        let (name, digest) = (try fields.text("dataset_name") ?? "", try fields.text("dataset_digest") ?? "")
        self.init(
            key: try fields.requiredText("key"),
            value: try fields.requiredNumber("value"),
            timestampMs: try fields.requiredInteger("timestamp"),
            step: try fields.integer("step") ?? 0,
            modelID: try fields.textIfAny("model_id"),
            dataset: name.isEmpty && digest.isEmpty ? nil : Dataset(name: name, digest: digest)
        )
    }

    func write(into writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("key", key)
            writer.field("value", value)
            writer.field("timestamp", timestampMs)
            writer.field("step", step)
        }
    }
}

extension DatasetInput {
    init(fields: Fields) throws(CallError) {
        let dataset = try fields.requiredObject("dataset")
        self.init(
            name: try dataset.requiredText("name"),
            digest: try dataset.requiredText("digest"),
            sourceType: try dataset.text("source_type") ?? "",
            source: try dataset.text("source") ?? "",
            schema: try dataset.text("schema"),
            profile: try dataset.text("profile"),
            tags: try fields.pairs("tags")
        )
    }
}

extension Run {
    var response: Response {
        .json { writer in
            writer.object { writer in
                writer.key("run")
                write(into: &writer)
            }
        }
    }

    func write(into writer: inout JSONWriter) {
        writer.object { writer in
            writer.key("info")
            writeInfo(into: &writer)
            writer.key("data")
            writer.object { writer in
                writer.key("metrics")
                writer.array { writer in for metric in metrics { metric.write(into: &writer) } }
                writer.pairs("params", params)
                writer.pairs("tags", tags)
            }
            writer.key("inputs")
            writer.object { writer in
                writer.key("dataset_inputs")
                writer.array { writer in for input in inputs { input.write(into: &writer) } }
                writer.key("model_inputs")
                writer.array { writer in for model in modelInputs { writer.object { $0.field("model_id", model) } } }
            }
            writer.key("outputs")
            writer.object { writer in
                writer.key("model_outputs")
                writer.array { writer in
                    for (model, step) in modelOutputs {
                        writer.object { writer in
                            writer.field("model_id", model)
                            writer.field("step", step)
                        }
                    }
                }
            }
        }
    }

    func writeInfo(into writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("run_id", id)
            writer.field("run_uuid", id)
            writer.field("run_name", name)
            writer.field("experiment_id", experimentID)
            writer.field("user_id", userID)
            writer.field("status", status.rawValue)
            writer.field("start_time", startMs)
            if let endMs { writer.field("end_time", endMs) }
            writer.field("artifact_uri", artifactURI)
            writer.field("lifecycle_stage", stage.rawValue)
        }
    }
}

extension DatasetInput {
    func write(into writer: inout JSONWriter) {
        writer.object { writer in
            writer.pairs("tags", tags)
            writer.key("dataset")
            writer.object { writer in
                writer.field("name", name)
                writer.field("digest", digest)
                writer.field("source_type", sourceType)
                writer.field("source", source)
                if let schema { writer.field("schema", schema) }
                if let profile { writer.field("profile", profile) }
            }
        }
    }
}
