// SPDX-License-Identifier: Apache-2.0

import Diagnostics

/// Changes single values in YAML that people wrote: comments, order and layout stay.
package enum YAMLEdit {
    /// Sets the scalar at a path of keys and list indexes.
    ///
    /// A scalar, or an alias of one, is replaced where it stands; its anchor stays. A missing last key is added at the end
    /// of its mapping, which may be an empty document. The result reads back with the new value and all others as before.
    ///
    /// - Parameters:
    ///   - path: Keys from the top; a number picks an item of a list. At least one.
    ///   - value: The new value as YAML source in one line, such as `0.5`, `true` or `"a text"`; see ``scalar(_:)``.
    ///   - text: The document.
    ///   - file: The name for positions.
    /// - Returns: The new document.
    /// - Throws: ``DocumentError`` if the document cannot be read, the path leads through something that is no mapping, or
    ///   the value cannot be changed without changing others.
    package static func setting(
        _ path: [String],
        to value: String,
        in text: String,
        file: String
    ) throws(DocumentError) -> String {
        var scalars = text.unicodeScalars
        let mark = scalars.first == "\u{FEFF}" ? String(scalars.removeFirst()) : ""
        let source = EditedText(String(scalars))
        let root = try YAMLDocument.parse(source.text, file: file)
        let content = try content(of: value, file: file)
        let (holder, last) = try place(path, in: root, file: file)
        let result: String
        if let node = holder.child(last) {
            guard node.sequence == nil, !node.isMapping else {
                let name = path.joined(separator: ".")
                throw error("`\(name)` is \(node.kindName), not a single value", at: node)
            }
            guard let changed = source.replacing(node, with: value) else {
                throw error(
                    "the value takes several lines",
                    at: node,
                    suggestion: "write it in one line, or change it by hand"
                )
            }
            result = changed
        } else {
            let parent = path.dropLast().joined(separator: ".")
            guard let added = source.adding("\(scalar(last)): \(value)", to: holder) else {
                throw error(
                    "there is no `\(path.joined(separator: "."))`",
                    at: holder,
                    suggestion: parent.isEmpty ? nil : "`\(parent)` is \(holder.kindName)"
                )
            }
            result = added
        }
        try check(result, root.content.replacing(path[...], with: content), path, holder, file)
        return mark + result
    }

    /// YAML source for a text: plain if it reads back as what the user typed, quoted if not.
    package static func scalar(_ text: String) -> String {
        guard case .string = YAMLNode.Content(plain: text) else { return text.isEmpty ? "\"\"" : text }
        let isSafe = text.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || "_-./+".utf8.contains(byte)
        }
        let startsWell = text.utf8.first.map { (65...90).contains($0) || (97...122).contains($0) || $0 == 47 } ?? false
        // Readers of YAML 1.1, such as PyYAML, take these for true and false.
        let isOldBool = ["y", "n", "yes", "no", "on", "off"].contains(text.lowercased())
        return isSafe && startsWell && !isOldBool ? text : quoted(text)
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x22, 0x5C: result += "\\\(scalar)"
            case 0x0A: result += "\\n"
            case 0x0D: result += "\\r"
            case 0x09: result += "\\t"
            // What YAML does not take as it is, what some readers take for the end of a line, and the byte order mark.
            case 0..<0x20, 0x7F...0x9F, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    // MARK: Steps

    private static func content(of value: String, file: String) throws(DocumentError) -> YAMLNode.Content {
        let isOneLine = value.unicodeScalars.allSatisfy { !EditedText.isLineBreak($0) }
        if isOneLine, let node = try? YAMLDocument.parse(value, file: file) { return node.content }
        let start = SourcePosition(file: file, line: 1, column: 1)
        throw DocumentError(
            file: file,
            problems: [.init("the new value `\(value.prefix(80))` is no YAML in one line", at: start)]
        )
    }

    /// The value that holds the last part of a path, and that part.
    private static func place(
        _ path: [String],
        in root: YAMLNode,
        file: String
    ) throws(DocumentError) -> (holder: YAMLNode, last: String) {
        guard let last = path.last else {
            throw error("no key is named", at: root)
        }
        var node = root
        for (depth, key) in path.dropLast().enumerated() {
            guard let child = node.child(key) else {
                let parent = path.prefix(depth).joined(separator: ".")
                throw error(
                    "there is no `\(path.prefix(depth + 1).joined(separator: "."))`",
                    at: node,
                    suggestion: parent.isEmpty ? nil : "`\(parent)` is \(node.kindName)"
                )
            }
            node = child
        }
        return (node, last)
    }

    /// The last word: what was made must mean what was asked for.
    private static func check(
        _ text: String,
        _ expected: YAMLNode.Content,
        _ path: [String],
        _ holder: YAMLNode,
        _ file: String
    ) throws(DocumentError) {
        // Why it cannot be read is about a text that nobody has seen.
        let result = try? YAMLDocument.parse(text, file: file)
        if let result, result.content.isSame(as: expected) { return }
        let name = path.joined(separator: ".")
        throw error(
            result == nil
                ? "the new value of `\(name)` cannot stand there"
                : "`\(name)` cannot be changed without changing other values",
            at: holder.child(path.last ?? "") ?? holder,
            suggestion: "change it by hand"
        )
    }

    private static func error(_ message: String, at node: YAMLNode, suggestion: String? = nil) -> DocumentError {
        DocumentError(file: node.position.file, problems: [.init(message, at: node.position, suggestion: suggestion)])
    }
}

