// SPDX-License-Identifier: Apache-2.0

/// Runs side by side: the params that differ between them, and the metrics that most of them have.
struct RunTable {
    /// Columns of each kind; more would not be read.
    static let columnLimit = 5

    private let runs: [RunRow]
    private let nowMs: Int64

    init(_ runs: [RunRow], nowMs: Int64) {
        self.runs = runs
        self.nowMs = nowMs
    }

    var content: [String: Any] {
        let params = Self.differingParams(runs.map(\.params))
        let metrics = Self.commonMetrics(runs.map(\.metrics))
        let best = metrics.map { key in Self.best(of: key, in: runs.compactMap { $0.metrics[key] }) }
        let columns = metrics.map { key in Format.column(runs.map { $0.metrics[key] }) }
        return [
            "any": !runs.isEmpty,
            "paramNames": params,
            "metricNames": metrics,
            "rows": runs.enumerated().map { index, run -> [String: Any] in
                [
                    "name": Link(
                        text: run.name.isEmpty ? Format.short(run.id) : run.name,
                        url: "/runs/\(Format.urlSegment(run.id))",
                        whole: run.id
                    ).content,
                    "experiment": run.experiment,
                    "status": Badge.run(run.status).content,
                    "start": Time.content(run.startMs, nowMs: nowMs),
                    "took": Format.duration(
                        fromMs: run.startMs,
                        toMs: run.endMs ?? (run.status == "RUNNING" ? nowMs : nil)
                    ),
                    "commit": Link.digest(run.commit),
                    "params": params.map { run.params[$0] ?? Format.missing },
                    "metrics": metrics.indices.map { column -> [String: Any] in
                        let value = run.metrics[metrics[column]]
                        return ["text": columns[column][index], "isBest": value != nil && value == best[column]]
                    },
                ]
            },
        ]
    }

    /// The value to point at; nil for metrics of which nobody knows which way is better.
    static func best(of metric: String, in values: [Double]) -> Double? {
        let finite = values.filter(\.isFinite)
        // One run alone, or runs that are all the same, are not better than anything.
        if finite.min() == finite.max() { return nil }
        if lowerIsBetter.contains(metric) { return finite.min() }
        return higherIsBetter.contains(metric) ? finite.max() : nil
    }

    private static let higherIsBetter: Set = [
        "accuracy", "precision", "recall", "specificity", "f1", "mcc", "roc_auc", "pr_auc", "r2",
    ]
    private static let lowerIsBetter: Set = ["log_loss", "brier", "loss", "val_loss", "mae", "mse", "rmse"]

    /// Metrics that most rows have, by how many have them and then by name.
    ///
    /// What the machine and Gyre measured of themselves is on the run's own page.
    static func commonMetrics(_ rows: [[String: Double]]) -> [String] {
        var counts: [String: Int] = [:]
        for row in rows {
            for key in row.keys where !key.hasPrefix("system/") && !key.hasPrefix("gyre.") {
                counts[key, default: 0] += 1
            }
        }
        let ranked = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        return ranked.prefix(columnLimit).map(\.key)
    }

    /// Params with more than one value, or missing in some row; those that most rows have come first, then by name.
    ///
    /// Rows without any param, such as a run that has just begun, don't count. Where a script logs `C` and the pipeline
    /// logs the same values as `train.C`, one column shows both.
    static func differingParams(_ all: [[String: String]]) -> [String] {
        let rows = all.filter { !$0.isEmpty }
        guard rows.count > 1 else { return Array((rows.first?.keys.sorted() ?? []).prefix(columnLimit)) }
        var values: [String: (seen: Set<String>, count: Int)] = [:]
        for row in rows {
            for (key, value) in row {
                var entry = values[key] ?? ([], 0)
                entry.seen.insert(value)
                entry.count += 1
                values[key] = entry
            }
        }
        let differing = values.filter { $0.value.seen.count > 1 || $0.value.count < rows.count }
            .filter { long, _ in
                !values.keys.contains { short in
                    long.hasSuffix(".\(short)") && rows.allSatisfy { $0[short] == $0[long] }
                }
            }
        let ranked = differing.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }
        return ranked.prefix(columnLimit).map(\.key)
    }
}
