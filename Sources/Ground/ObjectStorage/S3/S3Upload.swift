// SPDX-License-Identifier: Apache-2.0

import Crypto
import HTTPTransport
import NIOCore

/// An upload in parts that a store has begun: the object is there when all of them are, at once.
struct S3Upload: Sendable {
    let client: S3Client
    /// The key in the bucket.
    let key: String
    /// What the store calls it.
    let id: String
    let purpose: String

    /// Begins an upload.
    static func begin(_ key: String, _ purpose: String, _ client: S3Client) async throws -> S3Upload {
        let answer = try await client.send(
            S3Client.Request(
                method: "POST",
                key: key,
                query: [("uploads", "")],
                headers: client.settings.writeHeaders.map { ($0.name, $0.value) },
                purpose: purpose
            )
        )
        guard let id = XMLElement.parse(answer.body)?.text("UploadId"), !id.isEmpty else {
            throw ObjectStorageError(.failed, what: "cannot \(purpose)", why: "the store gives no id for an upload")
        }
        return S3Upload(client: client, key: key, id: id, purpose: purpose)
    }

    /// Sends one part, from 1.
    ///
    /// - Returns: What the store calls it.
    func send(_ part: ByteBuffer, _ number: Int) async throws -> String {
        let digest = part.withUnsafeReadableBytes { Array(Insecure.MD5.hash(data: $0)) }
        let answer = try await client.send(
            S3Client.Request(
                method: "PUT",
                key: key,
                query: [("partNumber", "\(number)"), ("uploadId", id)],
                headers: [("content-md5", Base64Text.encoded(digest))],
                body: part,
                purpose: purpose
            )
        )
        guard let tag = answer.header("etag") else {
            throw ObjectStorageError(.failed, what: "cannot \(purpose)", why: "the store does not name part \(number)")
        }
        return tag
    }

    /// Puts the parts together.
    func complete(_ tags: [Int: String]) async throws {
        let lines = tags.sorted { $0.key < $1.key }.map { number, tag in
            "<Part><PartNumber>\(number)</PartNumber><ETag>\(tag.replacing("\"", with: "&quot;"))</ETag></Part>"
        }
        _ = try await client.send(
            S3Client.Request(
                method: "POST",
                key: key,
                query: [("uploadId", id)],
                headers: [("content-type", "application/xml")],
                body: ByteBuffer(string: "<CompleteMultipartUpload>\(lines.joined())</CompleteMultipartUpload>"),
                purpose: purpose
            )
        )
    }

    /// Gives up; the store forgets the parts.
    func abort() async {
        // Also for a task that is cancelled; what cannot be removed now is for the bucket's own rules.
        await Task {
            _ = try? await client.send(
                S3Client.Request(
                    method: "DELETE",
                    key: key,
                    query: [("uploadId", id)],
                    accepted: [404],
                    purpose: purpose
                )
            )
        }
        .value
    }
}
