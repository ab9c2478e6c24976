// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import JSONText
import Tracking

/// `/2.0/mlflow/logged-models…`.
struct LoggedModelRoutes: Sendable {
    let tracking: TrackingService

    func add(to calls: Calls<some RequestContext>) {
        let tracking = tracking
        let base = "2.0/mlflow/logged-models"
        calls.post(base) { call in
            let model = try await tracking.createModel(
                experimentID: try call.required("experiment_id"),
                name: try call.string("name"),
                modelType: try call.string("model_type"),
                sourceRunID: try call.string("source_run_id").flatMap { $0.isEmpty ? nil : $0 },
                params: call.pairs("params"),
                tags: call.pairs("tags")
            )
            return model.response
        }
        calls.post(base + "/search") { call in
            let page = try call.page(default: 100, most: 1_000)
            let order = call["order_by"].map { list in
                list.elements.map { item in
                    "\(item["field_name"]?.string ?? "") \(item["ascending"]?.bool == false ? "DESC" : "ASC")"
                }
            }
            let models = try await tracking.searchModels(
                experimentIDs: call.strings("experiment_ids"),
                filter: try call.string("filter"),
                orderBy: order ?? [],
                offset: page.offset,
                limit: page.limit
            )
            return .json { writer in
                writer.object { writer in
                    writer.key("models")
                    writer.array { writer in for model in models { model.write(into: &writer) } }
                    if let next = Call.nextToken(offset: page.offset, count: models.count, limit: page.limit) {
                        writer.field("next_page_token", next)
                    }
                }
            }
        }
        calls.get(base + "/:model_id") { call in try await tracking.model(id: try call.modelID()).response }
        calls.on(base + "/:model_id", .patch) { call in
            // The number is protobuf's, which some clients send.
            let names = ["1": "LOGGED_MODEL_PENDING", "2": "LOGGED_MODEL_READY", "3": "LOGGED_MODEL_UPLOAD_FAILED"]
            let status = try call.required("status")
            return try await tracking.finalizeModel(id: try call.modelID(), status: names[status] ?? status).response
        }
        calls.on(base + "/:model_id", .delete) { call in
            try await tracking.deleteModel(id: try call.modelID())
            return .empty
        }
        calls.post(base + "/:model_id/params") { call in
            _ = try await tracking.annotateModel(id: try call.modelID(), params: call.pairs("params"))
            return .empty
        }
        calls.on(base + "/:model_id/tags", .patch) { call in
            try await tracking.annotateModel(id: try call.modelID(), tags: call.pairs("tags")).response
        }
        calls.on(base + "/:model_id/tags/:tag_key", .delete) { call in
            try await tracking.deleteModelTag(id: try call.modelID(), key: call.path["tag_key"] ?? "")
            return .empty
        }
        calls.get(base + "/:model_id/artifacts/directories") { call in
            let model = try await tracking.model(id: try call.modelID())
            let files = try await ArtifactRoutes.list(
                model.artifactURI,
                path: try call.string("artifact_directory_path"),
                tracking
            )
            return .json { writer in
                writer.object { writer in
                    writer.field("root_uri", model.artifactURI)
                    files.write(into: &writer)
                }
            }
        }
    }
}

extension Call {
    func modelID() throws -> String {
        guard let id = path["model_id"] else {
            throw CallError.invalid("Missing value for required parameter 'model_id'")
        }
        return id
    }
}

extension LoggedModel {
    var response: Response {
        .json { writer in
            writer.object { writer in
                writer.key("model")
                write(into: &writer)
            }
        }
    }

    func write(into writer: inout JSONWriter) {
        writer.object { writer in
            writer.key("info")
            writer.object { writer in
                writer.field("model_id", id)
                writer.field("experiment_id", experimentID)
                writer.field("name", name)
                writer.field("creation_timestamp_ms", createdMs)
                writer.field("last_updated_timestamp_ms", updatedMs)
                writer.field("artifact_uri", artifactURI)
                writer.field("status", status)
                if let modelType { writer.field("model_type", modelType) }
                if let sourceRunID { writer.field("source_run_id", sourceRunID) }
                writer.pairs("tags", tags)
            }
            writer.key("data")
            writer.object { writer in
                writer.pairs("params", params)
                writer.key("metrics")
                writer.array { writer in
                    for (metric, run) in metrics {
                        writer.object { writer in
                            writer.field("key", metric.key)
                            writer.field("value", metric.value)
                            writer.field("timestamp", metric.timestampMs)
                            writer.field("step", metric.step)
                            writer.field("model_id", id)
                            writer.field("run_id", run)
                        }
                    }
                }
            }
        }
    }
}
