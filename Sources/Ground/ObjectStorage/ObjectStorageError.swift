// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// An object that cannot be stored or read.
package struct ObjectStorageError: Explained {
    /// What went wrong, to switch on.
    package enum Code: String, Sendable {
        /// The key breaks the rules of ``ObjectKey``.
        case invalidKey
        /// There is no such object.
        case notFound
        /// An object of a folder's name, or below an object's, in a store that cannot have both.
        case conflict
        /// The object is larger than the caller allows.
        case tooLarge
        /// A part of the object is missing, or is another one than was named.
        case incomplete
        /// The range begins behind the object's end.
        case invalidRange
        /// The store has no space left, or not more than it keeps for others.
        case noSpace
        /// The store failed: no permission, no answer.
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
        case .invalidKey, .invalidRange, .incomplete: .invalid
        case .notFound: .notFound
        case .tooLarge: .tooLarge
        case .conflict: .conflict
        // The store's missing rights are not those of whoever asks.
        case .noSpace, .failed: .failed
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
