// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// A webhook that cannot be kept, or a delivery that cannot be made.
package struct WebhookError: Explained {
    /// What went wrong, to switch on.
    package enum Code: String, Sendable {
        /// A name, address or event breaks a rule.
        case invalidParameter
        /// There is no such webhook.
        case notFound
        /// An environment variable cannot be used.
        case invalidSetting
        /// A secret was stored with another key than there is now.
        case unreadableSecret
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
        case .invalidParameter: .invalid
        case .notFound: .notFound
        case .invalidSetting: .usage
        case .unreadableSecret: .failed
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

    static func missing(_ id: String) -> WebhookError {
        WebhookError(.notFound, what: "cannot find the webhook `\(id.prefix(100))`", why: "there is none of that id")
    }
}
