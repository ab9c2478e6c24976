// SPDX-License-Identifier: Apache-2.0

import HTTPConnections
import NIOCore
import NIOPosix
import Synchronization

/// A receiver of events on a free port of this machine, which answers as it is told.
package final class Receiver: Sendable {
    /// What came in.
    package struct Arrival: Sendable {
        /// The path with its query.
        package let path: String
        /// Header fields, their names in small letters.
        package let headers: [String: String]
        /// The body.
        package let body: String

        /// The id of the delivery.
        package var delivery: String { headers["x-mlflow-delivery-id"] ?? "" }
    }

    /// What it does with an arrival.
    package enum Reaction: Sendable {
        /// Answers.
        case answer(Int, headers: [String] = [], body: String = "")
        /// Never answers.
        case silence
        /// Closes the connection without an answer, as a program does that dies.
        case hangUp
    }

    private struct State {
        var arrivals: [Arrival] = []
        var waiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())
    private let channel: NIOAsyncChannel<NIOAsyncChannel<ByteBuffer, ByteBuffer>.Accepted, Never>
    private let react: @Sendable (Arrival, Int) -> Reaction

    /// The port that it listens on.
    package var port: Int { channel.channel.localAddress?.port ?? 0 }
    /// Its URL, without a path.
    package var url: String { "http://127.0.0.1:\(port)" }
    /// What came so far, in the order of arrival.
    package var arrivals: [Arrival] { state.withLock { $0.arrivals } }

    private init(port: Int, _ react: @escaping @Sendable (Arrival, Int) -> Reaction) async throws {
        self.react = react
        channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    .init(try NIOAsyncChannel(wrappingChannelSynchronously: channel))
                }
            }
    }

    /// Runs a receiver for as long as `body` does.
    ///
    /// - Parameters:
    ///   - port: Where to listen; 0 for any free port.
    ///   - react: What to do with an arrival, given how many came before it.
    ///   - body: Works with the receiver.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws, or that the port is taken.
    package static func run<Result: Sendable>(
        port: Int = 0,
        reacting react: @escaping @Sendable (Arrival, Int) -> Reaction = { _, _ in .answer(200) },
        _ body: (Receiver) async throws -> Result
    ) async throws -> Result {
        let receiver = try await Receiver(port: port, react)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try? await receiver.serve() }
            defer { group.cancelAll() }
            return try await body(receiver)
        }
    }

    /// Waits until so many have arrived; the test's time limit bounds it.
    package func wait(for count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.arrivals.count >= count { return true }
                state.waiters.append((count, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    private func note(_ arrival: Arrival) -> Int {
        let (before, due) = state.withLock { state in
            state.arrivals.append(arrival)
            let count = state.arrivals.count
            let due = state.waiters.filter { $0.count <= count }
            state.waiters.removeAll { $0.count <= count }
            return (count - 1, due)
        }
        for waiter in due { waiter.continuation.resume() }
        return before
    }

    private func serve() async throws {
        try await channel.executeThenClose { incoming in
            try await withThrowingDiscardingTaskGroup { group in
                for try await connection in incoming {
                    // A client that goes away is no failure of the receiver.
                    group.addTask { try? await connection.take()?.executeThenClose { try await self.answer($0, $1) } }
                }
            }
        }
    }

    private func answer(
        _ incoming: NIOAsyncChannelInboundStream<ByteBuffer>,
        _ outgoing: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) async throws {
        var bytes: [UInt8] = []
        for try await piece in incoming {
            bytes += Array(buffer: piece)
            while let arrival = Self.arrival(from: &bytes) {
                switch react(arrival, note(arrival)) {
                case .answer(let status, let headers, let body):
                    let lines =
                        ["HTTP/1.1 \(status) Said", "Content-Length: \(body.utf8.count)"] + headers + ["", body]
                    try await outgoing.write(ByteBuffer(string: lines.joined(separator: "\r\n")))
                case .silence: try await Task.sleep(for: .seconds(3_600))
                case .hangUp: return
                }
            }
        }
    }

    /// Takes a whole request from the bytes; nil if it is not whole yet.
    private static func arrival(from bytes: inout [UInt8]) -> Arrival? {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            headers[parts[0].lowercased()] = String(parts[1].drop { $0 == " " })
        }
        let rest = bytes[end.upperBound...]
        let length = Int(headers["content-length"] ?? "") ?? 0
        guard rest.count >= length else { return nil }
        let body = String(decoding: rest.prefix(length), as: UTF8.self)
        bytes = Array(rest.dropFirst(length))
        let path = lines.first?.split(separator: " ").dropFirst().first ?? ""
        return Arrival(path: String(path), headers: headers, body: body)
    }
}
