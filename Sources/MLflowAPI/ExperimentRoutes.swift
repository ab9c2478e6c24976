// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import JSONText
import Tracking

/// `/2.0/mlflow/experiments/…`.
struct ExperimentRoutes: Sendable {
    let tracking: TrackingService

    func add(to calls: Calls<some RequestContext>) {
        let tracking = tracking
        let base = "2.0/mlflow/experiments/"
        calls.post(base + "create") { call in
            let id = try await tracking.createExperiment(
                name: try call.requiredText("name"),
                artifactLocation: try call.textIfAny("artifact_location"),
                tags: try call.pairs("tags")
            )
            return .json { $0.object { $0.field("experiment_id", id) } }
        }
        calls.get(base + "get") { call in
            let experiment = try await tracking.experiment(id: try call.requiredText("experiment_id"))
            return experiment.response
        }
        calls.get(base + "get-by-name") { call in
            let name = try call.requiredText("experiment_name")
            guard let experiment = try await tracking.experiment(named: name) else {
                throw CallError(
                    code: "RESOURCE_DOES_NOT_EXIST",
                    status: .notFound,
                    message: "Could not find experiment with name '\(name)'"
                )
            }
            return experiment.response
        }
        let search: @Sendable (Call) async throws -> Response = { call in
            let page = try call.page(default: 1_000, most: 50_000)
            let found = try await tracking.searchExperiments(
                view: try call.view("view_type"),
                filter: try call.text("filter"),
                orderBy: try call.texts("order_by"),
                after: page.after,
                limit: page.limit
            )
            return .page("experiments", found) { $0.write(into: &$1) }
        }
        calls.get(base + "search", search)
        calls.post(base + "search", search)
        calls.post(base + "update") { call in
            try await tracking.renameExperiment(
                id: try call.requiredText("experiment_id"),
                to: try call.requiredText("new_name")
            )
            return .empty
        }
        calls.post(base + "delete") { call in
            try await tracking.setExperiment(id: try call.requiredText("experiment_id"), stage: .deleted)
            return .empty
        }
        calls.post(base + "restore") { call in
            try await tracking.setExperiment(id: try call.requiredText("experiment_id"), stage: .active)
            return .empty
        }
        calls.post(base + "set-experiment-tag") { call in
            let tag = try call.tag()
            try await tracking.setExperimentTag(id: try call.requiredText("experiment_id"), tag)
            return .empty
        }
        calls.post(base + "delete-experiment-tag") { call in
            try await tracking.deleteExperimentTag(
                id: try call.requiredText("experiment_id"),
                key: try call.requiredText("key")
            )
            return .empty
        }
    }
}

extension Call {
    func view(_ key: String) throws(CallError) -> ViewType {
        try choice(key, numbers: ["1": .activeOnly, "2": .deletedOnly, "3": .all]) ?? .activeOnly
    }
}

extension JSONWriter {
    /// A list of `{"key", "value"}`.
    mutating func pairs(_ name: String, _ pairs: [KeyValue]) {
        key(name)
        array { writer in
            for pair in pairs {
                writer.object { writer in
                    writer.field("key", pair.key)
                    writer.field("value", pair.value)
                }
            }
        }
    }
}

extension Experiment {
    var response: Response {
        .json { writer in
            writer.object { writer in
                writer.key("experiment")
                write(into: &writer)
            }
        }
    }

    func write(into writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("experiment_id", id)
            writer.field("name", name)
            writer.field("artifact_location", artifactLocation)
            writer.field("lifecycle_stage", stage.rawValue)
            writer.field("last_update_time", updatedMs)
            writer.field("creation_time", createdMs)
            writer.pairs("tags", tags)
            writer.field("workspace", "default")
        }
    }
}
