// SPDX-License-Identifier: Apache-2.0

import Files
import Synchronization

/// Lets requests of one model version share runs of its engine.
///
/// No request waits for others to come: what comes while the engine is busy makes up the next run. Alone it runs at once, under
/// load runs grow, and nothing has to be tuned. A run that is over in less than a change of threads happens where the request
/// is; all others have threads of their own.
package final class Batcher: Sendable {
    private typealias Answer = CheckedContinuation<[Tensor], any Error>

    private struct Item {
        let inputs: [Tensor]
        let outputs: [String]
        let rows: Int
        let arrived: ContinuousClock.Instant
        let answer: Answer
    }

    private struct State {
        /// In the order of their coming, from `first` on.
        var waiting: [Item] = []
        var first = 0
        var running = 0
        var isClosed = false
        /// What a run and a row of it take, in nanoseconds, as they did lately.
        var pace = Pace()

        var waitingCount: Int { waiting.count - first }
    }

    private let engine: any InferenceEngine
    private let limits: BatchLimits
    private let shares: Bool
    private let pool: BlockingPool
    private let onRun: @Sendable (BatchRecord) -> Void
    private let state = Mutex(State())
    private let clock = ContinuousClock()

    /// A batcher of an engine.
    ///
    /// - Parameters:
    ///   - engine: What runs.
    ///   - limits: How much of what.
    ///   - shares: Whether rows of several requests may go into one run; see ``BatchProbe``.
    ///   - onRun: Told of each run, on the thread that it happened on.
    package init(
        _ engine: any InferenceEngine,
        limits: BatchLimits,
        shares: Bool,
        onRun: @escaping @Sendable (BatchRecord) -> Void = { _ in }
    ) {
        self.engine = engine
        self.limits = limits
        self.shares = shares
        self.onRun = onRun
        pool = BlockingPool(threads: limits.runs)
    }

    /// How many requests wait for a run.
    package var waitingCount: Int { state.withLock { $0.waitingCount } }

    /// Runs the model on the inputs of one request, perhaps together with others.
    ///
    /// - Parameters:
    ///   - inputs: A tensor for each input, all with the same number of rows if runs are shared.
    ///   - outputs: Names of outputs.
    /// - Returns: The outputs in the order wanted.
    /// - Throws: ``ServingError`` `.overloaded` at once if too many wait, `.engineFailed`.
    package func run(_ inputs: [Tensor], outputs: [String]) async throws -> [Tensor] {
        let rows = inputs.first?.rowCount ?? 1
        let begins = state.withLock { state in
            let isFree = state.waitingCount == 0 && state.running < limits.runs
            guard isFree, state.pace.expected(rows) < limits.quick else { return false }
            state.running += 1
            return true
        }
        if begins {
            defer { leave() }
            let start = clock.now
            let result = try engine.run(inputs, outputs: outputs)
            note(requests: 1, rows: rows, waited: .zero, took: clock.now - start)
            return result
        }
        return try await withCheckedThrowingContinuation { answer in
            let item = Item(inputs: inputs, outputs: outputs, rows: rows, arrived: clock.now, answer: answer)
            let starts = state.withLock { state -> Bool? in
                guard state.waitingCount < limits.waiting else { return nil }
                state.waiting.append(item)
                guard state.running < limits.runs else { return false }
                state.running += 1
                return true
            }
            switch starts {
            case nil: answer.resume(throwing: overloaded("\(limits.waiting) requests wait already"))
            case true?: pool.start { [self] in work() }
            case false?: break
            }
        }
    }

    /// Ends a run that happened on its caller's thread; who came meanwhile is served by another.
    private func leave() {
        let goesOn = state.withLock { state in
            if state.waitingCount > 0 { return true }
            state.running -= 1
            return false
        }
        if goesOn { pool.start { [self] in work() } }
    }

    /// Runs what waits until nothing does.
    private func work() {
        while let group = take() { serve(group) }
    }

    /// The next requests that go together; nil if none waits, and then one runs less.
    private func take() -> [Item]? {
        state.withLock { state in
            guard state.waitingCount > 0 else {
                state.running -= 1
                return nil
            }
            let head = state.waiting[state.first]
            var end = state.first + 1
            var rows = head.rows
            while shares, end < state.waiting.count {
                let next = state.waiting[end]
                guard rows + next.rows <= limits.rows, Self.goTogether(head, next) else { break }
                rows += next.rows
                end += 1
            }
            let group = Array(state.waiting[state.first..<end])
            state.first = end
            // What was taken is not kept alive for long, and moving costs nothing on average.
            if state.first > 64, state.first * 2 > state.waiting.count {
                state.waiting.removeFirst(state.first)
                state.first = 0
            }
            return group
        }
    }

    private static func goTogether(_ one: Item, _ other: Item) -> Bool {
        guard one.outputs == other.outputs, one.inputs.count == other.inputs.count else { return false }
        return zip(one.inputs, other.inputs).allSatisfy { one, other in
            one.name == other.name && one.type == other.type && one.shape.count == other.shape.count
                && one.shape.dropFirst() == other.shape.dropFirst()
        }
    }

    private func serve(_ all: [Item]) {
        let now = clock.now
        let (group, late) = all.reduce(into: ([Item](), [Item]())) { parts, item in
            if now - item.arrived > limits.patience { parts.1.append(item) } else { parts.0.append(item) }
        }
        for item in late { item.answer.resume(throwing: overloaded("it waited for \(limits.patience)")) }
        guard let first = group.first else { return }
        let rows = group.reduce(0) { $0 + $1.rows }
        do {
            let outputs = try engine.run(inputs(of: group), outputs: first.outputs)
            note(requests: group.count, rows: rows, waited: now - first.arrived, took: clock.now - now)
            guard group.count > 1 else { return first.answer.resume(returning: outputs) }
            guard outputs.allSatisfy({ $0.rowCount == rows }) else {
                throw OnnxModel.failed("the model gave another number of rows than it got")
            }
            var start = 0
            for item in group {
                let range = start..<(start + item.rows)
                item.answer.resume(returning: outputs.map { $0.rows(range) })
                start += item.rows
            }
        } catch {
            // What one of them did wrong is not the others' fault.
            guard group.count > 1 else { return first.answer.resume(throwing: error) }
            for item in group { serve([item]) }
        }
    }

    private func inputs(of group: [Item]) throws(ServingError) -> [Tensor] {
        guard group.count > 1 else { return group[0].inputs }
        var inputs: [Tensor] = []
        for index in group[0].inputs.indices {
            guard let tensor = Tensor.concatenated(group.map { $0.inputs[index] }) else {
                throw OnnxModel.failed("inputs of different shapes cannot share a run")
            }
            inputs.append(tensor)
        }
        return inputs
    }

    private func note(requests: Int, rows: Int, waited: Duration, took: Duration) {
        state.withLock { $0.pace.note(rows: rows, took: took) }
        onRun(BatchRecord(requests: requests, rows: rows, waited: waited, took: took))
    }

    private func overloaded(_ why: String) -> ServingError {
        ServingError(.overloaded, what: "cannot predict", why: why, next: "try again in a moment")
    }
}

/// How long runs take, learned from those before.
struct Pace: Sendable {
    /// Of one row, and of each further one; nothing is known yet, and then a run counts as slow.
    private var base: Duration = .seconds(1)
    private var perRow: Duration = .zero
    private var isKnown = false

    /// How long a run of so many rows is expected to take.
    func expected(_ rows: Int) -> Duration { base + perRow * max(0, rows - 1) }

    /// Learns from a run.
    mutating func note(rows: Int, took: Duration) {
        guard isKnown else {
            (base, perRow, isKnown) = (took / max(1, rows), took / max(1, rows), true)
            return
        }
        if rows <= 1 {
            base += (took - base) / 8
        } else {
            let further = max(.zero, took - base) / (rows - 1)
            perRow += (further - perRow) / 8
        }
    }
}
