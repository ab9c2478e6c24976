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
    }

    private func addLifecycle(to calls: Calls<some RequestContext>, _ base: String) {
        let tracking = tracking
        calls.post(base + "create") { call in
            let run = try await tracking.createRun(
                RunDraft(
                    experimentID: try call.string("experiment_id") ?? "0",
                    name: try call.string("run_name"),
                    startMs: try call.integer("start_time"),
                    userID: try call.string("user_id") ?? "",
                    tags: call.pairs("tags")
                )
            )
            return .json { $0.object { run.write("run", into: &$0) } }
        }
        calls.post(base + "update") { call in
            let status = try call.string("status").map { text in
                guard let status = RunStatus(rawValue: text) else {
                    throw CallError.invalid("`status` is not a run status")
                }
                return status
            }
            let run = try await tracking.updateRun(
                id: try call.runID(),
                status: status,
                endMs: try call.integer("end_time"),
                name: try call.string("run_name")
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
            let metrics = try call["metrics"].map { list in try list.elements.map { try Metric(json: $0) } } ?? []
            // Metrics of one batch may be about several logged models.
            let models = call["metrics"].map { list in list.elements.map { $0["model_id"]?.string } } ?? []
            let run = try call.runID()
            var batch = TrackingService.Batch(metrics: metrics, params: call.pairs("params"), tags: call.pairs("tags"))
            if let model = models.first, models.allSatisfy({ $0 == model }) { batch.modelID = model }
            try await tracking.log(batch, run: run)
            return .empty
        }
        calls.post(base + "log-metric") { call in
            guard let value = call["value"] else {
                throw CallError.invalid("Missing value for required parameter 'value'")
            }
            let metric = Metric(
                key: try call.required("key"),
                value: try Metric.number(value),
                timestampMs: try call.integer("timestamp") ?? 0,
                step: try call.integer("step") ?? 0
            )
            let model = try call.string("model_id").flatMap { $0.isEmpty ? nil : $0 }
            try await tracking.log(.init(metrics: [metric], modelID: model), run: try call.runID())
            return .empty
        }
        calls.post(base + "log-parameter") { call in
            let param = KeyValue(try call.required("key"), try call.string("value") ?? "")
            try await tracking.log(.init(params: [param]), run: try call.runID())
            return .empty
        }
        calls.post(base + "set-tag") { call in
            let tag = KeyValue(try call.required("key"), try call.string("value") ?? "")
            try await tracking.log(.init(tags: [tag]), run: try call.runID())
            return .empty
        }
        calls.post(base + "delete-tag") { call in
            try await tracking.deleteRunTag(id: try call.runID(), key: try call.required("key"))
            return .empty
        }
        calls.post(base + "log-inputs") { call in
            let inputs = call["datasets"].map { list in list.elements.map { DatasetInput(json: $0) } } ?? []
            let models = call["models"].map { list in list.elements.compactMap { $0["model_id"]?.string } } ?? []
            try await tracking.logInputs(inputs, models: models, run: try call.runID())
            return .empty
        }
        calls.post(base + "outputs") { call in
            let models = call["models"].map { list in
                list.elements.compactMap { item in item["model_id"]?.string.map { ($0, item["step"]?.int64 ?? 0) } }
            }
            try await tracking.logOutputs(models ?? [], run: try call.runID())
            return .empty
        }
        calls.post(base + "log-model") { call in
            // The record of models that older clients keep on the run; readers find it as a tag.
            let text = try call.required("model_json")
            let run = try await tracking.run(id: try call.runID())
            let history = run.tag("mlflow.log-model.history").map { String($0.dropLast()) + "," } ?? "["
            try await tracking.log(
                .init(tags: [KeyValue("mlflow.log-model.history", history + text + "]")]),
                run: run.id
            )
            return .empty
        }
    }

    private func addReading(to calls: Calls<some RequestContext>, _ base: String) {
        let tracking = tracking
        calls.get(base + "get") { call in
            let run = try await tracking.run(id: try call.runID())
            return .json { $0.object { run.write("run", into: &$0) } }
        }
        calls.post(base + "search") { call in
            let page = try call.page(default: 1_000, most: 50_000)
            let runs = try await tracking.searchRuns(
                RunSearch(
                    experimentIDs: call.strings("experiment_ids"),
                    filter: try call.string("filter"),
                    view: try call.view("run_view_type"),
                    orderBy: call.strings("order_by"),
                    offset: page.offset,
                    limit: page.limit
                )
            )
            return .json { writer in
                writer.object { writer in
                    writer.key("runs")
                    writer.array { writer in for run in runs { run.write(nil, into: &writer) } }
                    if let next = Call.nextToken(offset: page.offset, count: runs.count, limit: page.limit) {
                        writer.field("next_page_token", next)
                    }
                }
            }
        }
        calls.get("2.0/mlflow/metrics/get-history") { call in
            let limit = Int(try call.integer("max_results") ?? 25_000)
            let after = try call.string("page_token").flatMap { Int64($0) } ?? 0
            let page = try await tracking.metricHistory(
                run: try call.runID(),
                key: try call.required("metric_key"),
                after: after,
                limit: limit
            )
            return .json { writer in
                writer.object { writer in
                    writer.key("metrics")
                    writer.array { writer in for metric in page.points { metric.write(into: &writer) } }
                    if let next = page.next { writer.field("next_page_token", String(next)) }
                }
            }
        }
    }
}

extension Call {
    /// The run; old clients send `run_uuid`.
    func runID() throws -> String {
        if let id = try string("run_id"), !id.isEmpty { return id }
        return try required("run_uuid")
    }
}

extension Metric {
    init(json: JSONElement) throws {
        guard let key = json["key"]?.string, let value = json["value"] else {
            throw CallError.invalid("a metric needs `key` and `value`")
        }
        self.init(
            key: key,
            value: try Self.number(value),
            timestampMs: json["timestamp"]?.int64 ?? json["timestamp"]?.string.flatMap { Int64($0) } ?? 0,
            step: json["step"]?.int64 ?? json["step"]?.string.flatMap { Int64($0) } ?? 0
        )
    }

    /// A number, or protobuf's texts for those that JSON cannot write.
    static func number(_ element: JSONElement) throws -> Double {
        if let number = element.double { return number }
        switch element.string {
        case "NaN": return .nan
        case "Infinity": return .infinity
        case "-Infinity": return -.infinity
        case let text?: if let number = Double(text) { return number }
        case nil: break
        }
        throw CallError.invalid("a metric's `value` must be a number")
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
    init(json: JSONElement) {
        let dataset = json["dataset"]
        self.init(
            name: dataset?["name"]?.string ?? "",
            digest: dataset?["digest"]?.string ?? "",
            sourceType: dataset?["source_type"]?.string ?? "",
            source: dataset?["source"]?.string ?? "",
            schema: dataset?["schema"]?.string,
            profile: dataset?["profile"]?.string,
            tags: json["tags"].map { list in
                list.elements.map { KeyValue($0["key"]?.string ?? "", $0["value"]?.string ?? "") }
            } ?? []
        )
    }
}

extension Run {
    func write(_ name: String?, into writer: inout JSONWriter) {
        if let name { writer.key(name) }
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
