// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOSSL

/// One answer, read whole.
package struct HTTPAnswer: Sendable {
    /// The HTTP status code.
    package let status: Int
    /// Header fields in the order received; names as sent.
    package let headers: [(name: String, value: String)]
    /// The body.
    package let body: [UInt8]

    /// An answer.
    package init(status: Int, headers: [(name: String, value: String)], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

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
    /// Whose certificates count.
    package enum Trust: Sendable, Hashable {
        /// Those that the system trusts.
        case system
        /// Those of the authorities in a PEM file, by its path.
        case authorities(String)
        /// Anybody's: whoever is in between reads along.
        case anybody
    }

    let client: HTTPClient

    /// A client on the process's shared event loops; call ``shutdown()`` when done.
    ///
    /// - Parameters:
    ///   - connectionsPerHost: How many connections to one host are kept.
    ///   - stall: The longest that an answer may stand still; nil for as long as its deadline.
    ///   - onlyPublicPeers: Whether a request is refused once its connection turns out to lead to an address that is not
    ///     ``PeerAddress/isPublic``, whatever name it was sent to. Nothing of it is sent then.
    ///   - trust: Whose certificates count.
    package init(
        connectionsPerHost: Int = 64,
        stall: Duration? = nil,
        onlyPublicPeers: Bool = false,
        trust: Trust = .system
    ) {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = connectionsPerHost
        // Who asks knows best whether to ask again, and learns at once that nobody listens.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.timeout.connect = .seconds(5)
        if onlyPublicPeers {
            configuration.httpVersion = .http1Only
            configuration.http1_1ConnectionDebugInitializer = { channel in
                // Behind the name server's last word: the address at the other end of this very connection.
                let peer = channel.remoteAddress?.ipAddress.flatMap { PeerAddress($0) }
                if peer?.isPublic == true { return channel.eventLoop.makeSucceededVoidFuture() }
                return channel.close().flatMapErrorThrowing { _ in }.flatMapThrowing {
                    throw FailedExchange.RefusedPeer(address: peer?.description ?? "")
                }
            }
        }
        switch trust {
        case .system: break
        case .authorities(let file):
            var settings = TLSConfiguration.makeClientConfiguration()
            settings.trustRoots = .file(file)
            configuration.tlsConfiguration = settings
        case .anybody:
            var settings = TLSConfiguration.makeClientConfiguration()
            settings.certificateVerification = .none
            configuration.tlsConfiguration = settings
        }
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
    ///   - cutsAnswer: Whether of a longer answer the first `limit` bytes are taken, instead of none.
    /// - Returns: The answer, whatever its status.
    /// - Throws: ``HTTPTransportError``.
    package func send(
        _ method: String,
        _ address: String,
        headers: [(String, String)] = [],
        body: [UInt8]? = nil,
        deadline: Duration = .seconds(30),
        limit: Int = 16 << 20,
        cutsAnswer: Bool = false
    ) async throws(HTTPTransportError) -> HTTPAnswer {
        var request = try Self.request(method, address, headers)
        if let body { request.body = .bytes(ByteBuffer(bytes: body)) }
        do {
            return try await within(deadline, request, limit, cutsAnswer)
        } catch {
            let exchange = FailedExchange(method: method, address: address, deadline: deadline, limit: limit)
            throw exchange.explain(error)
        }
    }

    /// A request without a body.
    ///
    /// - Throws: ``HTTPTransportError`` `.invalidAddress`.
    static func request(
        _ method: String,
        _ address: String,
        _ headers: [(String, String)]
    ) throws(HTTPTransportError) -> HTTPClientRequest {
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
        return request
    }

    /// Closes the connections; requests under way fail.
    package func shutdown() async {
        // A second shutdown is the only error, and then the connections are closed already.
        try? await client.shutdown()
    }

    private func within(
        _ deadline: Duration,
        _ request: HTTPClientRequest,
        _ limit: Int,
        _ cutsAnswer: Bool
    ) async throws -> HTTPAnswer {
        // The library's own deadline ends with the head of the answer.
        try await withThrowingTaskGroup(of: HTTPAnswer?.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await self.exchange(request, limit, cutsAnswer) }
            group.addTask {
                try await Task.sleep(for: deadline)
                return nil
            }
            guard let answer = try await group.next().flatMap(\.self) else { throw HTTPClientError.deadlineExceeded }
            return answer
        }
    }

    private func exchange(
        _ request: HTTPClientRequest,
        _ limit: Int,
        _ cutsAnswer: Bool
    ) async throws -> HTTPAnswer {
        guard request.method.rawValue.utf8.allSatisfy({ (65...90).contains($0) }), request.method.rawValue != "" else {
            throw FailedExchange.InvalidMethod()
        }
        let answer = try await client.execute(request, deadline: .distantFuture)
        let bytes: ByteBuffer
        do {
            bytes = try await cutsAnswer ? Self.start(of: answer.body, limit) : answer.body.collect(upTo: limit)
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

    private static func start(of body: HTTPClientResponse.Body, _ limit: Int) async throws -> ByteBuffer {
        var start = ByteBuffer()
        for try await var part in body {
            if let piece = part.readSlice(length: min(part.readableBytes, limit - start.readableBytes)) {
                start.writeImmutableBuffer(piece)
            }
            // The rest is not waited for; the connection is closed.
            if start.readableBytes == limit { break }
        }
        return start
    }
}
