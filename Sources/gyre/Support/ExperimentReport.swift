// SPDX-License-Identifier: Apache-2.0

import Experiments
import JSONText
import Terminal

#if canImport(Glibc)
import Glibc
#endif

/// An experiment as verbs print it: one that waits, runs, or ended.
struct ExperimentReport {
    let name: String
    let task: String?
    let revision: String
    let baseline: String
    let status: String
    var params: [String] = []
    var createdMs: Int64?
    var run: String?
    var parentRun: String?
    var problem: String?

    /// What the queue has.
    init(_ entry: QueueEntry, _ queue: ExperimentQueue) {
        name = entry.name
        task = entry.id
        revision = entry.commit ?? entry.snapshot
        baseline = entry.baseline
        status = queue.isInterrupted(entry) ? "interrupted" : entry.state.rawValue
        (params, createdMs, run) = (entry.params, entry.createdMs, entry.run)
        (parentRun, problem) = (entry.parentRun, entry.problem)
    }

    /// What ran in the work tree.
    init(_ experiment: Experiments.Experiment, params: [String], run: String?) {
        name = experiment.name
        task = nil
        revision = experiment.commit
        baseline = experiment.baseline
        status = "success"
        (self.params, createdMs, self.run) = (params, experiment.seconds * 1_000, run)
    }

    static func json(_ reports: [ExperimentReport]) -> String {
        var writer = JSONWriter()
        writer.array { writer in for report in reports { report.write(&writer) } }
        return writer.text
    }

    private func write(_ writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("name", name)
            writer.field("status", status)
            writer.field("rev", revision)
            writer.field("baseline", baseline)
            writer.field("params", params)
            if let createdMs { writer.field("created_ms", createdMs) }
            let texts = [("task", task), ("run_id", run), ("parent_run_id", parentRun), ("problem", problem)]
            for (key, text) in texts { if let text, !text.isEmpty { writer.field(key, text) } }
        }
    }
}

/// Moments as DVC shows them, in the zone of the machine.
enum LocalTime {
    /// The hour of today, or the day.
    static func short(_ seconds: Int64, now: Int64) -> String {
        let day = "%Y-%m-%d"
        return text(seconds, text(seconds, day) == text(now, day) ? "%I:%M %p" : "%b %d, %Y")
    }

    /// Day and time without a zone.
    static func full(_ seconds: Int64) -> String { text(seconds, "%Y-%m-%dT%H:%M:%S") }

    private static func text(_ seconds: Int64, _ format: String) -> String {
        var moment = time_t(seconds)
        var parts = tm()
        localtime_r(&moment, &parts)
        var buffer = [CChar](repeating: 0, count: 64)
        let count = strftime(&buffer, buffer.count, format, &parts)
        return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
