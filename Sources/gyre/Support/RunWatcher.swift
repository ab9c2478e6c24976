// SPDX-License-Identifier: Apache-2.0

import JSONText
import Server
import Terminal
import Tracking

/// Shows a run until it ends: a picture on a terminal, elsewhere a line for each change.
struct RunWatcher {
    private let services: ProjectServices
    private let output: Output
    private let interval: Duration

    init(_ services: ProjectServices, _ output: Output, every interval: Duration) {
        self.services = services
        self.output = output
        self.interval = interval
    }

    /// Watches a run.
    ///
    /// - Returns: The run as it ended; nil if nobody reads any more.
    func watch(_ id: String) async throws -> Run? {
        var run = try await services.tracking.run(id: id)
        var courses = try await MetricCourses.read(run, services.tracking)
        var changed = run.metrics
        var status: RunStatus?
        var picture = LivePicture()
        while true {
            // A look takes seven statements by key, whatever the run has logged.
            let goesOn: Bool
            if output.isLive {
                goesOn = try output.show(picture.frame(frame(run, courses)))
            } else if !changed.isEmpty || status != run.status {
                goesOn = try output.stream(json: json(run, changed), text: line(run, changed, isFirst: status == nil))
            } else {
                goesOn = true
            }
            guard goesOn else { return nil }
            status = run.status
            if run.status.isOver { return run }
            try await Task.sleep(for: interval)
            run = try await services.tracking.run(id: id)
            changed = courses.note(run)
        }
    }

    // MARK: On a terminal

    private func frame(_ run: Run, _ courses: MetricCourses) -> [String] {
        // The last column stays free: there the cursor waits on some terminals, and breaks the line on others.
        let width = max((output.width ?? 80) - 1, 20)
        let head = "\(run.id.prefix(12))  \(run.name)"
        let took = run.duration ?? .milliseconds(max(services.now() - run.startMs, 0))
        let state =
            "\(run.status.rawValue.lowercased()) \(run.status.isOver ? "after" : "for") \(Humanize.duration(took))"
        var lines = [
            output.paint(output.line(head, indent: 1), .name),
            output.paint(output.line(state, indent: 1), run.status.tone),
        ]
        // The head, the table's own, the line that tells of more, and the one that the cursor is in.
        let room = max((output.height ?? 24) - 5, 1)
        let table = MetricTable(run, courses).table(width: width, limit: room)
        if !table.isEmpty { lines += table.lines(table.layout(width: width), hasHead: true) { output.paint($0, $1) } }
        if run.metrics.count > room { lines.append("… and \(run.metrics.count - room) more metrics") }
        return lines
    }

    // MARK: Elsewhere

    private func line(_ run: Run, _ changed: [Metric], isFirst: Bool) -> String {
        var parts = [Moment(ms: services.now()).clock, run.status.rawValue.lowercased()]
        if isFirst { parts = ["\(run.id)  \(run.name)\n" + parts[0], parts[1]] }
        if let step = changed.map(\.step).max(), step > 0 { parts.append("step \(step)") }
        parts += changed.map { "\($0.key) \(Humanize.number($0.value))" }
        if run.status.isOver, let took = run.duration { parts.append("took \(Humanize.duration(took))") }
        return parts.joined(separator: "  ")
    }

    private func json(_ run: Run, _ changed: [Metric]) -> String {
        var writer = JSONWriter(nonFinite: .text)
        writer.object { writer in
            writer.field("time", Moment(ms: services.now()).iso)
            writer.field("run_id", run.id)
            writer.field("name", run.name)
            writer.field("status", run.status.rawValue)
            writer.key("metrics")
            writer.array { writer in
                for metric in changed {
                    writer.object { writer in
                        writer.field("key", metric.key)
                        writer.field("value", metric.value)
                        writer.field("step", metric.step)
                        writer.field("time", Moment(ms: metric.timestampMs).iso)
                    }
                }
            }
        }
        return writer.text
    }
}
