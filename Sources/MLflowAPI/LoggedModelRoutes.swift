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
            let draft = LoggedModelDraft(
                experimentID: try call.requiredText("experiment_id"),
                name: try call.text("name"),
                modelType: try call.textIfAny("model_type"),
                sourceRunID: try call.textIfAny("source_run_id"),
                params: try call.pairs("params"),
                tags: try call.pairs("tags")
            )
            return try await tracking.createModel(draft).response
        }
        calls.post(base + "/search") { call in
            // MLflow gives as many as were asked for; here the rest comes with the next page.
            let page = try call.page(default: 100, most: Int(Int32.max))
            let order = try call.objects("order_by") { (term) throws(CallError) in
                SearchOrderTerm(
                    field: try term.requiredText("field_name"),
                    isDescending: try term.bool("ascending") == false,
                    dataset: try term.textIfAny("dataset_name").map { (name) throws(CallError) in
                        DatasetFilter(name: name, digest: try term.textIfAny("dataset_digest"))
                    }
                )
            }
            guard call["experiment_ids"] != nil else { throw CallError.missing("experiment_ids") }
            let experiments = try call.texts("experiment_ids")
            let models = try await tracking.searchModels(
                experimentIDs: experiments,
                filter: try call.text("filter"),
                datasets: try call.objects("datasets") { (dataset) throws(CallError) in
                    DatasetFilter(
                        name: try dataset.requiredText("dataset_name"),
                        digest: try dataset.textIfAny("dataset_digest")
                    )
                },
                orderBy: order,
                after: page.after,
                limit: page.limit
            )
            return .page("models", models) { $0.write(into: &$1) }
        }
        calls.get(base + "/:model_id") { call in
            try await tracking.model(id: try call.modelID(), isDeletedFine: try call.bool("allow_deleted")).response
        }
        calls.on(base + "/:model_id", .patch) { call in
            let numbers: [String: LoggedModelStatus] = ["1": .pending, "2": .ready, "3": .uploadFailed]
            guard let status = try call.choice("status", numbers: numbers) else { throw CallError.missing("status") }
            return try await tracking.finalizeModel(id: try call.modelID(), status: status).response
        }
        calls.on(base + "/:model_id", .delete) { call in
            try await tracking.deleteModel(id: try call.modelID())
            return .empty
        }
        calls.post(base + "/:model_id/params") { call in
            try await tracking.annotateModel(id: try call.modelID(), params: try call.pairs("params"))
            return .empty
        }
        calls.on(base + "/:model_id/tags", .patch) { call in
            try await tracking.annotateModel(id: try call.modelID(), tags: try call.pairs("tags"))
            return .empty
        }
        calls.on(base + "/:model_id/tags/:tag_key", .delete) { call in
            try await tracking.deleteModelTag(id: try call.modelID(), key: call.path["tag_key"] ?? "")
            return .empty
        }
        calls.get(base + "/:model_id/artifacts/directories") { call in
            let model = try await tracking.model(id: try call.modelID())
            return try await ArtifactRoutes.list(
                model.artifactURI,
                path: try call.text("artifact_directory_path"),
                tracking
            )
        }
    }
}

extension Call {
    func modelID() throws(CallError) -> String {
        guard let id = path["model_id"] else { throw .missing("model_id") }
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
                writer.field("status", status.rawValue)
                writer.field("model_type", modelType ?? "")
                writer.field("source_run_id", sourceRunID ?? "")
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
                            if let dataset = metric.dataset {
                                writer.field("dataset_name", dataset.name)
                                writer.field("dataset_digest", dataset.digest)
                            }
                        }
                    }
                }
            }
        }
    }
}
