// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Documents

/// Reads TOML.
///
/// Dates and times are texts.
///
/// - Source: TOML 1.0.0, https://toml.io/en/v1.0.0
struct TOMLReader {
    /// A table under construction.
    private final class Table {
        var keys: [(name: String, position: SourcePosition)] = []
        var values: [String: Item] = [:]
        /// Written as `{…}`, or by a header: it takes no other definition.
        var isClosed = false
        var isDefined = false
    }

    private enum Item {
        case value(YAMLNode)
        case table(Table)
        case tables([Table])
    }

    private var scanner: TextScanner
    private let root = Table()
    private let start: SourcePosition

    /// The values of a document.
    static func parse(_ text: String, file: String) throws(DocumentError) -> YAMLNode {
        var reader = TOMLReader(scanner: TextScanner(text, file: file), start: .init(file: file, line: 1, column: 1))
        try reader.document()
        return reader.node(reader.root, at: reader.start)
    }

    private init(scanner: TextScanner, start: SourcePosition) {
        self.scanner = scanner
        self.start = start
    }

    private mutating func document() throws(DocumentError) {
        var table = root
        while true {
            skipBlank(lines: true)
            guard !scanner.isAtEnd else { return }
            if scanner.take("[[") {
                table = try header(closing: "]]", isList: true)
            } else if scanner.take("[") {
                table = try header(closing: "]", isList: false)
            } else {
                try pair(into: table)
            }
            skipBlank(lines: false)
            guard scanner.isAtEnd || scanner.current == "\n" else {
                throw scanner.error("it is no valid TOML: the end of the line is expected")
            }
        }
    }

    private mutating func skipBlank(lines: Bool) {
        while let scalar = scanner.current {
            if scalar == " " || scalar == "\t" || (lines && scalar == "\n") {
                scanner.advance()
            } else if scalar == "#" {
                _ = scanner.take { $0 != "\n" }
            } else {
                return
            }
        }
    }

    // MARK: Keys

    private mutating func header(closing: String, isList: Bool) throws(DocumentError) -> Table {
        let position = scanner.position
        let path = try key()
        skipBlank(lines: false)
        guard scanner.take(closing) else { throw scanner.error("it is no valid TOML: `\(closing)` is expected") }
        var table = root
        for name in path.dropLast() { table = try child(name, of: table, position) }
        let last = path[path.count - 1]
        if isList {
            let new = Table()
            switch table.values[last] {
            case .tables(let list): table.values[last] = .tables(list + [new])
            case nil:
                table.keys.append((last, position))
                table.values[last] = .tables([new])
            default: throw scanner.error("the key `\(last)` is there twice", at: position)
            }
            return new
        }
        if case .tables = table.values[last] { throw scanner.error("the key `\(last)` is there twice", at: position) }
        let result = try child(last, of: table, position)
        guard !result.isDefined else { throw scanner.error("the table `\(last)` is there twice", at: position) }
        result.isDefined = true
        return result
    }

    private func child(_ name: String, of table: Table, _ position: SourcePosition) throws(DocumentError) -> Table {
        switch table.values[name] {
        case .table(let child) where !child.isClosed: return child
        case .tables(let list):
            if let last = list.last { return last }
        case nil:
            let child = Table()
            table.keys.append((name, position))
            table.values[name] = .table(child)
            return child
        default: break
        }
        throw scanner.error("`\(name)` is no table that can be added to", at: position)
    }

    private mutating func key() throws(DocumentError) -> [String] {
        var path: [String] = []
        repeat {
            skipBlank(lines: false)
            if scanner.current == "\"" || scanner.current == "'" {
                path.append(try text())
            } else {
                let name = scanner.take {
                    $0 == "_" || $0 == "-" || ($0.isASCII && $0.properties.isAlphabetic) || ("0"..."9").contains($0)
                }
                guard !name.isEmpty else { throw scanner.error("it is no valid TOML: a key is expected") }
                path.append(name)
            }
            skipBlank(lines: false)
        } while scanner.take(".")
        return path
    }

    private mutating func pair(into table: Table) throws(DocumentError) {
        let position = scanner.position
        let path = try key()
        guard scanner.take("=") else { throw scanner.error("it is no valid TOML: `=` is expected") }
        skipBlank(lines: false)
        var table = table
        for name in path.dropLast() { table = try child(name, of: table, position) }
        let last = path[path.count - 1]
        guard table.values[last] == nil else { throw scanner.error("the key `\(last)` is there twice", at: position) }
        table.keys.append((last, position))
        table.values[last] = try value(depth: 0)
    }

    // MARK: Values

    private mutating func value(depth: Int) throws(DocumentError) -> Item {
        guard depth < 64 else { throw scanner.error("values are nested more than 64 deep") }
        let position = scanner.position
        switch scanner.current {
        case "\"", "'": return .value(.text(try text(), at: position))
        case "[":
            scanner.advance()
            var items: [YAMLNode] = []
            while true {
                skipBlank(lines: true)
                if scanner.take("]") { break }
                items.append(node(try value(depth: depth + 1), at: scanner.position))
                skipBlank(lines: true)
                if scanner.take(",") { continue }
                guard scanner.take("]") else { throw scanner.error("it is no valid TOML: `,` or `]` is expected") }
                break
            }
            return .value(.made(.sequence(items), at: position))
        case "{":
            scanner.advance()
            let table = Table()
            skipBlank(lines: false)
            if !scanner.take("}") {
                repeat {
                    skipBlank(lines: false)
                    try pair(into: table)
                    skipBlank(lines: false)
                } while scanner.take(",")
                guard scanner.take("}") else { throw scanner.error("it is no valid TOML: `,` or `}` is expected") }
            }
            table.isClosed = true
            return .table(table)
        default: return .value(try scalar(position))
        }
    }

