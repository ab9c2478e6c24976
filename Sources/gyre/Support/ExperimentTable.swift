// SPDX-License-Identifier: Apache-2.0

import Documents
import JSONText
import Pipelines
import Terminal

/// Commits with their experiments, as `gyre exp show` prints them.
enum ExperimentRows {
    /// A commit, the work tree, or an experiment.
    struct Row {
        let revision: String
        let name: String?
        /// Nil for what has not run.
        let metrics: ValueReport?
        let params: ValueReport
        let files: RecordedFiles
        var seconds: Int64?
        /// Of what waits, runs or failed.
        var state: String?
        var problem: String?
        var log: String?
        /// Metrics and parameters; a metric comes before a parameter of the same name.
        let values: [ValueName: YAMLNode]

        init(revision: String, name: String?, metrics: ValueReport?, params: ValueReport, files: RecordedFiles) {
            (self.revision, self.name, self.files) = (revision, name, files)
            (self.metrics, self.params) = (metrics, params)
            let named = ((metrics?.files ?? []) + params.files).flatMap { file in
                (file.values.map(ValueReport.flat) ?? []).map { (ValueName(file: file.path, key: $0.key), $0.value) }
            }
            values = Dictionary(named) { first, _ in first }
        }
    }

    /// A value and the file that it is in.
    struct ValueName: Hashable {
        let file: String
        let key: String
    }

    /// A commit with its experiments.
    struct Group {
        let baseline: Row
        var experiments: [Row]
    }

    /// DVC's document.
    static func json(_ groups: [Group]) -> String {
        let parts = groups.map { group in
            let isWorkspace = group.baseline.revision == ProjectRevision.workspace
            let experiments = group.experiments.map { row in
                let name = quoted(row.name ?? "")
                return "{\"revs\": [\(json(row, "null"))], \"executor\": \(executor(row)), \"name\": \(name)}"
            }
            let list = isWorkspace || experiments.isEmpty ? "null" : "[\(experiments.joined(separator: ", "))]"
            return json(group.baseline, list)
        }
        return "[\(parts.joined(separator: ", "))]"
    }

    private static func json(_ row: Row, _ experiments: String) -> String {
        let (revision, name) = (quoted(row.revision), row.name.map(quoted) ?? "null")
        if let problem = row.problem {
            let error = "{\"type\": \"ExperimentFailed\", \"msg\": \(quoted(problem))}"
            return "{\"rev\": \(revision), \"name\": \(name), \"data\": null, \"error\": \(error), "
                + "\"experiments\": \(experiments)}"
        }
        let time = row.seconds.map { quoted(LocalTime.full($0)) } ?? "null"
        let data = [
            "\"rev\": \(revision)", "\"timestamp\": \(time)", "\"params\": \(row.params.json)",
            "\"metrics\": \(row.metrics?.json ?? "{}")", "\"deps\": \(RecordedFiles.json(row.files.dependencies))",
            "\"outs\": \(RecordedFiles.json(row.files.outputs))", "\"meta\": {}",
        ]
        return "{\"rev\": \(revision), \"name\": \(name), \"data\": {\(data.joined(separator: ", "))}, "
            + "\"error\": null, \"experiments\": \(experiments)}"
    }

    private static func executor(_ row: Row) -> String {
        guard let state = row.state else { return "null" }
        let log = row.log.map(quoted) ?? "null"
        return
            "{\"state\": \(quoted(state.lowercased())), \"name\": \"gyre\", \"local\": {\"root\": null, \"log\": \(log), "
            + "\"pid\": null, \"returncode\": null, \"task_id\": \(quoted(row.revision))}}"
    }

    private static func quoted(_ text: String) -> String {
        var writer = JSONWriter()
        writer.string(text)
        return writer.text
    }
}

/// The table of `gyre exp show`.
struct ExperimentTable {
    /// A metric, a parameter, or what stages read.
    private struct Column {
        let file: String
        let key: String
        let isFile: Bool
        var title = ""
    }

    private var groups: [ExperimentRows.Group]
    private var columns: [Column] = []
    private let precision: Int?
    /// DVC's column of parents, which has been empty since its checkpoints went.
    private var hasParents = true

    init(_ groups: [ExperimentRows.Group], precision: Int?) {
        (self.groups, self.precision) = (groups, precision)
        let rows = groups.flatMap { [$0.baseline] + $0.experiments }
        var metrics: [Column] = []
        var params: [Column] = []
        var read: [Column] = []
        var known: Set<[String]> = []
        func add(_ file: String, _ key: String, _ columns: inout [Column], _ kind: String) {
            guard known.insert([kind, file, key]).inserted else { return }
            columns.append(Column(file: file, key: key, isFile: kind == "file"))
        }
        for row in rows {
            for file in row.metrics?.files ?? [] {
                for value in file.values.map(ValueReport.flat) ?? [] { add(file.path, value.key, &metrics, "metric") }
            }
            for file in row.params.files {
                for value in file.values.map(ValueReport.flat) ?? [] { add(file.path, value.key, &params, "param") }
            }
            for item in row.files.dependencies { add(item.path, item.path, &read, "file") }
        }
        columns = metrics + params + read.sorted { $0.key < $1.key }
        let files = Dictionary(grouping: columns, by: \.key).mapValues { Set($0.map(\.file)) }
        for index in columns.indices {
            let column = columns[index]
            let isShared = files[column.key, default: []].count > 1
            columns[index].title = isShared && !column.isFile ? "\(column.file):\(column.key)" : column.key
        }
    }

    // MARK: Columns

