// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataVersions
import Experiments
import JSONText
import Pipelines
import Terminal

/// `gyre exp show`.
struct ExpShowVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show experiments with their metrics and parameters.",
        discussion: """
            Example:
              gyre exp show --only-changed --sort-by auc --sort-order desc
            """
    )

    @OptionGroup var baselines: BaselineOptions

    @Flag(name: [.customShort("a"), .long], help: "Those of the tips of all branches.")
    var allBranches = false

    @Flag(name: [.customShort("T"), .long], help: "Those of all tags.")
    var allTags = false

    @Flag(help: "Only columns that differ between the rows.")
    var onlyChanged = false

    @Option(help: ArgumentHelp("Leave out columns whose name matches.", valueName: "pattern"))
    var drop: String?

    @Option(help: ArgumentHelp("Keep columns whose name matches, whatever else says.", valueName: "pattern"))
    var keep: String?

    @Flag(help: "Only parameters that stages depend on.")
    var paramDeps = false

    @Option(help: ArgumentHelp("Sort by a metric or a parameter.", valueName: "name"))
    var sortBy: String?

    @Option(help: ArgumentHelp("asc or desc.", valueName: "order"))
    var sortOrder = ExperimentGrid.Order.asc

    @Flag(help: "Name commits by their ids, not by branches and tags.")
    var sha = false

    @Flag(help: "Leave out what failed.")
    var hideFailed = false

    @Flag(help: "Leave out what waits or runs.")
    var hideQueued = false

    @Flag(help: "Leave out the work tree.")
    var hideWorkspace = false

    @Flag(help: "Print CSV.")
    var csv = false

    @Flag(name: .customLong("md"), help: "Print a table in Markdown.")
    var markdown = false

    @Option(help: ArgumentHelp("Digits behind the point.", valueName: "n"))
    var precision = 5

    @Flag(help: .hidden)
    var noPager = false

    @Flag(name: [.short, .long], help: .hidden)
    var force = false

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let experiments = try ExperimentProject(common)
        var wishes = ExperimentReport.Wishes()
        (wishes.commits.branches, wishes.commits.tags) = (allBranches, allTags)
        if baselines.rev != nil || (!allBranches && !allTags) { wishes.commits = baselines.choice }
        (wishes.commits.branches, wishes.commits.tags) = (allBranches, allTags)
        wishes.allCommits = baselines.allCommits
        (wishes.workspace, wishes.queued, wishes.failed) = (!hideWorkspace, !hideQueued, !hideFailed)
        wishes.paramsOfStages = paramDeps
        let report = try await ExperimentReport(experiments.runner, wishes)
        var grid = ExperimentGrid(report)
        try choose(&grid)
        for row in grid.rows where row.kind != .failed {
            if let problem = row.problem { common.output.warning("\(row.name ?? row.revision): \(problem)") }
        }
        let view = ExperimentView(grid, precision: precision, showsCommits: sha)
        let text = csv ? view.csv : markdown ? view.markdown : common.output.text(of: view.table(nowMs: Session.now()))
        try common.output.answer(json: ExperimentDocument.text(report), text: text)
    }

    /// Leaves out columns, and sorts.
    private func choose(_ grid: inout ExperimentGrid) throws {
        let (kept, dropped) = (try pattern(keep, "--keep"), try pattern(drop, "--drop"))
        let all = grid
        if onlyChanged { grid.keepChanged() }
        let changed = Set(grid.columns)
        grid = all
        grid.keep { column in
            if let kept, column.title.contains(kept) { return true }
            return changed.contains(column) && dropped.map { !column.title.contains($0) } != false
        }
        guard let sortBy else { return }
        guard let column = all.column(named: sortBy) else {
            throw UsageError(
                what: "cannot sort by `\(sortBy)`",
                why: "no experiment has a metric or parameter of that name",
                next: "name one of \(all.columns.prefix(8).map { "`\($0.title)`" }.joined(separator: ", "))"
            )
        }
        grid.sort(by: column, sortOrder)
    }

    private func pattern(_ text: String?, _ option: String) throws -> Regex<AnyRegexOutput>? {
        guard let text else { return nil }
        do {
            return try Regex(text)
        } catch {
            throw UsageError(
                what: "cannot use `\(option) \(text)`",
                why: "it is no regular expression",
                next: "write for example `\(option) '^train'`"
            )
        }
    }
}

