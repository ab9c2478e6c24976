// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import JSONText
import Registry
import Tracking

extension WebhookEvent {
    /// The document that is sent, in MLflow's shape.
    func body(atMs ms: Int64, _ data: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter(reserving: 512, nonFinite: .text)
        writer.object { writer in
            writer.field("entity", entity)
            writer.field("action", action)
            writer.field("timestamp", Self.timestamp(ms))
            writer.key("data")
            writer.object(data)
        }
        return writer.text
    }

    /// As Python writes a time with its zone: `2026-01-31T23:59:59.001000+00:00`.
    static func timestamp(_ ms: Int64) -> String {
        let part = (ms % 1_000 + 1_000) % 1_000
        let seconds = Date(timeIntervalSince1970: Double((ms - part) / 1_000)).formatted(.iso8601).dropLast()
        return "\(seconds).\(String(1_000 + part).dropFirst())000+00:00"
    }

    /// What a trial sends as `data`: MLflow's examples.
    func writeExample(into writer: inout JSONWriter) {
        func tags(_ writer: inout JSONWriter) { writer.dictionary("tags", [KeyValue("example_key", "example_value")]) }
        let isOfPrompts = entity.hasPrefix("prompt")
        let thing = isOfPrompts ? "prompt" : "model"
        switch self {
        case .budgetPolicyExceeded:
            writer.field("budget_policy_id", "bp-abc123")
            writer.field("budget_unit", "USD")
            writer.field("budget_amount", 100.0)
            writer.field("current_spend", 105.5)
            writer.field("duration_unit", "MONTHS")
            writer.field("duration_value", 1)
            writer.field("target_scope", "ENDPOINT")
            writer.field("workspace", "default")
            writer.field("target_value", "ep-abc123")
            writer.field("window_start", 1_704_067_200_000)
            return
        case .runCreated, .runFinished, .runFailed:
            writeExampleOfRun(into: &writer)
            return
        default: writer.field("name", "example_\(thing)")
        }
        switch self {
        case .registeredModelCreated, .promptCreated:
            tags(&writer)
            writer.field("description", isOfPrompts ? "An example prompt" : "An example registered model")
        case .modelVersionCreated:
            writer.field("version", "1")
            writer.field("source", "models:/123")
            writer.field("run_id", "abcd1234abcd5678")
            tags(&writer)
            writer.field("description", "An example model version")
        case .promptVersionCreated:
            writer.field("version", "1")
            writer.field("template", "Hello {{name}}!")
            tags(&writer)
            writer.field("description", "An example prompt version")
        case .modelVersionAliasCreated, .promptAliasCreated, .modelVersionAliasDeleted, .promptAliasDeleted:
            writer.field("alias", "example_alias")
            if action == "created" { writer.field("version", "1") }
        default:
            if entity.contains("version") { writer.field("version", "1") }
            writer.field("key", "example_key")
            if action == "set" { writer.field("value", "example_value") }
        }
    }
}

extension WebhookEvent {
    fileprivate func writeExampleOfRun(into writer: inout JSONWriter) {
        let isOver = self != .runCreated
        let status: RunStatus = isOver ? (self == .runFinished ? .finished : .failed) : .running
        let id = "abcd1234abcd5678abcd1234abcd5678"
        writer.field("run_id", id)
        writer.field("run_name", "example_run")
        writer.field("experiment_id", "0")
        writer.field("user_id", "example_user")
        writer.field("status", status.rawValue)
        writer.field("start_time", 1_704_067_200_000)
        writer.field("end_time", isOver ? 1_704_067_260_000 as Int64? : nil)
        writer.field("artifact_uri", "mlflow-artifacts:/0/\(id)/artifacts")
        writer.dictionary("params", isOver ? [KeyValue("example_param", "1")] : [])
        writer.key("metrics")
        writer.object { if isOver { $0.field("example_metric", 0.5) } }
        writer.dictionary("tags", [KeyValue("example_key", "example_value")])
    }
}

extension RegistryEvent {
    /// The `data` of the event, as MLflow writes it.
    func write(into writer: inout JSONWriter) {
        switch self {
        case .modelCreated(let model):
            writer.field("name", model.name)
            writer.dictionary("tags", model.tags)
            writer.field("description", model.description)
        case .versionCreated(let version):
            writer.field("name", version.name)
            writer.field("version", String(version.version))
            writer.field("source", version.source)
            writer.field("run_id", version.runID)
            writer.dictionary("tags", version.tags)
            writer.field("description", version.description.isEmpty ? nil : version.description)
        case .versionTagSet(let model, let version, let tag):
            writer.field("name", model)
            writer.field("version", String(version))
            writer.field("key", tag.key)
            writer.field("value", tag.value)
        case .versionTagDeleted(let model, let version, let key):
            writer.field("name", model)
            writer.field("version", String(version))
            writer.field("key", key)
        case .aliasSet(let model, let alias, let version):
            writer.field("name", model)
            writer.field("alias", alias)
            writer.field("version", String(version))
        case .aliasDeleted(let model, let alias):
            writer.field("name", model)
            writer.field("alias", alias)
        }
    }
}

extension Run {
    /// The most params, metrics and tags of an event: the first by name.
    static let eventLimit = 100

    /// The `data` of an event of a run.
    func writeEvent(into writer: inout JSONWriter) {
        writer.field("run_id", id)
        writer.field("run_name", name)
        writer.field("experiment_id", experimentID)
        writer.field("user_id", userID)
        writer.field("status", status.rawValue)
        writer.field("start_time", startMs)
        writer.field("end_time", endMs)
        writer.field("artifact_uri", artifactURI)
        writer.dictionary("params", params.first(Self.eventLimit))
        writer.key("metrics")
        writer.object { writer in
            for metric in metrics.sorted(by: { $0.key < $1.key }).prefix(Self.eventLimit) {
                writer.field(metric.key, metric.value)
            }
        }
        writer.dictionary("tags", tags.first(Self.eventLimit))
    }
}

extension JSONWriter {
    fileprivate mutating func dictionary(_ name: String, _ pairs: [KeyValue]) {
        // A key that comes twice has its last value, as in Python's dictionaries.
        let values = Dictionary(pairs.map { ($0.key, $0.value) }) { $1 }
        key(name)
        object { writer in for (key, value) in values.sorted(by: { $0.key < $1.key }) { writer.field(key, value) } }
    }
}

extension [KeyValue] {
    fileprivate func first(_ count: Int) -> [KeyValue] { Array(sorted { $0.key < $1.key }.prefix(count)) }
}
