// SPDX-License-Identifier: Apache-2.0

import Tracking

/// A run as both of Sacred's observers describe it.
struct SacredRun {
    let id: String
    let entry: DumpValue
    let config: DumpValue

    /// The experiment's name.
    var experiment: String { entry["experiment"]?["name"]?.text.flatMap { $0.isEmpty ? nil : $0 } ?? "sacred" }

    /// What is taken over.
    ///
    /// - Throws: ``TransferError`` `.damaged` without a start.
    func record() throws(TransferError) -> RunRecord {
        // A run that is queued has not begun.
        let start =
            entry["start_time"]?.milliseconds ?? entry["queue_time"]?.milliseconds
            ?? entry["heartbeat"]?.milliseconds
        guard let start else {
            throw TransferError(.damaged, what: "cannot read run `\(id)`", why: "it has no `start_time`")
        }
        let status: RunStatus =
            switch entry["status"]?.text ?? "" {
            case "COMPLETED": .finished
            case "RUNNING": .running
            case "QUEUED": .scheduled
            case "INTERRUPTED", "TIMEOUT": .killed
            default: .failed
            }
        let isOpen = status == .running || status == .scheduled
        let end = entry["stop_time"]?.milliseconds ?? (isOpen ? nil : entry["heartbeat"]?.milliseconds)
        let host = entry["host"]?["hostname"]?.text ?? ""
        // Both observers of one run agree in these; one keeps microseconds, the other milliseconds.
        var record = RunRecord(
            id: DerivedID.run("sacred", experiment, id, "\(start)", host),
            experimentID: "",
            name: "\(experiment)-\(id)",
            status: status,
            startMs: start,
            endMs: end
        )
        var flat: [(String, String)] = []
        Self.flatten(config, "", &flat)
        let names = KeyName.allowed(all: flat.map(\.0))
        record.params = flat.map { KeyValue(names[$0.0] ?? $0.0, $0.1) }
        record.tags = tags(host)
        return record
    }

    private func tags(_ host: String) -> [KeyValue] {
        var tags = [KeyValue("gyre.source", "sacred"), KeyValue("sacred.id", id)]
        func add(_ key: String, _ value: String?) {
            if let value, !value.isEmpty { tags.append(KeyValue(key, value)) }
        }
        add("sacred.status", entry["status"]?.text)
        add("sacred.command", entry["command"]?.text)
        add("sacred.host", host)
        add("mlflow.source.name", entry["experiment"]?["mainfile"]?.text)
        add("mlflow.source.git.commit", entry["experiment"]?["repositories"]?.list.first?["commit"]?.text)
        add("mlflow.note.content", entry["meta"]?["comment"]?.text)
        add("sacred.fail_trace", entry["fail_trace"]?.list.compactMap(\.text).joined())
        if let result = entry["result"], result.number == nil, !result.isNull {
            add("sacred.result", result.text ?? result.json)
        }
        return tags
    }

    /// The point that the result of the run is, if it is a number.
    func result(_ record: RunRecord) -> Metric? {
        guard let value = entry["result"]?.number else { return nil }
        return Metric(key: "result", value: value, timestampMs: record.endMs ?? record.startMs)
    }

    /// The points of a metric from three lists of one length; what is no number is left out.
    static func points(_ series: DumpValue, of key: String) throws(TransferError) -> [Metric] {
        let (steps, values, times) = (
            series["steps"]?.list ?? [], series["values"]?.list ?? [], series["timestamps"]?.list ?? []
        )
        guard steps.count == values.count, times.count == values.count else {
            throw TransferError(
                .damaged,
                what: "cannot read the metric `\(key)`",
                why: "the metric `\(key)` has \(values.count) values, \(steps.count) steps and \(times.count) times"
            )
        }
        return values.indices.compactMap { index in
            guard let value = values[index].number, let time = times[index].milliseconds else { return nil }
            return Metric(key: key, value: value, timestampMs: time, step: steps[index].integer ?? Int64(index))
        }
    }

    private static func flatten(_ value: DumpValue, _ path: String, _ result: inout [(String, String)]) {
        guard case .object(let members) = value, !members.isEmpty, value["py/tuple"] == nil else {
            if !path.isEmpty {
                if case .null = value { return result.append((path, "None")) }
                result.append((path, value.text ?? (value["py/tuple"] ?? value).json))
            }
            return
        }
        for (key, value) in members { flatten(value, path.isEmpty ? key : "\(path).\(key)", &result) }
    }
}
