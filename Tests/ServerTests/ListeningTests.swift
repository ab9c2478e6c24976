// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Files
import Hummingbird
import Logging
import NIOCore
import SocketTesting
import Synchronization
import SystemPackage
import Testing
import UnixSignals

@testable import Server

/// How a server treats slow clients, and how it ends.
@Suite(.timeLimit(.minutes(1)))
struct ListeningTests {
    /// A server on a free port, ended by signals that only it hears.
    private struct Running {
        let port: UInt16
        let signals: AsyncStream<UnixSignal>.Continuation
        /// Opens when the route `/held` may answer.
        let gate: AsyncStream<Void>.Continuation

        func connect() throws -> RawConnection { try RawConnection(port: port) }
    }

    private static func router(_ gate: AsyncStream<Void>) -> Router<BasicRequestContext> {
        let router = GyreServer.router(project: nil)
        router.get("quick") { _, _ in "quick" }
        router.get("health") { _, _ in "OK" }
        router.post("read") { request, _ in String(try await request.body.collect(upTo: 1 << 20).readableBytes) }
        router.get("threads") { _, _ in
            var loops: Set<ObjectIdentifier> = []
            for _ in 0..<20 {
                try await BlockingPool.shared.run {}
                // On a loop's own thread this is that loop; elsewhere one after the other.
                loops.insert(ObjectIdentifier(Listening.loops.any()))
            }
            return String(loops.count)
        }
        router.get("held") { _, _ in
            for await _ in gate { break }
            try Task.checkCancellation()
            return "held"
        }
        return router
    }

