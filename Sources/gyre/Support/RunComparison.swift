// SPDX-License-Identifier: Apache-2.0

import JSONText
import Terminal
import Tracking

/// Which values of a metric are better.
enum MetricDirection: String {
    case higher
    case lower

    /// What the name of a metric says; nil if it says nothing that is sure.
    init?(of name: String) {
        // Before a word may stand what it was measured on, as in `val_loss` or `test/f1`.
        let words = name.lowercased().split { !$0.isLetter && !$0.isNumber }
        let lower: Set<Substring> = [
            "loss", "logloss", "error", "err", "mae", "mse", "rmse", "rmsle", "mape", "smape", "brier", "perplexity",
            "wer",
            "cer", "nll", "deviance", "ece", "seconds", "latency", "duration",
        ]
        let higher: Set<Substring> = [
            "accuracy", "acc", "recall", "precision", "f1", "auc", "roc", "r2", "map", "ap", "ndcg", "mrr", "iou",
            "miou",
            "dice", "bleu", "rouge", "rouge1", "rouge2", "rougel", "kappa", "mcc", "sensitivity", "specificity", "psnr",
            "ssim",
        ]
        if words.contains(where: lower.contains) {
            self = .lower
        } else if words.contains(where: higher.contains) || name.lowercased().hasSuffix("score") {
            self = .higher
        } else {
            return nil
        }
    }
}

/// Runs against the first of them: the params and data in which they differ, and their metrics.
struct RunComparison {
    private struct Line {
        let key: String
        let values: [String?]
        var isEqual: Bool { Set(values).count == 1 }

        /// Whether the same values stand under the end of its key too, as `C` for `train.C`.
        func isShown(among lines: [Line]) -> Bool {
            lines.contains { key.hasSuffix("." + $0.key) && values == $0.values }
        }
    }

    private struct MetricLine {
        let key: String
        let values: [Double?]
        let direction: MetricDirection?

        var isEqual: Bool { Set(values.map { $0?.isNaN == true ? nil : $0 }).count == 1 }

        /// The best value, if one is better than another.
        var best: Double? {
            let finite = values.compactMap { $0 }.filter { !$0.isNaN }
            guard let direction, Set(finite).count > 1 else { return nil }
            return direction == .higher ? finite.max() : finite.min()
        }

        /// The difference to the first run's value.
        func delta(_ index: Int) -> Double? {
            guard index > 0, let first = values[0], let value = values[index] else { return nil }
            return value - first
        }
    }

    private let runs: [Run]
    private let params: [Line]
    private let datasets: [Line]
    private let metrics: [MetricLine]

    /// A comparison of two runs or more.
    init(_ runs: [Run], higher: Set<String> = [], lower: Set<String> = []) {
        self.runs = runs
        func keys(_ list: (Run) -> [String]) -> [String] { Set(runs.flatMap(list)).sorted() }
        params = keys { $0.params.map(\.key) }.map { key in Line(key: key, values: runs.map { $0.param(key) }) }
        datasets = keys { $0.inputs.map(\.name) }.map { name in
            Line(key: name, values: runs.map { run in run.inputs.first { $0.name == name }?.digest })
        }
        metrics = keys { $0.metrics.map(\.key) }.map { key in
            let direction: MetricDirection? =
                higher.contains(key) ? .higher : lower.contains(key) ? .lower : MetricDirection(of: key)
            return MetricLine(key: key, values: runs.map { $0.metric(key) }, direction: direction)
        }
    }

    // MARK: For people

