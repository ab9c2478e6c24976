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
    let client: HTTPClient

    /// A client on the process's shared event loops; call ``shutdown()`` when done.
    ///
    /// - Parameters:
    ///   - connectionsPerHost: The most connections to one server.
    ///   - stall: The longest that an answer may stand still; nil for as long as its deadline.
    package init(connectionsPerHost: Int = 64, stall: Duration? = nil) {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = connectionsPerHost
        // Who asks knows best whether to ask again, and learns at once that nobody listens.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.timeout.connect = .seconds(5)
        if let stall { configuration.timeout.read = .nanoseconds(stall.nanoseconds) }
        client = HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
    }

    /// Sends one request and reads the answer whole.
    ///
    /// - Parameters:
    ///   - method: The HTTP method in capitals.
    ///   - address: An `http` or `https` URL.
    ///   - headers: Extra header fields; `Host` and `Content-Length` are set here.
    ///   - body: The body, or nil for none.
    ///   - deadline: Time for the whole exchange, to the last byte of the answer.
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
                what: "cannot send to `\(FailedExchange.shown(address))`",
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
            return try await within(deadline, request, limit)
        } catch {
            let exchange = FailedExchange(method: method, address: address, deadline: deadline, limit: limit)
            throw exchange.explain(error)
        }
    }

    /// Closes the connections; requests under way fail.
    package func shutdown() async {
        // A second shutdown is the only error, and then the connections are closed already.
        try? await client.shutdown()
    }

    private func within(_ deadline: Duration, _ request: HTTPClientRequest, _ limit: Int) async throws -> HTTPAnswer {
        // The library's own deadline ends with the head of the answer.
        try await withThrowingTaskGroup(of: HTTPAnswer?.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await self.exchange(request, limit) }
            group.addTask {
                try await Task.sleep(for: deadline)
                return nil
            }
            guard let answer = try await group.next().flatMap(\.self) else { throw HTTPClientError.deadlineExceeded }
            return answer
        }
    }

    private func exchange(_ request: HTTPClientRequest, _ limit: Int) async throws -> HTTPAnswer {
        guard request.method.rawValue.utf8.allSatisfy({ (65...90).contains($0) }), request.method.rawValue != "" else {
            throw FailedExchange.InvalidMethod()
        }
        let answer = try await client.execute(request, deadline: .distantFuture)
        let bytes: ByteBuffer
        do {
            bytes = try await answer.body.collect(upTo: limit)
        } catch let error as HTTPClientError where error == .remoteConnectionClosed {
            throw FailedExchange.BrokenAnswer(cause: error)
        } catch let error as HTTPParserError where error == .invalidEOFState {
            throw FailedExchange.BrokenAnswer(cause: error)
        }
        return HTTPAnswer(
            status: Int(answer.status.code),
            headers: answer.headers.map { ($0.name, $0.value) },
            body: Array(buffer: bytes)
        )
    }
}
