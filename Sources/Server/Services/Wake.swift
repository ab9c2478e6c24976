// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Wakes a background service early: any number of calls before it looks count as one.
///
/// One service waits at a time.
final class Wake: Sendable {
    private enum State {
        case idle
        case signalled
        case waiting(AsyncStream<Void>.Continuation)
    }

    private let state = Mutex(State.idle)

    /// Wakes the service, or lets its next wait end at once.
    func signal() {
        state.withLock { state in
            if case .waiting(let waiter) = state {
                waiter.finish()
                state = .idle
            } else {
                state = .signalled
            }
        }
    }

    /// Waits for a signal, at most `limit`.
    ///
    /// - Throws: `CancellationError`.
    func wait(atMost limit: Duration) async throws {
        // A stream of this wait alone: a stream whose reader was cancelled is over for good.
        let (stream, waiter) = AsyncStream.makeStream(of: Void.self)
        let isSignalled = state.withLock { state in
            if case .signalled = state {
                state = .idle
                return true
            }
            state = .waiting(waiter)
            return false
        }
        if !isSignalled {
            defer {
                state.withLock { state in
                    if case .waiting = state { state = .idle }
                }
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { for await _ in stream {} }
                group.addTask { try await Task.sleep(for: limit) }
                try await group.next()
                group.cancelAll()
            }
        }
        try Task.checkCancellation()
    }
}
