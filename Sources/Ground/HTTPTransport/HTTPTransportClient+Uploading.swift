// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
package import NIOCore
import NIOHTTP1

extension HTTPTransportClient {
    /// Sends something large while it is read, and reads the answer whole.
    ///
    /// - Parameters:
    ///   - method: The HTTP method in capitals.
    ///   - address: An `http` or `https` URL.
    ///   - headers: Extra header fields; `Host` and `Content-Length` are set here.
    ///   - body: The body in pieces; never in memory as a whole.
    ///   - length: Its length in bytes.
    ///   - deadline: Time for the whole exchange, to the last byte of the answer.
    ///   - limit: The most bytes an answer may have.
    /// - Returns: The answer, whatever its status.
    /// - Throws: ``HTTPTransportError``, or what reading `body` throws.
    package func upload<Body: AsyncSequence<ByteBuffer, any Error> & Sendable>(
        _ method: String,
        _ address: String,
        headers: [(String, String)] = [],
        body: Body,
        length: Int64,
        deadline: Duration,
        limit: Int = 1 << 20
    ) async throws -> HTTPAnswer {
        var request = try Self.request(method, address, headers)
        request.body = .stream(body, length: .known(length))
        do {
            let answer = try await client.execute(request, timeout: .nanoseconds(deadline.nanoseconds))
            return HTTPAnswer(
                status: Int(answer.status.code),
                headers: answer.headers.map { ($0.name, $0.value) },
                body: Array(buffer: try await answer.body.collect(upTo: limit))
            )
        } catch {
            throw FailedExchange(method: method, address: address, deadline: deadline, limit: limit).explain(error)
        }
    }
}
