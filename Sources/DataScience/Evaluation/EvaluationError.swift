// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// A requirement that cannot be read, or data that cannot be judged on.
package struct EvaluationError: Explained {
    /// What went wrong, to switch on.
    package enum Code: String, Sendable {
        /// The text of a requirement breaks its grammar.
        case invalidRequirement
        /// The data has no rows, or no positive or negative one.
        case unusableData
        /// A stored report that cannot be read.
        case unusableReport
    }

    /// What went wrong, to switch on.
    package let code: Code
    package let what: String
    package let why: String
    package let next: String?

    package var codeName: String { code.rawValue }
    package var kind: FailureKind { .invalid }

    /// An error with its sentences.
    package init(_ code: Code, what: String, why: String, next: String? = nil) {
        self.code = code
        self.what = what
        self.why = why
        self.next = next
    }
}