    private var rows: [ExperimentRows.Row] { groups.flatMap { [$0.baseline] + $0.experiments } }

    mutating func dropUnchanged(besides kept: Regex<AnyRegexOutput>?) {
        let rows = rows
        columns = columns.filter { column in
            if let kept, column.title.contains(kept) { return true }
            return Set(rows.map { cell($0, column) ?? "" }).count > 1
        }
        hasParents = false
    }

    mutating func drop(_ pattern: Regex<AnyRegexOutput>, besides kept: Regex<AnyRegexOutput>?) {
        columns = columns.filter { column in
            if let kept, column.title.contains(kept) { return true }
            return !column.title.contains(pattern)
        }
    }

    mutating func sort(by name: String, isDescending: Bool) throws {
        guard let column = columns.first(where: { [$0.title, $0.key, "\($0.file):\($0.key)"].contains(name) }) else {
            throw UsageError(
                what: "cannot sort by `\(name)`",
                why: "no metric or parameter has that name",
                next: "there are \(columns.filter { !$0.isFile }.map { "`\($0.title)`" }.joined(separator: ", "))"
            )
        }
        for index in groups.indices {
            // What has no value comes last; rows with the same stay as they are.
            let keyed = groups[index].experiments.map { (row: $0, value: node($0, column)) }
            let known = keyed.filter { $0.value != nil }.enumerated().sorted { left, right in
                let isBefore = Self.precedes(left.element.value, right.element.value)
                let isAfter = Self.precedes(right.element.value, left.element.value)
                if isBefore == isAfter { return left.offset < right.offset }
                return isDescending ? isAfter : isBefore
            }
            groups[index].experiments = known.map(\.element.row) + keyed.filter { $0.value == nil }.map(\.row)
        }
    }

    private static func precedes(_ left: YAMLNode?, _ right: YAMLNode?) -> Bool {
        if let left = left?.double, let right = right?.double { return left < right }
        return ValueReport.text(left, precision: nil) < ValueReport.text(right, precision: nil)
    }

    private func node(_ row: ExperimentRows.Row, _ column: Column) -> YAMLNode? {
        row.values[ExperimentRows.ValueName(file: column.file, key: column.key)]
    }

    private func cell(_ row: ExperimentRows.Row, _ column: Column) -> String? {
        if row.problem != nil { return nil }
        if column.isFile { return row.files.dependencies.first { $0.path == column.file }?.md5 }
        return node(row, column).map { ValueReport.text($0, precision: precision) }
    }

    // MARK: Texts

    private var hasStates: Bool { rows.contains { $0.state != nil } }

    /// DVC's columns, at full precision.
    var csv: String {
        var lines = [
            ["Experiment", "rev", "typ", "Created"] + (hasParents ? ["parent"] : [])
                + (hasStates ? ["State", "Executor"] : [])
                + columns.map(\.title)
        ]
        for group in groups {
            for (index, row) in ([group.baseline] + group.experiments).enumerated() {
                let short = String(row.revision.prefix(7))
                let isWorkspace = row.revision == ProjectRevision.workspace
                let kind = index == 0 ? "baseline" : index == group.experiments.count ? "branch_base" : "branch_commit"
                let states = hasStates ? [row.state ?? "", row.state == nil ? "" : "Gyre"] : []
                let head = [
                    index == 0 ? "" : row.name ?? "",
                    index > 0 ? short : isWorkspace ? row.revision : row.name ?? short,
                    kind, row.seconds.map(LocalTime.full) ?? "",
                ]
                lines.append(head + (hasParents ? [""] : []) + states + columns.map { cell(row, $0) ?? "" })
            }
        }
        return lines.map { $0.map(Self.quoted).joined(separator: ",") + "\r\n" }.joined()
    }

    private static func quoted(_ text: String) -> String {
        guard text.contains(where: { ",\"\r\n".contains($0) }) else { return text }
        return "\"\(text.replacing("\"", with: "\"\""))\""
    }

    func markdown(_ output: Output, _ showsCommits: Bool) -> String {
        MarkdownTable.text(head, cells(showsCommits, isFull: true))
    }

    func text(_ output: Output, _ showsCommits: Bool) -> String {
        var table = Table(
            head.enumerated().map { ($1, $0 < (hasStates ? 3 : 2) ? Table.Alignment.left : .right) }
        )
        for line in cells(showsCommits, isFull: false) { table.add(line.map { .init($0) }) }
        return output.text(of: table)
    }

    private var head: [String] {
        ["Experiment", "Created"] + (hasStates ? ["State"] : []) + columns.map(\.title)
    }

    private func cells(_ showsCommits: Bool, isFull: Bool) -> [[String]] {
        let now = Session.now() / 1_000
        return groups.flatMap { group in
            ([group.baseline] + group.experiments).enumerated().map { index, row in
                let isWorkspace = row.revision == ProjectRevision.workspace
                let short = String(row.revision.prefix(7))
                var name = isWorkspace ? row.revision : showsCommits ? short : row.name ?? short
                if index > 0 {
                    let branch = index == group.experiments.count ? "└── " : "├── "
                    name = branch + (row.name.map { "\(short) [\($0)]" } ?? short)
                }
                let values = columns.map { column in
                    let text = cell(row, column) ?? "-"
                    return column.isFile && !isFull ? String(text.prefix(7)) : text
                }
                let time = row.seconds.map { LocalTime.short($0, now: now) } ?? "-"
                return [name, time] + (hasStates ? [row.state ?? "-"] : []) + values
            }
        }
    }
}
