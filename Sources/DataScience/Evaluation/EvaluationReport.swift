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
        self.champion = champion
        self.championVersion = championVersion
        self.verdict = verdict
        self.createdMs = createdMs
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
            if let champion {
                values("champion", champion, &writer)
                writer.field("champion_version", championVersion)
            }
            writer.field("passed", verdict.passed)
            writer.key("requirements")
            writer.array { writer in
                for line in verdict.lines {
                    writer.object { writer in
                        writer.field("requirement", line.requirement.text)
                        writer.field("measured", line.measured)
                        writer.field("bound", line.bound)
                        writer.field("passed", line.passed)
                        if let note = line.note { writer.field("note", note) }
                    }
                }
            }
            writer.field("created_ms", createdMs)
        }
    }
}
