// SPDX-License-Identifier: Apache-2.0

package import JSONText
import Tracking

/// What an import brought.
package struct ImportReport: Sendable {
    /// The most lines about what stayed behind that are kept.
    package static let lineLimit = 10_000

    /// Whether nothing was written.
    package let isDryRun: Bool
    /// The counts by kind.
    package private(set) var counts = TransferCounts()
    /// What stayed behind and why, at most ``lineLimit``.
    package private(set) var skipped: [SkippedItem] = []
    /// How much of what stayed behind somebody should look at.
    package private(set) var problemCount = 0

    init(isDryRun: Bool) { self.isDryRun = isDryRun }

    /// The counts of a kind.
    package subscript(kind: TransferCounts.Kind) -> TransferCounts.Count { counts[kind] }

    mutating func note(_ kind: TransferCounts.Kind, _ outcome: Adopted.Outcome, _ count: Int64 = 1) {
        counts.note(kind, outcome, count)
    }

    mutating func skip(_ kind: TransferCounts.Kind, _ item: SkippedItem, _ count: Int = 1) {
        counts.skip(kind, Int64(count))
        note(item)
    }

    /// Adds a line without a count.
    mutating func note(_ item: SkippedItem) {
        if item.isProblem { problemCount += 1 }
        if skipped.count < Self.lineLimit { skipped.append(item) }
    }

    /// Writes the report.
    package func write(into writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("dry_run", isDryRun)
            counts.write(into: &writer, grown: "topped_up", skipped: "skipped")
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
