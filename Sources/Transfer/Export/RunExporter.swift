// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Files
package import SystemPackage
package import Tables
package import Tracking

/// Writes runs to a table file: one row a run, or one row a point of their metrics.
///
/// Runs are read page by page, twice: first for the columns, then for the rows. Memory does not grow with their number.
package struct RunExporter: Sendable {
    /// What is exported.
    package struct Options: Sendable {
        /// Only runs of these experiments, by name; empty for all that are in use.
        package var experiments: [String] = []
        /// Only runs that meet this, in the search language; nil for all.
        package var filter: String?
        /// The order; newest first if empty.
        package var orderBy: [String] = []
        /// Every point of every metric, instead of a row a run; in a workbook, beside it.
        package var hasPoints = false

        /// All runs.
        package init() {}
    }

    /// What was written.
    package struct Summary: Sendable, Hashable {
        /// How many runs there are.
        package var runs = 0
        /// How many columns the table of runs has; 0 if it was not written.
        package var columns = 0
        /// How many points there are; 0 if they were not asked for.
        package var points = 0
    }

    private static let pageSize = 500

    let tracking: TrackingService
    let tables: @Sendable () async throws -> TableEngine

    /// An export from a project.
    ///
    /// - Parameters:
    ///   - tracking: Has the runs.
    ///   - tables: DuckDB, which only Parquet needs.
    package init(tracking: TrackingService, tables: @escaping @Sendable () async throws -> TableEngine) {
        self.tracking = tracking
        self.tables = tables
    }

    /// The format that a file's suffix names.
    ///
    /// - Throws: ``TransferError`` `.unknownSource`.
    package static func format(of file: FilePath) throws(TransferError) -> ExportFormat {
        if let format = file.extension.flatMap({ ExportFormat(rawValue: $0.lowercased()) }) { return format }
        throw TransferError(
            .unknownSource,
            what: "cannot export to `\(file)`",
            why: "its name ends in none of `.parquet`, `.csv`, `.xlsx`",
            next: "name it by its format, or say `--format`"
        )
    }

    /// Writes a file, complete or not at all.
    ///
    /// - Throws: ``TransferError`` `.notFound` for an experiment, `.tooLarge` for what a workbook cannot hold;
    ///   ``TrackingError`` for a filter or an order that cannot be read.
    package func export(_ options: Options, to path: FilePath, as format: ExportFormat) async throws -> Summary {
        let experiments = try await experiments(options)
        let search = RunSearch(
            experimentIDs: Array(experiments.keys),
            filter: options.filter,
            orderBy: options.orderBy,
            limit: Self.pageSize
        )
        var summary = Summary()
        let hasRuns = !options.hasPoints || format == .xlsx
        var outline = RunColumns()
        try await forEachPage(search) { runs in
            summary.runs += runs.count
            for run in runs { outline.note(run, experiment: experiments[run.experimentID] ?? "") }
        }
        if format == .xlsx, summary.runs >= XLSXOutput.rowLimit {
            throw TransferError(
                .tooLarge,
                what: "cannot write `\(path)`",
                why: "a sheet has \(XLSXOutput.rowLimit) rows, and there are \(summary.runs) runs",
                next: "export to `.parquet` or `.csv`, or choose fewer runs by `--filter`"
            )
        }
        let output: any ExportOutput
        switch format {
        case .csv: output = try CSVOutput(path)
        case .xlsx: output = try XLSXOutput(path)
        case .parquet: output = try ParquetOutput(path, engine: try await tables())
        }
        if hasRuns {
            let columns = outline.columns
            summary.columns = columns.count
            try await output.begin("Runs", columns)
            let typed = format == .xlsx
            let known = outline
            summary.runs = 0
            try await forEachPage(search) { runs in
                summary.runs += runs.count
                try await output.add(
                    runs.map { known.row($0, experiment: experiments[$0.experimentID] ?? "", readsNumbers: typed) }
                )
            }
        }
        if options.hasPoints { summary.points = try await points(search, into: output) }
        try await output.finish()
        return summary
    }

    private func points(_ search: RunSearch, into output: any ExportOutput) async throws -> Int {
        let columns = [
            ExportColumn("run_id", .text, width: 32), ExportColumn("key", .text, width: 20),
            ExportColumn("step", .integer), ExportColumn("timestamp", .time, width: 19),
            ExportColumn("value", .number, width: 12),
        ]
        try await output.begin("Metrics", columns)
        var count = 0
        try await forEachPage(search) { runs in
            for run in runs {
                for key in run.metrics.map(\.key) {
                    var token: PageToken?
                    repeat {
                        let page = try await tracking.metricHistory(run: run.id, key: key, after: token, limit: 10_000)
                        count += page.count
                        try await output.add(
                            page.map {
                                [
                                    .text(run.id), .text(key), .integer($0.step), .time($0.timestampMs),
                                    .number($0.value),
                                ]
                            }
                        )
                        token = page.next
                    } while token != nil
                }
            }
        }
        return count
    }

    private func forEachPage(_ search: RunSearch, _ body: ([Run]) async throws -> Void) async throws {
        var search = search
        repeat {
            try Task.checkCancellation()
            let page = try await tracking.searchRuns(search)
            try await body(page.items)
            search.after = page.next
        } while search.after != nil
    }

    /// The names of the chosen experiments by their ids.
    private func experiments(_ options: Options) async throws -> [String: String] {
        var names: [String: String] = [:]
        var token: PageToken?
        repeat {
            let page = try await tracking.searchExperiments(view: .activeOnly, after: token)
            for experiment in page { names[experiment.id] = experiment.name }
            token = page.next
        } while token != nil
        guard !options.experiments.isEmpty else { return names }
        for wanted in options.experiments where !names.values.contains(wanted) {
            throw TransferError(
                .notFound,
                what: "cannot export the experiment `\(wanted)`",
                why: "there is none of that name",
                next: nearest(to: wanted, among: names.values.sorted()).map { "did you mean `\($0)`?" }
            )
        }
        return names.filter { options.experiments.contains($0.value) }
    }
}

