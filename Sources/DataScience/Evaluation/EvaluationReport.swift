// SPDX-License-Identifier: Apache-2.0

package import JSONText

/// A model's measured quality and the verdict, with what is needed to repeat the measurement.
package struct EvaluationReport: Sendable {
    /// The run that trained the model.
    package let runID: String
    /// The digest of the model's files.
    package let modelDigest: String
    /// The table that it was judged on, and the digest of its content.
    package let data: (name: String, digest: String)
    /// How many rows the table has.
    package let rows: Int
    /// Measured values by metric.
    package let metrics: [String: Double]
    /// Measured values by slice, such as `country=de`, and metric.
    package let slices: [String: [String: Double]]
    /// Values of the champion on the same data; nil if there is none.
    package let champion: [String: Double]?
    /// The champion's version; nil if there is none.
    package let championVersion: String?
    /// What came of it.
    package let verdict: Verdict
    /// When, milliseconds UTC.
    package let createdMs: Int64

    /// A report.
    package init(
        runID: String,
        modelDigest: String,
        data: (name: String, digest: String),
        rows: Int,
        metrics: [String: Double],
        slices: [String: [String: Double]] = [:],
        champion: [String: Double]?,
        championVersion: String?,
        verdict: Verdict,
        createdMs: Int64
    ) {
        self.runID = runID
        self.modelDigest = modelDigest
        self.data = data
        self.rows = rows
        self.metrics = metrics
        self.slices = slices
        self.champion = champion
        self.championVersion = championVersion
        self.verdict = verdict
        self.createdMs = createdMs
    }

    /// The verdict in one line, with the champion's numbers where there is one.
    package var comparison: String {
        guard let champion else { return verdict.summary }
        func rounded(_ value: Double?) -> String { value.map { String(($0 * 1_000).rounded() / 1_000) } ?? "–" }
        let names = ["recall", "precision", "errors.recall"].filter { metrics[$0] != nil }
        let pairs = names.map { "\($0) \(rounded(champion[$0])) → \(rounded(metrics[$0]))" }
        return "\(verdict.summary); \(pairs.joined(separator: ", "))"
    }

    /// Writes the report as one JSON object.
    package func write(into writer: inout JSONWriter) {
        func values(_ name: String, _ metrics: [String: Double], _ writer: inout JSONWriter) {
            writer.key(name)
            writer.object { writer in
                for (key, value) in metrics.sorted(by: { $0.key < $1.key }) { writer.field(key, value) }
            }
        }
        writer.object { writer in
            writer.field("run_id", runID)
            writer.field("model_digest", modelDigest)
            writer.field("data", data.name)
            writer.field("data_digest", data.digest)
            writer.field("rows", rows)
            values("metrics", metrics, &writer)
            if !slices.isEmpty {
                writer.key("slices")
                writer.object { writer in
                    for (name, metrics) in slices.sorted(by: { $0.key < $1.key }) { values(name, metrics, &writer) }
                }
            }
            if let champion {
                values("champion", champion, &writer)
                writer.field("champion_version", championVersion)
            }
            writer.field("passed", verdict.passed)
            verdict.writeLines(into: &writer)
            writer.field("created_ms", createdMs)
        }
    }

    /// The report as one JSON document.
    package var json: String {
        var writer = JSONWriter()
        write(into: &writer)
        return writer.text
    }

    /// Reads what ``json`` gave.
    ///
    /// - Throws: ``EvaluationError`` `.unusableReport` if it is no report.
    package init(json: String) throws(EvaluationError) {
        let root: JSONElement
        do { root = try JSONDocument(json).root } catch {
            throw EvaluationError(.unusableReport, what: "cannot read the evaluation report", why: error.why)
        }
        func text(_ key: String) throws(EvaluationError) -> String {
            if let text = root[key]?.string { return text }
            throw EvaluationError(.unusableReport, what: "cannot read the evaluation report", why: "it lacks `\(key)`")
        }
        func values(_ element: JSONElement?) -> [String: Double] {
            guard let element else { return [:] }
            return Dictionary(
                element.members.compactMap { name, value in value.double.map { (name, $0) } },
                uniquingKeysWith: { first, _ in first }
            )
        }
        var slices: [String: [String: Double]] = [:]
        if let element = root["slices"] {
            for (name, metrics) in element.members { slices[name] = values(metrics) }
        }
        self.init(
            runID: try text("run_id"),
            modelDigest: try text("model_digest"),
            data: (name: try text("data"), digest: try text("data_digest")),
            rows: Int(root["rows"]?.int64 ?? 0),
            metrics: values(root["metrics"]),
            slices: slices,
            champion: root["champion"].map { values($0) },
            championVersion: root["champion_version"]?.string,
            verdict: Verdict(lines: try Verdict.lines(root)),
            createdMs: root["created_ms"]?.int64 ?? 0
        )
    }
}