extension ExperimentGrid.Order: ExpressibleByArgument {}

/// A grid of experiments for people.
struct ExperimentView {
    private let grid: ExperimentGrid
    private let precision: Int
    private let showsCommits: Bool

    init(_ grid: ExperimentGrid, precision: Int = 5, showsCommits: Bool = false) {
        (self.grid, self.precision, self.showsCommits) = (grid, precision, showsCommits)
    }

    private func name(_ row: ExperimentReport.Row) -> String {
        let short = String(row.revision.prefix(7))
        return switch row.kind {
        case .workspace: row.revision
        case .baseline: showsCommits ? short : row.name ?? short
        case .success: showsCommits ? short : row.name ?? short
        case .queued, .running, .failed, .killed: row.name ?? short
        }
    }

    private func values(_ index: Int) -> [String] {
        let row = grid.rows[index]
        return grid.columns.map { column in
            if let value = grid.value(index, column) { return ValueReport.text(value, precision: precision) }
            let files = column.isMetric ? row.metrics.files : row.params.files
            // As in DVC: a file that could not be read is another thing than a value that is not there.
            return files.contains { $0.path == column.file && $0.problem != nil } ? "!" : "-"
        }
    }

    /// The table of a terminal.
    func table(nowMs: Int64) -> Table {
        var table = Table(
            [("experiment", .left), ("state", .left), ("made", .left)] + grid.columns.map { ($0.title, .right) }
        )
        for (index, row) in grid.rows.enumerated() {
            let isLast = index + 1 == grid.rows.count || !grid.rows[index + 1].isExperiment
            let mark = row.isExperiment ? (isLast ? "└─ " : "├─ ") : ""
            let state: Table.Cell =
                switch row.kind {
                case .workspace, .baseline: "-"
                case .success: .init("done", .good)
                case .queued, .running: .init(row.kind.rawValue, .quiet)
                case .failed, .killed: .init(row.kind.rawValue, .bad)
                }
            let made = row.seconds.map { Humanize.ago($0 * 1_000, nowMs: nowMs) } ?? "-"
            table.add([.init(mark + name(row), .name), state, .init(made)] + values(index).map { .init($0) })
        }
        return table
    }

    /// The table in Markdown.
    var markdown: String {
        let head = ["Experiment", "State"] + grid.columns.map(\.title)
        let rows = grid.rows.indices.map { index in
            [name(grid.rows[index]), grid.rows[index].kind.rawValue] + values(index)
        }
        return MarkdownTable.text(head, rows)
    }

    /// CSV with DVC's first columns.
    var csv: String {
        func cell(_ text: String) -> String {
            guard text.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return text }
            return "\"\(text.replacing("\"", with: "\"\""))\""
        }
        let head = ["Experiment", "rev", "typ", "Created", "parent"] + grid.columns.map(\.title)
        var lines = [head]
        for (index, row) in grid.rows.enumerated() {
            let isExperiment = row.isExperiment
            let kind = isExperiment ? (row.kind == .success ? "branch_base" : row.kind.rawValue) : "baseline"
            let revision = isExperiment ? String(row.revision.prefix(7)) : name(row)
            let made = row.seconds.map(Self.moment) ?? ""
            let values = zip(grid.columns, values(index)).map { column, text in
                grid.value(index, column) == nil && text == "-" ? "" : text
            }
            lines.append([isExperiment ? row.name ?? "" : "", revision, kind, made, ""] + values)
        }
        return lines.map { $0.map(cell).joined(separator: ",") }.joined(separator: "\n")
    }

    /// A moment as ISO 8601, in UTC.
    static func moment(_ seconds: Int64) -> String {
        let moment = Moment(ms: seconds * 1_000)
        return "\(moment.day)T\(moment.clock)Z"
    }
}
