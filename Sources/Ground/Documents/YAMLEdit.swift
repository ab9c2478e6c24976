// SPDX-License-Identifier: Apache-2.0

import Diagnostics

/// Changes single values in YAML that people wrote: comments, order and layout stay.
package enum YAMLEdit {
    /// Sets the scalar at a path of keys and list indexes.
    ///
    /// A plain scalar is replaced where it stands. A missing last key is added at the end of its block mapping.
    ///
    /// - Parameters:
    ///   - path: Keys from the top; a number picks an item of a list. At least one.
    ///   - value: The new value as YAML source, such as `0.5`, `true` or `"a text"`; see ``scalar(_:)``.
    ///   - text: The document.
    ///   - file: The name for positions.
    /// - Returns: The new document, which reads back with the new value.
    /// - Throws: ``DocumentError`` if the document cannot be read, or the path leads through something that is no mapping.
    package static func setting(
        _ path: [String],
        to value: String,
        in text: String,
        file: String
    ) throws(DocumentError) -> String {
        let root = try YAMLDocument.parse(text, file: file)
        var node = root
        for (depth, key) in path.enumerated() {
            let isLast = depth == path.count - 1
            if let items = node.sequence, let index = Int(key), items.indices.contains(index) {
                node = items[index]
            } else if let child = node[key] {
                node = child
            } else if node.isMapping, isLast {
                return try added(key, value, to: node, in: text)
            } else {
                let where_ = path.prefix(depth).joined(separator: ".")
                throw DocumentError(
                    file: file,
                    problems: [
                        .init(
                            "there is no `\(path.prefix(depth + 1).joined(separator: "."))`",
                            at: node.position,
                            suggestion: where_.isEmpty ? nil : "`\(where_)` is \(node.kindName)"
                        )
                    ]
                )
            }
        }
        guard node.sequence == nil, !node.isMapping else {
            throw DocumentError(
                file: file,
                problems: [
                    .init("`\(path.joined(separator: "."))` is \(node.kindName), not a single value", at: node.position)
                ]
            )
        }
        return try replaced(node, by: value, in: text, file: file)
    }

    /// YAML source for a text: plain if it reads back as what the user typed, quoted if not.
    package static func scalar(_ text: String) -> String {
        let plain = YAMLNode.Content(plain: text)
        if case .string = plain {
            let safe = text.utf8.allSatisfy { byte in
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                    || "_-./+".utf8.contains(byte)
            }
            let startsWell =
                text.utf8.first.map { (65...90).contains($0) || (97...122).contains($0) || $0 == 47 } ?? false
            if safe, startsWell { return text }
            return "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
                + "\""
        }
        return text.isEmpty ? "\"\"" : text
    }

    private static func replaced(
        _ node: YAMLNode,
        by value: String,
        in text: String,
        file: String
    ) throws(DocumentError) -> String {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { Array($0.unicodeScalars) }
        let row = node.position.line - 1
        let start = node.position.column - 1
        guard lines.indices.contains(row), start <= lines[row].count else {
            throw DocumentError(file: file, problems: [.init("the value cannot be found again", at: node.position)])
        }
        let end = scalarEnd(lines[row], from: start)
        guard let end else {
            let problem = DocumentError.Problem(
                "the value takes several lines",
                at: node.position,
                suggestion: "write it in one line, or change it by hand"
            )
            throw DocumentError(file: file, problems: [problem])
        }
        // A key without a value, `a:`, needs the space that its value never had.
        let needsSpace = start > 0 && lines[row][start - 1] == ":" && node.isNull
        lines[row].replaceSubrange(start..<end, with: Array((needsSpace ? " " : "") + value).flatMap(\.unicodeScalars))
        return lines.map { line in
            var text = ""
            text.unicodeScalars.append(contentsOf: line)
            return text
        }
        .joined(separator: "\n")
    }

    /// The end of the scalar that begins at `start`; nil if it does not end on its line.
    private static func scalarEnd(_ line: [Unicode.Scalar], from start: Int) -> Int? {
        guard start < line.count else { return start }
        let first = line[start]
        var index = start
        if first == "|" || first == ">" { return nil }
        if first == "\"" || first == "'" {
            index += 1
            while index < line.count {
                if first == "\"", line[index] == "\\" {
                    index += 2
                    continue
                }
                if line[index] == first {
                    if first == "'", index + 1 < line.count, line[index + 1] == "'" {
                        index += 2
                        continue
                    }
                    return index + 1
                }
                index += 1
            }
            return nil
        }
        let isFlow = line[..<start].contains { $0 == "[" || $0 == "{" }
        var end = start
        while index < line.count {
            let scalar = line[index]
            if scalar == "#", index > 0, line[index - 1] == " " { break }
            if isFlow, scalar == "," || scalar == "]" || scalar == "}" { break }
            index += 1
            if scalar != " ", scalar != "\t", scalar != "\r" { end = index }
        }
        return end
    }

    private static func added(
        _ key: String,
        _ value: String,
        to mapping: YAMLNode,
        in text: String
    ) throws(DocumentError) -> String {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard let first = mapping.entries.first else {
            throw DocumentError(
                file: mapping.position.file,
                problems: [.init("`\(key)` cannot be added to an empty mapping", at: mapping.position)]
            )
        }
        let last = lastLine(of: mapping)
        let indent = String(repeating: " ", count: first.position.column - 1)
        lines.insert("\(indent)\(scalar(key)): \(value)", at: min(last, lines.count))
        return lines.joined(separator: "\n")
    }

    /// The number of the last line that a value begins a part on.
    private static func lastLine(of node: YAMLNode) -> Int {
        switch node.content {
        case .mapping(let entries):
            entries.map { max($0.position.line, lastLine(of: $0.value)) }.max() ?? node.position.line
        case .sequence(let items): items.map(lastLine).max() ?? node.position.line
        default: node.position.line
        }
    }
}
