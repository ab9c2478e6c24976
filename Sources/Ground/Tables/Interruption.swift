// SPDX-License-Identifier: Apache-2.0

import CDuckDB
import Synchronization

/// Stops the statement of a call whose task is cancelled.
final class Interruption: Sendable {
    private struct State {
        // The address of the connection while it is in use; interrupting is allowed from any thread.
        var connection: UInt?
        var isCancelled = false
    }

    private let state = Mutex(State())

    /// Whether the task was cancelled.
    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// Says which connection to interrupt.
    func begin(_ handle: OpaquePointer) throws(CancellationError) {
        let address = UInt(bitPattern: handle)
        let isCancelled = state.withLock { state in
            state.connection = address
            return state.isCancelled
        }
        if isCancelled { throw CancellationError() }
    }

    /// Says that the connection is about to close.
    func end() { state.withLock { $0.connection = nil } }

    /// Interrupts what runs, and refuses what would begin.
    func cancel() {
        state.withLock { state in
            state.isCancelled = true
            // Under the lock, so that the connection cannot close meanwhile.
            if let address = state.connection { gyre_duckdb_interrupt(OpaquePointer(bitPattern: address)) }
        }
    }
}
