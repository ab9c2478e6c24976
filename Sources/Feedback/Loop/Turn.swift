// SPDX-License-Identifier: Apache-2.0

/// One turn of the loop: errors became a data version, a challenger was trained on it and judged.
package struct Turn: Sendable, Identifiable {
    /// How far a turn got.
    package enum State: String, Sendable, CaseIterable {
        /// It runs now; or the process died in the middle, until the next start notes it as interrupted.
        case running
        /// The challenger passed and serves.
        case promoted
        /// The challenger passed; `loop.promote: ask` leaves the last word to a person.
        case waiting
        /// The challenger did not meet a requirement.
        case refused
        /// A step failed; nothing was promoted.
        case failed
        /// The process was stopped in the middle; the same errors are taken again.
        case interrupted
    }

    /// What the branches of turns begin with; a number follows.
    static let branchPrefix = "gyre/retrain-"

    /// 1 for a project's first turn.
    package let id: Int
    /// How far it got.
    package var state: State
    /// Start, milliseconds UTC.
    package let startedMs: Int64
    /// End, milliseconds UTC; nil while it runs.
    package var endedMs: Int64?
    /// How many gathered errors went into the data version.
    package var errors: Int
    /// The branch that holds the data version and the retraining.
    package let branch: String
    /// The data version of the errors, `md5:…`; nil before it exists.
    package var dataVersion: String?
    /// The commit that holds the retraining; nil before it exists.
    package var commit: String?
    /// The challenger's run; nil before it exists.
    package var runID: String?
    /// The challenger's model version; nil if it was not registered.
    package var version: String?
    /// One line for people: why it was refused or failed, or what it reached.
    package var note: String
}
