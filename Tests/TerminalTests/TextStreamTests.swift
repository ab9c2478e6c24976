// SPDX-License-Identifier: Apache-2.0

import Terminal
import Testing

struct TextStreamTests {
    @Test(
        arguments: [
            (["TERM": "xterm"], ColorChoice.auto, true), (["TERM": "dumb"], .auto, false),
            (["TERM": "xterm", "NO_COLOR": "1"], .auto, false), (["TERM": "xterm", "NO_COLOR": ""], .auto, true),
            (["TERM": "dumb", "NO_COLOR": "1"], .always, true), (["TERM": "xterm"], .never, false), ([:], .auto, true),
        ] as [([String: String], ColorChoice, Bool)]
    )
    func `a terminal is coloured as the environment and the option say`(
        variables: [String: String],
        choice: ColorChoice,
        isColoured: Bool
    ) {
        let terminal = PseudoTerminal(variables)
        #expect(terminal.stream.isColoured(choice) == isColoured)
    }

    @Test(arguments: [(ColorChoice.auto, false), (.never, false), (.always, true)])
    func `a pipe is coloured only if one insists`(choice: ColorChoice, isColoured: Bool) {
        let pipe = Pipe(["TERM": "xterm"])
        #expect(pipe.stream.isColoured(choice) == isColoured)
        #expect(!pipe.stream.isTerminal)
        #expect(pipe.stream.width == nil)
    }

    @Test func `a terminal knows its width, a dumb one is none`() {
        let terminal = PseudoTerminal(columns: 132)
        #expect(terminal.stream.width == 132)
        #expect(terminal.stream.isTerminal)
        let dumb = PseudoTerminal(["TERM": "dumb"])
        #expect(!dumb.stream.isTerminal)
    }

    @Test(arguments: [("40", 40), ("0", 132), ("-5", 132), ("wide", 132), ("", 132)])
    func `COLUMNS has the last word on a terminal, and none elsewhere`(wish: String, width: Int) {
        #expect(PseudoTerminal(["TERM": "xterm", "COLUMNS": wish], columns: 132).stream.width == width)
        #expect(Pipe(["COLUMNS": wish]).stream.width == nil)
        #expect(PseudoTerminal(["TERM": "xterm", "LINES": "7"]).stream.height == 7)
    }

    @Test func `text is written whole`() {
        let pipe = Pipe()
        let text = String(repeating: "0123456789", count: 6_000)
        pipe.stream.write(text)
        #expect(pipe.text == text)
    }
}
