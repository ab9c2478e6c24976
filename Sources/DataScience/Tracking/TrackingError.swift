// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// A request to the tracking store that it cannot fulfil.
package struct TrackingError: Explained {
    /// What went wrong, to switch on.
    package enum Code: String, Sendable {
        /// A name or value breaks a rule.
        case invalidParameter
        /// The experiment, run or model is not there.
        case notFound
        /// The name is taken.
        case alreadyExists
        /// It is deleted, or of a state that forbids this.
        case invalidState
        /// What the database holds cannot be read.
        case corrupt
    }

    /// What went wrong, to switch on.
    package let code: Code
    package let what: String
    package let why: String
    package let next: String?

    package var codeName: String { code.rawValue }

    package var kind: FailureKind {
        switch code {
        case .invalidParameter: .invalid
        case .notFound: .notFound
        case .alreadyExists, .invalidState: .conflict
        case .corrupt: .failed
        }
    }

    /// An error with its sentences.
    package init(_ code: Code, what: String, why: String, next: String? = nil) {
        self.code = code
        self.what = what
        self.why = why
        self.next = next
    }

    static func missing(_ thing: String, _ id: String) -> TrackingError {
        TrackingError(
            .notFound,
            what: "cannot find \(thing) `\(id.prefix(100))`",
            why: "there is none of that name or id"
        )
    }

    static func deleted(_ thing: String, _ id: String) -> TrackingError {
        TrackingError(
            .invalidState,
            what: "cannot change the \(thing) `\(id.prefix(100))`",
            why: "it is deleted",
            next: "restore it first"
        )
    }

    static var corruptHistory: TrackingError {
        TrackingError(
            .corrupt,
            what: "cannot read the history of a metric",
            why: "a block of its points is damaged",
            next: "restore the database from a backup"
        )
    }

    static func invalid(_ what: String, _ why: String, next: String? = nil) -> TrackingError {
        TrackingError(.invalidParameter, what: what, why: why, next: next)
    }
}
