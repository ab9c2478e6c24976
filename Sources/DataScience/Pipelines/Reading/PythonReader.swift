// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Documents

/// Reads the values that a Python file assigns: of the module, of classes, and `self.…` in `__init__`.
///
/// Nothing is run. What is no literal is left out, as DVC does.
struct PythonReader {
    /// A line of the program, which may go over several of the file.
    private struct Line {
        let indent: Int
        let text: String
        let position: SourcePosition
    }

    /// A class or `__init__` whose body is read, or any other block, which is not.
    private struct Block {
        enum Kind { case names, ownAttributes, skipped }
        let indent: Int
        let kind: Kind
        /// Where its values go; nil for those of the block around it.
        let name: String?
        var entries: [YAMLNode.Entry] = []
        let position: SourcePosition
    }

    /// The values of a file.
    static func parse(_ text: String, file: String) throws(DocumentError) -> YAMLNode {
        let start = SourcePosition(file: file, line: 1, column: 1)
        var blocks = [Block(indent: -1, kind: .names, name: nil, position: start)]
        for line in try lines(text, file) {
            while blocks.count > 1, let last = blocks.last, line.indent <= last.indent { close(&blocks) }
            let kind = blocks[blocks.count - 1].kind
            if let match = line.text.prefixMatch(of: /class\s+(\w+)/) {
                let name = kind == .names ? String(match.1) : nil
                let inner: Block.Kind = kind == .names ? .names : .skipped
                blocks.append(Block(indent: line.indent, kind: inner, name: name, position: line.position))
            } else if line.text.prefixMatch(of: /def\s+__init__\s*\(/) != nil, kind == .names {
                blocks.append(Block(indent: line.indent, kind: .ownAttributes, name: nil, position: line.position))
            } else if line.text.prefixMatch(
                of: /(async\s+)?(def|for|with)\b|if\b|elif\b|else\b|while\b|try\b|except\b|finally\b|match\b/
            )
                != nil
            {
                blocks.append(Block(indent: line.indent, kind: .skipped, name: nil, position: line.position))
            } else if kind != .skipped, let (name, value) = assignment(line, kind) {
                set(name, value, line.position, &blocks[blocks.count - 1].entries)
            }
        }
        while blocks.count > 1 { close(&blocks) }
        return .made(.mapping(blocks[0].entries), at: start)
    }

    private static func close(_ blocks: inout [Block]) {
        let block = blocks.removeLast()
        let last = blocks.count - 1
        switch block.kind {
        case .skipped: break
        case .names:
            guard let name = block.name else { return }
            set(name, .made(.mapping(block.entries), at: block.position), block.position, &blocks[last].entries)
        case .ownAttributes:
            for entry in block.entries { set(entry.key, entry.value, entry.position, &blocks[last].entries) }
        }
    }

    private static func set(
        _ name: String,
        _ value: YAMLNode,
        _ place: SourcePosition,
        _ entries: inout [YAMLNode.Entry]
    ) {
        let entry = YAMLNode.Entry.made(name, value, at: place)
        if let index = entries.firstIndex(where: { $0.key == name }) {
            entries[index] = entry
        } else {
            entries.append(entry)
        }
    }

    // MARK: Lines

    private static func lines(_ text: String, _ file: String) throws(DocumentError) -> [Line] {
        var scanner = TextScanner(text, file: file)
        var result: [Line] = []
        while !scanner.isAtEnd {
            let blanks = scanner.take { $0 == " " || $0 == "\t" || $0 == "\u{C}" }
            let indent = blanks.unicodeScalars.reduce(0) { $1 == "\t" ? ($0 / 8 + 1) * 8 : $0 + 1 }
            var position = scanner.position
            var line = String.UnicodeScalarView()
            var depth = 0
            func finish() {
                let text = String(line)
                if !text.allSatisfy(\.isWhitespace) {
                    result.append(Line(indent: indent, text: text, position: position))
                }
                line = String.UnicodeScalarView()
            }
            while let scalar = scanner.current {
                if scalar == "#" {
                    _ = scanner.take { $0 != "\n" }
                } else if scalar == "\"" || scalar == "'" {
                    line.append(contentsOf: try string(&scanner).unicodeScalars)
                } else if scalar == "\\", scanner.peek() == "\n" {
                    scanner.advance(2)
                    line.append(" ")
                } else if scalar == "\n", depth == 0 {
                    break
                } else if scalar == ";", depth == 0 {
                    finish()
                    scanner.advance()
                    _ = scanner.take { $0 == " " || $0 == "\t" }
                    position = scanner.position
                } else {
                    if "([{".unicodeScalars.contains(scalar) { depth += 1 }
                    if ")]}".unicodeScalars.contains(scalar) { depth = max(0, depth - 1) }
                    line.append(scalar == "\n" ? " " : scalar)
                    scanner.advance()
                }
            }
            finish()
            scanner.advance()
        }
        return result
    }

    /// A text with its quotes, as it is written.
    private static func string(_ scanner: inout TextScanner) throws(DocumentError) -> String {
        let start = scanner.position
        let mark = scanner.current.map { String($0) } ?? "'"
        let quote = scanner.starts(with: mark + mark + mark) ? mark + mark + mark : mark
        _ = scanner.take(quote)
        var text = String.UnicodeScalarView(quote.unicodeScalars)
        while let scalar = scanner.current {
            if scanner.take(quote) { return String(text) + quote }
            if scalar == "\n", quote.count == 1 { break }
            text.append(scalar)
            scanner.advance()
            if scalar == "\\", let next = scanner.current {
                text.append(next)
                scanner.advance()
            }
        }
        throw scanner.error("the text has no end", at: start)
    }

    // MARK: Assignments

    private static func assignment(_ line: Line, _ kind: Block.Kind) -> (name: String, value: YAMLNode)? {
        let target =
            kind == .ownAttributes
            ? line.text.prefixMatch(of: /self\.(\w+)\s*(?::[^=]*)?=(?!=)\s*/).map { ($0.1, $0.range.upperBound) }
            : line.text.prefixMatch(of: /(?:self\.)?([A-Za-z_]\w*)\s*(?::[^=]*)?=(?!=)\s*/).map {
                ($0.1, $0.range.upperBound)
            }
        guard let (name, end) = target else { return nil }
        var literal = PythonLiteral(String(line.text[end...]), at: line.position)
        return literal.whole().map { (String(name), $0) }
    }
}

/// A literal of Python, as `ast.literal_eval` takes it.
private struct PythonLiteral {
    private var scanner: TextScanner
    private let position: SourcePosition

