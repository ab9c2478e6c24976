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
                name: try call.required("name"),
                artifactLocation: try call.string("artifact_location").flatMap { $0.isEmpty ? nil : $0 },
                tags: call.pairs("tags")
            )
            return .json { $0.object { $0.field("experiment_id", id) } }
        }
        calls.get(base + "get") { call in
            let experiment = try await tracking.experiment(id: try call.required("experiment_id"))
            return .json { $0.object { experiment.write("experiment", into: &$0) } }
        }
        calls.get(base + "get-by-name") { call in
            let name = try call.required("experiment_name")
            guard let experiment = try await tracking.experiment(named: name) else {
                throw CallError(
                    code: "RESOURCE_DOES_NOT_EXIST",
                    status: .notFound,
                    message: "Could not find experiment with name '\(name)'"
                )
            }
            return .json { $0.object { experiment.write("experiment", into: &$0) } }
        }
        let search: @Sendable (Call) async throws -> Response = { call in
            let page = try call.page(default: 1_000, most: 50_000)
            let found = try await tracking.searchExperiments(
                view: try call.view("view_type"),
                filter: try call.string("filter"),
                orderBy: call.strings("order_by"),
                offset: page.offset,
                limit: page.limit
            )
            return .json { writer in
                writer.object { writer in
                    writer.key("experiments")
                    writer.array { writer in for experiment in found { experiment.write(nil, into: &writer) } }
                    if let next = Call.nextToken(offset: page.offset, count: found.count, limit: page.limit) {
                        writer.field("next_page_token", next)
                    }
                }
            }
        }
        calls.get(base + "search", search)
        calls.post(base + "search", search)
        calls.post(base + "update") { call in
            if let name = try call.string("new_name") {
                try await tracking.renameExperiment(id: try call.required("experiment_id"), to: name)
            }
            return .empty
        }
        calls.post(base + "delete") { call in
            try await tracking.setExperiment(id: try call.required("experiment_id"), stage: .deleted)
            return .empty
        }
        calls.post(base + "restore") { call in
            try await tracking.setExperiment(id: try call.required("experiment_id"), stage: .active)
            return .empty
        }
        calls.post(base + "set-experiment-tag") { call in
            let tag = KeyValue(try call.required("key"), try call.string("value") ?? "")
            try await tracking.setExperimentTag(id: try call.required("experiment_id"), tag)
            return .empty
        }
        calls.post(base + "delete-experiment-tag") { call in
            try await tracking.deleteExperimentTag(
                id: try call.required("experiment_id"),
                key: try call.required("key")
            )
            return .empty
        }
    }
}

extension Call {
    /// A list of `{"key", "value"}`.
    func pairs(_ key: String) -> [KeyValue] {
        self[key].map { list in
            list.elements.map { KeyValue($0["key"]?.string ?? "", $0["value"]?.string ?? "") }
        } ?? []
    }

    func view(_ key: String) throws -> ViewType {
        guard let text = try string(key) else { return .activeOnly }
        if let view = ViewType(rawValue: text.uppercased()) { return view }
        // The client sends the number of protobuf's enumeration in queries.
        switch text {
        case "1": return .activeOnly
        case "2": return .deletedOnly
        case "3": return .all
        default: throw CallError.invalid("`\(key)` is none of ACTIVE_ONLY, DELETED_ONLY, ALL")
        }
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
    func write(_ name: String?, into writer: inout JSONWriter) {
        if let name { writer.key(name) }
        writer.object { writer in
            writer.field("experiment_id", id)
            writer.field("name", self.name)
            writer.field("artifact_location", artifactLocation)
            writer.field("lifecycle_stage", stage.rawValue)
            writer.field("last_update_time", updatedMs)
            writer.field("creation_time", createdMs)
            writer.pairs("tags", tags)
        }
    }
}
