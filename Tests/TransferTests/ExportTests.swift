// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Files
import Foundation
import JSONText
import Subprocess
import SystemPackage
import Tables
import Testing
import Tracking

@testable import Transfer

/// Exported tables, read back by DuckDB, pandas and openpyxl.
struct ExportTests {
    /// Programs that read what was written.
    enum Reader {
        private static var package: FilePath {
            var root = FilePath(#filePath)
            for _ in 0..<3 { root.removeLastComponent() }
            return root
        }

        static func engine() throws -> TableEngine {
            try TableEngine(library: try .find(python: package.appending(".venv/bin/python"), explicit: nil))
        }

        /// What a Python program prints, as JSON.
        static func python(_ environment: String, _ program: String, _ file: FilePath) async throws -> JSONElement {
            let result = try await Subprocess.run(
                .path(package.appending(environment).appending("bin/python")),
                arguments: ["-c", program, file.string],
                output: .string(limit: 1 << 22),
                error: .string(limit: 1 << 20)
            )
            try #require(result.terminationStatus.isSuccess, "\(result.standardError)")
            return try JSONDocument(result.standardOutput).root
        }

        /// A sheet of a workbook: its values, the kind of each cell, and how it is laid out.
        static func sheet(_ file: FilePath, _ name: String = "Runs") async throws -> JSONElement {
            try await python(
                ".venv-openpyxl",
                """
                import json, sys, openpyxl
                book = openpyxl.load_workbook(sys.argv[1])
                sheet = book["\(name)"]
                print(json.dumps({
                    "sheets": book.sheetnames,
                    "rows": [[None if c.value is None else str(c.value) for c in row] for row in sheet.iter_rows()],
                    "kinds": [[c.data_type for c in row] for row in sheet.iter_rows()],
                    "bold": [c.font.b for c in sheet[1]], "freeze": sheet.freeze_panes, "filter": sheet.auto_filter.ref,
                    "widths": [sheet.column_dimensions[c.column_letter].width for c in sheet[1]],
                    "quoted": [[bool(c.quotePrefix) for c in row] for row in sheet.iter_rows()],
                }))
                """,
                file
            )
        }
    }

    /// A project with two runs: one with everything, and one with hardly anything.
    private static func filled<Result>(_ body: (TestProject, RunExporter) async throws -> Result) async throws -> Result
    {
        try await TestProject.run { project in
            let experiment = try await project.tracking.createExperiment(name: "a, \"b\"")
            let first = try await project.tracking.createRun(
                RunDraft(experimentID: experiment, name: "first", startMs: 1_700_000_000_123, userID: "ada")
            )
            try await project.tracking.log(
                .init(
                    metrics: [
                        Metric(key: "loss", value: 0.5, timestampMs: 1_700_000_001_000, step: 0),
                        Metric(key: "loss", value: 0.1, timestampMs: 1_700_000_002_500, step: 1),
                        Metric(key: "odd", value: .nan, timestampMs: 5, step: 0),
                        Metric(key: "top", value: .infinity, timestampMs: 5, step: -3),
                    ],
                    params: [
                        KeyValue("depth", "3"), KeyValue("zip", "007"), KeyValue("rate", "0.1"), KeyValue("empty", ""),
                    ],
                    tags: [
                        KeyValue("note", "=HYPERLINK(\"http://x\")"),
                        KeyValue("text", "a\r\n\"b\", <c> & ü \u{1} _x0041_"),
                    ]
                ),
                run: first.id
            )
            _ = try await project.tracking.updateRun(id: first.id, status: .finished, endMs: 1_700_000_060_123)
            let second = RunDraft(experimentID: "0", name: "+second", startMs: 1_600_000_000_000)
            _ = try await project.tracking.createRun(second)
            return try await body(project, RunExporter(tracking: project.tracking) { try Reader.engine() })
        }
    }

    private static let columns = [
        "id", "name", "experiment", "status", "start", "end", "duration", "user", "params.depth", "params.empty",
        "params.rate", "params.zip", "metrics.loss", "metrics.odd", "metrics.top", "tags.mlflow.runName", "tags.note",
        "tags.text",
    ]