    private mutating func scalar(_ position: SourcePosition) throws(DocumentError) -> YAMLNode {
        var word = scanner.take { !" \t\n,]}#".unicodeScalars.contains($0) }
        // A date may have a space before its time.
        if word.wholeMatch(of: /\d{4}-\d{2}-\d{2}/) != nil, scanner.current == " ",
            let next = scanner.peek(), ("0"..."9").contains(next)
        {
            scanner.advance()
            word += " " + scanner.take { !" \t\n,]}#".unicodeScalars.contains($0) }
        }
        switch word {
        case "true": return .truth(true, at: position)
        case "false": return .truth(false, at: position)
        case "inf", "+inf": return .fraction(.infinity, at: position)
        case "-inf": return .fraction(-.infinity, at: position)
        case "nan", "+nan", "-nan": return .fraction(.nan, at: position)
        default: break
        }
        let plain = word.replacing("_", with: "")
        if word.wholeMatch(of: /[-+]?(0|[1-9](_?[0-9])*)/) != nil {
            return .whole(plain.hasPrefix("+") ? String(plain.dropFirst()) : plain, at: position)
        }
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where plain.hasPrefix(prefix) {
            if Int64(plain.dropFirst(2), radix: radix) != nil {
                return .whole(String(plain.dropFirst(2)), radix: radix, at: position)
            }
        }
        if word.wholeMatch(of: /[-+]?(0|[1-9](_?[0-9])*)(\.[0-9](_?[0-9])*)?([eE][-+]?[0-9](_?[0-9])*)?/) != nil,
            let value = Double(plain)
        {
            return .fraction(value, at: position)
        }
        if word.wholeMatch(of: /\d{4}-\d{2}-\d{2}([Tt ]\d{2}:\d{2}.*)?|\d{2}:\d{2}:\d{2}.*/) != nil {
            return .text(word, at: position)
        }
        throw scanner.error("it is no valid TOML: `\(word)` is no value", at: position)
    }

    private mutating func text() throws(DocumentError) -> String {
        let start = scanner.position
        for quote in ["\"\"\"", "'''"] where scanner.take(quote) {
            if scanner.current == "\n" { scanner.advance() }
            var result = String.UnicodeScalarView()
            while !scanner.isAtEnd {
                if scanner.take(quote) {
                    // Up to two quotes may stand before the closing ones.
                    while let next = scanner.current, String(next) == quote.prefix(1) {
                        result.append(next)
                        scanner.advance()
                    }
                    return String(result)
                }
                if quote.hasPrefix("\""), scanner.current == "\\" {
                    try escape(into: &result, isLong: true)
                } else if let scalar = scanner.current {
                    result.append(scalar)
                    scanner.advance()
                }
            }
            throw scanner.error("the text has no end", at: start)
        }
        guard let quote = scanner.current else { throw scanner.error("a text is expected") }
        scanner.advance()
        var result = String.UnicodeScalarView()
        while let scalar = scanner.current, scalar != "\n" {
            if scalar == quote {
                scanner.advance()
                return String(result)
            }
            if quote == "\"", scalar == "\\" {
                try escape(into: &result, isLong: false)
            } else {
                result.append(scalar)
                scanner.advance()
            }
        }
        throw scanner.error("the text has no end", at: start)
    }

    private mutating func escape(into result: inout String.UnicodeScalarView, isLong: Bool) throws(DocumentError) {
        let position = scanner.position
        scanner.advance()
        guard let letter = scanner.current else { throw scanner.error("the text has no end", at: position) }
        let known: [Unicode.Scalar: Unicode.Scalar] = [
            "b": "\u{8}", "t": "\t", "n": "\n", "f": "\u{C}", "r": "\r", "\"": "\"", "\\": "\\", "e": "\u{1B}",
        ]
        if let meant = known[letter] {
            result.append(meant)
            scanner.advance()
        } else if letter == "u" || letter == "U" {
            scanner.advance()
            let count = letter == "u" ? 4 : 8
            var digits = ""
            while digits.count < count, let digit = scanner.current, digit.properties.isASCIIHexDigit {
                digits.unicodeScalars.append(digit)
                scanner.advance()
            }
            guard digits.count == count, let scalar = UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init) else {
                throw scanner.error("it is no valid TOML: an escape names no character", at: position)
            }
            result.append(scalar)
        } else if isLong, " \t\n".unicodeScalars.contains(letter) {
            _ = scanner.take { " \t\n".unicodeScalars.contains($0) }
        } else {
            throw scanner.error("it is no valid TOML: `\\\(letter)` is no escape", at: position)
        }
    }

    // MARK: Result

    private func node(_ item: Item, at position: SourcePosition) -> YAMLNode {
        switch item {
        case .value(let node): node
        case .table(let table): node(table, at: position)
        case .tables(let list): .made(.sequence(list.map { node($0, at: position) }), at: position)
        }
    }

    private func node(_ table: Table, at position: SourcePosition) -> YAMLNode {
        let entries = table.keys.compactMap { key, place in
            table.values[key].map { YAMLNode.Entry.made(key, node($0, at: place), at: place) }
        }
        return .made(.mapping(entries), at: position)
    }
}
