// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import HTTPTypes
import JSONText
import NIOCore

extension Response {
    /// An answer of one JSON document.
    static func json(
        _ status: HTTPResponse.Status = .ok,
        _ build: (inout JSONWriter) throws -> Void
    ) rethrows -> Response {
        var writer = JSONWriter(reserving: 1_024)
        try build(&writer)
        return Response(
            status: status,
            headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: writer.bytes))
        )
    }

    /// A page for people.
    static func html(_ text: String) -> Response {
        Response(
            status: .ok,
            headers: [.contentType: "text/html; charset=utf-8", .cacheControl: "no-store"],
            body: .init(byteBuffer: ByteBuffer(string: text))
        )
    }
}

extension Request {
    /// The body as a JSON document, at most `limit` bytes.
    ///
    /// - Throws: `NIOTooManyBytesError` beyond the limit; ``JSONError`` if it is no JSON.
    func json(limit: Int) async throws -> JSONDocument {
        let buffer = try await body.collect(upTo: limit)
        return try buffer.withUnsafeReadableBytes { try JSONDocument(parsing: $0) }
    }
}