    private func serve(
        _ settings: ListenSettings,
        _ body: @escaping @Sendable (Running) async throws -> Void
    ) async throws {
        let (signals, signal) = AsyncStream.makeStream(of: UnixSignal.self)
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        let (urls, url) = AsyncStream.makeStream(of: String.self)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                defer { url.finish() }
                let listening = Listening(settings: settings, logger: .silent)
                try await listening.run(Self.router(gate), until: signals) { url.yield($0) }
            }
            tasks.addTask {
                for await address in urls {
                    let port = UInt16(address.split(separator: ":").last ?? "") ?? 0
                    try await body(Running(port: port, signals: signal, gate: open))
                }
            }
            try await tasks.waitForAll()
        }
    }

    @Test func `a request comes back to its connection's thread, whoever wakes it`() async throws {
        try await serve(ListenSettings(port: 0)) { server in
            let connection = try server.connect()
            try connection.send("GET /threads HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try await connection.answer().hasSuffix("\r\n1"))
            server.signals.yield(.sigterm)
        }
    }

    @Test func `a signal lets the request under way be answered, and takes no new connection`() async throws {
        try await serve(ListenSettings(port: 0)) { server in
            let held = try server.connect()
            try await held.begin("GET /held HTTP/1.1\r\nHost: x\r\n\r\n")
            let other = try server.connect()
            try other.send("GET /quick HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try await other.answer().hasSuffix("quick"))
            server.signals.yield(.sigterm)
            // An idle connection is closed at once: the end has begun.
            #expect(try await other.rest().isEmpty)
            #expect(throws: RawConnection.Refused.self) { _ = try server.connect() }
            server.gate.yield()
            #expect(try await held.answer().hasSuffix("held"))
        }
    }

    @Test(arguments: ["POST /rea", "POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345"])
    func `a client that never ends its request holds the end up for the grace at most`(half: String) async throws {
        try await serve(ListenSettings(port: 0, grace: .milliseconds(200))) { server in
            let connection = try server.connect()
            try await connection.begin(half)
            server.signals.yield(.sigint)
            #expect(try await !connection.rest().hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test func `a second signal cuts off what is under way`() async throws {
        let error = await #expect(throws: ServerError.self) {
            try await serve(ListenSettings(port: 0, grace: .seconds(3_600))) { server in
                let connection = try server.connect()
                try await connection.begin("POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345")
                let other = try server.connect()
                try other.send("GET /quick HTTP/1.1\r\nHost: x\r\n\r\n")
                _ = try await other.answer()
                server.signals.yield(.sigint)
                _ = try await other.rest()
                // Later than the two signals of one request to stop.
                try await Task.sleep(for: .milliseconds(350))
                server.signals.yield(.sigint)
                _ = try await connection.rest()
            }
        }
        #expect(error?.code == .interrupted)
        #expect(error?.kind.exitCode == 130)
    }

    @Test(arguments: [
        "", "POST /rea", "POST /read HTTP/1.1\r\nHost: x\r\n",
        "POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12",
    ])
    func `a connection on which nothing comes is closed, and the server answers others`(half: String) async throws {
        try await serve(ListenSettings(port: 0, idle: .milliseconds(100))) { server in
            let connection = try server.connect()
            if !half.isEmpty { try connection.send(half) }
            #expect(try await !connection.rest().hasPrefix("HTTP/1.1 200"))
            let other = try server.connect()
            try other.send("GET /quick HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try await other.answer().hasSuffix("quick"))
            server.signals.yield(.sigterm)
        }
    }

    @Test func `an answer that takes longer than the idle time is still given`() async throws {
        try await serve(ListenSettings(port: 0, idle: .milliseconds(50))) { server in
            let held = try server.connect()
            try await held.begin("GET /held HTTP/1.1\r\nHost: x\r\n\r\n")
            // Closed for being idle, so the time has passed for the other one too.
            _ = try await server.connect().rest()
            _ = try await server.connect().rest()
            server.gate.yield()
            #expect(try await held.answer().hasSuffix("held"))
            server.signals.yield(.sigterm)
        }
    }

    @Test func `more connections than allowed wait for a place`() async throws {
        try await serve(ListenSettings(port: 0, connections: 2)) { server in
            let first = try server.connect()
            try first.send("GET /quick HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try await first.answer()
            var crowd = try (0..<8).map { _ in try server.connect() }
            for connection in crowd { try connection.send("GET /quick HTTP/1.1\r\nHost: x\r\n\r\n") }
            while !crowd.isEmpty {
                // Closed when it is let go, which makes place for the next one.
                let connection = crowd.removeFirst()
                #expect(try await connection.answer().hasSuffix("quick"))
            }
            server.signals.yield(.sigterm)
        }
    }

    @Test func `a port in use is told with the option that chooses another`() async throws {
        try await serve(ListenSettings(port: 0)) { server in
            let error = await #expect(throws: ServerError.self) {
                let settings = ListenSettings(port: Int(server.port))
                let (never, _) = AsyncStream.makeStream(of: UnixSignal.self)
                try await Listening(settings: settings, logger: .silent).run(Router(), until: never) { _ in }
            }
            #expect(error?.code == .portInUse)
            #expect(error?.next?.contains("--port") == true)
            server.signals.yield(.sigterm)
        }
    }

    @Test(arguments: ["203.0.113.7", "no-such-host.invalid"])
    func `an address that is not of this machine is told with the option that chooses another`(host: String) async {
        let error = await #expect(throws: ServerError.self) {
            let (never, _) = AsyncStream.makeStream(of: UnixSignal.self)
            let settings = ListenSettings(host: host, port: 0)
            try await Listening(settings: settings, logger: .silent).run(Router(), until: never) { _ in }
        }
        #expect(error?.code == .cannotListen)
        #expect(error?.next?.contains("--host") == true)
    }

    @Test(arguments: [
        ("127.0.0.1", "http://127.0.0.1:5000", true), ("::1", "http://[::1]:5000", true),
        ("localhost", "http://localhost:5000", true), ("0.0.0.0", "http://0.0.0.0:5000", false),
    ])
    func `the URL is one that a client understands`(host: String, url: String, isLoopback: Bool) {
        let settings = ListenSettings(host: host)
        #expect(settings.url(port: 5_000) == url)
        #expect(settings.isLoopback == isLoopback)
    }
}
