// SPDX-License-Identifier: Apache-2.0

import Logging
import Synchronization
import Testing

@testable import Server

/// What keeps background services quiet: waits that wait, and failures that are told once.
@Suite(.timeLimit(.minutes(1)))
struct BackgroundTests {
    @Test func `a signal before the wait ends it at once`() async throws {
        let wake = Wake()
        wake.signal()
        wake.signal()
        try await wake.wait(atMost: .seconds(3_600))
    }

    @Test func `a wait whose time is up leaves the next one waiting`() async throws {
        let wake = Wake()
        try await wake.wait(atMost: .milliseconds(1))
        let order = Lines()
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                try await wake.wait(atMost: .seconds(3_600))
                order.add("woken")
            }
            tasks.addTask {
                for _ in 0..<10_000 { await Task.yield() }
                order.add("signalled")
                wake.signal()
            }
            try await tasks.waitForAll()
        }
        #expect(order.all == ["signalled", "woken"])
    }

    @Test func `a cancelled wait ends, and the next one still hears its signal`() async throws {
        let wake = Wake()
        let waiting = Task { try await wake.wait(atMost: .seconds(3_600)) }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        wake.signal()
        try await wake.wait(atMost: .seconds(3_600))
    }

    @Test func `a failure that comes again is told once, and after it went well again`() {
        let lines = Lines()
        let failure = RepeatedFailure("it failed", Logger(label: "test") { _ in lines.handler })
        for _ in 0..<5 { failure.note(ServerError(.notFound, what: "a", why: "b")) }
        #expect(lines.all == ["it failed"])
        failure.note(ServerError(.notFound, what: "a", why: "c"))
        #expect(lines.all.count == 2)
        failure.reset()
        failure.note(ServerError(.notFound, what: "a", why: "c"))
        #expect(lines.all.count == 3)
    }

    @Test func `two signals at once are one request to stop, a later one asks again`() {
        var patience = Patience()
        let start = ContinuousClock.now
        #expect(patience.takes(signalAt: start) == .first)
        #expect(patience.takes(signalAt: start + .milliseconds(5)) == .same)
        #expect(patience.takes(signalAt: start + .seconds(1)) == .second)
    }

    @Test func `times are of the last thousand requests, and the count is of all`() {
        let window = RequestWindow()
        #expect(window.summary.median == nil)
        for index in 1...2_000 { window.note(Int64(index) * 1_000_000) }
        let summary = window.summary
        #expect(summary.count == 2_000)
        #expect(summary.median == 1_500)
        #expect(summary.p99 == 1_990)
    }
}

/// Words in the order in which they were said, also by a log.
private final class Lines: Sendable {
    private let state = Mutex<[String]>([])

    var all: [String] { state.withLock { $0 } }
    func add(_ line: String) { state.withLock { $0.append(line) } }

    var handler: Handler { Handler(lines: self) }

    struct Handler: LogHandler {
        let lines: Lines
        var metadata: Logger.Metadata = [:]
        var logLevel: Logger.Level = .trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { lines.add("\(event.message)") }
    }
}
