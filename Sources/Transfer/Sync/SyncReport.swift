// SPDX-License-Identifier: Apache-2.0

package import JSONText
import Synchronization
import Tracking

/// What a sync brought to the server.
package struct SyncReport: Sendable {
    /// Something that the server did not take.
    package struct Conflict: Sendable, Hashable {
        /// What it is: `run 0123…`.
        package let what: String
        /// Why it stays behind.
        package let why: String
        /// What to do, if there is something.
        package let next: String?
    }

    /// The most conflicts that are kept.
    package static let conflictLimit = 10_000

    /// The server.
    package let url: String
    /// Whether nothing was sent.
    package let isDryRun: Bool
    /// The counts by kind.
    package private(set) var counts = TransferCounts()
    /// What the server did not take, at most ``conflictLimit``.
    package private(set) var conflicts: [Conflict] = []
    /// How much the server did not take.
    package private(set) var conflictCount = 0

    init(url: String, isDryRun: Bool) {
        self.url = url
        self.isDryRun = isDryRun
    }

    /// The counts of a kind.
    package subscript(kind: TransferCounts.Kind) -> TransferCounts.Count { counts[kind] }

    mutating func note(_ kind: TransferCounts.Kind, _ outcome: Adopted.Outcome, _ count: Int64) {
        counts.note(kind, outcome, count)
    }

    mutating func refuse(_ kind: TransferCounts.Kind, _ conflict: Conflict) {
        counts.skip(kind, 1)
        conflictCount += 1
        if conflicts.count < Self.conflictLimit { conflicts.append(conflict) }
    }

    /// Writes the report.
    package func write(into writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("url", url)
            writer.field("dry_run", isDryRun)
            counts.write(into: &writer, grown: "grown", skipped: "conflicting")
            writer.key("conflicts")
            writer.array { writer in
                for conflict in conflicts {
                    writer.object { writer in
                        writer.field("what", conflict.what)
                        writer.field("why", conflict.why)
                        writer.field("next", conflict.next)
                    }
                }
            }
        }
    }
}

/// A report that several tasks write.
final class SyncNotes: Sendable {
    private let report: Mutex<SyncReport>
    private let models = Mutex<Set<String>>([])
    private let refusedModels = Mutex<Set<String>>([])

    init(_ report: SyncReport) { self.report = Mutex(report) }

    var current: SyncReport { report.withLock { $0 } }

    func note(_ kind: TransferCounts.Kind, _ outcome: Adopted.Outcome, _ count: Int64 = 1) {
        guard count > 0 else { return }
        report.withLock { $0.note(kind, outcome, count) }
    }

    func refuse(_ kind: TransferCounts.Kind, _ what: String, _ why: String, _ next: String? = nil) {
        report.withLock { $0.refuse(kind, SyncReport.Conflict(what: what, why: why, next: next)) }
    }

    // MARK: Logged models

    /// Whether nobody looked at this logged model yet.
    func isUnknown(model id: String) -> Bool { models.withLock { !$0.contains(id) } }

    func isKnown(model id: String) { models.withLock { _ = $0.insert(id) } }

    func isRefused(model id: String) { refusedModels.withLock { _ = $0.insert(id) } }

    /// Whether the server took all of these logged models.
    func hasAll(_ ids: [String]) -> Bool { refusedModels.withLock { $0.isDisjoint(with: ids) } }
}
