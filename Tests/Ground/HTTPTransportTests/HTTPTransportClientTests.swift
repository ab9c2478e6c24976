// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import HTTPTransport
import Testing

@Suite(.timeLimit(.minutes(5)))
struct HTTPTransportClientTests {
    /// Runs a body with a server and a client.
    private func run(
        connections: Int = 64,
        _ body: @escaping @Sendable (LoopbackServer, HTTPTransportClient) async throws -> Void
    ) async throws {
        try await LoopbackServer.run { server in
            let client = HTTPTransportClient(connectionsPerHost: connections)
            do {
                try await body(server, client)
            } catch {
                await client.shutdown()
                throw error
            }
            await client.shutdown()
        }
    }

    private static func error(_ body: () async throws -> HTTPAnswer) async throws -> HTTPTransportError {
        try #require(await #expect(throws: HTTPTransportError.self) { _ = try await body() })
    }

    @Test func `a request arrives as it was given and the answer comes back whole`() async throws {
        try await run { server, client in
            let answer = try await client.send(
                "POST",
                "\(server.address)/echo?a=1",
                headers: [("X-Own", "yes"), ("Content-Type", "text/plain")],
                body: Array("héllo".utf8)
            )
            #expect(answer.status == 200)
            #expect(answer.header("x-kind") == "Echo")
            #expect(answer.header("nothing") == nil)
            #expect(answer.text.hasPrefix("POST /echo?a=1 HTTP/1.1"))
            #expect(answer.text.hasSuffix("\n\nhéllo"))
            let head = try #require(server.requests.first).head.lowercased()
            #expect(head.contains("x-own: yes"))
            #expect(head.contains("content-length: 6"))
            #expect(head.contains("host: 127.0.0.1"))
        }
    }

    @Test(arguments: [("/status/204", 204, ""), ("/status/503", 503, "busy"), ("/nothing", 404, "")])
    func `any status is an answer`(path: String, status: Int, text: String) async throws {
        try await run { server, client in
            let answer = try await client.send("GET", server.address + path)
            #expect(answer.status == status)
            #expect(answer.text == text)
        }
    }

    @Test func `a redirect is not followed`() async throws {
        try await run { server, client in
            let answer = try await client.send(
                "GET",
                "\(server.address)/redirect",
                headers: [("Authorization", "Bearer x")]
            )
            #expect(answer.status == 302)
            #expect(answer.header("Location") == "\(server.address)/echo")
            #expect(server.requests.map(\.path) == ["/redirect"])
        }
    }

    @Test func `requests one after the other share a connection, and those at once do not wait for each other`()
        async throws
    {
        try await run { server, client in
            for _ in 0..<5 { _ = try await client.send("GET", "\(server.address)/echo") }
            #expect(server.connections == 1)
        }
        try await run(connections: 3) { server, client in
            try await withThrowingTaskGroup { group in
                for _ in 0..<30 { group.addTask { _ = try await client.send("GET", "\(server.address)/echo") } }
                try await group.waitForAll()
            }
            #expect(server.requests.count == 30)
            #expect((1...3).contains(server.connections))
        }
    }

    // MARK: Limits

    @Test(arguments: ["/silent", "/stuck"])
    func `the deadline is for the whole exchange`(path: String) async throws {
        try await run { server, client in
            let error = try await Self.error {
                try await client.send("GET", server.address + path, deadline: .milliseconds(300))
            }
            #expect(error.code == .timedOut)
            #expect(error.kind == .unavailable)
            #expect(error.what == "cannot GET `\(server.address)\(path)`")
            #expect(error.why == "no whole answer within 0.3 seconds")
            #expect(error.next != nil)
            // And the client goes on.
            #expect(try await client.send("GET", "\(server.address)/echo").status == 200)
        }
    }

    @Test(arguments: ["/bytes/1000", "/chunks/1000"])
    func `an answer of its limit is taken and one byte more is not`(path: String) async throws {
        try await run { server, client in
            #expect(try await client.send("GET", server.address + path, limit: 1_000).body.count == 1_000)
            let error = try await Self.error { try await client.send("GET", server.address + path, limit: 999) }
            #expect(error.code == .answerTooLarge)
            #expect(error.kind == .tooLarge)
            #expect(error.why == "the answer has more than 999 bytes")
        }
    }

    @Test func `an answer without an end is refused at the limit`() async throws {
        try await run { server, client in
            let error = try await Self.error {
                try await client.send("GET", "\(server.address)/endless", limit: 1 << 20)
            }
            #expect(error.code == .answerTooLarge)
        }
    }

