// SPDX-License-Identifier: Apache-2.0

import JSONText
import Terminal
import Tracking

/// Runs side by side: the parameters in which they differ, and their metrics.
struct RunList {
    private let runs: [Run]

    init(_ runs: [Run]) { self.runs = runs }

    func table(nowMs: Int64) -> Table {
        let params = differingParams
        let metrics = commonMetrics
        let heads: [(title: String, alignment: Table.Alignment)] =
            [("run", .left), ("name", .left), ("status", .left), ("started", .left)]
            + params.map { ($0, .right) } + metrics.map { ($0, .right) }
        var table = Table(heads)
        for run in runs {
            let tone: Tone = run.status == .finished ? .good : run.status == .running ? .warning : .bad
            let head: [Table.Cell] = [
                .init(run.id, .name), .init(run.name), .init(run.status.rawValue.lowercased(), tone),
                .init(Humanize.ago(run.startMs, nowMs: nowMs)),
            ]
            table.add(
                head + params.map { .init(run.param($0) ?? "–") }
                    + metrics.map { .init(run.metric($0).map { Humanize.fixed($0, 4) } ?? "–") }
            )
        }
        return table
    }

    var json: String {
        var writer = JSONWriter(nonFinite: .text)
        writer.array { writer in
            for run in runs {
                writer.object { writer in
                    writer.field("run_id", run.id)
                    writer.field("name", run.name)
                    writer.field("status", run.status.rawValue)
                    writer.field("start_ms", run.startMs)
                    writer.field("end_ms", run.endMs)
                    writer.key("params")
                    writer.object { writer in for param in run.params { writer.field(param.key, param.value) } }
                    writer.key("metrics")
                    writer.object { writer in for metric in run.metrics { writer.field(metric.key, metric.value) } }
                    writer.field("commit", run.tag("mlflow.source.git.commit"))
                }
            }
        }
        return writer.text
    }

    private var differingParams: [String] {
        let keys = Set(runs.flatMap { $0.params.map(\.key) }).sorted()
        // The same value under `train.C` and `C` is one column.
        let differing = keys.filter { key in Set(runs.map { $0.param(key) ?? "" }).count > 1 }
        return differing.filter { key in
            !differing.contains { other in
                other != key && key.hasSuffix("." + other) && runs.allSatisfy { $0.param(key) == $0.param(other) }
            }
        }
    }

    private var commonMetrics: [String] {
        let preferred = ["recall", "precision", "f1", "roc_auc", "accuracy"]
        let known = Set(runs.flatMap { $0.metrics.map(\.key) })
        let found = preferred.filter(known.contains)
        return found.isEmpty ? Array(known.filter { !$0.hasPrefix("gyre.") }.sorted().prefix(5)) : found
    }
}
