// SPDX-License-Identifier: Apache-2.0

import Experiments
import JSONText
import Pipelines

/// A report of experiments as DVC's document: commits, each with its experiments.
enum ExperimentDocument {
    static func text(_ report: ExperimentReport) -> String {
        var commits: [(row: ExperimentReport.Row, experiments: [ExperimentReport.Row])] = []
        for row in report.rows {
            if row.isExperiment {
                commits[commits.count - 1].experiments.append(row)
            } else {
                commits.append((row, []))
            }
        }
        let parts = commits.map { commit in
            let experiments = commit.experiments.map { row in
                "{\"revs\": [\(fields(row)), \"experiments\": null}], \"executor\": \(executor(row)), \"name\": \(quoted(row.name))}"
            }
            let list = experiments.isEmpty ? "null" : "[\(experiments.joined(separator: ", "))]"
            return "\(fields(commit.row)), \"experiments\": \(list)}"
        }
        return "[\(parts.joined(separator: ", "))]"
    }

    private static func fields(_ row: ExperimentReport.Row) -> String {
        let made = row.seconds.map { "\"\(ExperimentView.moment($0))\"" } ?? "null"
        let data =
            "{\"rev\": \(quoted(row.revision)), \"timestamp\": \(made), \"params\": \(row.params.filesJSON), \"metrics\": \(row.metrics.filesJSON)}"
        let error = row.problem.map { "{\"type\": \"Error\", \"msg\": \(quoted($0))}" } ?? "null"
        return
            "{\"rev\": \(quoted(row.revision)), \"name\": \(quoted(row.name)), \"data\": \(data), \"error\": \(error)"
    }

    private static func executor(_ row: ExperimentReport.Row) -> String {
        row.kind == .success ? "null" : "{\"state\": \(quoted(row.kind.rawValue))}"
    }

    private static func quoted(_ text: String?) -> String {
        guard let text else { return "null" }
        var writer = JSONWriter()
        writer.string(text)
        return writer.text
    }
}
