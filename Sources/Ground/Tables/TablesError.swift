// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// A table that cannot be read or written, or a library that is not there.
package struct TablesError: Explained {
    /// What went wrong, to switch on.
    package enum Code: String, Sendable {
        /// DuckDB is not there or does not fit.
        case missingRuntime
        /// A file has a suffix that names no table format.
        case unknownFormat
        /// A table file that is not there.
        case missingFile
        /// A column that was asked for is not there.
        case missingColumn
        /// A key that two rows of one table have.
        case ambiguousKey
        /// The engine refused the statement or the file.
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
        case .missingRuntime: .unavailable
        case .missingFile: .notFound
        case .unknownFormat, .missingColumn, .ambiguousKey: .invalid
        case .failed: .failed
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
