// SPDX-License-Identifier: Apache-2.0

package import JSONText
package import Tracking

extension RunRecord {
    func write(experiment: String, into writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("id", id)
            writer.field("experiment", experiment)
            writer.field("name", name)
            writer.field("status", status.rawValue)
            writer.field("start_ms", startMs)
            writer.field("end_ms", endMs)
            writer.field("artifact_uri", artifactURI)
            writer.field("user", userID)
            writer.pairs("params", params)
            writer.pairs("tags", tags)
            writer.key("inputs")
            writer.array { writer in for input in inputs { input.write(into: &writer) } }
            writer.texts("model_inputs", modelInputs)
            writer.key("model_outputs")
            writer.array { writer in
                for output in modelOutputs {
                    writer.array { writer in
                        writer.string(output.modelID)
                        writer.integer(output.step)
                    }
                }
            }
        }
    }

    /// Reads a record, whose experiment is still its name.
    package init(json: JSONElement) throws(TransferError) {
        self.init(
            id: try json.required("id"),
            experimentID: try json.required("experiment"),
            name: try json.required("name"),
            status: try json.choice("status"),
            startMs: try json.requiredNumber("start_ms"),
            endMs: json["end_ms"]?.int64
        )
        artifactURI = SyncPlace.foreign(json.optional("artifact_uri"))
        userID = try json.required("user")
        params = try json.keyValues("params")
        tags = try json.keyValues("tags")
        for input in try json.items("inputs") { inputs.append(try DatasetInput(json: input)) }
        modelInputs = try json.texts("model_inputs")
        for output in try json.items("model_outputs") {
            let parts = Array(output.elements)
            guard parts.count == 2, let model = parts[0].string, let step = parts[1].int64 else {
                throw SyncWire.missing("model_outputs")
            }
            modelOutputs.append((model, step))
        }
    }
}

extension DatasetInput {
    fileprivate func write(into writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("name", name)
            writer.field("digest", digest)
            writer.field("source_type", sourceType)
            writer.field("source", source)
            writer.field("schema", schema)
            writer.field("profile", profile)
            writer.pairs("tags", tags)
        }
    }

    fileprivate init(json: JSONElement) throws(TransferError) {
        self.init(
            name: try json.required("name"),
            digest: try json.required("digest"),
            sourceType: try json.required("source_type"),
            source: try json.required("source"),
            schema: json.optional("schema"),
            profile: json.optional("profile"),
            tags: try json.keyValues("tags")
        )
    }
}

// MARK: Points

extension MetricPoint {
    /// `[timestamp, step, value]`; the writer writes what JSON cannot hold as text.
    func write(into writer: inout JSONWriter) {
        writer.array { writer in
            writer.integer(timestampMs)
            writer.integer(step)
            writer.double(value)
        }
    }

    init(json: JSONElement) throws(TransferError) {
        let parts = Array(json.elements)
        guard parts.count == 3, let time = parts[0].int64, let step = parts[1].int64,
            let value = Self.number(parts[2])
        else { throw SyncWire.missing("points") }
        self.init(timestampMs: time, step: step, value: value)
    }

    fileprivate static func number(_ element: JSONElement) -> Double? {
        switch element.string {
        case nil: element.double
        case "NaN": .nan
        case "Infinity": .infinity
        case "-Infinity": -.infinity
        default: nil
        }
    }
}

extension SyncWire {
    /// Reads `[{"key": …, "points": [[timestamp, step, value], …]}, …]`.
    package static func histories(_ list: [JSONElement]) throws(TransferError) -> [(key: String, points: [MetricPoint])]
    {
        var result: [(key: String, points: [MetricPoint])] = []
        var count = 0
        for item in list {
            var points: [MetricPoint] = []
            for point in try item.items("points", limit: pointLimit) { points.append(try MetricPoint(json: point)) }
            count += points.count
            guard count <= pointLimit else { throw tooMany(count, pointLimit) }
            result.append((try item.required("key"), points))
        }
        return result
    }

    /// Reads what was measured of a logged model.
    package static func modelMetrics(_ list: [JSONElement]) throws(TransferError) -> [(metric: Metric, run: String)] {
        var result: [(metric: Metric, run: String)] = []
        for item in list {
            let point = try MetricPoint(json: try item.child("point"))
            let (name, digest) = (item.optional("dataset_name") ?? "", item.optional("dataset_digest") ?? "")
            let metric = Metric(
                key: try item.required("key"),
                value: point.value,
                timestampMs: point.timestampMs,
                step: point.step,
                dataset: name.isEmpty && digest.isEmpty ? nil : .init(name: name, digest: digest)
            )
            result.append((metric, try item.required("run")))
        }
        return result
    }

    static func write(_ metric: Metric, run: String, into writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("key", metric.key)
            writer.field("run", run)
            writer.key("point")
            MetricPoint(timestampMs: metric.timestampMs, step: metric.step, value: metric.value).write(into: &writer)
            if let dataset = metric.dataset {
                writer.field("dataset_name", dataset.name)
                writer.field("dataset_digest", dataset.digest)
            }
        }
    }

    /// Writes what a run has of a metric.
    package static func write(_ state: HistoryState, key: String, into writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("key", key)
            writer.field("count", state.count)
            writer.field("digest", String(state.digest, radix: 16))
            if let last = state.last {
                writer.key("last")
                last.write(into: &writer)
            }
        }
    }

    static func historyState(_ item: JSONElement) throws(TransferError) -> HistoryState {
        guard let digest = UInt64(try item.required("digest"), radix: 16) else { throw missing("digest") }
        let count = Int(try item.requiredNumber("count"))
        guard let last = item["last"] else { return HistoryState(count: count, digest: digest, last: nil) }
        return HistoryState(count: count, digest: digest, last: try MetricPoint(json: last))
    }
}

extension JSONElement {
    fileprivate func child(_ key: String) throws(TransferError) -> JSONElement {
        guard let child = self[key] else { throw SyncWire.missing(key) }
        return child
    }
}
