// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import NIOCore
import Testing

@Suite(.timeLimit(.minutes(5)))
struct DownloadTests {
    private func run(
        stall: Duration? = nil,
        _ body: @escaping @Sendable (LoopbackServer, HTTPTransportClient) async throws -> Void
    ) async throws {
        try await LoopbackServer.run { server in
            let client = HTTPTransportClient(stall: stall)
            do {
                try await body(server, client)
            } catch {
                await client.shutdown()
                throw error
            }
            await client.shutdown()
        }
    }

    private static func count(_ stream: HTTPStream) async throws -> Int {
        var count = 0
        for try await piece in stream.body { count += piece.readableBytes }
        return count
    }

    @Test(arguments: [("/bytes/1000", Int64?.some(1_000)), ("/chunks/1000", nil)])
    func `a body comes whole, with its length where the server says it`(path: String, length: Int64?) async throws {
        try await run { server, client in
            let (status, said, count) = try await client.download(server.address + path) { stream in
                (stream.status, stream.length, try await Self.count(stream))
            }
            #expect(status == 200)
            #expect(said == length)
            #expect(count == 1_000)
        }
    }

    @Test func `any status is an answer`() async throws {
        try await run { server, client in
            let status = try await client.download(server.address + "/status/503") { $0.status }
            #expect(status == 503)
        }
    }

    @Test func `a body that breaks off is an error, not an end`() async throws {
        try await run { server, client in
            let error = await #expect(throws: HTTPTransportError.self) {
                try await client.download(server.address + "/cut") { try await Self.count($0) }
            }
            #expect(error?.code == .unreachable)
            #expect(error?.why.contains("before the answer was complete") == true)
        }
    }

    @Test func `a body that stands still ends`() async throws {
        try await run(stall: .milliseconds(200)) { server, client in
            let error = await #expect(throws: HTTPTransportError.self) {
                try await client.download(server.address + "/stuck") { try await Self.count($0) }
            }
            #expect(error?.code == .timedOut)
        }
    }

    @Test func `a body without an end can be left`() async throws {
        try await run { server, client in
            let first = try await client.download(server.address + "/endless") { stream -> Int in
                for try await piece in stream.body { return piece.readableBytes }
                return 0
            }
            #expect(first > 0)
        }
    }

    @Test func `nobody there, and no address, are told`() async throws {
        try await run { _, client in
            let nobody = await #expect(throws: HTTPTransportError.self) {
                try await client.download("http://127.0.0.1:1/") { $0.status }
            }
            #expect(nobody?.code == .unreachable)
            let none = await #expect(throws: HTTPTransportError.self) {
                try await client.download("file:///etc/passwd") { $0.status }
            }
            #expect(none?.code == .invalidAddress)
        }
    }
}
