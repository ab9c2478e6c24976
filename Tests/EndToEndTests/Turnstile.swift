// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

/// Lets a few tests in at a time: each of these starts programs, and a machine with two cores that starts thirty of them at
/// once answers none in time.
struct Turnstile: TestTrait, SuiteTrait, TestScoping {
    private final class Gate: Sendable {
        private struct State {
            var free = 3
            var waiting: [CheckedContinuation<Void, Never>] = []
        }

        private let state = Mutex(State())

        func enter() async {
            await withCheckedContinuation { continuation in
                let isFree = state.withLock { state in
                    guard state.free > 0 else {
                        state.waiting.append(continuation)
                        return false
                    }
                    state.free -= 1
                    return true
                }
                if isFree { continuation.resume() }
            }
        }

        func leave() {
            let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
                if state.waiting.isEmpty {
                    state.free += 1
                    return nil
                }
                return state.waiting.removeFirst()
            }
            next?.resume()
        }
    }

    private static let gate = Gate()
    fileprivate var needsDemo = false
    var isRecursive: Bool { true }

    /// Only test cases take a place; their suites do not.
    func scopeProvider(for test: Test, testCase: Test.Case?) -> Turnstile? { testCase == nil ? nil : self }

    func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @concurrent () async throws -> Void
    ) async throws {
        // Who waits for the demo must not keep others out meanwhile.
        if needsDemo { _ = try await DemoProject.shared }
        await Self.gate.enter()
        defer { Self.gate.leave() }
        try await function()
    }
}

extension Trait where Self == Turnstile {
    /// A few tests at a time.
    static var fewAtATime: Self { Self() }
    /// A few tests at a time, all of which need ``DemoProject``.
    static var afterTheDemo: Self { Self(needsDemo: true) }
}
