// SPDX-License-Identifier: Apache-2.0

/// Changes single keys of a TOML text, line by line.
///
/// It knows tables and dotted keys, not lists of tables; who calls compares what came out.
enum TOMLEdit {
    /// The text with a value put or removed at a path; nil if it does not find the place.
    static func changing(_ path: [String], to value: ParameterValue?, in text: String) -> String? {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var table: [String] = []
        // Where a new key of the longest known table goes.
        var place: (depth: Int, line: Int)? = (0, 0)
        var index = 0
        while index < lines.count {
            let line = lines[index].drop { $0 == " " || $0 == "\t" }
            if line.hasPrefix("[[") {
                table = ["\u{0}"]
            } else if line.hasPrefix("["), let end = line.firstIndex(of: "]") {
                table = keys(String(line[line.index(after: line.startIndex)..<end])).path
                if path.count > table.count, path.starts(with: table), table.count >= place?.depth ?? 0 {
                    place = (table.count, index + 1)
                }
            } else if !line.isEmpty, !line.hasPrefix("#"), path.starts(with: table) {
                let found = keys(String(line))
                let last = end(of: lines, from: index)
                if let rest = found.rest, table + found.path == path {
                    guard let value else {
                        lines.removeSubrange(index...last)
                        return lines.joined(separator: "\n")
                    }
                    let head = lines[index].prefix(lines[index].count - rest.count)
                    let remark = comment(of: index == last ? String(rest) : lines[last])
                    lines.replaceSubrange(index...last, with: ["\(head) \(value.toml ?? "")\(remark)"])
                    return lines.joined(separator: "\n")
                }
                if place?.depth == table.count { place = (table.count, last + 1) }
                index = last
            }
            index += 1
        }
        guard let value, let place, let text = value.toml else { return nil }
        let key = path.dropFirst(place.depth).map(ParameterValue.tomlKey).joined(separator: ".")
        lines.insert("\(key) = \(text)", at: min(place.line, lines.count))
        return lines.joined(separator: "\n")
    }

    /// The parts of a key, and what stands behind the equals sign.
    private static func keys(_ text: String) -> (path: [String], rest: Substring?) {
        var (path, part, quote) = ([String](), "", Character?.none)
        for index in text.indices {
            let character = text[index]
            if let open = quote {
                if character == open { quote = nil } else { part.append(character) }
            } else if character == "\"" || character == "'" {
                quote = character
            } else if character == "." || character == "=" {
                path.append(part)
                part = ""
                if character == "=" { return (path, text[text.index(after: index)...]) }
            } else if character != " ", character != "\t" {
                part.append(character)
            }
        }
        return (path + [part], nil)
    }

    /// The line with the end of a value that may take several.
    private static func end(of lines: [String], from start: Int) -> Int {
        var (depth, quote, index) = (0, "", start)
        while index < lines.count {
            var rest = lines[index][...]
            while let character = rest.first {
                if !quote.isEmpty {
                    if rest.hasPrefix(quote) {
                        rest = rest.dropFirst(quote.count)
                        quote = ""
                    } else {
                        rest = rest.dropFirst(character == "\\" && quote.hasPrefix("\"") ? 2 : 1)
                    }
                    continue
                }
                if character == "#" { break }
                if let open = ["\"\"\"", "'''", "\"", "'"].first(where: rest.hasPrefix) {
                    quote = open
                    rest = rest.dropFirst(open.count)
                    continue
                }
                if "[{".contains(character) { depth += 1 }
                if "]}".contains(character) { depth -= 1 }
                rest = rest.dropFirst()
            }
            if quote.count == 1 { quote = "" }
            if depth <= 0, quote.isEmpty { return index }
            index += 1
        }
        return start
    }

    /// The comment at the end of a line, with the blanks before it.
    private static func comment(of line: some StringProtocol) -> String {
        var quote: Character?
        for index in line.indices {
            let character = line[index]
            if let open = quote {
                if character == open { quote = nil }
            } else if character == "\"" || character == "'" {
                quote = character
            } else if character == "#" {
                let before = line[..<index]
                let blanks = before.reversed().prefix { $0 == " " || $0 == "\t" }.count
                return String(repeating: " ", count: max(1, blanks)) + line[index...]
            }
        }
        return ""
    }
}
