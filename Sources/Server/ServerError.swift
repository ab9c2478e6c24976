// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// A project that cannot be opened, or a server that cannot start or stop.
package struct ServerError: Explained {
    /// What went wrong, to switch on.
    package enum Code: String, Sendable {
        /// Neither the folder nor one above it is a project.
        case notAProject
        /// A new project needs an empty folder, and this one is not.
        case folderNotEmpty
        /// A key of `gyre.yaml` that this step needs is missing.
        case missingSetting
        /// Somebody listens on the port already.
        case portInUse
        /// The address is not one that this user can listen on.
        case cannotListen
        /// It was asked to stop at once.
        case interrupted
        /// A run, model or prediction that is not there.
        case notFound
        /// The caller may not do this.
        case forbidden
        /// The request breaks a rule of the API.
        case invalidRequest
        /// Something that is not in this machine: a library, a program.
        case missingRuntime
        /// A gate said no.
        case refused
        /// A command of a larger job ended badly.
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
        case .notAProject, .folderNotEmpty: .failed
        case .missingSetting, .invalidRequest: .invalid
        case .portInUse: .conflict
        case .forbidden: .forbidden
        case .cannotListen, .stepFailed: .failed
        case .interrupted: .interrupted
        case .notFound: .notFound
        case .missingRuntime: .unavailable
        case .refused: .refused
        }
    }
}
