// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// Data that cannot be moved between the cache and a remote.
package struct DataRemotesError: Explained {
    /// What went wrong, to switch on.
    package enum Code: String, Sendable {
        /// The remote is of a kind, or has a setting, that Gyre does not know.
        case unsupported
        /// The remote's address or settings cannot be used.
        case invalidRemote
        /// Contents are neither in the cache nor on the remote.
        case missingContent
        /// An object has other bytes than its name says.
        case corruptContent
        /// Some objects did not get through.
        case failed
        /// A target that names no data.
        case unknownTarget
        /// The command line does not say what is to be kept.
        case noScope
        /// A commit whose data is not on the remote.
        case dataNotPushed
        /// Somebody works on the remote's chunks.
        case busy
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
        case .unsupported, .invalidRemote: .invalid
        case .missingContent, .unknownTarget: .notFound
        case .corruptContent, .failed: .failed
        case .noScope: .usage
        case .dataNotPushed: .refused
        case .busy: .conflict
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
