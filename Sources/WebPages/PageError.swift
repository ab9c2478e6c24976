// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// A page that cannot be made.
package struct PageError: Error, Explained {
    /// What went wrong.
    package enum Code: String, Sendable {
        /// A template does not parse or is not there.
        case brokenTemplate
    }

    /// What went wrong.
    package let code: Code
    package let what: String
    package let why: String
    package let next: String?
    package let cause: (any Error)?

    init(_ code: Code, what: String, why: String, cause: (any Error)? = nil) {
        self.code = code
        self.what = what
        self.why = why
        next = nil
        self.cause = cause
    }

    package var kind: FailureKind { .failed }
    package var codeName: String { code.rawValue }
}
