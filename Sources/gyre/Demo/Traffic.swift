// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import JSONText
import Synchronization

/// Asks the live service without a pause, and counts what comes back: how a switch of versions looks from outside.
final class Traffic: Sendable {
    /// What came back so far.
    struct Count: Sendable {
        /// Requests that were answered.
        var answered = 0
        /// Requests that failed, or got another status than 200.
        var failed = 0
        /// How many answers each version gave.
        var versions: [String: Int] = [:]
        /// The last prediction of each version.
        var last: [String: String] = [:]
    }

    private let client: HTTPTransportClient
    private let address: String
    private let bodies: [[UInt8]]
    private let state = Mutex(Count())

    /// Traffic that sends each of `bodies` in turn to the scoring address of a server.
    init(client: HTTPTransportClient, url: String, bodies: [[UInt8]]) {
        self.client = client
        address = url + "/invocations"
        self.bodies = bodies
    }

    /// What came back so far.
    var count: Count { state.withLock { $0 } }

    /// Asks until the task is cancelled.
    func run() async {
        var next = 0
        while !Task.isCancelled, !bodies.isEmpty {
            let body = bodies[next % bodies.count]
            next += 1
            do {
                let answer = try await client.send(
                    "POST",
                    address,
                    headers: [("Content-Type", "application/json")],
                    body: body
                )
                let root = try JSONDocument(answer.body).root
                let id = root["prediction_ids"].flatMap { $0.elements.first { _ in true }?.string }
                guard answer.status == 200, let version = root["model_version"]?.string, let id else {
                    throw CancellationError()
                }
                state.withLock { count in
                    count.answered += 1
                    count.versions[version, default: 0] += 1
                    count.last[version] = id
                }
            } catch {
                // A request that the end of the demo cuts off is no failure of the service.
                if !Task.isCancelled { state.withLock { $0.failed += 1 } }
            }
            try? await Task.sleep(for: .milliseconds(5))
        }
    }
}
