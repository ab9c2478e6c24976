// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// A source that cannot be imported, or a table that cannot be exported.
package struct TransferError: Explained {
    /// What went wrong, to switch on.
    package enum Code: String, Sendable {
        /// The address or format is none that is known.
        case unknownSource
        /// The folder or file holds something else.
        case wrongContent
        /// A file of the source is damaged.
        case damaged
        /// The source is of a version that is not known.
        case unknownVersion
        /// The experiment is not there.
        case notFound
        /// The server answered with an error.
        case refused
        /// More than the format can hold.
        case tooLarge
        /// The system failed below it.
        case failed
    }

    /// What went wrong, to switch on.
    package let code: Code
    package let what: String
    package let why: String
    package let next: String?
    package let cause: (any Error)?

    package var codeName: String { code.rawValue }

    package var kind: FailureKind {
        switch code {
        case .unknownSource: .usage
        case .wrongContent, .damaged, .unknownVersion: .invalid
        case .notFound: .notFound
        case .refused: .unavailable
        case .tooLarge: .tooLarge
        case .failed: .failed
        }
    }

    /// An error with its sentences.
    package init(_ code: Code, what: String, why: String, next: String? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.what = what
        self.why = why
        self.next = next
        self.cause = cause
    }
}
