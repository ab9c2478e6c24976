// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// A request that got no answer, or an answer that breaks a limit.
package struct HTTPTransportError: Explained {
    /// What went wrong, to switch on.
    package enum Code: String, Sendable {
        /// The address cannot be read or uses another scheme than http and https.
        case invalidAddress
        /// The method or a header cannot be sent.
        case invalidRequest
        /// The connection leads to an address that this client must not talk to.
        case forbiddenPeer
        /// Nobody listens, the name is unknown, or the connection broke.
        case unreachable
        /// The deadline passed.
        case timedOut
        /// What comes back is no HTTP.
        case invalidAnswer
        /// The answer is larger than the caller allows.
        case answerTooLarge
        /// The task was cancelled.
        case cancelled
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
        case .invalidAddress, .invalidRequest: .invalid
        case .forbiddenPeer: .forbidden
        case .answerTooLarge: .tooLarge
        case .unreachable, .timedOut, .invalidAnswer: .unavailable
        case .cancelled: .interrupted
        }
    }
}