    init(_ text: String, at position: SourcePosition) {
        scanner = TextScanner(text, file: position.file)
        self.position = position
    }

    /// The value; nil if the text is not just a literal.
    mutating func whole() -> YAMLNode? {
        guard var value = value(depth: 0) else { return nil }
        skip()
        // A tuple needs no brackets.
        if scanner.current == "," {
            var items = [value]
            while scanner.take(",") {
                skip()
                if scanner.isAtEnd { break }
                guard let item = self.value(depth: 0) else { return nil }
                items.append(item)
                skip()
            }
            value = .made(.sequence(items), at: position)
        }
        return scanner.isAtEnd ? value : nil
    }

    private mutating func skip() { _ = scanner.take { $0 == " " || $0 == "\t" || $0 == "\n" } }

    private mutating func value(depth: Int) -> YAMLNode? {
        guard depth < 64 else { return nil }
        skip()
        guard let scalar = scanner.current else { return nil }
        if scalar == "[" || scalar == "(" {
            scanner.advance()
            return items(closing: scalar == "[" ? "]" : ")", depth: depth)
        }
        if scalar == "{" { return braces(depth: depth) }
        if let text = string() { return .text(text, at: position) }
        let word = scanner.take { !" \t\n,]}):([{#".unicodeScalars.contains($0) }
        switch word {
        case "True": return .truth(true, at: position)
        case "False": return .truth(false, at: position)
        case "None": return .made(.null, at: position)
        default: return number(word)
        }
    }

