// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Requests over several HTTP/1.1 connections at once, each with one request under way, from one thread.
///
/// It stops by itself after a time or a number of requests.
package struct Load {
    /// What came of it.
    package struct Result {
        /// How long each request took, seconds.
        package var latencies: [Double] = []
        /// Start to end, seconds.
        package var wall = 0.0
        /// Bytes of all bodies that were received.
        package var received = 0
        /// The body of the last answer.
        package var lastBody: [UInt8] = []

        /// Answers a second.
        package var rate: Double { Double(latencies.count) / wall }
    }

    private let port: Int

    /// A load on this machine's port.
    package init(port: Int) { self.port = port }

    /// One request as bytes.
    package static func request(_ method: String, _ path: String, _ body: [UInt8] = []) -> [UInt8] {
        let head = """
            \(method) \(path) HTTP/1.1\r
            Host: 127.0.0.1\r
            Content-Type: application/json\r
            Content-Length: \(body.count)\r
            \r

            """
        return Array(head.utf8) + body
    }

    /// Sends one request, and returns the body of its answer.
    package func send(_ method: String, _ path: String, _ body: String = "") throws -> String {
        let bytes = Self.request(method, path, Array(body.utf8))
        let result = try run(connections: 1, seconds: 600, requests: 1) { _, _, _ in bytes }
        return String(decoding: result.lastBody, as: UTF8.self)
    }

    private struct Connection {
        let descriptor: Int32
        var outgoing: [UInt8] = []
        var sent = 0
        var incoming: [UInt8] = []
        var answer: [UInt8] = []
        var started = ContinuousClock.now
        var count = 0
        var isDone = false
    }

    /// Sends requests for some seconds, or until there were enough.
    ///
    /// - Parameters:
    ///   - connections: How many requests are under way at once.
    ///   - seconds: The time.
    ///   - requests: The most requests.
    ///   - next: The request of a connection by its place there, both from 0, and the body of the answer before; nil ends
    ///     the connection.
    /// - Returns: What came of it.
    /// - Throws: ``Problem`` for an answer that is not 200, or a connection that ends.
    package func run(
        connections: Int,
        seconds: Double,
        requests: Int = .max,
        _ next: (_ connection: Int, _ place: Int, _ answer: [UInt8]) throws -> [UInt8]?
    ) throws -> Result {
        var result = Result()
        var open: [Connection] = []
        defer { for connection in open { close(connection.descriptor) } }
        for _ in 0..<connections { open.append(Connection(descriptor: try Loopback.connected(to: port))) }
        let start = ContinuousClock.now
        var begun = 0
        func begin(_ index: Int) throws {
            let isLate = ContinuousClock.now - start >= .seconds(seconds)
            guard !isLate, begun < requests, let request = try next(index, open[index].count, open[index].answer) else {
                open[index].isDone = true
                return
            }
            begun += 1
            open[index].count += 1
            open[index].outgoing = request
            open[index].sent = 0
            open[index].incoming.removeAll(keepingCapacity: true)
            open[index].started = .now
            try Self.write(&open[index])
        }
        for index in open.indices { try begin(index) }
        var buffer: [UInt8] = Array(repeating: 0, count: 1 << 18)
        while true {
            var waiting: [pollfd] = []
            var places: [Int] = []
            for (index, connection) in open.enumerated() where !connection.isDone {
                let isWriting = connection.sent < connection.outgoing.count
                let events = Int16(POLLIN) | (isWriting ? Int16(POLLOUT) : 0)
                waiting.append(pollfd(fd: connection.descriptor, events: events, revents: 0))
                places.append(index)
            }
            guard !waiting.isEmpty else { break }
            guard poll(&waiting, nfds_t(waiting.count), 60_000) > 0 else { throw Problem("no answer in a minute") }
            for (slot, index) in zip(waiting, places) where slot.revents != 0 {
                if slot.revents & Int16(POLLOUT) != 0 { try Self.write(&open[index]) }
                guard slot.revents & ~Int16(POLLOUT) != 0 else { continue }
                let count = recv(open[index].descriptor, &buffer, buffer.count, 0)
                guard count > 0 else { throw Problem("the server closed a connection") }
                open[index].incoming += buffer[..<count]
                guard let body = try Self.body(of: open[index].incoming) else { continue }
                result.latencies.append((ContinuousClock.now - open[index].started) / .seconds(1))
                result.received += body.count
                open[index].answer = Array(body)
                result.lastBody = open[index].answer
                try begin(index)
            }
        }
        result.wall = (ContinuousClock.now - start) / .seconds(1)
        return result
    }

    private static func write(_ connection: inout Connection) throws {
        while connection.sent < connection.outgoing.count {
            let count = connection.outgoing.withUnsafeBytes { bytes in
                Glibc.send(
                    connection.descriptor,
                    bytes.baseAddress.map { $0 + connection.sent },
                    bytes.count - connection.sent,
                    Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
                )
            }
            if count < 0 {
                guard errno == EAGAIN || errno == EINTR else { throw Problem("the server closed a connection") }
                return
            }
            connection.sent += count
        }
    }

    /// The body of an answer that is whole; nil if more is to come.
    private static func body(of answer: [UInt8]) throws -> ArraySlice<UInt8>? {
        guard let end = firstRange(of: [13, 10, 13, 10], in: answer[...]) else { return nil }
        let head = String(decoding: answer[..<end.lowerBound], as: UTF8.self).lowercased()
        guard head.hasPrefix("http/1.1 200") else {
            throw Problem(
                "\(head.prefix(100)) \(String(decoding: answer[end.upperBound...].prefix(500), as: UTF8.self))"
            )
        }
        let rest = answer[end.upperBound...]
        if let field = head.split(separator: "\r\n").first(where: { $0.hasPrefix("content-length:") }),
            let length = Int(field.split(separator: " ").last ?? "")
        {
            return rest.count >= length ? rest.prefix(length) : nil
        }
        // Chunked; the last chunk is empty.
        return rest.suffix(5).elementsEqual(Array("0\r\n\r\n".utf8)) ? rest : nil
    }

    private static func firstRange(of mark: [UInt8], in bytes: ArraySlice<UInt8>) -> Range<Int>? {
        guard bytes.count >= mark.count else { return nil }
        for start in bytes.startIndex...(bytes.endIndex - mark.count)
        where bytes[start] == mark[0] && bytes[start..<(start + mark.count)].elementsEqual(mark) {
            return start..<(start + mark.count)
        }
        return nil
    }
}
