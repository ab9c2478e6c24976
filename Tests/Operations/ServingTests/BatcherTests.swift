// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Serving
import Synchronization
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// Requests share runs of an engine that is busy, and nothing else changes for them.
@Suite(.timeLimit(.minutes(1)))
struct BatcherTests {
    /// Doubles numbers; waits until it is let go, and refuses negative numbers.
    final class Engine: InferenceEngine {
        let inputs = [TensorSpec(name: "x", type: .float32, shape: [-1, 1])]
        let outputs = [TensorSpec(name: "y", type: .float32, shape: [-1, 1])]
        let isOpen: Mutex<Bool>
        let sizes = Mutex<[Int]>([])

        init(isOpen: Bool) { self.isOpen = Mutex(isOpen) }

        func run(_ inputs: [Tensor], outputs wanted: [String]) throws(ServingError) -> [Tensor] {
            sizes.withLock { $0.append(inputs[0].rowCount) }
            // The engine blocks its thread, as a long run does; nothing else of the test is on it.
            while !isOpen.withLock({ $0 }) { usleep(500) }
            let values = inputs[0].values(as: Float.self)
            if values.contains(where: { $0 < 0 }) {
                throw ServingError(.engineFailed, what: "cannot predict", why: "negative")
            }
            return wanted.map { Tensor(name: $0, shape: inputs[0].shape, values.map { $0 * 2 }) }
        }

        func open() { isOpen.withLock { $0 = true } }
    }

    private func row(_ value: Float) -> [Tensor] { [Tensor(name: "x", shape: [1, 1], [value])] }

    /// Lets an engine be busy with one request, gives it others, and opens it once all wait.
    private func others(
        _ batcher: Batcher,
        _ engine: Engine,
        _ requests: [[Tensor]],
        outputs: [String] = ["y"],
        after delay: Duration = .zero
    ) async throws -> [Result<[Tensor], any Error>] {
        async let first = batcher.run(row(1), outputs: outputs)
        while engine.sizes.withLock({ $0.isEmpty }) { try await pause() }
        let answers = try await withThrowingTaskGroup(of: (Int, Result<[Tensor], any Error>).self) { group in
            for (index, request) in requests.enumerated() {
                group.addTask {
                    do { return (index, .success(try await batcher.run(request, outputs: outputs))) } catch {
                        return (index, .failure(error))
                    }
                }
                while batcher.waitingCount < min(index + 1, 4) { try await pause() }
            }
            try await Task.sleep(for: delay)
            engine.open()
            var answers: [Result<[Tensor], any Error>?] = Array(repeating: nil, count: requests.count)
            for try await (index, answer) in group { answers[index] = answer }
            return answers.compactMap(\.self)
        }
        #expect(try await first[0].values(as: Float.self) == [2])
        return answers
    }

    /// Lets others go on; ends with the test.
    private func pause() async throws {
        try Task.checkCancellation()
        await Task.yield()
    }

    private func limits(waiting: Int = 4, rows: Int = 1_024) -> BatchLimits {
        var limits = BatchLimits(runs: 1)
        (limits.waiting, limits.rows) = (waiting, rows)
        return limits
    }

    @Test func `what comes while the engine is busy goes into one run, and each gets its own rows`() async throws {
        let engine = Engine(isOpen: false)
        let records = Mutex<[BatchRecord]>([])
        let batcher = Batcher(engine, limits: limits(), shares: true) { record in records.withLock { $0.append(record) }
        }
        let two = [Tensor(name: "x", shape: [2, 1], [5, 6] as [Float])]
        let answers = try await others(batcher, engine, [row(3), two, row(7)])
        #expect(try answers.map { try $0.get()[0].values(as: Float.self) } == [[6], [10, 12], [14]])
        #expect(engine.sizes.withLock { $0 } == [1, 4])
        #expect(records.withLock { $0.map(\.requests) } == [1, 3])
        #expect(records.withLock { $0.map(\.rows) } == [1, 4])
    }

