// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Shows how far a long piece of work is: count, rate and time left.
///
/// On a terminal the line is redrawn at most ten times a second and gone at the end; elsewhere there is one line at the
/// start and one at the end. May be advanced from any thread.
package final class ProgressBar: Sendable {
    private struct State {
        var done = 0
        var drawn: ContinuousClock.Instant?
    }

    private let title: String
    private let total: Int
    private let isShown: Bool
    private let isLive: Bool
    private let start: ContinuousClock.Instant
    private let write: @Sendable (String) -> Void
    private let state = Mutex(State())

    /// A bar; draws or prints its first line.
    package init(
        _ title: String,
        total: Int,
        isShown: Bool,
        isLive: Bool,
        write: @escaping @Sendable (String) -> Void = { StandardStream.error.write($0) }
    ) {
        self.title = title
        self.total = total
        self.isShown = isShown
        self.isLive = isLive
        self.write = write
        start = .now
        if isShown, !isLive { write("\(title) …\n") }
    }

    /// Notes that `count` more are done.
    package func advance(by count: Int = 1) {
        let now = ContinuousClock.now
        let line = state.withLock { state -> String? in
            state.done += count
            guard isShown, isLive else { return nil }
            if let drawn = state.drawn, now - drawn < .milliseconds(100) { return nil }
            state.drawn = now
            return self.line(done: state.done, elapsed: now - start)
        }
        if let line { write("\r\u{1B}[K" + line) }
    }

    /// Ends the bar: the live line is gone, or one line says how many were done in what time.
    package func finish() {
        guard isShown else { return }
        if isLive { return write("\r\u{1B}[K") }
        let done = state.withLock { $0.done }
        write("\(title): \(done) in \(Humanize.duration(ContinuousClock.now - start))\n")
    }

    func line(done: Int, elapsed: Duration) -> String {
        let seconds = max(elapsed / .seconds(1), 1e-9)
        let rate = Double(done) / seconds
        let share = total > 0 ? min(Double(done) / Double(total), 1) : 1
        let filled = Int(share * 24)
        let bar = String(repeating: "█", count: filled) + String(repeating: "·", count: 24 - filled)
        let left = rate > 0 ? Humanize.duration(.seconds(Double(max(total - done, 0)) / rate)) : "–"
        return "\(title) \(bar) \(done)/\(total)  \(Int(rate))/s  \(left) left"
    }
}
