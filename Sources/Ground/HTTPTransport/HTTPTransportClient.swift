// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// One answer, read whole.
package struct HTTPAnswer: Sendable {
    /// The HTTP status code.
    package let status: Int
    /// Header fields in the order received; names as sent.
    package let headers: [(name: String, value: String)]
    /// The body.
    package let body: [UInt8]

    /// The body as text; bytes that are not UTF-8 become U+FFFD.
    package var text: String { String(decoding: body, as: UTF8.self) }

    /// The first header called `name`, whatever its case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// Sends requests under one policy: a deadline each, bounded answers, connections kept alive, redirects not followed.
///
/// Redirects are left to the caller because following one would carry credentials to a place nobody named.
package final class HTTPTransportClient: Sendable {
    private let client: HTTPClient

    /// A client on the process's shared event loops; call ``shutdown()`` when done.
    package init(connectionsPerHost: Int = 64) {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = connectionsPerHost
        configuration.timeout.connect = .seconds(5)
        client = HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
    }

    /// Sends one request and reads the answer whole.
    ///
    /// - Parameters:
    ///   - method: The HTTP method in capitals.
    ///   - address: An `http` or `https` URL.
    ///   - headers: Extra header fields; `Host` and `Content-Length` are set here.
    ///   - body: The body, or nil for none.
    ///   - deadline: Time for the whole exchange.
    ///   - limit: The most bytes an answer may have.
    /// - Returns: The answer, whatever its status.
    /// - Throws: ``HTTPTransportError``.
    package func send(
        _ method: String,
        _ address: String,
        headers: [(String, String)] = [],
        body: [UInt8]? = nil,
        deadline: Duration = .seconds(30),
        limit: Int = 16 << 20
    ) async throws(HTTPTransportError) -> HTTPAnswer {
        guard address.hasPrefix("http://") || address.hasPrefix("https://") else {
            throw HTTPTransportError(
                code: .invalidAddress,
                what: "cannot send to `\(address)`",
                why: "an address begins with `http://` or `https://`",
                next: nil,
                cause: nil
            )
        }
        var request = HTTPClientRequest(url: address)
        request.method = HTTPMethod(rawValue: method)
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let body { request.body = .bytes(ByteBuffer(bytes: body)) }
        do {
            let answer = try await client.execute(request, timeout: TimeAmount(deadline))
            let bytes = try await answer.body.collect(upTo: limit)
            return HTTPAnswer(
                status: Int(answer.status.code),
                headers: answer.headers.map { ($0.name, $0.value) },
                body: Array(buffer: bytes)
            )
        } catch {
            throw Self.explain(error, method: method, address: address, deadline: deadline, limit: limit)
        }
    }

    /// Closes the connections; requests under way fail.
    package func shutdown() async {
        // A second shutdown is the only error, and then the connections are closed already.
        try? await client.shutdown()
    }

    private static func explain(
        _ error: any Error,
        method: String,
        address: String,
        deadline: Duration,
        limit: Int
    ) -> HTTPTransportError {
        let (code, why, next): (HTTPTransportError.Code, String, String?) =
            switch error {
            case is NIOTooManyBytesError:
                (.answerTooLarge, "the answer has more than \(limit) bytes", nil)
            case let error as HTTPClientError where error == .deadlineExceeded || error == .readTimeout:
                (.timedOut, "no answer within \(deadline)", "see whether the service is overloaded")
            case let error as HTTPClientError where error == .connectTimeout:
                (.timedOut, "no connection within 5 seconds", "see whether the service runs")
            case let error as HTTPClientError where error == .invalidURL || error == .emptyHost:
                (.invalidAddress, "the address cannot be read", nil)
            default:
                (.unreachable, "nothing answers there", "see whether the service runs, for example by `gyre up`")
            }
        return HTTPTransportError(
            code: code,
            what: "cannot \(method) `\(address)`",
            why: why,
            next: next,
            cause: error
        )
    }
}
