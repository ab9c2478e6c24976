// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// A model that cannot be served, or a request that it cannot answer.
package struct ServingError: Explained {
    /// What went wrong, to switch on.
    package enum Code: String, Sendable {
        /// ONNX Runtime is not there or does not fit.
        case missingRuntime
        /// The model's files are missing, damaged or of a kind that is not served.
        case invalidModel
        /// The model cannot be turned into ONNX.
        case cannotConvert
        /// No model of that name or version is live.
        case unknownModel
        /// No model is live yet.
        case notReady
        /// The request does not fit the model.
        case invalidRequest
        /// The request has more rows than are taken at once.
        case tooManyRows
        /// More requests wait than are taken.
        case overloaded
        /// The engine failed on input that fits.
        case engineFailed
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
        case .missingRuntime, .notReady, .overloaded: .unavailable
        case .invalidModel, .cannotConvert, .engineFailed: .failed
        case .unknownModel: .notFound
        case .invalidRequest: .invalid
        case .tooManyRows: .tooLarge
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

    /// A request that does not fit.
    static func request(_ why: String, next: String? = nil) -> ServingError {
        ServingError(.invalidRequest, what: "cannot predict", why: why, next: next)
    }
}
