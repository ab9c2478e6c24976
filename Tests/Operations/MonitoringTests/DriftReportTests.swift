// SPDX-License-Identifier: Apache-2.0

import JSONText
import SystemPackage
import Tables
import Testing

@testable import Monitoring

struct DriftReportTests {
    private let folder: LogFolder

    init() throws { folder = try LogFolder() }

    /// Live rows of three features: the first shifted by `shift`, the second never, the third a category.
    private func live(_ count: Int, shift: Double, plans: [String]) -> [LoggedPrediction] {
        (0..<count).map { row in
            let first = Double((row * 6_101 + 77) % 9_973) / 9_973 + shift
            let second = Double((row * 7_561 + 5) % 9_967) / 9_967
            return prediction(
                row,
                features: [
                    .init(name: "shifts", value: .number(first)), .init(name: "stays", value: .number(second)),
                    .init(name: "plan", value: .text(plans[row % plans.count])),
                ]
            )
        }
    }

    private func reference() async throws -> TableResult {
        let file = folder.path.appending("train.parquet")
        let sql = """
            SELECT ((range * 7919 + 13) % 10007) / 10007 AS shifts, ((range * 6007 + 1) % 9949) / 9949 AS stays,
                CASE WHEN range % 2 = 0 THEN 'basic' ELSE 'pro' END AS plan, range % 2 AS churned
            FROM range(4000)
            """
        try await folder.engine.write(sql, to: file)
        return try await folder.engine.read(file)
    }

    @Test func `live rows like the reference do not drift`() async throws {
        let report = DriftReport(live: live(400, shift: 0, plans: ["basic", "pro"]), reference: try await reference())
        #expect(report.share == 0 && report.rows == 400)
        #expect(report.features.map(\.name) == ["shifts", "stays", "plan"])
        #expect(report.features.map(\.isNumeric) == [true, true, false])
        #expect(report.notCompared == ["churned"])
    }

    @Test func `a shifted number and a new category drift, the rest does not`() async throws {
        let report = DriftReport(
            live: live(400, shift: 0.4, plans: ["basic", "gold"]),
            reference: try await reference()
        )
        #expect(report.features.filter(\.hasDrifted).map(\.name) == ["shifts", "plan"])
        #expect(report.share == 2.0 / 3)
        #expect(report.features[2].unseen.map(\.category) == ["gold"] && report.features[2].unseen.first?.count == 200)
        var writer = JSONWriter()
        report.write(into: &writer)
        let json = try JSONDocument(writer.text).root
        #expect(json["drifted"]?.int64 == 2 && json["profile"]?.string == "gyre")
    }

    @Test func `too few rows are not compared`() async throws {
        let report = DriftReport(live: live(9, shift: 9, plans: ["gold"]), reference: try await reference())
        #expect(report.features.isEmpty && report.share == nil)
    }

    @Test func `a window of the log is held against a table file`() async throws {
        _ = try await reference()
        let log = try folder.log()
        for prediction in live(200, shift: 0.5, plans: ["basic", "pro"]) { log.record(prediction) }
        let report = try await DriftReport.measure(
            log,
            PredictionQuery(model: "churn"),
            reference: folder.path.appending("train.parquet"),
            engine: folder.engine
        )
        #expect(report.rows == 200 && report.features.filter(\.hasDrifted).map(\.name) == ["shifts"])
    }
}
