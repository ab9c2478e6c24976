// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Terminal
import Testing

struct ProgressBarTests {
    /// A clock that goes on when the test says so, and the text that came.
    private final class Desk: Sendable {
        private let state = Mutex((now: ContinuousClock.now, texts: [String]()))

        var now: ContinuousClock.Instant { state.withLock { $0.now } }
        var texts: [String] { state.withLock { $0.texts } }
        func wait(_ duration: Duration) { state.withLock { $0.now += duration } }

        func bar(
            _ title: String = "files",
            total: Int,
            isShown: Bool = true,
            isLive: Bool,
            width: Int? = nil
        ) -> ProgressBar {
            ProgressBar(title, total: total, isShown: isShown, isLive: isLive, width: width, now: { self.now }) {
                text in
                self.state.withLock { $0.texts.append(text) }
            }
        }
    }

    @Test func `off a terminal there is one line at the start and one at the end`() {
        let desk = Desk()
        let bar = desk.bar(total: 1_000, isLive: false)
        for _ in 0..<1_000 {
            desk.wait(.milliseconds(5))
            bar.advance()
        }
        bar.finish()
        #expect(desk.texts == ["files …\n", "files: 1000 in 5.0 s\n"])
    }

    @Test func `on a terminal the line is redrawn at most ten times a second`() {
        let desk = Desk()
        let bar = desk.bar(total: 3_000, isLive: true)
        for _ in 0..<3_000 {
            desk.wait(.milliseconds(1))
            bar.advance()
        }
        #expect((29...31).contains(desk.texts.count))
    }

    @Test func `the line tells count, rate and time left, and is gone at the end`() {
        let desk = Desk()
        let bar = desk.bar(total: 100, isLive: true)
        desk.wait(.seconds(5))
        bar.advance(by: 25)
        bar.finish()
        let begin = "\r\u{1B}[K"
        #expect(
            desk.texts == [begin + "files ██████·················· 25/100  5/s  15.0 s left", begin]
        )
    }

    @Test func `a bar that is not shown says nothing`() {
        for isLive in [true, false] {
            let desk = Desk()
            let bar = desk.bar(total: 10, isShown: false, isLive: isLive)
            bar.advance(by: 10)
            bar.finish()
            #expect(desk.texts.isEmpty)
        }
    }

    @Test(
        arguments: [(0, 5), (10, 50), (10, 0), (.max, .max), (1, -3), (10, 9_000_000_000_000_000_000)] as [(Int, Int)]
    )
    func `counts that do not fit the total do no harm`(total: Int, done: Int) {
        let desk = Desk()
        let bar = desk.bar(total: total, isLive: true)
        bar.advance(by: done)
        bar.finish()
        #expect(desk.texts.count == 2)
        #expect(desk.texts.first?.contains("\(done)/\(total)") == true)
    }

    @Test func `the line keeps to the width, and its title to one line`() {
        let desk = Desk()
        let bar = desk.bar("a title\nthat goes on \u{1B}[2J and on", total: 10, isLive: true, width: 30)
        bar.advance()
        let line = desk.texts.first?.dropFirst("\r\u{1B}[K".count) ?? ""
        #expect(line.count == 29)
        #expect(!line.contains("\n") && !line.contains("\u{1B}"))
    }

    @Test func `many threads advance one bar, and none is lost`() async {
        let desk = Desk()
        let bar = desk.bar(total: 10_000, isLive: false)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<100 { group.addTask { for _ in 0..<100 { bar.advance() } } }
        }
        bar.finish()
        #expect(desk.texts.last?.hasPrefix("files: 10000 in") == true)
    }

    @Test(arguments: [true, false])
    func `the output's bar is live on a terminal only`(isTerminal: Bool) {
        if isTerminal {
            let (results, messages) = (Pipe(), PseudoTerminal())
            let output = Output(results: results.stream, messages: messages.stream)
            let bar = output.bar("files", total: 2)
            bar.advance()
            bar.finish()
            let text = messages.text
            #expect(text.hasPrefix("\r\u{1B}[Kfiles ") && text.hasSuffix("\r\u{1B}[K"))
        } else {
            let (results, messages) = (Pipe(), Pipe())
            let bar = Output(results: results.stream, messages: messages.stream).bar("files", total: 2)
            bar.advance()
            bar.finish()
            let text = messages.text
            #expect(text.hasPrefix("files …\nfiles: 1 in ") && !text.contains("\u{1B}"))
        }
    }
}
