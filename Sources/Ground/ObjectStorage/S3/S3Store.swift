// SPDX-License-Identifier: Apache-2.0

import Crypto
import HTTPTransport
package import NIOCore

/// Objects in a bucket of a store that speaks S3, below a prefix.
///
/// What fits into one part is stored by one request with its MD5 and SHA-256, larger objects in parts that become the object
/// when all are there; memory is a few parts. A reader whose connection breaks goes on where it was, in the same object.
package struct S3Store: ObjectStore {
    /// Talks to the store.
    package let client: S3Client

    /// The store that a client talks to.
    package init(_ client: S3Client) { self.client = client }

    var settings: S3Settings { client.settings }

    /// The key in the bucket.
    func bucketKey(_ text: String) -> String {
        settings.prefix.isEmpty ? text : text.isEmpty ? settings.prefix : "\(settings.prefix)/\(text)"
    }

    // MARK: Writing

    package func put<Body: AsyncSequence<ByteBuffer, any Error> & Sendable>(
        _ key: ObjectKey,
        limit: Int64?,
        _ body: Body
    ) async throws -> ObjectInfo {
        let purpose = "store `\(key)`"
        var count: Int64 = 0
        var waiting = ByteBuffer()
        var parts: S3Parts?
        do {
            for try await piece in body {
                count += Int64(piece.readableBytes)
                if let limit, count > limit {
                    throw ObjectStorageError(
                        .tooLarge,
                        what: "cannot \(purpose)",
                        why: "it has more than \(limit) bytes"
                    )
                }
                waiting.writeImmutableBuffer(piece)
                while waiting.readableBytes > partSize(parts?.count ?? 0) {
                    if parts == nil {
                        let upload = try await S3Upload.begin(bucketKey(key.text), purpose, client)
                        parts = S3Parts(upload, concurrency: settings.partConcurrency)
                    }
                    guard let part = waiting.readSlice(length: partSize(parts?.count ?? 0)) else { break }
                    waiting.discardReadBytes()
                    try await parts?.add(part)
                }
            }
            // Some streams end when their reader is cancelled, as if that were all.
            try Task.checkCancellation()
            guard parts != nil else {
                try await put(key, waiting, md5: nil)
                return try await stored(key, count)
            }
            try await parts?.add(waiting)
            try await parts?.complete()
            return try await stored(key, count)
        } catch {
            await parts?.abort()
            throw error
        }
    }

    /// Stores bytes by one request.
    ///
    /// - Parameters:
    ///   - key: The name.
    ///   - bytes: The content.
    ///   - md5: Its MD5, if it is known; the store compares it with what arrives.
    /// - Throws: ``ObjectStorageError``.
    package func put(_ key: ObjectKey, _ bytes: ByteBuffer, md5: [UInt8]?) async throws {
        let digest = md5 ?? bytes.withUnsafeReadableBytes { Array(Insecure.MD5.hash(data: $0)) }
        let headers = [("content-md5", Base64Text.encoded(digest))] + settings.writeHeaders.map { ($0.name, $0.value) }
        _ = try await client.send(
            S3Client.Request(
                method: "PUT",
                key: bucketKey(key.text),
                headers: headers,
                body: bytes,
                purpose: "store `\(key)`"
            )
        )
    }

    /// What the store says of an object of so many bytes.
    private func stored(_ key: ObjectKey, _ size: Int64) async throws -> ObjectInfo {
        // Somebody may have removed it already; it was there all the same.
        try await info(key) ?? ObjectInfo(key: key, sizeInBytes: size, modifiedMs: client.milliseconds)
    }

    /// Parts grow, because there may be 10,000 at most and the length of a stream is not known before its end.
    private func partSize(_ count: Int) -> Int { settings.partSize << (count / 1_000) }

    // MARK: Reading

    package func get(_ key: ObjectKey, range: Range<Int64>?) async throws -> ObjectBody {
        if let range, range.isEmpty || range.lowerBound < 0 { return try await empty(key, range) }
        var request = reading(key)
        if let range {
            request.headers = [("range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)")]
            request.accepted = [416]
        }
        let answer = try await client.stream(request)
        if answer.status == 416, let range { return try await empty(key, range) }
        let length = answer.length ?? 0
        let start = range?.lowerBound ?? 0
        // Some stores answer a range that is the whole object by the whole object; one that knows no ranges sends more.
        let isWhole = range.map { $0.lowerBound == 0 && length <= Int64($0.count) } ?? true
        guard isWhole || answer.status == 206 else {
            throw ObjectStorageError(.failed, what: "cannot read `\(key)`", why: "the store does not know ranges")
        }
        let size = answer.header("content-range").flatMap { Int64($0.split(separator: "/").last ?? "") } ?? length
        let first = FirstAnswer(answer)
        let (client, tag) = (client, answer.header("etag"))
        let wanted = start..<start + length
        return ObjectBody(info: try Self.info(key, answer.headers, size: size), range: wanted) {
            [request = reading(key)] in
            S3Reader(
                client: client,
                request: request,
                tag: tag,
                position: wanted.lowerBound,
                end: wanted.upperBound,
                first: first
            )
        }
    }

    private func reading(_ key: ObjectKey) -> S3Client.Request {
        S3Client.Request(method: "GET", key: bucketKey(key.text), purpose: "read `\(key)`")
    }

    /// A range without bytes, which no request can ask for.
    private func empty(_ key: ObjectKey, _ range: Range<Int64>) async throws -> ObjectBody {
        guard let info = try await info(key) else {
            throw ObjectStorageError(.notFound, what: "cannot read `\(key)`", why: "there is no such object")
        }
        guard range.lowerBound >= 0, range.lowerBound <= info.sizeInBytes else {
            throw ObjectStorageError(
                .invalidRange,
                what: "cannot read `\(key)` from byte \(range.lowerBound)",
                why: "it has \(info.sizeInBytes) bytes"
            )
        }
        return ObjectBody(info: info, range: range.lowerBound..<range.lowerBound) { _ in ByteBuffer() }
    }

    package func info(_ key: ObjectKey) async throws -> ObjectInfo? {
        let answer = try await client.send(
            S3Client.Request(method: "HEAD", key: bucketKey(key.text), accepted: [404], purpose: "read `\(key)`")
        )
        guard answer.status != 404 else { return nil }
        let size = answer.header("content-length").flatMap { Int64($0) } ?? 0
        return try Self.info(key, answer.headers.map { ($0.name, $0.value) }, size: size)
    }

    private static func info(
        _ key: ObjectKey,
        _ headers: [(name: String, value: String)],
        size: Int64
    ) throws -> ObjectInfo {
        let date = headers.first { $0.name.lowercased() == "last-modified" }?.value
        return ObjectInfo(
            key: key,
            sizeInBytes: size,
            modifiedMs: date.flatMap(UTCTime.milliseconds) ?? 0,
            entityTag: headers.first { $0.name.lowercased() == "etag" }?.value
        )
    }

    // MARK: Removing

    package func delete(_ key: ObjectKey) async throws {
        _ = try await client.send(
            S3Client.Request(
                method: "DELETE",
                key: bucketKey(key.text),
                accepted: [404],
                purpose: "remove `\(key)`"
            )
        )
    }

    package func deleteAll(prefix: ObjectKey) async throws {
        try await delete(prefix)
        var after: String?
        repeat {
            let page = try await list(prefix: prefix.text, recursive: true, after: after, limit: 1_000)
            try await delete(try page.entries.map { try ObjectKey($0.name) })
            after = page.next
        } while after != nil
    }

    /// Removes objects, a thousand a request; those that are not there are fine.
    package func delete(_ keys: [ObjectKey]) async throws {
        for start in stride(from: 0, to: keys.count, by: 1_000) {
            let some = keys[start..<min(start + 1_000, keys.count)]
            let lines = some.map { "<Object><Key>\(Self.escaped(bucketKey($0.text)))</Key></Object>" }
            let text =
                "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>\(lines.joined())</Delete>"
            let body = ByteBuffer(string: text)
            let digest = Array(Insecure.MD5.hash(data: Array(text.utf8)))
            let answer = try await client.send(
                S3Client.Request(
                    method: "POST",
                    query: [("delete", "")],
                    headers: [("content-md5", Base64Text.encoded(digest)), ("content-type", "application/xml")],
                    body: body,
                    purpose: "remove \(some.count) objects"
                )
            )
            if let error = XMLElement.parse(answer.body)?["Error"] {
                throw ObjectStorageError(
                    .failed,
                    what: "cannot remove `\(error.text("Key") ?? "")`",
                    why: "the store says `\(error.text("Code") ?? "")`: \(error.text("Message") ?? "")"
                )
            }
        }
    }

    /// A key as XML text; what XML 1.0 cannot hold is written as a reference, which stores understand.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case _ where scalar.value < 0x20: result += "&#\(scalar.value);"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
