// SPDX-License-Identifier: Apache-2.0

/// Wakes a background service early: any number of calls before it looks count as one.
final class Wake: Sendable {
    private let continuation: AsyncStream<Void>.Continuation
    private let stream: AsyncStream<Void>

    init() {
        (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Wakes the service, or lets its next wait end at once.
    func signal() { continuation.yield() }

    /// Waits for a signal, at most `limit`.
    ///
    /// - Throws: `CancellationError`.
    func wait(atMost limit: Duration) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [stream] in
                for await _ in stream { return }
            }
            group.addTask { try await Task.sleep(for: limit) }
            try await group.next()
            group.cancelAll()
        }
        try Task.checkCancellation()
    }
}
