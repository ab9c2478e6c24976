// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
import Tracking

/// A request to the registry that it cannot fulfil.
package struct RegistryError: Explained {
    /// What went wrong, to switch on.
    package enum Code: String, Sendable {
        /// A name or value breaks a rule.
        case invalidParameter
        /// The model, version or alias is not there.
        case notFound
        /// The name is taken.
        case alreadyExists
        /// The version has no recorded pass for exactly its content.
        case notPassed
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
        case .alreadyExists: .conflict
        case .notPassed: .refused
        }
    }

    /// An error with its sentences.
    package init(_ code: Code, what: String, why: String, next: String? = nil) {
        self.code = code
        self.what = what
        self.why = why
        self.next = next
    }

    /// A rule of the search language or of names that tracking shares.
    init(_ error: TrackingError) {
        self.init(.invalidParameter, what: error.what, why: error.why, next: error.next)
    }
}
