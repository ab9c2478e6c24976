// SPDX-License-Identifier: Apache-2.0

import Evaluation
import JSONText
import Testing

struct VerdictTests {
    private func verdict(
        _ texts: [String],
        _ measured: [String: Double],
        champion: [String: Double]? = nil
    ) throws -> Verdict {
        Evaluator.verdict(
            requirements: try texts.map { try Requirement.parse($0) },
            measured: measured,
            baselines: champion.map { ["champion": $0] } ?? [:]
        )
    }

    @Test(arguments: [
        ("recall >= 0.9", 0.9, true), ("recall > 0.9", 0.9, false), ("recall <= 0.9", 0.9, true),
        ("recall < 0.9", 0.9, false), ("recall == 0.9", 0.9, true), ("recall == 0.9", 0.91, false),
        ("recall >= 0.9", .nan, false), ("recall < 0.9", .nan, false),
    ])
    func `a number is held against its bound`(text: String, measured: Double, passes: Bool) throws {
        let verdict = try verdict([text], ["recall": measured])
        #expect(verdict.passed == passes && verdict.lines.first?.bound == 0.9)
    }

    @Test func `before the first champion a comparison with it passes, and says so`() throws {
        let verdict = try verdict(["roc_auc >= champion.roc_auc - 0.005"], ["roc_auc": 0.4])
        #expect(verdict.passed && verdict.lines.first?.note == "no champion yet")
    }

    @Test func `a challenger may be worse than the champion by the offset`() throws {
        let rule = ["roc_auc >= champion.roc_auc - 0.005"]
        #expect(try verdict(rule, ["roc_auc": 0.986], champion: ["roc_auc": 0.99]).passed)
        let worse = try verdict(rule, ["roc_auc": 0.9849], champion: ["roc_auc": 0.99])
        #expect(!worse.passed)
        #expect(worse.summary == "`roc_auc >= champion.roc_auc - 0.005` is not met: measured 0.9849")
    }

    @Test func `what was not measured does not pass, errors that are not there do`() throws {
        #expect(try !verdict(["latency.p99 <= 20 ms"], [:]).passed)
        #expect(try verdict(["errors.recall >= 0.5"], ["recall": 1]).passed)
        #expect(try verdict(["errors.recall >= champion.errors.recall"], ["errors.recall": 0.1], champion: [:]).passed)
        #expect(try !verdict(["recall >= champion.recall"], ["recall": 1], champion: [:]).passed)
        #expect(try verdict([], [:]).passed)
    }

    @Test func `a verdict reads as a table`() throws {
        let verdict = try verdict(["recall >= 0.9", "latency.p99 <= 20 ms"], ["recall": 0.87654321])
        #expect(
            verdict.table == [
                ["recall >= 0.9", "0.8765", "0.9", "not met", ""],
                ["latency.p99 <= 20 ms", "–", "–", "not met", "`latency.p99` was not measured"],
            ]
        )
    }

    @Test func `the worst slice counts, whichever way a metric points`() {
        let worst = Evaluator.worst(of: [
            "country=de": ["recall": 0.9, "rmse": 2], "country=fr": ["recall": 0.7, "rmse": 1],
        ])
        #expect(worst == ["slice.recall": 0.7, "slice.rmse": 2])
    }

    @Test func `data without rows or with a score that is no number is refused`() {
        #expect(throws: EvaluationError.self) { try Evaluator.binaryMetrics(labels: [], scores: []) }
        #expect(throws: EvaluationError.self) { try Evaluator.binaryMetrics(labels: [true], scores: [.nan]) }
        #expect(throws: EvaluationError.self) { try Evaluator.regressionMetrics(truths: [1], answers: [1, 2]) }
    }

    @Test func `the threshold decides what is positive`() throws {
        let metrics = try Evaluator.binaryMetrics(labels: [true, false], scores: [0.3, 0.2], threshold: 0.25)
        #expect(metrics["recall"] == 1 && metrics["precision"] == 1 && metrics["roc_auc"] == 1)
    }

    @Test func `a report comes back from its JSON`() throws {
        let report = EvaluationReport(
            runID: "r1",
            modelDigest: "sha256:ab",
            data: (name: "data/test.parquet", digest: "md5:cd"),
            rows: 114,
            metrics: ["recall": 0.95, "latency.p99": 3.25],
            slices: ["country=\"de\"": ["recall": 0.9]],
            champion: ["recall": 0.9],
            championVersion: "3",
            verdict: try verdict(
                ["recall >= champion.recall", "errors.recall >= 0.5"],
                ["recall": 0.95],
                champion: ["recall": 0.9]
            ),
            createdMs: 1_764_000_000_123
        )
        let copy = try EvaluationReport(json: report.json)
        #expect(copy.json == report.json)
        #expect(copy.metrics == report.metrics && copy.slices == report.slices && copy.champion == report.champion)
        #expect(copy.verdict.passed && copy.verdict.lines.last?.note == "no gathered error yet")
        #expect(copy.createdMs == report.createdMs && copy.rows == 114)
    }

    @Test(arguments: ["", "[]", "{}", "{\"run_id\": 3}"])
    func `what is no report is refused`(json: String) {
        #expect(throws: EvaluationError.self) { try EvaluationReport(json: json) }
    }
}
