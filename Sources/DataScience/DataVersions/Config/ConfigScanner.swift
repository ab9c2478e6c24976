// SPDX-License-Identifier: Apache-2.0

/// Cuts a line `key = value, value  # comment` into its parts.
struct ConfigScanner {
    private let characters: [Character]
    private var index = 0
    /// The comment behind the values, with the spaces before it.
    private(set) var comment = ""

    init(_ line: String) { characters = Array(line) }

    /// What was read so far.
    var consumed: String { String(characters[..<index]) }
    /// What was not.
    var rest: String { String(characters[index...]) }

    /// The key in small letters, up to behind the `=`; nil if there is none.
    mutating func key() -> String? {
        skipSpaces()
        var key: [Character] = []
        if let quote = current, quote == "\"" || quote == "'" {
            guard let close = characters[(index + 1)...].firstIndex(of: quote) else { return nil }
            key = Array(characters[(index + 1)..<close])
            index = close + 1
        } else {
            while let character = current, character != "=" {
                key.append(character)
                index += 1
            }
            while key.last?.isWhitespace == true { key.removeLast() }
        }
        skipSpaces()
        guard !key.isEmpty, current == "=" else { return nil }
        index += 1
        skipSpaces()
        return String(key).lowercased()
    }

    /// The three quotes that a value begins with, taken away; nil if it does not.
    mutating func tripleQuote() -> String? {
        guard index + 2 < characters.count else { return nil }
        let quote = String(characters[index..<(index + 3)])
        guard quote == "\"\"\"" || quote == "'''" else { return nil }
        index += 3
        return quote
    }

    /// The values, where nothing reads as an empty text; nil if quotes or commas are wrong.
    mutating func values() -> [String]? {
        var values: [String] = []
        while true {
            skipSpaces()
            guard let first = current, first != "#" else {
                // A comma at the end makes a list of one.
                if values.isEmpty { values.append("") }
                break
            }
            if first == "," {
                index += 1
                // A single comma is the list without members.
                return isAtEnd ? values : nil
            }
            guard let value = first == "\"" || first == "'" ? quoted(first) : plain() else { return nil }
            values.append(value)
            guard current == "," else { break }
            index += 1
        }
        return isAtEnd ? values : nil
    }

    private var current: Character? { index < characters.count ? characters[index] : nil }

    /// Whether nothing but a comment follows, which is noted.
    private var isAtEnd: Bool {
        mutating get {
            var start = index
            while start > 0, characters[start - 1].isWhitespace { start -= 1 }
            skipSpaces()
            guard current == nil || current == "#" else { return false }
            comment = current == nil ? "" : String(characters[start...])
            return true
        }
    }

    private mutating func plain() -> String? {
        let start = index
        while let character = current, character != ",", character != "#" { index += 1 }
        return String(String(characters[start..<index]).trimmingSuffix(while: \.isWhitespace))
    }

    /// Up to the quote that a comma, a comment or the end follows.
    private mutating func quoted(_ quote: Character) -> String? {
        let start = index + 1
        var close = start
        while let next = characters[close...].firstIndex(of: quote) {
            let after = characters[(next + 1)...].first { !$0.isWhitespace }
            if after == nil || after == "," || after == "#" {
                index = next + 1
                skipSpaces()
                return String(characters[start..<next])
            }
            close = next + 1
        }
        return nil
    }

    private mutating func skipSpaces() {
        while let character = current, character.isWhitespace { index += 1 }
    }
}

/// How names and values are written so that they read back equal; the choice of quotes is ConfigObj's.
enum ConfigQuoting {
    /// A value, which may have several lines.
    static func value(_ text: String, file: String) throws -> String {
        let hasBoth = text.contains("'") && text.contains("\"")
        guard hasBoth || text.contains("\n") else { return try name(text, file: file) }
        if !text.contains("'''") { return "'''\(text)'''" }
        if !text.contains("\"\"\"") { return "\"\"\"\(text)\"\"\"" }
        throw refusal(text, file)
    }

    /// A key or the name of a section.
    static func name(_ text: String, file: String) throws -> String {
        guard let first = text.first, let last = text.last else { return "\"\"" }
        guard !text.contains("\n"), !(text.contains("'") && text.contains("\"")) else { throw refusal(text, file) }
        let edges: Set<Character> = [" ", "\r", "\n", "\u{B}", "\t", "'", "\""]
        if !edges.contains(first), !edges.contains(last), !text.contains(","), !text.contains("#") { return text }
        return text.contains("\"") ? "'\(text)'" : "\"\(text)\""
    }

    private static func refusal(_ text: String, _ file: String) -> DataVersionsError {
        DataVersionsError(
            .invalidFile,
            what: "cannot write into `\(file)`",
            why: "no quotes hold a text that has both kinds of them",
            next: "choose a text without quotes"
        )
    }
}
