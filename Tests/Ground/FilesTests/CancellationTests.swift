// SPDX-License-Identifier: Apache-2.0

import Files
import FilesTesting
import Foundation
import Synchronization
import Testing

/// Blocking work that ends early because nobody waits for it any more.
@Suite(.timeLimit(.minutes(5)))
struct CancellationTests {
    private struct Refusal: Error, Equatable { let number: Int }

    @Test func `a body that looks at its flag ends when its task is cancelled`() async throws {
        let pool = BlockingPool(threads: 1)
        let isUnderWay = DispatchSemaphore(value: 0)
        let task = Task {
            try await pool.run(cancellable: { flag in
                isUnderWay.signal()
                while true { try flag.check() }
            })
        }
        try await BlockingPool.shared.run { isUnderWay.wait() }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func `a body whose task was cancelled before is not begun`() async throws {
        let pool = BlockingPool(threads: 1)
        let gate = DispatchSemaphore(value: 0)
        let first = Task.immediate { try await pool.run { gate.wait() } }
        let hasBegun = DispatchSemaphore(value: 0)
        let second = Task.immediate { try await pool.run(cancellable: { _ in _ = hasBegun.signal() }) }
        second.cancel()
        gate.signal()
        try await first.value
        await #expect(throws: CancellationError.self) { try await second.value }
        #expect(hasBegun.wait(timeout: .now()) == .timedOut)
    }

    @Test func `bodies for many items return in the order of the items`() async throws {
        let numbers = try await BlockingPool(threads: 4).map(Array(0..<500)) { number, _ in
            // Some take longer, so that those begun later end earlier; the result must not depend on it.
            if number % 7 == 0 { usleep(500) }
            return number * 2
        }
        #expect(numbers == (0..<500).map { $0 * 2 })
        #expect(try await BlockingPool(threads: 1).map([Int]()) { number, _ in number } == [])
    }

    @Test func `the first error ends the others`() async throws {
        let pool = BlockingPool(threads: 4)
        await #expect(throws: Refusal(number: 3)) {
            try await pool.map(Array(0..<10_000)) { number, flag in
                if number == 3 { throw Refusal(number: number) }
                // Without the flag, these would never end.
                while number < 8 { try flag.check() }
            }
        }
    }

    @Test func `hashing many files ends when its task is cancelled`() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.file("f", String(repeating: "x", count: 1_000))
        let task = Task { try await FileHashing.digests(of: Array(repeating: file, count: 1_000_000), .sha256) }
        task.cancel()
        await #expect(throws: CancellationError.self) { _ = try await task.value }
    }
}