    @Test(arguments: ["/silent", "/stuck"])
    func `a cancelled request ends at once and says so`(path: String) async throws {
        try await run { server, client in
            let task = Task { try await client.send("GET", server.address + path) }
            while server.requests.isEmpty { await Task.yield() }
            task.cancel()
            let error = try await Self.error { try await task.value }
            #expect(error.code == .cancelled)
            #expect(error.kind == .interrupted)
        }
    }

    // MARK: Failures

    @Test func `a refused connection is known at once`() async throws {
        let client = HTTPTransportClient()
        let closed = try await Self.closedPort()
        let error = try await Self.error { try await client.send("GET", closed, deadline: .seconds(3)) }
        #expect(error.code == .unreachable)
        #expect(error.why == "nothing answers there")
        #expect(error.next == "see whether the service runs, for example by `gyre up`")
        await client.shutdown()
    }

    @Test func `an unknown name is told apart from a silent machine`() async throws {
        let client = HTTPTransportClient()
        // Too long for a name of DNS, so that nobody has to be asked.
        let name = String(repeating: "x", count: 70) + ".invalid"
        let error = try await Self.error { try await client.send("GET", "http://\(name)/x") }
        #expect(error.code == .unreachable)
        #expect(error.why == "nobody knows the name `\(name)`")
        await client.shutdown()
    }

    @Test(arguments: [
        ("/cut", HTTPTransportError.Code.unreachable, "the connection broke before the answer was complete"),
        ("/gone", .unreachable, "the connection was closed without an answer"),
        ("/rubbish", .invalidAnswer, "what answers there does not speak HTTP"),
    ])
    func `a broken answer is no answer`(path: String, code: HTTPTransportError.Code, why: String) async throws {
        try await run { server, client in
            let error = try await Self.error { try await client.send("GET", server.address + path) }
            #expect(error.code == code)
            #expect(error.why == why)
            #expect(try await client.send("GET", "\(server.address)/echo").status == 200)
        }
    }

    @Test func `a server that speaks no TLS is named as such`() async throws {
        try await run { server, client in
            let secure = server.address.replacing("http://", with: "https://")
            let error = try await Self.error { try await client.send("GET", "\(secure)/echo", deadline: .seconds(10)) }
            #expect(error.code == .unreachable)
            #expect(error.why.hasPrefix("no secure connection can be made"))
        }
    }

    @Test(arguments: [
        "", "127.0.0.1:80", "ftp://host/x", "file:///etc/passwd", "http://", "http:///x", "http://a b/",
        "http://[::1/x", "unix:/x",
    ])
    func `an address that cannot be read is the caller's mistake`(address: String) async throws {
        let client = HTTPTransportClient()
        let error = try await Self.error { try await client.send("GET", address, deadline: .seconds(3)) }
        #expect(error.code == .invalidAddress, "\(error)")
        #expect(error.kind == .invalid)
        await client.shutdown()
    }

    @Test(arguments: [
        ("GET", "X-A", "b\r\nX-Injected: 1"), ("GET", "X-A\r\nX-Injected", "1"), ("GET", "X A", "1"),
        ("GET", "X-A", "\u{0}"),
        ("GET / HTTP/1.1\r\nX:", "X-A", "1"), ("", "X-A", "1"), ("G T", "X-A", "1"),
    ])
    func `nothing gets into a request that is not part of it`(method: String, name: String, value: String) async throws
    {
        try await run { server, client in
            let error = try await Self.error {
                try await client.send(method, "\(server.address)/echo", headers: [(name, value)])
            }
            #expect(error.code == .invalidRequest)
            #expect(server.requests.isEmpty)
            #expect(!"\(error)".contains("\n"))
        }
    }

    @Test(arguments: [
        "http://user:hunter2@127.0.0.1:1/x?signature=hunter2", "http://hunter2@127.0.0.1:1/x#hunter2",
        "ftp://u:hunter2@h/?hunter2",
    ])
    func `no error shows what an address keeps secret`(address: String) async throws {
        let client = HTTPTransportClient()
        let error = try await Self.error { try await client.send("GET", address, deadline: .seconds(3)) }
        #expect(!"\(error)".contains("hunter2"))
        await client.shutdown()
    }

    @Test func `a client that was shut down says so, and again is nothing`() async throws {
        let client = HTTPTransportClient()
        await client.shutdown()
        await client.shutdown()
        let error = try await Self.error { try await client.send("GET", "http://127.0.0.1:1/") }
        #expect(error.code == .unreachable)
        #expect(error.why == "the client was shut down")
    }

    /// The address of a port that was free a moment ago.
    private static func closedPort() async throws -> String {
        let (addresses, found) = AsyncStream.makeStream(of: String.self)
        try await LoopbackServer.run { found.yield($0.address) }
        found.finish()
        return try #require(await addresses.first { _ in true })
    }
}