/// The columns of a table of runs, found by looking at all of them.
struct RunColumns: Sendable {
    private var params: [String: Int] = [:]
    private var metrics: Set<String> = []
    private var tags: [String: Int] = [:]
    private var names: [String: Int] = [:]

    /// Notes what a run has.
    mutating func note(_ run: Run, experiment: String) {
        func widen(_ widths: inout [String: Int], _ key: String, _ text: String) {
            widths[key] = max(widths[key] ?? 0, min(text.utf8.count, 60))
        }
        widen(&names, "name", run.name)
        widen(&names, "experiment", experiment)
        widen(&names, "user", run.userID)
        for param in run.params { widen(&params, param.key, param.value) }
        for tag in run.tags { widen(&tags, tag.key, tag.value) }
        for metric in run.metrics { metrics.insert(metric.key) }
    }

    /// The columns: what every run has, then params, metrics and tags by name.
    var columns: [ExportColumn] {
        [
            ExportColumn("id", .text, width: 32), ExportColumn("name", .text, width: names["name"] ?? 0),
            ExportColumn("experiment", .text, width: names["experiment"] ?? 0), ExportColumn("status", .text),
            ExportColumn("start", .time, width: 19), ExportColumn("end", .time, width: 19),
            ExportColumn("duration", .number), ExportColumn("user", .text, width: names["user"] ?? 0),
        ]
            + params.keys.sorted().map { ExportColumn("params.\($0)", .text, width: params[$0] ?? 0) }
            + metrics.sorted().map { ExportColumn("metrics.\($0)", .number) }
            + tags.keys.sorted().map { ExportColumn("tags.\($0)", .text, width: tags[$0] ?? 0) }
    }

    /// The cells of a run; a parameter that is written as a number is one if `readsNumbers`.
    func row(_ run: Run, experiment: String, readsNumbers: Bool) -> [ExportCell] {
        let given = Dictionary(run.params.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
        let measured = Dictionary(run.metrics.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
        let noted = Dictionary(run.tags.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
        var row: [ExportCell] = [
            .text(run.id), .text(run.name), .text(experiment), .text(run.status.rawValue), .time(run.startMs),
            run.endMs.map { .time($0) } ?? .none,
            run.endMs.map { .number(Double($0 - run.startMs) / 1_000) } ?? .none, .text(run.userID),
        ]
        for key in params.keys.sorted() {
            row.append(given[key].map { readsNumbers ? Self.number($0) ?? .text($0) : .text($0) } ?? .none)
        }
        for key in metrics.sorted() { row.append(measured[key].map { .number($0) } ?? .none) }
        for key in tags.keys.sorted() { row.append(noted[key].map { .text($0) } ?? .none) }
        return row
    }

    /// The number that a text is, if the number is shown as that text again.
    private static func number(_ text: String) -> ExportCell? {
        if let value = Int64(text), String(value) == text, value.magnitude < 1_000_000_000_000_000 {
            return .integer(value)
        }
        guard let value = Double(text), value.isFinite, "\(value)" == text, text.utf8.count <= 15 else { return nil }
        return .number(value)
    }
}