    @Test(arguments: [ExportFormat.parquet, .csv])
    func `a table of runs has a row a run, with values of their types`(format: ExportFormat) async throws {
        try await Self.filled { project, exporter in
            let file = project.folder.appending("runs.\(format.rawValue)")
            let summary = try await exporter.export(.init(), to: file, as: format)
            #expect(summary.runs == 2)
            #expect(summary.columns == Self.columns.count)
            let engine = try Reader.engine()
            #expect(try await engine.columns(of: file).map(\.name) == Self.columns)
            let table = try await engine.query(
                """
                SELECT name, experiment, status, epoch_ms(start), epoch_ms("end"), duration, "metrics.loss", "metrics.odd",
                       "metrics.top", "tags.note", "tags.text", "params.rate", user
                FROM \(try TableEngine.source(file))
                """
            )
            #expect(table.rowCount == 2)
            let row = table.row(0)
            #expect(row[0] == .text("first"))
            #expect(row[1] == .text("a, \"b\""))
            #expect(row[2] == .text("FINISHED"))
            #expect(row[3] == .integer(1_700_000_000_123))
            #expect(row[4] == .integer(1_700_000_060_123))
            #expect(row[5].double == 60)
            #expect(row[6].double == 0.1)
            #expect(row[7].double?.isNaN == true)
            // Where all values of a column are such, DuckDB's reader of CSV takes the word for a date.
            if format == .parquet { #expect(row[8].double == .infinity) }
            #expect(row[9] == .text("=HYPERLINK(\"http://x\")"))
            #expect(row[10] == .text("a\r\n\"b\", <c> & ü \u{1} _x0041_"))
            #expect(row[11].double == 0.1 || row[11] == .text("0.1"))
            #expect(row[12] == .text("ada"))
            #expect(table.row(1)[0] == .text("+second"))
            #expect(table.row(1)[4] == .null)
            #expect(table.row(1)[6] == .null)
            if format == .parquet {
                let types = try await engine.columns(of: file).map(\.type)
                #expect(types[4] == "TIMESTAMP")
                #expect(types[8] == "VARCHAR")
                #expect(types[12] == "DOUBLE")
                let texts = try await engine.query(
                    "SELECT \"params.zip\", \"params.empty\", \"params.depth\" FROM \(try TableEngine.source(file))"
                )
                #expect(texts.row(0) == [.text("007"), .text(""), .text("3")])
                #expect(texts.row(1) == [.null, .null, .null])
            }
        }
    }

    @Test(arguments: [ExportFormat.parquet, .csv])
    func `the long table has every point`(format: ExportFormat) async throws {
        try await Self.filled { project, exporter in
            let file = project.folder.appending("points.\(format.rawValue)")
            var options = RunExporter.Options()
            options.hasPoints = true
            let summary = try await exporter.export(options, to: file, as: format)
            #expect(summary.points == 4)
            let engine = try Reader.engine()
            #expect(try await engine.columns(of: file).map(\.name) == ["run_id", "key", "step", "timestamp", "value"])
            let table = try await engine.query(
                """
                SELECT key, step, epoch_ms(timestamp), value FROM \(try TableEngine.source(file)) ORDER BY key, step
                """
            )
            #expect(table.row(0) == [.text("loss"), .integer(0), .integer(1_700_000_001_000), .real(0.5)])
            #expect(table.row(1) == [.text("loss"), .integer(1), .integer(1_700_000_002_500), .real(0.1)])
            #expect(table.row(2)[3].double?.isNaN == true)
            #expect(table.row(3) == [.text("top"), .integer(-3), .integer(5), .real(.infinity)])
        }
    }

    @Test func `pandas reads the CSV as it reads any`() async throws {
        try await Self.filled { project, exporter in
            let file = project.folder.appending("runs.csv")
            _ = try await exporter.export(.init(), to: file, as: .csv)
            let read = try await Reader.python(
                ".venv",
                """
                import json, sys, pandas
                frame = pandas.read_csv(sys.argv[1], parse_dates=["start", "end"])
                print(json.dumps({
                    "names": list(frame["name"]), "loss": list(frame["metrics.loss"].fillna(-1)),
                    "top": str(frame["metrics.top"][0]), "start": str(frame["start"][0]),
                    "duration": frame["duration"][0], "note": frame["tags.note"][0],
                }))
                """,
                file
            )
            #expect(read["names"]?.elements.map(\.string) == ["first", "+second"])
            #expect(read["loss"]?.elements.map(\.double) == [0.1, -1])
            #expect(read["top"]?.string == "inf")
            #expect(read["start"]?.string == "2023-11-14 22:13:20.123000")
            #expect(read["duration"]?.double == 60)
            #expect(read["note"]?.string == "=HYPERLINK(\"http://x\")")
        }
    }

    @Test func `a workbook has numbers, dates, a bold header that stays in sight, and filters`() async throws {
        try await Self.filled { project, exporter in
            let file = project.folder.appending("runs.xlsx")
            _ = try await exporter.export(.init(), to: file, as: .xlsx)
            let sheet = try await Reader.sheet(file)
            #expect(sheet["sheets"]?.elements.map(\.string) == ["Runs"])
            let rows = try #require(sheet["rows"]).elements.map { $0.elements.map(\.string) }
            let kinds = try #require(sheet["kinds"]).elements.map { $0.elements.map { $0.string ?? "" } }
            #expect(rows[0] == Self.columns)
            #expect(rows.count == 3)
            let first = Dictionary(uniqueKeysWithValues: zip(Self.columns, rows[1]))
            let kind = Dictionary(uniqueKeysWithValues: zip(Self.columns, kinds[1]))
            #expect(first["name"] == "first")
            #expect(first["start"]??.hasPrefix("2023-11-14 22:13:20") == true)
            #expect(kind["start"] == "d")
            #expect(first["duration"] == "60")
            #expect(kind["duration"] == "n")
            #expect(first["metrics.loss"] == "0.1")
            #expect(kind["metrics.loss"] == "n")
            #expect(first["metrics.odd"] == "NaN")
            #expect(first["metrics.top"] == "Infinity")
            #expect(first["params.depth"] == "3")
            #expect(kind["params.depth"] == "n")
            #expect(kind["params.rate"] == "n")
            #expect(first["params.zip"] == "007")
            #expect(kind["params.zip"] != "n")
            #expect(Set((sheet["bold"]?.elements.map(\.bool) ?? []).map { $0 ?? false }) == [true])
            #expect(sheet["freeze"]?.string == "A2")
            #expect(sheet["filter"]?.string == "A1:R3")
            let widths = try #require(sheet["widths"]).elements.map { $0.double ?? 0 }
            #expect(widths[0] > 32)
            #expect(widths.allSatisfy { $0 >= 8 && $0 < 70 })
        }
    }

    @Test func `what begins like a formula is a text, and special characters survive`() async throws {
        try await Self.filled { project, exporter in
            let file = project.folder.appending("runs.xlsx")
            _ = try await exporter.export(.init(), to: file, as: .xlsx)
            let sheet = try await Reader.sheet(file)
            let rows = try #require(sheet["rows"]).elements.map { $0.elements.map(\.string) }
            let kinds = try #require(sheet["kinds"]).elements.map { $0.elements.map { $0.string ?? "" } }
            let quoted = try #require(sheet["quoted"]).elements.map { $0.elements.map { $0.bool ?? false } }
            #expect(rows[1][16] == "=HYPERLINK(\"http://x\")")
            #expect(kinds[1][16] != "f")
            #expect(quoted[1][16])
            #expect(rows[2][1] == "+second")
            #expect(quoted[2][1])
            #expect(!quoted[1][1])
            #expect(kinds.joined().allSatisfy { $0 != "f" })
            // openpyxl leaves Excel's escapes as they are written.
            #expect(rows[1][17] == "a_x000D_\n\"b\", <c> & ü _x0001_ _x005F_x0041_")
        }
    }

    @Test func `a workbook gets a second sheet with every point`() async throws {
        try await Self.filled { project, exporter in
            let file = project.folder.appending("runs.xlsx")
            var options = RunExporter.Options()
            options.hasPoints = true
            let summary = try await exporter.export(options, to: file, as: .xlsx)
            #expect(summary == .init(runs: 2, columns: Self.columns.count, points: 4))
            let sheet = try await Reader.sheet(file, "Metrics")
            #expect(sheet["sheets"]?.elements.map(\.string) == ["Runs", "Metrics"])
            let rows = try #require(sheet["rows"]).elements.map { $0.elements.map(\.string) }
            #expect(rows[0] == ["run_id", "key", "step", "timestamp", "value"])
            #expect(rows.dropFirst().map { $0[4] } == ["0.5", "0.1", "NaN", "Infinity"])
            #expect(rows.dropFirst().map { $0[2] } == ["0", "1", "0", "-3"])
        }
    }

    @Test func `the same runs give the same workbook, byte by byte`() async throws {
        try await Self.filled { project, exporter in
            let files = ["a.xlsx", "b.xlsx"].map { project.folder.appending($0) }
            for file in files { _ = try await exporter.export(.init(), to: file, as: .xlsx) }
            let digests = try files.map { try FileHashing.digest(of: $0, .sha256) }
            #expect(digests[0] == digests[1])
        }
    }

    @Test func `experiment, filter and order choose the rows`() async throws {
        try await Self.filled { project, exporter in
            let file = project.folder.appending("runs.csv")
            func names(_ options: RunExporter.Options) async throws -> [String] {
                _ = try await exporter.export(options, to: file, as: .csv)
                return try FileReader.text(of: file).split(separator: "\r\n").dropFirst()
                    .filter { $0.contains("FINISHED") || $0.contains("RUNNING") }.map {
                        String($0.split(separator: ",")[1])
                    }
            }
            var options = RunExporter.Options()
            options.experiments = ["Default"]
            let chosen = try await names(options)
            #expect(chosen == ["+second"])
            options = .init()
            options.filter = "metrics.loss < 0.2"
            let filtered = try await names(options)
            #expect(filtered == ["first"])
            options = .init()
            options.orderBy = ["start_time ASC"]
            let ordered = try await names(options)
            #expect(ordered == ["+second", "first"])
            options.experiments = ["Defualt"]
            let wrong = options
            let error = await #expect(throws: TransferError.self) {
                try await exporter.export(wrong, to: file, as: .csv)
            }
            #expect(error?.next == "did you mean `Default`?")
        }
    }

