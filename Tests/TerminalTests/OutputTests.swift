// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import JSONText
import Terminal
import Testing

struct OutputTests {
    @Test func `results go to stdout, all other words to stderr`() {
        let (results, messages) = (Pipe(), Pipe())
        let output = Output(verbose: true, results: results.stream, messages: messages.stream)
        output.progress("begins")
        output.detail("looks")
        output.warning("odd")
        output.result(json: "{}", text: "done")
        #expect(results.text == "done\n")
        #expect(messages.text == "begins\nlooks\nwarning: odd\n")
    }

    @Test func `with json the result is exactly one document and one line`() throws {
        let (results, messages) = (Pipe(), Pipe())
        let output = Output(json: true, color: .always, results: results.stream, messages: messages.stream)
        output.progress("begins")
        output.result(json: #"{"a":1}"#, text: output.paint("done", .good))
        let text = results.text
        #expect(text == "{\"a\":1}\n")
        #expect(try JSONDocument(text).root["a"]?.int64 == 1)
    }

    @Test func `with json nothing of the result is coloured`() {
        let (results, messages) = (Pipe(), Pipe())
        let output = Output(json: true, color: .always, results: results.stream, messages: messages.stream)
        #expect(output.paint("x", .good) == "x")
        #expect(output.paint("x", .good, on: .error) == "\u{1B}[32mx\u{1B}[0m")
    }

    @Test func `only the words of the asked form are made`() {
        let (results, messages) = (Pipe(), Pipe())
        var made: [String] = []
        func make(_ text: String) -> String {
            made.append(text)
            return text
        }
        Output(json: true, results: results.stream, messages: messages.stream).result(json: make("{}"), text: make("x"))
        Output(results: results.stream, messages: messages.stream).result(json: make("{}"), text: make("x\n"))
        #expect(made == ["{}", "x\n"])
        #expect(results.text == "{}\nx\n")
    }

    @Test func `quiet leaves results, warnings and errors`() {
        let (results, messages) = (Pipe(), Pipe())
        let output = Output(quiet: true, verbose: true, results: results.stream, messages: messages.stream)
        output.progress("begins")
        output.detail("looks")
        output.bar("files", total: 3).finish()
        output.warning("odd")
        output.result(json: "{}", text: "done")
        #expect(results.text == "done\n")
        #expect(messages.text == "warning: odd\n")
    }

    @Test func `details are shown if they are wanted`() {
        let (results, messages) = (Pipe(), Pipe())
        Output(results: results.stream, messages: messages.stream).detail("looks")
        #expect(messages.text.isEmpty)
        Output(verbose: true, results: results.stream, messages: messages.stream).detail("looks")
        #expect(messages.text == "looks\n")
    }

    @Test(arguments: Tone.allCases)
    func `a colour is closed where it was opened, and the text is the same without`(tone: Tone) {
        let (results, messages) = (Pipe(), Pipe())
        let painted = Output(color: .always, results: results.stream, messages: messages.stream).paint("text", tone)
        #expect(painted.hasPrefix("\u{1B}["))
        #expect(painted.hasSuffix("mtext\u{1B}[0m"))
        #expect(Output(color: .never, results: results.stream, messages: messages.stream).paint("text", tone) == "text")
    }

    @Test func `a table takes the width of its terminal`() {
        let (results, messages) = (PseudoTerminal(columns: 30), Pipe())
        let output = Output(color: .never, results: results.stream, messages: messages.stream)
        var table = Table([("name", .left), ("n", .right)])
        table.add([.init(String(repeating: "x", count: 100)), "1"])
        #expect(output.text(of: table).split(separator: "\n").allSatisfy { $0.count <= 30 })
    }

    @Test func `a result in parts has one head, and tells when nobody reads`() {
        let (results, messages) = (Pipe(), Pipe())
        let output = Output(color: .never, results: results.stream, messages: messages.stream)
        var layout: Table.Layout?
        for name in ["a", "b"] {
            var table = Table([("name", .left)])
            table.add([.init(name)])
            #expect(output.part(json: "{}", text: output.part(of: table, layout: &layout)) == .written)
        }
        #expect(results.text == "name\na\nb\n")
    }

    @Test func `nobody is asked where nobody sees the question`() {
        let (results, messages) = (Pipe(), Pipe())
        #expect(!Output(results: results.stream, messages: messages.stream).canAsk)
    }

    // MARK: Failures

    private struct Failure: Explained {
        var what = "cannot run stage `train`"
        var why = "`data.csv` is missing"
        var next: String? = "run `gyre checkout`"
        let kind = FailureKind.notFound
        let codeName = "missing"
    }

    @Test func `a failure says what, why and what to do`() {
        let (results, messages) = (Pipe(), Pipe())
        FailurePrinter(Output(results: results.stream, messages: messages.stream)).print(Failure())
        #expect(
            messages.text == """
                error: cannot run stage `train`
                  why: `data.csv` is missing
                  next: run `gyre checkout`

                """
        )
        FailurePrinter(Output(results: results.stream, messages: messages.stream)).print(Failure(next: nil))
        #expect(!messages.text.contains("next"))
        #expect(results.text.isEmpty)
    }

    @Test func `with json a failure is one object, whatever it says`() throws {
        let (results, messages) = (Pipe(), Pipe())
        let why = "a \"quote\", a \\ and a\nline \u{1B}[31m"
        FailurePrinter(Output(json: true, color: .always, results: results.stream, messages: messages.stream))
            .print(Failure(why: why))
        let text = messages.text
        #expect(text.hasSuffix("}\n") && text.split(separator: "\n").count == 1)
        let error = try #require(try JSONDocument(text).root["error"])
        #expect(error["code"]?.string == "missing")
        #expect(error["why"]?.string == why)
        #expect(error["next"]?.string == "run `gyre checkout`")
    }

    @Test func `a name in a failure cannot colour or clear the terminal`() {
        let (results, messages) = (Pipe(), Pipe())
        FailurePrinter(Output(results: results.stream, messages: messages.stream))
            .print(Failure(what: "cannot find `\u{1B}[2J`", why: "line one\nline two"))
        let text = messages.text
        #expect(!text.contains("\u{1B}"))
        #expect(text.contains("line one\nline two"))
    }

    @Test func `colours of a failure follow the option`() {
        let (results, messages) = (Pipe(), Pipe())
        let output = Output(color: .always, results: results.stream, messages: messages.stream)
        FailurePrinter(output).print(Failure())
        #expect(messages.text.hasPrefix("\u{1B}[31merror: \u{1B}[0mcannot run"))
    }
}
