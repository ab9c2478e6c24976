// SPDX-License-Identifier: Apache-2.0

import Crypto
import NIOCore

/// Keys that requests are signed with.
package struct AWSCredentials: Sendable, Hashable {
    /// Who asks.
    package let accessKeyID: String
    /// What only this one and the service know.
    package let secretAccessKey: String
    /// What comes with keys for a while.
    package let sessionToken: String?
    /// When they end, seconds since 1970; nil if they don't.
    package let expires: Int64?

    /// Keys.
    package init(
        accessKeyID: String,
        secretAccessKey: String,
        sessionToken: String? = nil,
        expires: Int64? = nil
    ) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
        self.expires = expires
    }
}

/// Signs a request so that the service knows who sent it, and that nothing of it was changed on the way.
///
/// - Source: *AWS Signature Version 4*, "Authenticating Requests: Using the Authorization Header", for S3 and STS.
struct RequestSignature: Sendable {
    let credentials: AWSCredentials
    let region: String
    var service = "s3"

    /// The hash of no bytes.
    static let emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    /// The SHA-256 of a body, in hexadecimal.
    static func hash(of body: ByteBuffer?) -> String {
        guard let body, body.readableBytes > 0 else { return emptyHash }
        return body.withUnsafeReadableBytes { bytes in
            var hash = SHA256()
            hash.update(bufferPointer: bytes)
            return hex(hash.finalize())
        }
    }

    /// The header fields of a request, with the signature.
    ///
    /// - Parameters:
    ///   - method: The HTTP method.
    ///   - host: As the `Host` field has it, with a port that is not the scheme's own.
    ///   - path: The path as it is sent.
    ///   - query: The query as it is sent, its parts encoded and sorted.
    ///   - headers: Fields that are sent and signed besides.
    ///   - payloadHash: The SHA-256 of the body in hexadecimal.
    ///   - time: Now.
    /// - Returns: All fields to send but `Host`.
    func headers(
        method: String,
        host: String,
        path: String,
        query: String,
        headers: [(String, String)],
        payloadHash: String,
        time: UTCTime
    ) -> [(String, String)] {
        let stamp = time.stamp
        var fields = headers
        fields.append(("x-amz-content-sha256", payloadHash))
        fields.append(("x-amz-date", stamp))
        if let token = credentials.sessionToken { fields.append(("x-amz-security-token", token)) }
        let signed = (fields + [("host", host)]).map { ($0.lowercased(), $1.trimmedForSigning) }.sorted { $0.0 < $1.0 }
        let names = signed.map(\.0).joined(separator: ";")
        let request = [
            method, path, query, signed.map { "\($0):\($1)\n" }.joined(), names, payloadHash,
        ]
        .joined(separator: "\n")
        let scope = "\(stamp.prefix(8))/\(region)/\(service)/aws4_request"
        let text = "AWS4-HMAC-SHA256\n\(stamp)\n\(scope)\n\(Self.hex(SHA256.hash(data: Array(request.utf8))))"
        var key = SymmetricKey(data: Array("AWS4\(credentials.secretAccessKey)".utf8))
        for part in [String(stamp.prefix(8)), region, service, "aws4_request"] {
            key = SymmetricKey(data: Array(HMAC<SHA256>.authenticationCode(for: Array(part.utf8), using: key)))
        }
        let signature = Self.hex(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key))
        let credential = "Credential=\(credentials.accessKeyID)/\(scope)"
        fields.append(
            ("Authorization", "AWS4-HMAC-SHA256 \(credential), SignedHeaders=\(names), Signature=\(signature)")
        )
        return fields
    }

    static func hex(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(64)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}

extension String {
    /// Without spaces at the ends, and with one where there are several.
    fileprivate var trimmedForSigning: String {
        contains("  ") || hasPrefix(" ") || hasSuffix(" ") ? split(separator: " ").joined(separator: " ") : self
    }
}
