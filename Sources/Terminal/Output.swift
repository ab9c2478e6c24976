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
        return StandardStream.output.write(line.hasSuffix("\n") ? line : line + "\n")
    }

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