    @Test func `a run has no more rows than it may, and a large request goes alone`() async throws {
        let engine = Engine(isOpen: false)
        let batcher = Batcher(engine, limits: limits(rows: 2), shares: true)
        let three = [Tensor(name: "x", shape: [3, 1], [5, 6, 7] as [Float])]
        _ = try await others(batcher, engine, [row(1), row(2), three, row(3)])
        #expect(engine.sizes.withLock { $0 } == [1, 2, 3, 1])
    }

    @Test func `a model whose rows depend on each other shares no run`() async throws {
        let engine = Engine(isOpen: false)
        let batcher = Batcher(engine, limits: limits(), shares: false)
        _ = try await others(batcher, engine, [row(1), row(2)])
        #expect(engine.sizes.withLock { $0 } == [1, 1, 1])
    }

    @Test func `requests of different shapes do not share a run`() async throws {
        let engine = Engine(isOpen: false)
        let batcher = Batcher(engine, limits: limits(), shares: true)
        let wide = [Tensor(name: "x", shape: [1, 2], [1, 2] as [Float])]
        _ = try await others(batcher, engine, [row(1), wide, wide])
        #expect(engine.sizes.withLock { $0 } == [1, 1, 2])
    }

    @Test func `one that the engine refuses does no harm to the others`() async throws {
        let engine = Engine(isOpen: false)
        let batcher = Batcher(engine, limits: limits(), shares: true)
        let answers = try await others(batcher, engine, [row(3), row(-1), row(4)])
        #expect(try answers[0].get()[0].values(as: Float.self) == [6])
        #expect(throws: ServingError.self) { try answers[1].get() }
        #expect(try answers[2].get()[0].values(as: Float.self) == [8])
    }

    @Test func `more than may wait are refused at once`() async throws {
        let engine = Engine(isOpen: false)
        let batcher = Batcher(engine, limits: limits(waiting: 4), shares: true)
        let answers = try await others(batcher, engine, (0..<6).map { row(Float($0)) })
        let refused = answers.compactMap { answer -> ServingError? in
            if case .failure(let error as ServingError) = answer { error } else { nil }
        }
        #expect(refused.map(\.code) == [.overloaded, .overloaded])
        #expect(refused.allSatisfy { $0.kind == .unavailable })
    }

    @Test func `one that waited too long is refused`() async throws {
        let engine = Engine(isOpen: false)
        var limits = limits()
        limits.patience = .milliseconds(200)
        let batcher = Batcher(engine, limits: limits, shares: true)
        let answers = try await others(batcher, engine, [row(1)], after: .milliseconds(300))
        #expect(throws: ServingError.self) { try answers[0].get() }
    }

    @Test func `thousands of requests at once are all answered rightly`() async throws {
        let engine = Engine(isOpen: true)
        var limits = BatchLimits(runs: 2)
        limits.waiting = 100_000
        let batcher = Batcher(engine, limits: limits, shares: true)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<5_000 {
                let request = row(Float(number))
                group.addTask {
                    try await batcher.run(request, outputs: ["y"])[0].values(as: Float.self) == [Float(number) * 2]
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
        #expect(engine.sizes.withLock { $0.reduce(0, +) } == 5_000)
        #expect(batcher.waitingCount == 0)
    }

    @Test(arguments: [
        ("same-FLOAT", true), ("same-INT64", true), ("zip-text", true), ("centred", false), ("sequence", false),
        ("free", false), ("same-STRING", false),
    ])
    func `runs are shared where rows stay what they are alone`(graph: String, shares: Bool) async throws {
        let model = try await OnnxGraphs.shared.model(graph)
        #expect(BatchProbe.canShare(model, example: nil, outputs: model.outputs.map(\.name)) == shares)
    }

    @Test func `with an example free dimensions and texts are looked at, too`() async throws {
        let free = try await OnnxGraphs.shared.model("free")
        let rows = ["a", "b"].map { Tensor(name: $0, shape: [2, 3], [1, 2, 3, 4, 5, 6] as [Float]) }
        #expect(BatchProbe.canShare(free, example: rows, outputs: ["sum"]))
        let same = try await OnnxGraphs.shared.model("same-STRING")
        let texts = [Tensor(name: "x", shape: [2, 2], texts: ["a", "b", "c", "d"])]
        #expect(BatchProbe.canShare(same, example: texts, outputs: ["y"]))
    }
}
