// SPDX-License-Identifier: Apache-2.0

import SocketTesting
import Synchronization
import Testing

/// Requests from several connections at once, until the server takes no more.
///
/// An answer is whole, or there is none: what came in part is kept apart.
final class Load: Sendable {
    /// A whole answer, and what it was given to.
    struct Answer: Sendable {
        let path: String
        let request: String
        let status: Int
        let body: String
    }

    private struct State {
        var answers: [Answer] = []
        var broken: [String] = []
        var isStopped = false
    }

    private let state = Mutex(State())

    /// Whole answers.
    var answers: [Answer] { state.withLock { $0.answers } }
    /// Answers that ended in the middle.
    var broken: [String] { state.withLock { $0.broken } }

    /// Lets each connection end with its next answer.
    func stop() { state.withLock { $0.isStopped = true } }

    /// Sends requests on each connection, one after the other, until the server refuses or ``stop()`` is called.
    ///
    /// - Parameters:
    ///   - port: The server's port.
    ///   - connections: How many at once.
    ///   - request: The path and the JSON of the request with this number, from 0, on this connection.
    /// - Throws: What reading from a connection throws.
    func send(
        _ port: UInt16,
        connections: Int,
        _ request: @escaping @Sendable (_ connection: Int, _ number: Int) -> (path: String, json: String)
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for connection in 0..<connections {
                tasks.addTask { try await self.send(port) { request(connection, $0) } }
            }
            try await tasks.waitForAll()
        }
    }

    private func send(_ port: UInt16, _ request: (Int) -> (path: String, json: String)) async throws {
        // Refused connections and those that are closed before an answer are what a stopping server owes.
        guard let connection = try? RawConnection(port: port) else { return }
        var number = 0
        while !state.withLock({ $0.isStopped }) {
            let (path, json) = request(number)
            let head = "POST \(path) HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            do { try connection.send("\(head)Content-Length: \(json.utf8.count)\r\n\r\n\(json)") } catch { return }
            let text = try await connection.answer()
            if text.isEmpty { return }
            guard RawConnection.isWhole(text), let body = text.split(separator: "\r\n\r\n", maxSplits: 1).last else {
                return state.withLock { $0.broken.append(text) }
            }
            let status = Int(text.dropFirst("HTTP/1.1 ".count).prefix(3)) ?? 0
            state.withLock {
                $0.answers.append(Answer(path: path, request: json, status: status, body: String(body)))
            }
            number += 1
        }
    }

    /// Waits until this many answers have come to requests for a path.
    func awaitAnswers(_ count: Int, to path: String = "/invocations") async throws {
        for _ in 0..<6_000 {
            if state.withLock({ state in state.answers.count { $0.path == path } >= count }) { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("\(count) answers of `\(path)` did not come within a minute")
    }
}
