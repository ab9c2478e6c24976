// SPDX-License-Identifier: Apache-2.0

import JSONText
import Terminal
import Tracking

/// Runs side by side: the parameters in which they differ, and their metrics, or what was asked for.
struct RunList {
    let runs: [Run]
    let columns: [RunColumn]
    private let isChosen: Bool

    /// A list with the columns that suit the runs, unless some are chosen.
    init(_ runs: [Run], columns: [RunColumn]? = nil) {
        self.runs = runs
        isChosen = columns != nil
        self.columns =
            columns ?? [.runID, .name, .status, .started] + Self.differingParams(runs).map(RunColumn.param)
            + Self.commonMetrics(runs).map(RunColumn.metric)
    }

    var isEmpty: Bool { runs.isEmpty }

    func table(nowMs: Int64, _ names: ExperimentNames) -> Table {
        var table = Table(columns: columns.map(\.column))
        for run in runs { table.add(columns.map { $0.cell(run, nowMs: nowMs, names) }) }
        return table
    }

    /// One list.
    func json(_ names: ExperimentNames) -> String {
        var writer = JSONWriter(nonFinite: .text)
        writer.array { writer in for run in runs { write(run, names, into: &writer) } }
        return writer.text
    }

    /// One object per line.
    func jsonLines(_ names: ExperimentNames) -> String {
        var writer = JSONWriter(nonFinite: .text)
        for run in runs {
            write(run, names, into: &writer)
            writer.newline()
        }
        return writer.text
    }

    private func write(_ run: Run, _ names: ExperimentNames, into writer: inout JSONWriter) {
        writer.object { writer in
            if isChosen {
                for column in columns { column.write(run, names, into: &writer) }
            } else {
                run.writeFields(experiment: names[run.experimentID], into: &writer)
            }
        }
    }

    private static func differingParams(_ runs: [Run]) -> [String] {
        let keys = Set(runs.flatMap { $0.params.map(\.key) }).sorted()
        // The same value under `train.C` and `C` is one column.
        let differing = keys.filter { key in Set(runs.map { $0.param(key) ?? "" }).count > 1 }
        return differing.filter { key in
            !differing.contains { other in
                other != key && key.hasSuffix("." + other) && runs.allSatisfy { $0.param(key) == $0.param(other) }
            }
        }
    }

    private static func commonMetrics(_ runs: [Run]) -> [String] {
        let preferred = ["recall", "precision", "f1", "roc_auc", "accuracy"]
        let known = Set(runs.flatMap { $0.metrics.map(\.key) })
        let found = preferred.filter(known.contains)
        return found.isEmpty ? Array(known.filter { !$0.hasPrefix("gyre.") }.sorted().prefix(5)) : found
    }
}

extension Run {
    /// Writes what every list of runs says of a run, as members of an object.
    func writeFields(experiment: String, into writer: inout JSONWriter) {
        writer.field("run_id", id)
        writer.field("name", name)
        writer.field("status", status.rawValue)
        writer.field("start_ms", startMs)
        writer.field("end_ms", endMs)
        writer.key("params")
        writer.object { writer in for param in params { writer.field(param.key, param.value) } }
        writer.key("metrics")
        writer.object { writer in for metric in metrics { writer.field(metric.key, metric.value) } }
        writer.field("commit", tag("mlflow.source.git.commit"))
        writer.field("started", Moment(ms: startMs).iso)
        writer.field("ended", endMs.map { Moment(ms: $0).iso })
        writer.field("experiment_id", experimentID)
        writer.field("experiment", experiment)
        writer.field("user", userID.isEmpty ? tag("mlflow.user") : userID)
        writer.field("lifecycle_stage", stage.rawValue)
    }
}
