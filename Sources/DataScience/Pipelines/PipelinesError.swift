// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// A pipeline that cannot be understood or run.
package struct PipelinesError: Explained {
    /// What went wrong, to switch on.
    package enum Code: String, Sendable {
        /// `dvc.yaml` is missing.
        case noPipeline
        /// `dvc.yaml`, `dvc.lock` or `params.yaml` breaks a rule.
        case invalidPipeline
        /// No stage of that name.
        case unknownStage
        /// A dependency is missing and no stage writes it.
        case missingDependency
        /// The stages wait for each other in a circle.
        case cycle
        /// A parameter to set is in no file.
        case unknownParameter
        /// The pipeline is being reproduced already.
        case busy
        /// A stage's command failed.
        case stageFailed
        /// A stage did not write an output that it promises.
        case missingOutput
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
        case .noPipeline, .stageFailed, .missingOutput: .failed
        case .invalidPipeline, .cycle: .invalid
        case .unknownStage, .missingDependency, .unknownParameter: .notFound
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
