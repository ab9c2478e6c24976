// SPDX-License-Identifier: Apache-2.0

import Files
import Foundation
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(5)))
struct BlockingPoolTests {
    private struct Refusal: Error, Equatable { let number: Int }

    /// A gate that blocks its thread, as a slow disk would.
    private final class Gate: Sendable {
        private let semaphore = DispatchSemaphore(value: 0)

        func open(times: Int = 1) { for _ in 0..<times { semaphore.signal() } }
        func pass() { semaphore.wait() }
    }

    /// Numbers in the order in which they came.
    private final class Record: Sendable {
        private let numbers = Mutex<[Int]>([])

        var all: [Int] { numbers.withLock { $0 } }

        /// - Returns: How many there are now.
        @discardableResult
        func add(_ number: Int) -> Int {
            numbers.withLock { numbers in
                numbers.append(number)
                return numbers.count
            }
        }
    }

    @Test func `work starts in the order that it was given`() async throws {
        let pool = BlockingPool(threads: 1)
        let gate = Gate()
        let order = Record()
        await withTaskGroup { group in
            // An immediate task has handed its work over when the call returns.
            group.addImmediateTask { try? await pool.run { gate.pass() } }
            for number in 0..<3_000 {
                group.addImmediateTask { try? await pool.run { _ = order.add(number) } }
            }
            gate.open()
        }
        #expect(order.all == Array(0..<3_000))
    }

    @Test func `blocked work leaves the cooperative pool to others`() async throws {
        let count = 2 * ProcessInfo.processInfo.activeProcessorCount + 2
        let pool = BlockingPool(threads: count)
        let gate = Gate()
        let arrived = Record()
        let sum = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<count {
                group.addTask {
                    try await pool.run {
                        // The last one to come lets all go on: it needs every other one to be running.
                        if arrived.add(number) == count { gate.open(times: count) }
                        gate.pass()
                        return number
                    }
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(sum == count * (count - 1) / 2)
    }

    @Test func `many tasks share few threads`() async throws {
        let pool = BlockingPool(threads: 3)
        let sum = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<20_000 { group.addTask { try await pool.run { number } } }
            return try await group.reduce(0, +)
        }
        #expect(sum == 199_990_000)
    }

    @Test func `an error comes through, and the thread goes on`() async throws {
        let pool = BlockingPool(threads: 1)
        for number in 0..<3 {
            await #expect(throws: Refusal(number: number)) { try await pool.run { throw Refusal(number: number) } }
        }
        #expect(try await pool.run { 7 } == 7)
    }

    @Test func `what was handed over is done, though its task is cancelled`() async throws {
        let pool = BlockingPool(threads: 1)
        let gate = Gate()
        let task = Task.immediate { try await pool.run { gate.pass() } }
        let second = Task.immediate { try await pool.run { 7 } }
        second.cancel()
        gate.open()
        try await task.value
        #expect(try await second.value == 7)
    }

    @Test func `what was done is not kept alive by what waits`() async throws {
        final class Load: Sendable {}
        let pool = BlockingPool(threads: 1)
        let (begin, goOn, isUnderWay) = (Gate(), Gate(), Gate())
        var load: Load? = Load()
        weak let witness = load
        let before = Task.immediate { try await pool.run { begin.pass() } }
        do {
            let held = load
            Task.immediate { try await pool.run { _ = held } }
        }
        load = nil
        let under = Task.immediate {
            try await pool.run {
                isUnderWay.open()
                goOn.pass()
            }
        }
        let waiting = Task.immediate { try await pool.run {} }
        begin.open()
        try await BlockingPool(threads: 1).run { isUnderWay.pass() }
        #expect(witness == nil)
        goOn.open()
        for task in [before, under, waiting] { try await task.value }
    }

    @Test func `a pool that nobody holds finishes its work`() async throws {
        let value = try await BlockingPool(threads: 2).run {
            usleep(1_000)
            return 7
        }
        #expect(value == 7)
    }
}
