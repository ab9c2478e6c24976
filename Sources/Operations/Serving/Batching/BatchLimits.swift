// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#endif

/// How requests of one model version share the engine.
package struct BatchLimits: Sendable, Hashable {
    /// The most rows of one run, if it is made of several requests.
    package var rows = 1_024
    /// The most requests that wait; the next is refused.
    package var waiting = 1_024
    /// The longest that a request waits for its run before it is refused.
    package var patience: Duration = .seconds(30)
    /// How many runs go on at once.
    package var runs: Int
    /// Runs that are expected to take less than this happen on the caller's thread, if nobody waits: to change threads takes as
    /// long.
    package var quick: Duration = .microseconds(100)

    /// Limits for a machine: as many runs as it has cores.
    package static let standard = BatchLimits(runs: max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))))

    /// Limits.
    package init(runs: Int) { self.runs = runs }
}

/// A run of the engine, for whoever counts them.
package struct BatchRecord: Sendable {
    /// How many requests shared it.
    package let requests: Int
    /// How many rows they had together.
    package let rows: Int
    /// How long the first of them waited.
    package let waited: Duration
    /// How long the engine took.
    package let took: Duration
}
