// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// A label, a verdict or a turn of the loop that could not be taken.
package struct FeedbackError: Explained {
    /// What went wrong, to switch on.
    package enum Code: String, Sendable {
        /// A truth or verdict that breaks a rule: empty or too long.
        case invalidLabel
        /// A rule of `loop.retrain_when` that cannot be read.
        case invalidRule
        /// A turn cannot start: no git repository, no commit, or nothing to learn from.
        case notReady
        /// A turn of the loop is running already.
        case busy
        /// A step of the loop failed; `cause` says why.
        case stepFailed
    }

    /// What went wrong, to switch on.
    package let code: Code
    package let what: String
    package let why: String
    package let next: String?
    package let cause: (any Error)?

    /// An error with its three sentences.
    package init(_ code: Code, what: String, why: String, next: String? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.what = what
        self.why = why
        self.next = next
        self.cause = cause
    }

    package var codeName: String { code.rawValue }

    package var kind: FailureKind {
        switch code {
        case .invalidLabel, .invalidRule: .invalid
        case .busy: .conflict
        case .notReady, .stepFailed: .failed
        }
    }
}
