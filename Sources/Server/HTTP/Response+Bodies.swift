// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import HTTPTypes
import JSONText
import NIOCore
import WebPages

extension Response {
    /// An answer of one JSON document.
    static func json(
        _ status: HTTPResponse.Status = .ok,
        nonFinite: JSONWriter.NonFinite = .null,
        _ build: (inout JSONWriter) throws -> Void
    ) rethrows -> Response {
        var writer = JSONWriter(reserving: 1_024, nonFinite: nonFinite)
        try build(&writer)
        return Response(
            status: status,
            headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: writer.bytes))
        )
    }

    /// A page for people, with the headers that keep it from loading or running anything else.
    static func page(_ status: HTTPResponse.Status, _ text: String) -> Response {
        var headers = HTTPFields()
        for (name, value) in PageHeaders.all { if let name = HTTPField.Name(name) { headers[name] = value } }
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(string: text)))
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