    @Test(arguments: ExportFormat.allCases)
    func `a filter that cannot be read leaves what was there, and nothing beside it`(format: ExportFormat) async throws
    {
        try await Self.filled { project, exporter in
            let folder = project.folder.appending("out")
            try FileSystem.createDirectory(folder)
            let file = folder.appending("runs.\(format.rawValue)")
            try AtomicFile.write("old", to: file)
            var options = RunExporter.Options()
            options.filter = "metrics.loss <"
            let wrong = options
            await #expect(throws: TrackingError.self) { try await exporter.export(wrong, to: file, as: format) }
            #expect(try FileReader.text(of: file) == "old")
            #expect(try FileSystem.list(folder) == [file.lastComponent?.string])
        }
    }

    @Test(arguments: ExportFormat.allCases)
    func `no runs make a table with the columns that every run has`(format: ExportFormat) async throws {
        try await TestProject.run { project in
            let exporter = RunExporter(tracking: project.tracking) { try Reader.engine() }
            let file = project.folder.appending("runs.\(format.rawValue)")
            let summary = try await exporter.export(.init(), to: file, as: format)
            #expect(summary == .init(runs: 0, columns: 8, points: 0))
            if format == .xlsx {
                #expect(try await Reader.sheet(file)["rows"]?.count == 1)
            } else {
                #expect(try await Reader.engine().columns(of: file).count == 8)
            }
        }
    }

