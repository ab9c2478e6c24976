// SPDX-License-Identifier: Apache-2.0

import Pipelines

/// What differs in stages, in DVC's words, for people.
struct StageLines {
    let lines: [String]

    init(_ status: PipelineStatus) { lines = status.entries.flatMap(Self.lines) }

    private static func lines(_ entry: PipelineStatus.Entry) -> [String] {
        var lines = ["\(entry.stage):"]
        if !entry.dependencies.isEmpty {
            lines.append("\tchanged deps:")
            for dependency in entry.dependencies {
                switch dependency {
                case .path(let path, let change): lines.append("\t\t" + padded(change) + path)
                case .params(let file, let keys):
                    lines.append("\t\t\(file):")
                    lines += keys.map { "\t\t\t" + padded($0.change) + $0.key }
                }
            }
        }
        if !entry.outputs.isEmpty {
            lines.append("\tchanged outs:")
            lines += entry.outputs.map { "\t\t" + padded($0.change) + $0.path }
        }
        if entry.hasNewCommand { lines.append("\tchanged command") }
        if entry.isAlwaysChanged { lines.append("\talways changed") }
        return lines
    }

    private static func padded(_ change: String) -> String {
        change + ":" + String(repeating: " ", count: max(19 - change.count, 1))
    }
}
