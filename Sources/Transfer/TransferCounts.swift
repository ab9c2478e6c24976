// SPDX-License-Identifier: Apache-2.0

import JSONText
import Tracking

/// How many things of each kind an import brought, or a sync sent.
package struct TransferCounts: Sendable {
    /// The kinds of things that come or go.
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

    /// What became of those of a kind.
    package struct Count: Sendable, Hashable {
        /// Those that were not there.
        package var added: Int64 = 0
        /// Those that were there and got what they lacked.
        package var grown: Int64 = 0
        /// Those that were there already.
        package var unchanged: Int64 = 0
        /// Those that were not taken.
        package var skipped: Int64 = 0

        /// Counts of a kind.
        package init(added: Int64 = 0, grown: Int64 = 0, unchanged: Int64 = 0, skipped: Int64 = 0) {
            self.added = added
            self.grown = grown
            self.unchanged = unchanged
            self.skipped = skipped
        }
    }

    private var counts: [Kind: Count] = [:]

    /// The counts of a kind.
    package subscript(kind: Kind) -> Count { counts[kind] ?? Count() }

    mutating func note(_ kind: Kind, _ outcome: Adopted.Outcome, _ count: Int64) {
        switch outcome {
        case .added: counts[kind, default: Count()].added += count
        case .grown: counts[kind, default: Count()].grown += count
        case .unchanged: counts[kind, default: Count()].unchanged += count
        }
    }

    mutating func skip(_ kind: Kind, _ count: Int64) { counts[kind, default: Count()].skipped += count }

    /// Writes a field for each kind; what grew and what was not taken are called as the command calls them.
    func write(into writer: inout JSONWriter, grown: String, skipped: String) {
        for kind in Kind.allCases {
            let count = self[kind]
            writer.key(kind.rawValue)
            writer.object { writer in
                writer.field("new", count.added)
                writer.field(grown, count.grown)
                writer.field("unchanged", count.unchanged)
                writer.field(skipped, count.skipped)
            }
        }
    }
}

/// How far an import or a sync is.
package enum TransferProgress: Sendable {
    /// So many runs are to come or go, if that is known.
    case begin(runs: Int?)
    /// So many more are done.
    case runs(Int)
}
