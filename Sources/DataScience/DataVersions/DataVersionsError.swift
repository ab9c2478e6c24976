// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// A data version that cannot be made or restored, or git that refuses.
package struct DataVersionsError: Explained {
    /// What went wrong, to switch on.
    package enum Code: String, Sendable {
        /// Neither the folder nor one above it has `.dvc`.
        case notARepository
        /// The path is not there, lies outside of the project, or may not be versioned.
        case invalidPath
        /// The cache lacks a content that is needed.
        case missingContent
        /// The work tree holds content that is in no cache and would be lost.
        case wouldOverwrite
        /// An object of the cache has other bytes than its name says.
        case corruptContent
        /// The data changed while it was read.
        case changed
        /// Another process changes the data of this project.
        case locked
        /// A file of ours cannot be understood.
        case invalidFile
        /// Nothing that is versioned has the name.
        case unknownTarget
        /// A setting has a value that it cannot have, or there is no such setting.
        case invalidSetting
        /// A remote or a setting that is needed is not there.
        case notConfigured
        /// A remote of that name is there already.
        case alreadyConfigured
        /// Git is missing or refused.
        case git
        /// Git says more than is taken.
        case tooLarge
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
        case .notARepository, .git, .corruptContent: .failed
        case .invalidPath, .invalidFile, .invalidSetting: .invalid
        case .missingContent, .notConfigured, .unknownTarget: .notFound
        case .tooLarge: .tooLarge
        case .wouldOverwrite, .changed, .locked, .alreadyConfigured: .conflict
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
