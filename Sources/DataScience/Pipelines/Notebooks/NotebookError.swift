// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// A notebook that cannot be executed, or that failed.
package struct NotebookError: Explained {
    /// What went wrong, to switch on.
    package enum Code: String, Sendable {
        /// There is no such file.
        case missingNotebook
        /// The file is no notebook, or a parameter has no name that Python takes.
        case invalidNotebook
        /// The executed copy would replace the notebook.
        case wouldOverwrite
        /// The Python lacks the packages that execute notebooks, or there is none.
        case missingRuntime
        /// No kernel for the notebook's language.
        case missingKernel
        /// A cell failed.
        case cellFailed
        /// The program that executes notebooks failed itself.
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
        case .missingNotebook: .notFound
        case .invalidNotebook: .invalid
        case .wouldOverwrite: .conflict
        case .missingRuntime, .missingKernel: .unavailable
        case .cellFailed, .failed: .failed
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
