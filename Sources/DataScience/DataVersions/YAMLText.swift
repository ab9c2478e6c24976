// SPDX-License-Identifier: Apache-2.0

/// Scalars of YAML in the bytes that DVC's writer gives them: plain where that reads back equal, else quoted, and folded at
/// 80 columns.
///
/// - Source: YAML 1.2; the folding and the choice of quotes are those of ruamel.yaml 0.19, which DVC 3.67 writes by. The
///   suite compares with it.
package enum YAMLText {
    private static let width = 80

    /// A text as a scalar on one line, for keys.
    package static func scalar(_ text: String) -> String {
        String(value(text, after: 0, indent: 0, folds: false).dropFirst())
    }

    /// What stands behind `key:` or `-`: a space and the text as a scalar, which may go on over several lines.
    ///
    /// - Parameters:
    ///   - text: Any text.
    ///   - column: How many characters the line has already.
    ///   - indent: Where further lines begin.
    /// - Returns: The rest of the line, without its end.
    package static func value(_ text: String, after column: Int, indent: Int) -> String {
        value(text, after: column, indent: indent, folds: true)
    }

    private static func value(_ text: String, after column: Int, indent: Int, folds: Bool) -> String {
        let scalars = Array(text.unicodeScalars)
        var line = Line(column: column, indent: indent, folds: folds)
        switch ScalarStyle(scalars, text) {
        case .plain: line.plain(scalars)
        case .single: line.single(scalars)
        case .double: line.double(scalars)
        }
        return String(String.UnicodeScalarView(line.text))
    }

    /// A line under construction.
    private struct Line {
        var text: [Unicode.Scalar] = []
        var column: Int
        let indent: Int
        let folds: Bool

        mutating func write(_ scalars: some Collection<Unicode.Scalar>) {
            text += scalars
            column += scalars.count
        }

        mutating func write(_ string: String) { write(Array(string.unicodeScalars)) }

        mutating func fold() {
            text.append("\n")
            text += Array(repeating: " ", count: indent)
            column = indent
        }

        mutating func plain(_ scalars: [Unicode.Scalar]) {
            write(" ")
            for run in runs(scalars) {
                if run.first == " " {
                    if folds, run.count == 1, column >= YAMLText.width { fold() } else { write(run) }
                } else {
                    if folds, run.count + column > YAMLText.width, column > indent { fold() }
                    write(run)
                }
            }
        }

        mutating func single(_ scalars: [Unicode.Scalar]) {
            write(" '")
            for run in runs(scalars) {
                let isInside = run.startIndex > 0 && run.endIndex < scalars.count
                if folds, run.first == " ", run.count == 1, column > YAMLText.width, isInside {
                    fold()
                } else {
                    write(run)
                }
            }
            write("'")
        }

        mutating func double(_ scalars: [Unicode.Scalar]) {
            write(" \"")
            var start = 0
            for end in 0...scalars.count {
                let scalar = end < scalars.count ? scalars[end] : nil
                if scalar.map({ ScalarStyle.escape($0) != nil }) ?? true {
                    if start < end { write(scalars[start..<end]) }
                    start = end
                    if let escape = scalar.flatMap(ScalarStyle.escape) {
                        write(escape)
                        start = end + 1
                    }
                }
                guard folds, end > 0, end < scalars.count - 1, scalar == " " || start >= end,
                    column + end - start > YAMLText.width
                else { continue }
                // A line that breaks at a single space between words needs no backslash: the reader puts the space back.
                let isMarked = !breaksAtSpace(scalars, end, start)
                if start < end { write(scalars[start..<end]) }
                start = max(start, end)
                if isMarked { write("\\") }
                fold()
                if scalars[start] == " " {
                    if isMarked { write("\\") } else { start += 1 }
                }
            }
            write("\"")
        }

        private func breaksAtSpace(_ scalars: [Unicode.Scalar], _ end: Int, _ start: Int) -> Bool {
            guard let space = scalars[end...].firstIndex(of: " "), start != end else { return false }
            let place = scalars[end..<space].firstIndex(of: "\n") ?? space
            guard place + 1 < scalars.count, !(scalars[place] == "\n" && scalars[place + 1] != " ") else {
                return false
            }
            let holdsQuote = scalars[end..<place].contains { $0 == "\"" || $0 == "'" }
            let isDouble = scalars[end - 1] == " " && scalars[end] == " "
            return !holdsQuote && scalars[place + 1] != " " && scalars[place + 1] != "\n" && !isDouble
        }

        /// Words and the spaces between them.
        private func runs(_ scalars: [Unicode.Scalar]) -> [ArraySlice<Unicode.Scalar>] {
            var runs: [ArraySlice<Unicode.Scalar>] = []
            var rest = scalars[...]
            while let first = rest.first {
                let run = rest.prefix { ($0 == " ") == (first == " ") }
                runs.append(run)
                rest = rest.dropFirst(run.count)
            }
            return runs
        }
    }
}

