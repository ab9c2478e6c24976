// SPDX-License-Identifier: Apache-2.0

/// Where a command's words go: results to stdout, everything else to stderr.
package struct Output: Sendable {
    /// One of the two streams.
    package enum Channel: Sendable {
        /// Results.
        case output
        /// Progress, logs, warnings and errors.
        case error
    }

    /// Whether results are JSON.
    package let json: Bool
    /// Whether progress is silent.
    package let quiet: Bool
    /// Whether details are shown.
    package let verbose: Bool
    private let color: ColorChoice
    private let results: TextStream
    private let messages: TextStream

    /// An output as the options say.
    package init(
        json: Bool = false,
        quiet: Bool = false,
        verbose: Bool = false,
        color: ColorChoice = .auto,
        results: TextStream = .standardOutput,
        messages: TextStream = .standardError
    ) {
        self.json = json
        self.quiet = quiet
        self.verbose = verbose
        self.color = color
        self.results = results
        self.messages = messages
    }

    /// Prints a result: the JSON document or the text for people, with a line end.
    ///
    /// - Returns: Whether it is written, or its reader went away; false if the system refused it, as on a full disk.
    @discardableResult
    package func result(json: @autoclosure () -> String, text: @autoclosure () -> String) -> Bool {
        let line = self.json ? json() : text()
        return results.write(line.utf8.last == UInt8(ascii: "\n") ? line : line + "\n")
    }

    /// Prints a part of a result that comes in parts: a line of JSON, or text for people; with a line end.
    package func part(json: @autoclosure () -> String, text: @autoclosure () -> String) -> TextStream.Delivery {
        let line = self.json ? json() : text()
        return results.deliver(line.utf8.last == UInt8(ascii: "\n") ? line : line + "\n")
    }

    /// Prints text to stdout as it is, as a picture that is drawn anew in its place.
    package func draw(_ text: String) -> TextStream.Delivery { results.deliver(text) }

    /// Whether a person looks at the result.
    package var isLive: Bool { results.isTerminal && !json }

    /// The columns that a line of the result may have; nil for any number.
    package var width: Int? { results.width }

    /// The lines that the terminal of the result has; nil if it is none.
    package var height: Int? { results.height }

    /// Says what happens, unless the command is quiet.
    package func progress(_ text: String) {
        guard !quiet else { return }
        messages.write(text + "\n")
    }

    /// Says a detail, if details are wanted.
    package func detail(_ text: String) {
        guard verbose, !quiet else { return }
        messages.write(paint(text, .quiet, on: .error) + "\n")
    }

    /// Warns; even if the command is quiet it is not lost, because a warning is about the result.
    package func warning(_ text: String) {
        messages.write(paint("warning: ", .warning, on: .error) + text + "\n")
    }

    /// Writes text to stderr as it is.
    func message(_ text: String) { messages.write(text) }

    /// The text in the colour of its meaning, if the stream has colours.
    package func paint(_ text: String, _ tone: Tone, on channel: Channel = .output) -> String {
        let stream = channel == .output ? results : messages
        guard stream.isColoured(color), !(json && channel == .output) else { return text }
        return "\u{1B}[\(tone.code)m\(text)\u{1B}[0m"
    }

    /// A table laid out for stdout.
    package func text(of table: Table) -> String {
        table.text(width: results.width) { paint($0, $1) }
    }

    /// The next rows of a table that is printed in parts, the head before the first of them.
    ///
    /// - Parameters:
    ///   - table: The rows.
    ///   - layout: How the rows before were laid out; nil for the first part.
    /// - Returns: The lines, if there are any.
    package func part(of table: Table, layout: inout Table.Layout?) -> String {
        let own = table.layout(width: results.width, after: layout)
        let lines = table.lines(own, hasHead: layout == nil) { paint($0, $1) }
        layout = own
        return lines.joined(separator: "\n")
    }

    /// Whether a person can be asked: the terminal shows the question, and takes the answer.
    package var canAsk: Bool { messages.isTerminal && !json && Question.isAnswerable }

    /// Asks a person a question that is answered by yes or no; anything but yes is no.
    ///
    /// - Throws: `CancellationError`.
    package func asks(_ question: String) async throws -> Bool {
        messages.write(paint("\(question) [y/N] ", .warning, on: .error))
        return try await Question.isAnsweredByYes()
    }

    /// The text without what would move the cursor or change colours, cut to the terminal's width.
    package func line(_ text: String, indent: Int = 0) -> String {
        let harmless = TextWidth.harmless(text)
        return width.map { TextWidth.cut(harmless, to: max($0 - indent, 8)) } ?? harmless
    }

    /// A progress bar on stderr.
    package func bar(_ title: String, total: Int) -> ProgressBar {
        let messages = messages
        return ProgressBar(
            title,
            total: total,
            isShown: !quiet,
            isLive: messages.isTerminal,
            width: messages.width
        ) { messages.write($0) }
    }
}
