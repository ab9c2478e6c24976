// SPDX-License-Identifier: Apache-2.0

import Documents

/// A text with `${…}` in it.
///
/// `\${` is no expression, and stands for `${`.
struct Template {
    enum Part {
        case text(String)
        /// What stands between the braces.
        case expression(String)
    }

    let parts: [Part]

    init(_ text: String) {
        let scalars = Array(text.unicodeScalars)
        var parts: [Part] = []
        var start = 0
        var index = 0
        func string(_ range: Range<Int>) -> String { String(String.UnicodeScalarView(scalars[range])) }
        while index + 1 < scalars.count {
            guard scalars[index] == "$", scalars[index + 1] == "{", index == 0 || scalars[index - 1] != "\\",
                let end = scalars[(index + 2)...].firstIndex(where: { $0 == "}" || $0 == "\n" }), scalars[end] == "}"
            else {
                index += 1
                continue
            }
            if start < index { parts.append(.text(string(start..<index))) }
            parts.append(.expression(string((index + 2)..<end)))
            start = end + 1
            index = start
        }
        if start < scalars.count { parts.append(.text(string(start..<scalars.count))) }
        self.parts = parts
    }

    /// The expressions in it.
    var expressions: [String] {
        parts.compactMap { if case .expression(let text) = $0 { text } else { nil } }
    }

    /// The one expression that it is made of; nil if there is anything else.
    var whole: String? {
        if parts.count == 1, case .expression(let text) = parts[0] { return text }
        return nil
    }

    /// The names and indexes of an expression such as `a.b[0]`; nil if it is none.
    static func path(of expression: String) -> [String]? {
        var path: [String] = []
        var rest = expression.unicodeScalars[...]
        func word() -> String? {
            let taken = rest.prefix { !".[]".unicodeScalars.contains($0) }
            guard !taken.isEmpty else { return nil }
            rest = rest[taken.endIndex...]
            return String(taken)
        }
        guard let first = word() else { return nil }
        path.append(first)
        while let mark = rest.first {
            rest = rest.dropFirst()
            guard mark == "." || mark == "[", let next = word() else { return nil }
            if mark == "[" {
                guard rest.first == "]" else { return nil }
                rest = rest.dropFirst()
            }
            path.append(next)
        }
        let trimmed = path.map { part in
            String(part.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
        }
        return trimmed.contains("") ? nil : trimmed
    }
}
