// SPDX-License-Identifier: Apache-2.0

/// A YAML text whose values are changed in place.
struct EditedText {
    /// The text.
    let text: String
    private let characters: [Unicode.Scalar]

    init(_ text: String) {
        self.text = text
        characters = Array(text.unicodeScalars)
    }

    /// Whether YAML takes the character for the end of a line.
    static func isLineBreak(_ character: Unicode.Scalar) -> Bool {
        ["\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"].contains(character)
    }

    /// The text with a value in the place of another; nil if that takes several lines.
    func replacing(_ node: YAMLNode, with value: String) -> String? {
        let range = node.range
        guard !characters[range].contains(where: Self.isLineBreak) else { return nil }
        var parts: [String] = []
        // The new value has no use for the old one's tag.
        if !node.isAlias, let anchor = properties(in: range).first(where: { $0.hasPrefix("&") }) {
            parts.append(anchor)
        }
        if !value.isEmpty { parts.append(value) }
        var new = parts.joined(separator: " ")
        if range.isEmpty, !new.isEmpty {
            let before = characters[..<range.lowerBound].last { $0 != " " && $0 != "\t" }
            // A key alone in brackets, `{a}`, has no colon yet.
            let isBare = before.map { !":-?".unicodeScalars.contains($0) && !Self.isLineBreak($0) } ?? false
            let touches = range.lowerBound > 0 && !Self.isBlank(characters[range.lowerBound - 1])
            new = (isBare ? ": " : touches ? " " : "") + new
        }
        return replacing(range, with: new)
    }

    /// The text with an entry more at the end of a mapping, or in an empty document; nil if the value is neither.
    func adding(_ entry: String, to node: YAMLNode) -> String? {
        if node.isNull { return isEmptyDocument ? adding(line: entry, at: characters.count) : nil }
        guard node.isMapping, !node.isAlias else { return nil }
        guard let indent = node.indent else { return addingInBrackets(entry, node.range.upperBound - 1) }
        return adding(line: String(repeating: " ", count: indent) + entry, at: lineEnd(from: node.range.upperBound))
    }

    // MARK: Parts

    /// Whether there is nothing but comments.
    private var isEmptyDocument: Bool {
        characters.split(whereSeparator: Self.isLineBreak).allSatisfy { line in
            let first = line.first { $0 != " " && $0 != "\t" }
            return first == nil || first == "#"
        }
    }

    private static func isBlank(_ character: Unicode.Scalar) -> Bool {
        character == " " || character == "\t" || isLineBreak(character)
    }

    /// The anchor and the tag that a value begins with.
    private func properties(in range: Range<Int>) -> [String] {
        var result: [String] = []
        var index = range.lowerBound
        while index < range.upperBound, characters[index] == "&" || characters[index] == "!" {
            let end = characters[index..<range.upperBound].firstIndex(where: Self.isBlank) ?? range.upperBound
            result.append(string(index..<end))
            index = characters[end..<range.upperBound].firstIndex { !Self.isBlank($0) } ?? range.upperBound
        }
        return result
    }

    /// The start of the line behind the one that `index` is in, or `index` itself at the start of a line.
    private func lineEnd(from index: Int) -> Int {
        if index > 0, Self.isLineBreak(characters[index - 1]) { return index }
        guard let end = characters[index...].firstIndex(where: Self.isLineBreak) else { return characters.count }
        return characters[end...].starts(with: ["\r", "\n"]) ? end + 2 : end + 1
    }

    private func adding(line: String, at index: Int) -> String {
        let usesReturns = characters.firstIndex(of: "\n").map { $0 > 0 && characters[$0 - 1] == "\r" } ?? false
        let lineBreak = usesReturns ? "\r\n" : "\n"
        let isAtLineStart = index == 0 || Self.isLineBreak(characters[index - 1])
        // A document that ends without a line break still does.
        let new = isAtLineStart ? line + lineBreak : lineBreak + line
        return replacing(index..<index, with: new)
    }

    /// Adds an entry before the bracket at `close`.
    private func addingInBrackets(_ entry: String, _ close: Int) -> String? {
        guard let last = characters[..<close].lastIndex(where: { !Self.isBlank($0) }) else { return nil }
        let needsComma = characters[last] != "{" && characters[last] != ","
        let needsSpace = characters[last] != "{"
        return replacing(last + 1..<last + 1, with: (needsComma ? "," : "") + (needsSpace ? " " : "") + entry)
    }

    private func replacing(_ range: Range<Int>, with new: String) -> String {
        string(0..<range.lowerBound) + new + string(range.upperBound..<characters.count)
    }

    private func string(_ range: Range<Int>) -> String {
        var text = ""
        text.unicodeScalars.append(contentsOf: characters[range])
        return text
    }
}
