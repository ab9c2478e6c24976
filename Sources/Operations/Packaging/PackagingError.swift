// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// An image that cannot be built.
package struct PackagingError: Explained {
    /// What went wrong, to switch on.
    package enum Code: String, Sendable {
        /// The name or tag breaks OCI's rules.
        case invalidName
        /// A library that a program needs is not in this machine.
        case missingLibrary
        /// The program is no ELF file of this machine.
        case invalidProgram
        /// A path in the image is too long or leads out of it.
        case invalidPath
        /// Compression failed.
        case failed
    }

    /// What went wrong, to switch on.
    package let code: Code
    package let what: String
    package let why: String
    package let next: String?

    package var codeName: String { code.rawValue }
    package var kind: FailureKind { code == .missingLibrary ? .unavailable : code == .failed ? .failed : .invalid }

    /// An error with its sentences.
    package init(_ code: Code, what: String, why: String, next: String? = nil) {
        self.code = code
        self.what = what
        self.why = why
        self.next = next
    }
}