    @Test func `a workbook that Excel could not open is refused, and no file is left`() async throws {
        try await TestProject.run { project in
            let file = project.folder.appending("big.xlsx")
            let output = try XLSXOutput(file)
            let error = await #expect(throws: TransferError.self) {
                try await output.begin("Runs", (0...XLSXOutput.columnLimit).map { ExportColumn("c\($0)", .text) })
            }
            #expect(error?.code == .tooLarge)
            let long = try XLSXOutput(file)
            try await long.begin("Metrics", [ExportColumn("a", .integer)])
            let rows = [[ExportCell]](repeating: [], count: XLSXOutput.rowLimit)
            let tooLong = await #expect(throws: TransferError.self) { try await long.add(rows) }
            #expect(tooLong?.why.contains("1048576") == true)
            #expect(tooLong?.next?.contains(".parquet") == true)
            #expect(!FileSystem.exists(file))
        }
    }

    @Test(arguments: [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA"), (16_383, "XFD")])
    func `columns are named as in Excel`(index: Int, name: String) {
        #expect(XLSXOutput.columnName(index) == name)
    }

    @Test(arguments: [("runs.xlsx", ExportFormat.xlsx), ("a/RUNS.CSV", .csv), ("x.parquet", .parquet)])
    func `the suffix is the format`(name: String, format: ExportFormat) throws {
        #expect(try RunExporter.format(of: FilePath(name)) == format)
    }

    @Test func `a suffix that is no format is wrong usage`() {
        let error = #expect(throws: TransferError.self) { try RunExporter.format(of: "runs.txt") }
        #expect(error?.kind == .usage)
    }
}
