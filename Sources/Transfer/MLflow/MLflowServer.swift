// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import JSONText
import Registry
import Synchronization
import Tracking

/// A server that speaks MLflow's REST API.
struct MLflowServer: ImportSource {
    private static let pageSize = 200
    private static let pieceSize = 10_000

    let calls: MLflowCalls
    private let models = ModelWitness()
    var name: String { "`\(calls.url)`" }

    /// Whether the server has logged models at all.
    private final class ModelWitness: Sendable {
        let hasSome = Atomic(false)
    }

    init(calls: MLflowCalls) { self.calls = calls }

    /// Opens a server.
    ///
    /// - Throws: ``TransferError`` `.wrongContent` if what answers there is no MLflow, or ``HTTPTransportError``.
    static func open(url: String, authorization: String?) async throws -> MLflowServer {
        let server = MLflowServer(calls: MLflowCalls(url: url, authorization: authorization))
        do {
            _ = try await server.calls.post("experiments/search") { $0.field("max_results", 1) }
            return server
        } catch {
            await server.close()
            throw error
        }
    }

    func close() async { await calls.client.shutdown() }

    // MARK: Experiments

    func experiments() async throws -> [SourceExperiment] {
        var result: [SourceExperiment] = []
        try await calls.pages("experiments/search") { body in
            body.field("max_results", 1_000)
            body.field("view_type", "ALL")
        } page: { answer in
            for item in answer.list("experiments") {
                let created = item.whole("creation_time") ?? 0
                result.append(
                    SourceExperiment(
                        id: item.text("experiment_id"),
                        record: ExperimentRecord(
                            name: item.text("name"),
                            artifactLocation: MLflowText.foreign(item["artifact_location"]?.string),
                            stage: LifecycleStage(rawValue: item.text("lifecycle_stage")) ?? .active,
                            createdMs: created,
                            updatedMs: item.whole("last_update_time"),
                            tags: item.pairs("tags")
                        )
                    )
                )
            }
        }
        return result
    }

    // MARK: Runs

    func forEachRun(
        in experiment: SourceExperiment,
        _ body: (SourceRun) async throws -> Void,
        skip: (SkippedItem) async throws -> Void
    ) async throws {
        try await calls.pages("runs/search") { body in
            body.key("experiment_ids")
            body.array { $0.string(experiment.id) }
            body.field("max_results", Self.pageSize)
            body.field("run_view_type", "ALL")
        } page: { answer in
            for item in try await withModelInputs(answer.list("runs")) {
                guard let run = run(item) else {
                    let id = item["info"]?.text("run_id") ?? ""
                    try await skip(SkippedItem("run \(id.prefix(100))", "the server's answer has no run of MLflow's"))
                    continue
                }
                try await body(run)
            }
        }
    }

    /// The runs with the models that went into them, which MLflow's search leaves out.
    private func withModelInputs(_ runs: [JSONElement]) async throws -> [JSONElement] {
        guard models.hasSome.load(ordering: .relaxed) else { return runs }
        var result = runs
        for start in stride(from: 0, to: runs.count, by: 8) {
            let part = start..<min(start + 8, runs.count)
            try await withThrowingTaskGroup(of: (Int, JSONElement?).self) { group in
                for index in part {
                    let item = runs[index]
                    guard let id = item["info"]?["run_id"]?.string, item["inputs"]?["model_inputs"] == nil else {
                        continue
                    }
                    group.addTask { (index, try await calls.get("runs/get", [("run_id", id)])["run"]) }
                }
                for try await (index, run) in group { if let run { result[index] = run } }
            }
        }
        return result
    }

