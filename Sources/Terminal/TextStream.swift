// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#endif

/// When text is coloured.
package enum ColorChoice: String, Sendable, CaseIterable {
    /// Always, whatever the stream is.
    case always
    /// Never.
    case never
    /// If the stream is a terminal that knows colours and `NO_COLOR` is unset.
    case auto
}

/// A stream that text goes to, and what is known of who reads it.
package struct TextStream: Sendable {
    private let descriptor: Int32
    private let variable: @Sendable (String) -> String?

    /// Results.
    package static let standardOutput = TextStream(descriptor: STDOUT_FILENO)
    /// Progress, logs, warnings and errors.
    package static let standardError = TextStream(descriptor: STDERR_FILENO)

    /// A stream over an open file.
    ///
    /// - Parameters:
    ///   - descriptor: The file; it stays open.
    ///   - variable: The environment; that of the process if it is not given.
    package init(
        descriptor: Int32,
        variable: @escaping @Sendable (String) -> String? = { getenv($0).map { String(cString: $0) } }
    ) {
        self.descriptor = descriptor
        self.variable = variable
    }

    /// Whether a person looks at it: a terminal that is not `dumb`.
    package var isTerminal: Bool { isatty(descriptor) == 1 && variable("TERM") != "dumb" }

    /// The width in columns; nil if it is no terminal.
    ///
    /// `COLUMNS` has the last word on a terminal.
    package var width: Int? { size(\.ws_col, "COLUMNS") }

    /// The height in lines; nil if it is no terminal.
    ///
    /// `LINES` has the last word on a terminal.
    package var height: Int? { size(\.ws_row, "LINES") }

    private func size(_ side: KeyPath<winsize, UInt16>, _ name: String) -> Int? {
        guard isatty(descriptor) == 1 else { return nil }
        if let wished = variable(name).flatMap({ Int($0) }), wished > 0 { return wished }
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size[keyPath: side] > 0 else { return nil }
        return Int(size[keyPath: side])
    }

    /// Whether text on it is coloured under a choice.
    ///
    /// - Source: https://no-color.org: `NO_COLOR` counts if it is not empty.
    package func isColoured(_ choice: ColorChoice) -> Bool {
        switch choice {
        case .always: true
        case .never: false
        case .auto: isTerminal && (variable("NO_COLOR") ?? "").isEmpty
        }
    }

    /// What became of a text.
    package enum Delivery: Sendable {
        /// It is written.
        case written
        /// Nobody reads any more, as behind `| head`.
        case unread
        /// The system refused it, as on a full disk.
        case refused
    }

    /// Writes the text whole; a reader that went away is no error.
    ///
    /// - Returns: Whether it is written, or its reader went away.
    @discardableResult
    package func write(_ text: String) -> Bool { deliver(text) != .refused }

    /// Writes the text whole.
    package func deliver(_ text: String) -> Delivery {
        var text = text
        return text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while let base = rest.baseAddress, !rest.isEmpty {
                let count = Glibc.write(descriptor, base, rest.count)
                if count > 0 {
                    rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                } else if errno != EINTR {
                    return errno == EPIPE ? .unread : .refused
                }
            }
            return .written
        }
    }
}

/// What a piece of text means; colour follows from it.
package enum Tone: Sendable, CaseIterable {
    /// Done, passed.
    case good
    /// A warning.
    case warning
    /// Failed, refused.
    case bad
    /// A name or a hint.
    case name
    /// Less important than its surroundings.
    case quiet
    /// A heading.
    case strong

    var code: String {
        switch self {
        case .good: "32"
        case .warning: "33"
        case .bad: "31"
        case .name: "36"
        case .quiet: "2"
        case .strong: "1"
        }
    }
}
