// SPDX-License-Identifier: Apache-2.0

import HTTPConnections
import NIOCore
import NIOPosix
import Synchronization

/// A server on a free port of this machine that answers, or fails to, as its paths say.
final class LoopbackServer: Sendable {
    /// What came in: the head and the body.
    struct Request: Sendable {
        let head: String
        let body: String

        var path: String { String(head.split(separator: " ").dropFirst().first ?? "") }
    }

    private struct State {
        var connections = 0
        var requests: [Request] = []
    }

    private let state = Mutex(State())
    private let channel: NIOAsyncChannel<NIOAsyncChannel<ByteBuffer, ByteBuffer>.Accepted, Never>

    /// Where it listens.
    var address: String { "http://127.0.0.1:\(channel.channel.localAddress?.port ?? 0)" }
    var connections: Int { state.withLock { $0.connections } }
    var requests: [Request] { state.withLock { $0.requests } }

    private init() async throws {
        channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    .init(try NIOAsyncChannel(wrappingChannelSynchronously: channel))
                }
            }
    }

    /// Runs a server for as long as the body does.
    static func run(_ body: @escaping @Sendable (LoopbackServer) async throws -> Void) async throws {
        let server = try await LoopbackServer()
        try await withThrowingTaskGroup { group in
            group.addTask { try? await server.serve() }
            defer { group.cancelAll() }
            try await body(server)
        }
    }

    private func serve() async throws {
        try await channel.executeThenClose { incoming in
            try await withThrowingDiscardingTaskGroup { group in
                for try await connection in incoming {
                    self.state.withLock { $0.connections += 1 }
                    // A client that goes away is no failure of the server.
                    group.addTask { try? await connection.take()?.executeThenClose { try await self.answer($0, $1) } }
                }
            }
        }
    }

    private func answer(
        _ incoming: NIOAsyncChannelInboundStream<ByteBuffer>,
        _ outgoing: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) async throws {
        var text = ""
        for try await piece in incoming {
            text += String(buffer: piece)
            if text.utf8.first == 0x16 {
                // What servers say to somebody who begins with TLS.
                return try await outgoing.write(ByteBuffer(string: "HTTP/1.1 400 Bad Request\r\n\r\n"))
            }
            while let request = Self.request(from: &text) {
                state.withLock { $0.requests.append(request) }
                guard try await answer(request, outgoing) else { return }
            }
        }
    }

    /// Takes a whole request from the text; nil if it is not whole yet.
    private static func request(from text: inout String) -> Request? {
        guard let end = text.firstRange(of: "\r\n\r\n") else { return nil }
        let head = String(text[..<end.lowerBound])
        let field = head.lowercased().split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
        let length = field.flatMap { Int($0.drop { !$0.isNumber }) } ?? 0
        let rest = Array(text[end.upperBound...].utf8)
        guard rest.count >= length else { return nil }
        text = String(decoding: rest[length...], as: UTF8.self)
        return Request(head: head, body: String(decoding: rest[..<length], as: UTF8.self))
    }

    /// - Returns: Whether the connection stays.
    private func answer(_ request: Request, _ out: NIOAsyncChannelOutboundWriter<ByteBuffer>) async throws -> Bool {
        func send(_ text: String) async throws { try await out.write(ByteBuffer(string: text)) }
        switch request.path.split(separator: "?").first.map(String.init) ?? "/" {
        case "/echo":
            let text = "\(request.head)\n\n\(request.body)"
            try await send("HTTP/1.1 200 OK\r\nX-Kind: Echo\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)")
        case "/status/204": try await send("HTTP/1.1 204 No Content\r\n\r\n")
        case "/status/503": try await send("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy")
        case "/redirect":
            try await send("HTTP/1.1 302 Found\r\nLocation: \(address)/echo\r\nContent-Length: 0\r\n\r\n")
        case "/bytes/1000":
            try await send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + String(repeating: "x", count: 1_000))
        case "/chunks/1000":
            try await send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in 0..<10 { try await send("64\r\n" + String(repeating: "x", count: 100) + "\r\n") }
            try await send("0\r\n\r\n")
        case "/endless":
            try await send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while true { try await send("1000\r\n" + String(repeating: "x", count: 4_096) + "\r\n") }
        case "/silent": try await Task.sleep(for: .seconds(3_600))
        case "/stuck":
            try await send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nfirst bytes")
            try await Task.sleep(for: .seconds(3_600))
        case "/cut":
            try await send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nfirst bytes")
            return false
        case "/gone": return false
        case "/rubbish": try await send("this is no HTTP\r\n\r\n")
        default: try await send("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        }
        return true
    }
}