    private func number(_ word: String) -> YAMLNode? {
        let plain = word.replacing("_", with: "").lowercased()
        let (sign, digits) =
            plain.hasPrefix("-")
            ? ("-", plain.dropFirst()) : ("", plain.hasPrefix("+") ? plain.dropFirst() : plain[...])
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where digits.hasPrefix(prefix) {
            guard Int64(digits.dropFirst(2), radix: radix) != nil else { return nil }
            return .whole(sign + digits.dropFirst(2), radix: radix, at: position)
        }
        if digits.wholeMatch(of: /[0-9]+/) != nil { return .whole(sign + digits, at: position) }
        guard digits.wholeMatch(of: /([0-9]+\.?[0-9]*|\.[0-9]+)(e[-+]?[0-9]+)?/) != nil else { return nil }
        // Swift takes neither `1.` nor `.5`.
        let parts = digits.split(separator: "e", maxSplits: 1)
        var mantissa = String(parts[0])
        if mantissa.hasPrefix(".") { mantissa = "0" + mantissa }
        if mantissa.hasSuffix(".") { mantissa += "0" }
        let text = sign + mantissa + (parts.count > 1 ? "e" + parts[1] : "")
        return Double(text).map { .fraction($0, at: position) }
    }

    private mutating func items(closing: String, depth: Int) -> YAMLNode? {
        var items: [YAMLNode] = []
        var hasComma = false
        while true {
            skip()
            if scanner.take(closing) { break }
            guard let item = value(depth: depth + 1) else { return nil }
            items.append(item)
            skip()
            if scanner.take(",") {
                hasComma = true
                continue
            }
            guard scanner.take(closing) else { return nil }
            break
        }
        // Brackets around one value are no tuple.
        if closing == ")", items.count == 1, !hasComma { return items[0] }
        return .made(.sequence(items), at: position)
    }

    /// A dictionary or a set.
    private mutating func braces(depth: Int) -> YAMLNode? {
        scanner.advance()
        var entries: [YAMLNode.Entry] = []
        var items: [YAMLNode] = []
        while true {
            skip()
            if scanner.take("}") { break }
            guard let key = value(depth: depth + 1) else { return nil }
            skip()
            if scanner.take(":") {
                guard let value = value(depth: depth + 1) else { return nil }
                entries.append(.made(PythonText.str(key), value, at: position))
            } else {
                items.append(key)
            }
            skip()
            if scanner.take(",") { continue }
            guard scanner.take("}") else { return nil }
            break
        }
        guard items.isEmpty || entries.isEmpty else { return nil }
        return .made(items.isEmpty ? .mapping(entries) : .sequence(items), at: position)
    }

    /// One text, or several beside each other.
    private mutating func string() -> String? {
        var result: String?
        while true {
            let before = scanner
            let prefix = scanner.take { "rRuUbBfF".unicodeScalars.contains($0) }.lowercased()
            guard prefix.count <= 2, let quote = scanner.current, quote == "\"" || quote == "'" else {
                scanner = before
                return result
            }
            // What is formatted is no literal, and bytes are no text.
            guard !prefix.contains("f"), !prefix.contains("b"), let text = quoted(isRaw: prefix.contains("r")) else {
                return nil
            }
            result = (result ?? "") + text
            skip()
        }
    }

    private mutating func quoted(isRaw: Bool) -> String? {
        guard let mark = scanner.current.map({ String($0) }) else { return nil }
        let quote = scanner.starts(with: mark + mark + mark) ? mark + mark + mark : mark
        _ = scanner.take(quote)
        var text = String.UnicodeScalarView()
        let known: [Unicode.Scalar: Unicode.Scalar] = [
            "n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", "\"": "\"", "0": "\0", "a": "\u{7}", "b": "\u{8}",
            "f": "\u{C}", "v": "\u{B}",
        ]
        while let scalar = scanner.current {
            if scanner.take(quote) { return String(text) }
            scanner.advance()
            guard scalar == "\\", let next = scanner.current else {
                text.append(scalar)
                continue
            }
            scanner.advance()
            if isRaw {
                text.append(scalar)
                text.append(next)
            } else if let meant = known[next] {
                text.append(meant)
            } else if let count = ["x": 2, "u": 4, "U": 8][next] {
                var digits = ""
                while digits.count < count, let digit = scanner.current, digit.properties.isASCIIHexDigit {
                    digits.unicodeScalars.append(digit)
                    scanner.advance()
                }
                guard let meant = UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init) else { return nil }
                text.append(meant)
            } else if next != "\n" {
                text.append(scalar)
                text.append(next)
            }
        }
        return nil
    }
}
