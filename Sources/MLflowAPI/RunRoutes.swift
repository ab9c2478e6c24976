// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import JSONText
import Tracking

/// `/2.0/mlflow/runs/…` and `/2.0/mlflow/metrics/…`.
struct RunRoutes: Sendable {
    let tracking: TrackingService

    func add(to calls: Calls<some RequestContext>) {
        let base = "2.0/mlflow/runs/"
        addLifecycle(to: calls, base)
        addLogging(to: calls, base)
        addReading(to: calls, base)
        HistoryRoutes(tracking: tracking).add(to: calls)
    }

    private func addLifecycle(to calls: Calls<some RequestContext>, _ base: String) {
        let tracking = tracking
        calls.post(base + "create") { call in
            let run = try await tracking.createRun(
                RunDraft(
                    experimentID: try call.requiredText("experiment_id"),
                    name: try call.text("run_name"),
                    startMs: try call.integer("start_time"),
                    userID: try call.text("user_id") ?? "",
                    tags: try call.pairs("tags")
                )
            )
            return run.response
        }
        calls.post(base + "update") { call in
            let numbers: [String: RunStatus] = [
                "1": .running, "2": .scheduled, "3": .finished, "4": .failed, "5": .killed,
            ]
            let status: RunStatus? = try call.choice("status", numbers: numbers)
            let run = try await tracking.updateRun(
                id: try call.runID(),
                status: status,
                endMs: try call.integer("end_time"),
                name: try call.text("run_name")
            )
            return .json { writer in
                writer.object { writer in
                    writer.key("run_info")
                    run.writeInfo(into: &writer)
                }
            }
        }
        calls.post(base + "delete") { call in
            try await tracking.setRun(id: try call.runID(), stage: .deleted)
            return .empty
        }
        calls.post(base + "restore") { call in
            try await tracking.setRun(id: try call.runID(), stage: .active)
            return .empty
        }
    }

    private func addLogging(to calls: Calls<some RequestContext>, _ base: String) {
        let tracking = tracking
        calls.post(base + "log-batch") { call in
            let run = try call.runID()
            let batch = TrackingService.Batch(
                metrics: try call.objects("metrics", Metric.init(fields:)),
                params: try call.pairs("params"),
                tags: try call.pairs("tags")
            )
            try await tracking.log(batch, run: run)
            return .empty
        }
        calls.post(base + "log-metric") { call in
            let run = try call.runID()
            try await tracking.log(.init(metrics: [try Metric(fields: try call.fields())]), run: run)
            return .empty
        }
        calls.post(base + "log-parameter") { call in
            let param = try call.tag()
            try await tracking.log(.init(params: [param]), run: try call.runID())
            return .empty
        }
        calls.post(base + "set-tag") { call in
            let tag = try call.tag()
            try await tracking.log(.init(tags: [tag]), run: try call.runID())
            return .empty
        }
        calls.post(base + "delete-tag") { call in
            try await tracking.deleteRunTag(id: try call.runID(), key: try call.requiredText("key"))
            return .empty
        }
        calls.post(base + "log-inputs") { call in
            let run = try call.runID()
            let models = try call.objects("models") { (model) throws(CallError) in try model.requiredText("model_id") }
            try await tracking.logInputs(
                try call.objects("datasets", DatasetInput.init(fields:)),
                models: models,
                run: run
            )
            return .empty
        }
        calls.post(base + "outputs") { call in
            guard call["models"] != nil else { throw CallError.missing("models") }
            let models = try call.objects("models") { (model) throws(CallError) in
                (try model.requiredText("model_id"), try model.integer("step") ?? 0)
            }
            try await tracking.logOutputs(models, run: try call.runID())
            return .empty
        }
        calls.post(base + "log-model") { call in
            try await tracking.recordModel(json: try call.requiredText("model_json"), run: try call.runID())
            return .empty
        }
    }

    private func addReading(to calls: Calls<some RequestContext>, _ base: String) {
        let tracking = tracking
        calls.get(base + "get") { call in
            let run = try await tracking.run(id: try call.runID())
            return run.response
        }
        calls.post(base + "search") { call in
            let page = try call.page(default: 1_000, most: 50_000)
            let runs = try await tracking.searchRuns(
                RunSearch(
                    experimentIDs: try call.texts("experiment_ids"),
                    filter: try call.text("filter"),
                    view: try call.view("run_view_type"),
                    orderBy: try call.texts("order_by"),
                    after: page.after,
                    limit: page.limit
                )
            )
            return .page("runs", runs) { $0.write(into: &$1) }
        }
    }
}

extension Call {
    /// The run; old clients send `run_uuid`.
    func runID() throws(CallError) -> String {
        if let id = try textIfAny("run_id") { return id }
        if let id = try textIfAny("run_uuid") { return id }
        throw .missing("run_id")
    }
}
