// SPDX-License-Identifier: Apache-2.0

import Terminal
import Tracking

/// The courses of a run's metrics, each in bounded memory.
struct MetricCourses {
    private var courses: [String: Course] = [:]
    private var latest: [String: Metric] = [:]

    /// Reads the histories of a run's metrics.
    static func read(_ run: Run, _ tracking: TrackingService) async throws -> MetricCourses {
        var result = MetricCourses()
        for metric in run.metrics {
            var course = Course()
            // As many points as bars could ever show; of a longer history evenly spread ones.
            for point in try await tracking.sampledHistory(run: run.id, key: metric.key, limit: 512) {
                course.add(point.value)
            }
            result.courses[metric.key] = course
            result.latest[metric.key] = metric
        }
        return result
    }

    /// Takes what a run shows now.
    ///
    /// - Returns: The metrics that changed.
    mutating func note(_ run: Run) -> [Metric] {
        let changed = run.metrics.filter { metric in
            guard let known = latest[metric.key] else { return true }
            // By its bits, because NaN is never equal to itself.
            return known.step != metric.step || known.timestampMs != metric.timestampMs
                || known.value.bitPattern != metric.value.bitPattern
        }
        for metric in changed {
            latest[metric.key] = metric
            courses[metric.key, default: Course()].add(metric.value)
        }
        return changed
    }

    /// The course as bars; empty if it is not known, or has only one point.
    func bars(_ key: String, width: Int) -> String {
        courses[key].map { Sparkline.text($0.values, width: width) } ?? ""
    }
}

/// The latest values of a run's metrics, with their courses.
struct MetricTable {
    private let run: Run
    private let courses: MetricCourses

    init(_ run: Run, _ courses: MetricCourses) {
        self.run = run
        self.courses = courses
    }

    /// The table; the bars take the room that a terminal leaves.
    ///
    /// - Parameters:
    ///   - width: The columns of the terminal; nil for any number.
    ///   - limit: At most so many metrics.
    /// - Returns: A row for each.
    func table(width: Int?, limit: Int = .max) -> Table {
        let metrics = run.metrics.prefix(limit)
        let values = metrics.map { Humanize.number($0.value) }
        let steps = metrics.map { String($0.step) }
        let name = min(metrics.reduce(6) { max($0, $1.key.count) }, 40)
        let taken = [max(name, 6), values.reduce(6) { max($0, $1.count) }, steps.reduce(4) { max($0, $1.count) }]
        let room = width.map { $0 - taken.reduce(6, +) } ?? 32
        var table = Table(columns: [
            .init("metric", .left, .cut(downTo: 8), limit: 40), .init("latest", .right, .never),
            .init("step", .right, .never), .init("course", .left, .never),
        ])
        for (index, metric) in metrics.enumerated() {
            table.add([
                .init(metric.key, .name), .init(values[index]), .init(steps[index]),
                .init(courses.bars(metric.key, width: min(max(room, 6), 48))),
            ])
        }
        return table
    }
}
