// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// Where a command's words go: results to stdout, everything else to stderr.
package struct Output: Sendable {
    /// Whether results are JSON.
    package let json: Bool
    /// Whether progress is silent.
    package let quiet: Bool
    /// Whether details are shown.
    package let verbose: Bool
    private let color: ColorChoice

    /// An output as the options say.
    package init(json: Bool = false, quiet: Bool = false, verbose: Bool = false, color: ColorChoice = .auto) {
        self.json = json
        self.quiet = quiet
        self.verbose = verbose
        self.color = color
    }

    /// Prints a result: the JSON document or the text for people, with a line end.
    ///
    /// - Returns: Whether it is written, or its reader went away; false if the system refused it, as on a full disk.
    @discardableResult
    package func result(json: @autoclosure () -> String, text: @autoclosure () -> String) -> Bool {
        let line = self.json ? json() : text()
        return StandardStream.output.write(line.hasSuffix("\n") ? line : line + "\n")
    }

    /// Says what happens, unless the command is quiet.
    package func progress(_ text: String) {
        guard !quiet else { return }
        StandardStream.error.write(text + "\n")
    }

    /// Says a detail, if details are wanted.
    package func detail(_ text: String) {
        guard verbose, !quiet else { return }
        StandardStream.error.write(paint(text, .quiet, on: .error) + "\n")
    }

    /// Warns; even if the command is quiet it is not lost, because a warning is about the result.
    package func warning(_ text: String) {
        StandardStream.error.write(paint("warning: ", .warning, on: .error) + text + "\n")
    }

    /// The text in the colour of its meaning, if the stream has colours.
    package func paint(_ text: String, _ tone: Tone, on stream: StandardStream = .output) -> String {
        guard stream.isColoured(color), !(json && stream == .output) else { return text }
        return "\u{1B}[\(tone.code)m\(text)\u{1B}[0m"
    }

    /// A table laid out for stdout.
    package func text(of table: Table) -> String {
        table.text(width: StandardStream.output.width) { paint($0, $1) }
    }

    /// A progress bar on stderr.
    package func bar(_ title: String, total: Int) -> ProgressBar {
        ProgressBar(title, total: total, isShown: !quiet, isLive: StandardStream.error.isTerminal)
    }
}

/// Prints failures in the form that people and programs act on.
package struct FailurePrinter: Sendable {
    private let output: Output

    /// A printer; with `json` it writes one JSON object.
    package init(json: Bool) { output = Output(json: json) }

    /// Prints what failed, why, and what to do now, to stderr.
    package func print(_ failure: any Explained) {
        StandardStream.error.write(output.json ? Self.json(failure) : text(failure))
    }

    private func text(_ failure: any Explained) -> String {
        var text = output.paint("error: ", .bad, on: .error) + failure.what + "\n  why: " + failure.why + "\n"
        if let next = failure.next { text += "  next: " + output.paint(next, .name, on: .error) + "\n" }
        return text
    }

    /// One line: `{"error":{"code":…,"what":…,"why":…,"next":…}}`.
    static func json(_ failure: any Explained) -> String {
        var fields = [("code", failure.codeName), ("what", failure.what), ("why", failure.why)]
        if let next = failure.next { fields.append(("next", next)) }
        return #"{"error":{"# + fields.map { "\(quoted($0)):\(quoted($1))" }.joined(separator: ",") + "}}\n"
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
