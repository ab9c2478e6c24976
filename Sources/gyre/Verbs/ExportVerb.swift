// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Files
import JSONText
import Server
import Terminal
import Transfer

/// `gyre export`: runs as a table for others.
struct ExportVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write runs, or all points of their metrics, to a Parquet, CSV or XLSX file.",
        discussion: """
            One row a run: id, name, experiment, status, start, end, duration in seconds, user, then its params, latest \
            metrics and tags. Filter and order are in MLflow's search language. A file that is there is not replaced \
            without --force.

            Example:
              gyre export runs.xlsx
              gyre export runs.parquet --experiment churn --filter "metrics.recall > 0.9"
              gyre export points.csv --metrics
            """
    )

    @Argument(help: ArgumentHelp("The file to write; its suffix is the format.", valueName: "file"))
    var file: String

    @Option(help: ArgumentHelp("The format, whatever the suffix: parquet, csv or xlsx.", valueName: "format"))
    var format: ExportFormat?

    @Option(help: ArgumentHelp("Only runs of this experiment; may be given several times.", valueName: "name"))
    var experiment: [String] = []

    @Option(help: ArgumentHelp("Only runs that meet this.", valueName: "filter"))
    var filter: String?

    @Option(help: ArgumentHelp("The order; newest first if missing.", valueName: "field"))
    var orderBy: [String] = []

    @Flag(
        help: "Write every point of every metric: run_id, key, step, timestamp, value; in a workbook as a second sheet."
    )
    var metrics = false

    @Flag(help: "Replace a file that is there.")
    var force = false

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let path = common.path(file)
        let format = try self.format ?? RunExporter.format(of: path)
        guard force || !FileSystem.exists(path) else {
            throw UsageError(
                what: "cannot export to `\(file)`",
                why: "it is there already",
                next: "say `--force` to replace it"
            )
        }
        var options = RunExporter.Options()
        options.experiments = experiment
        options.filter = filter
        options.orderBy = orderBy
        options.hasPoints = metrics
        common.output.progress("exporting …")
        let summary = try await Session.withProject(common) { services in
            let exporter = RunExporter(tracking: services.tracking) { try await services.runtimes.tables() }
            return try await exporter.export(options, to: path, as: format)
        }
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("file", file)
            writer.field("format", format.rawValue)
            writer.field("runs", summary.runs)
            writer.field("columns", summary.columns)
            writer.field("metric_points", summary.points)
        }
        let points = metrics ? " and \(summary.points) points" : ""
        try common.output.answer(
            json: writer.text,
            text: "wrote \(summary.runs) \(summary.runs == 1 ? "run" : "runs")\(points) to \(file)"
        )
    }
}

extension ExportFormat: ExpressibleByArgument {}
