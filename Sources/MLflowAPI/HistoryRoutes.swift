// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import JSONText
import Tracking

/// `/2.0/mlflow/metrics/…`.
struct HistoryRoutes: Sendable {
    /// The most runs of one call.
    static let runLimit = 100
    /// The most points of a run in a sample.
    static let sampleLimit = 2_500

    let tracking: TrackingService

    func add(to calls: Calls<some RequestContext>) {
        let tracking = tracking
        calls.get("2.0/mlflow/metrics/get-history") { call in
            let page = try call.page(default: TrackingService.historyLimit, most: Int(Int32.max))
            let history = try await tracking.metricHistory(
                run: try call.runID(),
                key: try call.requiredText("metric_key"),
                after: page.after,
                limit: page.limit
            )
            return .page("metrics", history) { $0.write(into: &$1) }
        }
        calls.get("2.0/mlflow/metrics/get-history-bulk") { call in
            let runs = try Self.runs(try call.texts("run_id"), named: "run_id")
            let key = try call.requiredText("metric_key")
            let asked = try call.integer("max_results") ?? Int64(TrackingService.historyLimit)
            let limit = Int(min(max(asked, 0), Int64(TrackingService.historyLimit)))
            let histories = try await tracking.metricHistories(runs: runs, key: key, limit: limit)
            return Self.response(histories)
        }
        calls.get("2.0/mlflow/metrics/get-history-bulk-interval") { call in
            let runs = try Self.runs(try call.texts("run_ids"), named: "run_ids")
            let key = try call.requiredText("metric_key")
            let limit = try call.integer("max_results") ?? Int64(Self.sampleLimit)
            guard (1...Int64(Self.sampleLimit)).contains(limit) else {
                throw CallError.invalid("max_results must be between 1 and \(Self.sampleLimit).")
            }
            let steps = try Self.steps(try call.integer("start_step"), try call.integer("end_step"))
            // Beyond MLflow: `sampling=extremes` keeps every peak.
            let sampling: TrackingService.Sampling = try call.choice("sampling") ?? .spread
            var samples: [(run: String, points: [Metric])] = []
            for run in runs {
                let points = try await tracking.sampledHistory(
                    run: run,
                    key: key,
                    steps: steps,
                    limit: Int(limit),
                    sampling: sampling
                )
                samples.append((run, points))
            }
            return Self.response(samples)
        }
    }

    private static func runs(_ ids: [String], named name: String) throws(CallError) -> [String] {
        guard !ids.isEmpty else { throw .missing(name) }
        guard ids.count <= runLimit else {
            throw .invalid("The request can name at most \(runLimit) \(name). Received \(ids.count).")
        }
        return ids
    }

    private static func steps(_ start: Int64?, _ end: Int64?) throws(CallError) -> ClosedRange<Int64>? {
        switch (start, end) {
        case (nil, nil): return nil
        case (let start?, let end?):
            guard start <= end else {
                throw .invalid(
                    "end_step must be greater than start_step. Found start_step=\(start) and end_step=\(end)."
                )
            }
            return start...end
        default:
            throw .invalid("If either start step or end step are specified, both must be specified.")
        }
    }

    private static func response(_ histories: [(run: String, points: [Metric])]) -> Response {
        .json { writer in
            writer.object { writer in
                writer.key("metrics")
                writer.array { writer in
                    for (run, points) in histories {
                        for metric in points {
                            writer.object { writer in
                                writer.field("key", metric.key)
                                writer.field("value", metric.value)
                                writer.field("timestamp", metric.timestampMs)
                                writer.field("step", metric.step)
                                writer.field("run_id", run)
                            }
                        }
                    }
                }
            }
        }
    }
}
