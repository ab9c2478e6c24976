// SPDX-License-Identifier: Apache-2.0

import Diagnostics

/// A command line that cannot be understood.
struct UsageError: Explained {
    let what: String
    let why: String
    let next: String?
    let kind = FailureKind.usage
    let codeName = "usage"

    init(what: String, why: String, next: String?) {
        self.what = what
        self.why = why
        self.next = next
    }

    /// What the parser said, which may end with a hint of its own, of a command such as `gyre runs show`.
    init(_ message: String, of command: String) {
        let line = message.split(separator: "\n", maxSplits: 1).first.map(String.init) ?? message
        var why = line.replacing("'", with: "`")
        var next: String?
        for (mark, beginning) in [(". Did you mean ", "did you mean "), (". Please provide ", "give ")] {
            let parts = why.split(separator: mark, maxSplits: 1).map(String.init)
            guard parts.count == 2 else { continue }
            (why, next) = (parts[0], beginning + parts[1])
        }
        what = "cannot understand the command line"
        self.why = Self.sentence(why)
        self.next = next.map(Self.sentence) ?? "see `\(command) --help`"
    }

    /// Begins small and ends without a full stop, as all our sentences do.
    private static func sentence(_ text: String) -> String {
        let text = text.hasSuffix(".") ? text.dropLast() : text[...]
        return (text.first?.lowercased() ?? "") + text.dropFirst()
    }
}

/// A command that was asked to stop.
struct Interrupted: Explained {
    let cause: (any Error)?
    let what = "cannot finish"
    let why = "a signal asked to stop"
    let next: String? = nil
    let kind = FailureKind.interrupted
    let codeName = "interrupted"
}

/// A result that could not be printed.
struct LostResult: Explained {
    let what = "cannot print the result"
    let why = "the system refuses to write to standard output"
    let next: String? = "look for a full disk, and run it again"
    let kind = FailureKind.failed
    let codeName = "lostResult"
}

/// Something that no room has words for.
struct UnexpectedError: Explained {
    let cause: (any Error)?
    let what = "cannot finish"
    var why: String { cause.map { "\($0)" } ?? "unknown" }
    let next: String? = "run it again with `-v`, and report it with the output"
    let kind = FailureKind.failed
    let codeName = "unexpected"

    init(cause: any Error) { self.cause = cause }
}
