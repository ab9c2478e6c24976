// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// An experiment that cannot be described, queued, run or applied.
package struct ExperimentsError: Explained {
    /// What went wrong, to switch on.
    package enum Code: String, Sendable {
        /// A setting of `-S` cannot be understood.
        case invalidOverride
        /// The project is in no git repository, or has no commit.
        case noCommit
        /// The name cannot be one.
        case invalidName
        /// The name is taken.
        case nameTaken
        /// No experiment or entry of that name.
        case unknownExperiment
        /// Files hold changes that are in no commit and in no experiment.
        case unsavedChanges
        /// The entry is being run.
        case busy
        /// An experiment failed.
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
        case .invalidOverride, .invalidName: .usage
        case .noCommit, .failed: .failed
        case .unknownExperiment: .notFound
        case .nameTaken, .unsavedChanges, .busy: .conflict
        }
    }

    /// An error with its sentences.
    package init(_ code: Code, what: String, why: String, next: String? = nil, cause: (any Error)? = nil) {
        (self.code, self.what, self.why, self.next, self.cause) = (code, what, why, next, cause)
    }
}
