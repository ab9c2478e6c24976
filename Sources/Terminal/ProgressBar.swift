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
    private let width: Int?
    private let start: ContinuousClock.Instant
    private let now: @Sendable () -> ContinuousClock.Instant
    private let write: @Sendable (String) -> Void
    private let state = Mutex(State())

    /// A bar; off a terminal it prints its first line.
    ///
    /// - Parameters:
    ///   - title: What is done.
    ///   - total: How many there are.
    ///   - isShown: Whether anything is printed.
    ///   - isLive: Whether the line is redrawn in place.
    ///   - width: The columns that a line may have; nil for any number.
    ///   - now: The clock.
    ///   - write: Takes the text.
    package init(
        _ title: String,
        total: Int,
        isShown: Bool,
        isLive: Bool,
        width: Int? = nil,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        write: @escaping @Sendable (String) -> Void
    ) {
        self.title = TextWidth.harmless(title)
        self.total = total
        self.isShown = isShown
        self.isLive = isLive
        self.width = width
        self.now = now
        self.write = write
        start = now()
        if isShown, !isLive { write("\(self.title) …\n") }
    }

    /// Notes that `count` more are done.
    package func advance(by count: Int = 1) {
        let now = now()
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
        write("\(title): \(done) in \(Humanize.duration(now() - start))\n")
    }

    private func line(done: Int, elapsed: Duration) -> String {
        let rate = Double(done) / max(elapsed / .seconds(1), 1e-9)
        let share = total > 0 ? min(max(Double(done) / Double(total), 0), 1) : 1
        let filled = Int(share * 24)
        let bar = String(repeating: "█", count: filled) + String(repeating: "·", count: 24 - filled)
        // Beyond a few centuries nobody wants to know.
        let seconds = Double(max(total - done, 0)) / rate
        let left = rate > 0 && seconds < 1e10 ? Humanize.duration(.seconds(seconds)) : "–"
        let line = "\(title) \(bar) \(done)/\(total)  \(Humanize.fixed(rate.rounded(.down), 0))/s  \(left) left"
        // A line that breaks could not be taken back.
        return width.map { TextWidth.cut(line, to: max($0 - 1, 1)) } ?? line
    }
}