/// How a scalar must be written to read back equal.
private enum ScalarStyle {
    case plain
    case single
    case double

    init(_ scalars: [Unicode.Scalar], _ text: String) {
        guard let first = scalars.first, let last = scalars.last else {
            self = .single
            return
        }
        func isBlank(_ index: Int) -> Bool {
            index >= scalars.count || " \t\r\n\u{0}".unicodeScalars.contains(scalars[index])
        }
        if scalars.contains(where: { $0 != "\n" && $0 != "\"" && $0 != "\\" && Self.escape($0) != nil }) {
            self = .double
            return
        }
        var isPlain = first != " " && last != " " && !scalars.contains("\n")
        if "#,[]{}&*!|>'\"%@`".unicodeScalars.contains(first) { isPlain = false }
        if "?:-".unicodeScalars.contains(first), isBlank(1) { isPlain = false }
        if text.hasPrefix("---") || text.hasPrefix("...") { isPlain = false }
        for (index, scalar) in scalars.enumerated().dropFirst() {
            if scalar == ":", isBlank(index + 1) { isPlain = false }
            if scalar == "#", isBlank(index - 1) { isPlain = false }
        }
        if isPlain, !Self.readsAsOtherType(text) {
            self = .plain
        } else {
            self = scalars.contains("'") || scalars.contains("\n") ? .double : .single
        }
    }

    /// How a scalar is written between double quotes; nil for itself.
    static func escape(_ scalar: Unicode.Scalar) -> String? {
        switch scalar {
        case "\0": "\\0"
        case "\u{7}": "\\a"
        case "\u{8}": "\\b"
        case "\t": "\\t"
        case "\n": "\\n"
        case "\u{B}": "\\v"
        case "\u{C}": "\\f"
        case "\r": "\\r"
        case "\u{1B}": "\\e"
        case "\"": "\\\""
        case "\\": "\\\\"
        case "\u{85}": "\\N"
        case "\u{2028}": "\\L"
        case "\u{2029}": "\\P"
        case "\u{20}"..."\u{7E}", "\u{A0}"..."\u{D7FF}", "\u{E000}"..."\u{FEFE}", "\u{FF00}"..."\u{FFFD}": nil
        case "\u{0}"..."\u{FF}": "\\x" + hex(scalar, 2)
        case "\u{100}"..."\u{FFFF}": "\\u" + hex(scalar, 4)
        default: nil
        }
    }

    private static func hex(_ scalar: Unicode.Scalar, _ digits: Int) -> String {
        let text = String(scalar.value, radix: 16, uppercase: true)
        return String(repeating: "0", count: digits - text.count) + text
    }

    /// Whether a reader takes the plain text for a number, a date, a truth value or nothing.
    private static func readsAsOtherType(_ text: String) -> Bool {
        switch text {
        case "~", "null", "Null", "NULL", "true", "True", "TRUE", "false", "False", "FALSE", "<<", "=": return true
        case ".nan", ".NaN", ".NAN": return true
        default: break
        }
        guard let first = text.utf8.first, "+-.0123456789".utf8.contains(first) else { return false }
        let integer = /[-+]?(0b[01_]+|0o?[0-7_]+|[0-9_]+|0x[0-9a-fA-F_]+)/
        let real =
            /[-+]?([0-9][0-9_]*\.[0-9_]*([eE][-+]?[0-9]+)?|[0-9][0-9_]*[eE][-+]?[0-9]+|\.[0-9_]+([eE][-+][0-9]+)?)/
        let infinite = /[-+]?\.(inf|Inf|INF)/
        let date = /[0-9]{4}-[0-9]{2}-[0-9]{2}/
        let time =
            /[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(\.[0-9]*)?([ \t]*(Z|[-+][0-9]{1,2}(:[0-9]{2})?))?/
        return text.wholeMatch(of: integer) != nil || text.wholeMatch(of: real) != nil
            || text.wholeMatch(of: infinite) != nil || text.wholeMatch(of: date) != nil
            || text.wholeMatch(of: time) != nil
    }
}