extension YAMLNode {
    /// The item or the value that a part of a path picks; nil if there is none, or if it is only merged into this mapping.
    func child(_ key: String) -> YAMLNode? {
        if let items = sequence { return Int(key).flatMap { items.indices.contains($0) ? items[$0] : nil } }
        return entries.first { $0.key == key && !$0.isMerged }?.value
    }
}

extension YAMLNode.Content {
    /// The same with one value set.
    fileprivate func replacing(_ path: ArraySlice<String>, with content: Self) -> Self {
        guard let key = path.first else { return content }
        func changed(_ node: YAMLNode) -> YAMLNode {
            YAMLNode(node.content.replacing(path.dropFirst(), with: content), at: node.position, range: node.range)
        }
        switch self {
        case .sequence(var items):
            if let index = Int(key), items.indices.contains(index) { items[index] = changed(items[index]) }
            return .sequence(items)
        case .mapping(let entries):
            var own = entries.filter { !$0.isMerged }
            if let index = own.firstIndex(where: { $0.key == key }) {
                let entry = own[index]
                own[index] = YAMLNode.Entry(key: key, position: entry.position, value: changed(entry.value))
            } else if let place = entries.first?.position {
                let value = YAMLNode(content, at: place, range: 0..<0)
                own.append(YAMLNode.Entry(key: key, position: place, value: value))
            } else {
                return .mapping([Self.first(key, content)])
            }
            return .mapping(own + entries.filter { $0.isMerged && $0.key != key })
        // Only an empty document takes a key.
        default: return .mapping([Self.first(key, content)])
        }
    }

    private static func first(_ key: String, _ content: Self) -> YAMLNode.Entry {
        let place = SourcePosition(file: "", line: 1, column: 1)
        return YAMLNode.Entry(key: key, position: place, value: YAMLNode(content, at: place, range: 0..<0))
    }

    /// Whether both mean the same, wherever they stand.
    func isSame(as other: Self) -> Bool {
        switch (self, other) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.integer(let left), .integer(let right)): left == right
        case (.real(let left), .real(let right)): left == right || (left.isNaN && right.isNaN)
        case (.string(let left), .string(let right)): left.utf8.elementsEqual(right.utf8)
        case (.sequence(let left), .sequence(let right)):
            left.elementsEqual(right) { $0.content.isSame(as: $1.content) }
        case (.mapping(let left), .mapping(let right)):
            left.elementsEqual(right) { left, right in
                left.key.utf8.elementsEqual(right.key.utf8) && left.isMerged == right.isMerged
                    && left.value.content.isSame(as: right.value.content)
            }
        default: false
        }
    }
}
