// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
package import NIOCore
import NIOHTTP1

/// An answer whose body is read while it comes.
package struct HTTPStream: Sendable {
    /// The HTTP status code.
    package let status: Int
    /// Header fields in the order received; names as sent.
    package let headers: [(name: String, value: String)]
    /// The body's length, if the server says it.
    package let length: Int64?
    /// The body; read it once.
    package let body: Body

    /// The first header called `name`, whatever its case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// A body as it comes in; never in memory as a whole.
    package struct Body: AsyncSequence, Sendable {
        package typealias Element = ByteBuffer

        fileprivate let body: HTTPClientResponse.Body
        fileprivate let exchange: FailedExchange

        /// Reads one piece after the other.
        package struct AsyncIterator: AsyncIteratorProtocol {
            fileprivate var iterator: HTTPClientResponse.Body.AsyncIterator
            fileprivate let exchange: FailedExchange

            /// The next piece.
            ///
            /// - Throws: ``HTTPTransportError`` if the connection breaks, or nothing came for as long as was agreed.
            @concurrent
            package mutating func next() async throws -> ByteBuffer? {
                do {
                    return try await iterator.next()
                } catch let error as HTTPClientError where error == .remoteConnectionClosed {
                    throw exchange.explain(FailedExchange.BrokenAnswer(cause: error))
                } catch let error as HTTPParserError where error == .invalidEOFState {
                    throw exchange.explain(FailedExchange.BrokenAnswer(cause: error))
                } catch {
                    throw exchange.explain(error)
                }
            }
        }

        package func makeAsyncIterator() -> AsyncIterator {
            AsyncIterator(iterator: body.makeAsyncIterator(), exchange: exchange)
        }
    }
}

extension HTTPTransportClient {
    /// Asks for something large, and hands its body over while it comes.
    ///
    /// - Parameters:
    ///   - address: An `http` or `https` URL.
    ///   - headers: Extra header fields.
    ///   - patience: The time to the head of the answer; a body may take longer as long as it goes on.
    ///   - body: Reads the answer; what it leaves unread is dropped with the connection.
    /// - Returns: What `body` returns.
    /// - Throws: ``HTTPTransportError``, or what `body` throws.
    package func download<Result: Sendable>(
        _ address: String,
        headers: [(String, String)] = [],
        patience: Duration = .seconds(60),
        _ body: (HTTPStream) async throws -> Result
    ) async throws -> Result {
        try await body(try await open("GET", address, headers: headers, patience: patience))
    }

    /// Sends a request, and returns as soon as the head of its answer is there.
    ///
    /// - Parameters:
    ///   - method: The HTTP method in capitals.
    ///   - address: An `http` or `https` URL.
    ///   - headers: Extra header fields; `Host` and `Content-Length` are set here.
    ///   - body: The body, or nil for none.
    ///   - patience: The time to the head of the answer; its body may take longer as long as it goes on.
    /// - Returns: The answer; letting go of its body unread closes the connection.
    /// - Throws: ``HTTPTransportError``.
    package func open(
        _ method: String,
        _ address: String,
        headers: [(String, String)] = [],
        body: ByteBuffer? = nil,
        patience: Duration = .seconds(60)
    ) async throws(HTTPTransportError) -> HTTPStream {
        var request = try Self.request(method, address, headers)
        if let body { request.body = .bytes(body) }
        let exchange = FailedExchange(method: method, address: address, deadline: patience, limit: .max)
        do {
            // This deadline ends with the head of the answer.
            let answer = try await client.execute(request, timeout: .nanoseconds(patience.nanoseconds))
            return HTTPStream(
                status: Int(answer.status.code),
                headers: answer.headers.map { ($0.name, $0.value) },
                length: answer.headers.first(name: "content-length").flatMap { Int64($0) },
                body: HTTPStream.Body(body: answer.body, exchange: exchange)
            )
        } catch {
            throw exchange.explain(error)
        }
    }
}

extension Duration {
    /// For the libraries that count so.
    var nanoseconds: Int64 { Int64(self / .nanoseconds(1)) }
}