    private func run(_ item: JSONElement) -> SourceRun? {
        guard let info = item["info"], let status = RunStatus(rawValue: info.text("status")) else { return nil }
        let id = info["run_id"]?.string ?? info.text("run_uuid")
        guard Rules.isID(id[...]) else { return nil }
        let tags = item["data"]?.pairs("tags") ?? []
        let name = info["run_name"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        var record = RunRecord(
            id: id,
            experimentID: "",
            name: name ?? tags.first { $0.key == "mlflow.runName" }?.value ?? id,
            status: status,
            startMs: info.whole("start_time") ?? 0,
            endMs: info.whole("end_time").flatMap { $0 > 0 ? $0 : nil }
        )
        record.stage = LifecycleStage(rawValue: info.text("lifecycle_stage")) ?? .active
        record.userID = info.text("user_id")
        record.params = item["data"]?.pairs("params") ?? []
        record.tags = tags
        record.inputs = (item["inputs"]?.list("dataset_inputs") ?? []).compactMap { input in
            guard let dataset = input["dataset"] else { return nil }
            return DatasetInput(
                name: dataset.text("name"),
                digest: dataset.text("digest"),
                sourceType: dataset.text("source_type"),
                source: dataset.text("source"),
                schema: dataset["schema"]?.string,
                profile: dataset["profile"]?.string,
                tags: input.pairs("tags")
            )
        }
        record.modelInputs = (item["inputs"]?.list("model_inputs") ?? []).map { $0.text("model_id") }
        record.modelOutputs = (item["outputs"]?.list("model_outputs") ?? []).map {
            ($0.text("model_id"), $0.whole("step") ?? 0)
        }
        let keys = (item["data"]?.list("metrics") ?? []).map { $0.text("key") }
        let files = MLflowServedFiles(calls: calls, owner: .run(id), uri: info.text("artifact_uri")).artifacts
        return SourceRun(id: id, record: record, artifacts: files, metricKeys: Array(Set(keys)).sorted())
    }

    func forEachPoints(of run: SourceRun, _ body: (_ key: String, [Metric]) async throws -> Void) async throws {
        for key in run.metricKeys {
            var token: String?
            repeat {
                var query = [("run_id", run.id), ("metric_key", key), ("max_results", "\(Self.pieceSize)")]
                if let token { query.append(("page_token", token)) }
                let answer = try await calls.get("metrics/get-history", query)
                let points = answer.list("metrics").compactMap { $0.metric(key) }
                // A server of before pages gives all at once, which is too much for one transaction.
                for start in stride(from: 0, to: points.count, by: Self.pieceSize) {
                    try await body(key, Array(points[start..<min(start + Self.pieceSize, points.count)]))
                }
                token = answer["next_page_token"]?.string.flatMap { $0.isEmpty ? nil : $0 }
            } while token != nil
        }
    }

    // MARK: Logged models

    func forEachModel(
        in experiment: SourceExperiment,
        _ body: (SourceModel) async throws -> Void,
        skip: (SkippedItem) async throws -> Void
    ) async throws {
        do {
            try await calls.pages("logged-models/search") { body in
                body.key("experiment_ids")
                body.array { $0.string(experiment.id) }
                body.field("max_results", 50)
            } page: { answer in
                for item in answer.list("models") {
                    guard let model = model(item) else { continue }
                    models.hasSome.store(true, ordering: .relaxed)
                    try await body(model)
                }
            }
        } catch is MLflowCalls.UnknownRoute {
            // MLflow 2 has no logged models.
        }
    }

    private func model(_ item: JSONElement) -> SourceModel? {
        guard let info = item["info"] else { return nil }
        let id = info.text("model_id")
        var record = ModelRecord(
            id: id,
            experimentID: "",
            name: info.text("name"),
            status: LoggedModelStatus(rawValue: info.text("status")) ?? .pending,
            createdMs: info.whole("creation_timestamp_ms") ?? 0,
            updatedMs: info.whole("last_updated_timestamp_ms")
        )
        record.modelType = info["model_type"]?.string
        record.sourceRunID = info["source_run_id"]?.string
        record.tags = info.pairs("tags")
        record.params = item["data"]?.pairs("params") ?? []
        let files = MLflowServedFiles(calls: calls, owner: .model(id), uri: info.text("artifact_uri")).artifacts
        var model = SourceModel(record: record, artifacts: files)
        for point in item["data"]?.list("metrics") ?? [] {
            guard let run = point["run_id"]?.string, let metric = point.metric(point.text("key"), model: id) else {
                continue
            }
            model.metrics.append((run, metric))
        }
        return model
    }

    // MARK: Registry

    func forEachRegisteredModel(
        _ body: (SourceRegisteredModel) async throws -> Void,
        skip: (SkippedItem) async throws -> Void
    ) async throws {
        var token: String?
        repeat {
            var query = [("max_results", "100")]
            if let token { query.append(("page_token", token)) }
            let answer = try await calls.get("registered-models/search", query)
            for item in answer.list("registered_models") { try await body(try await registered(item)) }
            token = answer["next_page_token"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        } while token != nil
    }

    private func registered(_ item: JSONElement) async throws -> SourceRegisteredModel {
        let name = item.text("name")
        var record = RegisteredModelRecord(
            name: name,
            createdMs: item.whole("creation_timestamp") ?? 0,
            updatedMs: item.whole("last_updated_timestamp")
        )
        record.description = item.text("description")
        record.tags = item.pairs("tags")
        var model = SourceRegisteredModel(record: record)
        model.aliases = item.list("aliases").compactMap { alias in
            alias.whole("version").map { (alias.text("alias"), Int($0)) }
        }
        let quote = name.contains("'") ? "\"" : "'"
        var token: String?
        repeat {
            var query = [("filter", "name = \(quote)\(name)\(quote)"), ("max_results", "\(Self.pageSize)")]
            if let token { query.append(("page_token", token)) }
            let answer = try await calls.get("model-versions/search", query)
            for item in answer.list("model_versions") {
                if let version = try await version(item, of: name) { model.versions.append(version) }
            }
            token = answer["next_page_token"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        } while token != nil
        model.versions.sort { $0.record.version < $1.record.version }
        return model
    }

    private func version(
        _ item: JSONElement,
        of name: String
    ) async throws -> (record: ModelVersionRecord, storage: String?)? {
        guard let stage = MLflowText.stage(item["current_stage"]?.string), let number = item.whole("version") else {
            return nil
        }
        var record = ModelVersionRecord(
            model: name,
            version: Int(number),
            source: item.text("source"),
            createdMs: item.whole("creation_timestamp") ?? 0,
            updatedMs: item.whole("last_updated_timestamp")
        )
        record.stage = stage
        record.description = item.text("description")
        record.runID = item["run_id"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        record.modelID =
            item["model_id"]?.string.flatMap { $0.isEmpty ? nil : $0 } ?? MLflowText.modelID(inSource: record.source)
        record.runLink = item.text("run_link")
        record.tags = item.pairs("tags")
        guard record.source.hasPrefix("models:/"), record.modelID == nil else { return (record, nil) }
        // A copy of another version: only the server knows its files.
        let place = try await calls.get(
            "model-versions/get-download-uri",
            [("name", name), ("version", "\(number)")]
        )
        return (record, place["artifact_uri"]?.string)
    }
}

extension JSONElement {
    /// A text; empty if there is none.
    func text(_ key: String) -> String { self[key]?.string ?? "" }

    /// A whole number, which protobuf's JSON may write as a text.
    func whole(_ key: String) -> Int64? {
        guard let value = self[key] else { return nil }
        return value.int64 ?? value.string.flatMap { Int64($0) }
            ?? value.double.flatMap { Int64(exactly: $0.rounded(.towardZero)) }
    }

    /// A list of objects with `key` and `value`.
    func pairs(_ key: String) -> [KeyValue] {
        list(key).map { KeyValue($0.text("key"), $0.text("value")) }
    }

    /// A point; nil for what is none.
    func metric(_ key: String, model: String? = nil) -> Metric? {
        guard let value = self["value"], let time = whole("timestamp"),
            let number = value.double ?? value.string.flatMap({ MLflowText.number($0[...]) })
        else { return nil }
        let (name, digest) = (text("dataset_name"), text("dataset_digest"))
        return Metric(
            key: key,
            value: MLflowText.unbounded(number),
            timestampMs: time,
            step: whole("step") ?? 0,
            modelID: model,
            dataset: name.isEmpty && digest.isEmpty ? nil : .init(name: name, digest: digest)
        )
    }
}

extension JSONElement {
    /// The items of a list; none if it is not there.
    func list(_ key: String) -> [JSONElement] { self[key].map { Array($0.elements) } ?? [] }
}
