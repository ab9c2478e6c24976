// SPDX-License-Identifier: Apache-2.0

package import JSONText
import Tracking

/// What an import brought.
package struct ImportReport: Sendable {
    /// The kinds of things that come.
    package enum Kind: String, Sendable, CaseIterable {
        case experiments, runs
        case points = "metric_points"
        case models = "logged_models"
        case registeredModels = "registered_models"
        case versions = "model_versions"
        case aliases
        case files = "artifacts"
        case bytes = "artifact_bytes"
    }

    /// How many of a kind came.
    package struct Count: Sendable, Hashable {
        /// Those that were not here.
        package var added: Int64 = 0
        /// Those that were here and got what they lacked.
        package var grown: Int64 = 0
        /// Those that were here already.
        package var unchanged: Int64 = 0
        /// Those that stayed behind.
        package var skipped: Int64 = 0
    }

    /// The most lines about what stayed behind that are kept.
    package static let lineLimit = 10_000

    /// Whether nothing was written.
    package let isDryRun: Bool
    /// The counts by kind.
    package private(set) var counts: [Kind: Count] = [:]
    /// What stayed behind and why, at most ``lineLimit``.
    package private(set) var skipped: [SkippedItem] = []
    /// How much of what stayed behind somebody should look at.
    package private(set) var problemCount = 0

    init(isDryRun: Bool) { self.isDryRun = isDryRun }

    /// The counts of a kind.
    package subscript(kind: Kind) -> Count { counts[kind] ?? Count() }

    mutating func note(_ kind: Kind, _ outcome: Adopted.Outcome, _ count: Int64 = 1) {
        switch outcome {
        case .added: counts[kind, default: Count()].added += count
        case .grown: counts[kind, default: Count()].grown += count
        case .unchanged: counts[kind, default: Count()].unchanged += count
        }
    }

    mutating func skip(_ kind: Kind, _ item: SkippedItem, _ count: Int = 1) {
        counts[kind, default: Count()].skipped += Int64(count)
        if item.isProblem { problemCount += 1 }
        if skipped.count < Self.lineLimit { skipped.append(item) }
    }

    /// Writes the report.
    package func write(into writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("dry_run", isDryRun)
            for kind in Kind.allCases {
                let count = self[kind]
                writer.key(kind.rawValue)
                writer.object { writer in
                    writer.field("new", count.added)
                    writer.field("topped_up", count.grown)
                    writer.field("unchanged", count.unchanged)
                    writer.field("skipped", count.skipped)
                }
            }
            writer.key("skipped")
            writer.array { writer in
                for item in skipped {
                    writer.object { writer in
                        writer.field("what", item.what)
                        writer.field("why", item.why)
                        writer.field("problem", item.isProblem)
                    }
                }
            }
        }
    }
}