    /// The table.
    ///
    /// - Parameters:
    ///   - output: Where it is shown.
    ///   - nowMs: Now.
    ///   - isWhole: Whether equal params and data are shown too.
    /// - Returns: The lines, and what is not among them.
    func text(_ output: Output, nowMs: Int64, isWhole: Bool) -> String {
        var table = Table(
            columns: [.init("", .left, .cut(downTo: 12), limit: 60)]
                + runs.map { .init(String($0.id.prefix(12)), .right, .cut(downTo: 10), limit: 40) }
        )
        table.add(["name"] + runs.map { .init($0.name, .name) })
        table.add(["status"] + runs.map { .init($0.status.rawValue.lowercased(), $0.status.tone) })
        table.add(["started"] + runs.map { .init(Humanize.ago($0.startMs, nowMs: nowMs)) })
        table.add(["took"] + runs.map { .init($0.duration.map(Humanize.duration) ?? "–") })
        let commits = Line(key: "commit", values: runs.map { $0.tag("mlflow.source.git.commit") })
        if isWhole || !commits.isEqual {
            table.add(["commit"] + commits.values.map { .init($0.map { String($0.prefix(12)) } ?? "–") })
        }
        var hidden = 0
        for (title, lines) in [("params", params), ("datasets", datasets)] {
            let shown = isWhole ? lines : lines.filter { !$0.isEqual && !$0.isShown(among: lines) }
            hidden += lines.count { $0.isEqual } - shown.count { $0.isEqual }
            if !shown.isEmpty { table.add([.init(title, .strong)]) }
            for line in shown { table.add([.init("  " + line.key)] + line.values.map { .init($0 ?? "–") }) }
        }
        if !metrics.isEmpty { table.add([.init("metrics", .strong)]) }
        for metric in metrics { add(metric, to: &table) }
        let note = hidden > 0 ? "\n" + output.paint(Self.note(hidden), .quiet) : ""
        return output.text(of: table) + note
    }

    private static func note(_ hidden: Int) -> String {
        hidden == 1
            ? "one equal param or dataset is not shown; see --all"
            : "\(hidden) equal params and datasets are not shown; see --all"
    }

    private func add(_ metric: MetricLine, to table: inout Table) {
        let deltas = metric.values.indices.map { index -> String in
            guard index > 0 else { return "" }
            return metric.delta(index).map { "  " + ($0 < 0 ? "" : "+") + Humanize.fixed($0, 4) } ?? ""
        }
        let best = metric.best
        let cells = metric.values.indices.map { index -> Table.Cell in
            guard let value = metric.values[index] else { return "–" }
            let isBest = best == value
            return .init(Humanize.fixed(value, 4) + (isBest ? "*" : " ") + deltas[index], isBest ? .good : nil)
        }
        table.add([.init("  " + metric.key)] + cells)
    }

    // MARK: For programs

    func json(_ names: ExperimentNames) -> String {
        var writer = JSONWriter(nonFinite: .text)
        writer.object { writer in
            writer.field("baseline", runs[0].id)
            writer.key("runs")
            writer.array { writer in
                for run in runs {
                    writer.object { run.writeFields(experiment: names[run.experimentID], into: &$0) }
                }
            }
            for (name, lines) in [("params", params), ("datasets", datasets)] {
                writer.key(name)
                writer.array { writer in
                    for line in lines {
                        writer.object { writer in
                            writer.field("key", line.key)
                            writer.field("equal", line.isEqual)
                            writer.key("values")
                            writer.array { writer in
                                for value in line.values {
                                    if let value { writer.string(value) } else { writer.null() }
                                }
                            }
                        }
                    }
                }
            }
            writer.key("metrics")
            writer.array { writer in for metric in metrics { write(metric, into: &writer) } }
        }
        return writer.text
    }

    private func write(_ metric: MetricLine, into writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("key", metric.key)
            writer.field("equal", metric.isEqual)
            writer.field("better", metric.direction?.rawValue)
            for (name, values) in [
                ("values", metric.values), ("deltas", metric.values.indices.map { $0 == 0 ? 0 : metric.delta($0) }),
            ] {
                writer.key(name)
                writer.array { writer in
                    for value in values { if let value { writer.double(value) } else { writer.null() } }
                }
            }
            let best = metric.best
            writer.key("best")
            writer.array { writer in
                for (run, value) in zip(runs, metric.values) where best != nil && value == best {
                    writer.string(run.id)
                }
            }
        }
    }
}
