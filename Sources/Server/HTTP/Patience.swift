// SPDX-License-Identifier: Apache-2.0

/// Tells a second signal to stop from the first.
///
/// `timeout`, shells and supervisors send one request to stop to a process and to its group, so that it arrives twice; a
/// person who asks again needs longer.
package struct Patience {
    /// What a signal means.
    package enum Meaning: Sendable { case first, same, second }

    private static let oneRequest = Duration.milliseconds(300)
    private var first: ContinuousClock.Instant?

    /// Nobody has asked yet.
    package init() {}

    /// What the signal that arrived at `instant` means.
    package mutating func takes(signalAt instant: ContinuousClock.Instant) -> Meaning {
        guard let first else {
            first = instant
            return .first
        }
        return instant - first < Self.oneRequest ? .same : .second
    }
}
