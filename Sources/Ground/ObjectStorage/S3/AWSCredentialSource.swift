// SPDX-License-Identifier: Apache-2.0

/// Where keys come from.
package protocol AWSCredentialSource: Sendable {
    /// The keys to sign with now; nil for requests without a signature.
    ///
    /// - Throws: ``ObjectStorageError`` `.failed` if there are none.
    func current() async throws -> AWSCredentials?

    /// Forgets the keys, which a service says have ended.
    func renew() async
}

/// Keys that are known, or none.
package struct FixedCredentials: AWSCredentialSource {
    private let credentials: AWSCredentials?

    /// These keys; nil for requests without a signature.
    package init(_ credentials: AWSCredentials?) { self.credentials = credentials }

    /// The keys that are known.
    package func current() async throws -> AWSCredentials? { credentials }

    /// There are no others.
    package func renew() async {}
}
