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

/// One of the two streams of the process.
package enum StandardStream: Int32, Sendable {
    /// Results.
    case output = 1
    /// Progress, logs, warnings and errors.
    case error = 2

    /// Whether a person looks at it: a terminal that is not `dumb`.
    package var isTerminal: Bool {
        isatty(rawValue) == 1 && Environment.value("TERM") != "dumb"
    }

    /// The width in columns; nil if it is no terminal.
    package var width: Int? {
        var size = winsize()
        guard ioctl(rawValue, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    /// Whether text on it is coloured under a choice.
    package func isColoured(_ choice: ColorChoice) -> Bool {
        switch choice {
        case .always: true
        case .never: false
        case .auto: isTerminal && (Environment.value("NO_COLOR") ?? "").isEmpty
        }
    }

    /// Writes the text whole; a reader that went away is no error.
    ///
    /// - Returns: Whether it is written, or its reader went away.
    @discardableResult
    package func write(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while let base = rest.baseAddress, !rest.isEmpty {
                let count = Glibc.write(rawValue, base, rest.count)
                if count > 0 {
                    rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                } else if errno != EINTR {
                    return errno == EPIPE
                }
            }
            return true
        }
    }
}

/// The environment, as far as terminals are concerned.
enum Environment {
    static func value(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}

/// What a piece of text means; colour follows from it.
package enum Tone: Sendable {
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
