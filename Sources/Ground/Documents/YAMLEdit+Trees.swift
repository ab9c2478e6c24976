// SPDX-License-Identifier: Apache-2.0

import Diagnostics

/// Changes lists and mappings as wholes. Whoever calls compares the result with what it should mean.
extension YAMLEdit {
    /// Puts a value of any kind at a path, in place of what is there or as a new key; missing mappings on the way are made.
    ///
    /// - Parameters:
    ///   - path: Keys from the top; a number picks an item of a list. At least one.
    ///   - value: YAML source in one line.
    ///   - text: The document.
    ///   - file: The name for positions.
    /// - Returns: The new document.
    /// - Throws: ``DocumentError`` as ``setting(_:to:in:file:)``.
    package static func putting(
        _ path: [String],
        _ value: String,
        in text: String,
        file: String
    ) throws(DocumentError) -> String {
        let root = try YAMLDocument.parse(text, file: file)
        var (holder, depth, entry) = (root, 0, YAMLNode.Entry?.none)
        while depth < path.count, let child = holder.child(path[depth]) {
            entry = holder.entries.first { $0.key == path[depth] && !$0.isMerged }
            holder = child
            depth += 1
        }
        guard depth < path.count else {
            if holder.sequence == nil, !holder.isMapping { return try setting(path, to: value, in: text, file: file) }
            return TreeText(text).replacing(holder, of: entry, with: value)
        }
        let rest = path[depth...]
        guard rest.count > 1 else { return try setting(path, to: value, in: text, file: file) }
        guard let indent = holder.isNull ? 0 : holder.indent else {
            let inner = rest.dropFirst().reversed().reduce(value) { "{\(scalar($1)): \($0)}" }
            return try setting(Array(path[...depth]), to: inner, in: text, file: file)
        }
        var entryText = ""
        for (step, key) in rest.enumerated() {
            if step > 0 { entryText += "\n" + String(repeating: " ", count: indent + 2 * step) }
            entryText += scalar(key) + ":"
        }
        if let added = EditedText(text).adding("\(entryText) \(value)", to: holder) { return added }
        // It says best why not.
        return try setting(path, to: value, in: text, file: file)
    }

    /// Removes a key of a mapping with its value; a mapping that had no other stays, empty.
    ///
    /// - Returns: The new document; nil if there is no such key, or it cannot be taken out.
    /// - Throws: ``DocumentError`` if the document cannot be read.
    package static func removing(_ path: [String], in text: String, file: String) throws(DocumentError) -> String? {
        let root = try YAMLDocument.parse(text, file: file)
        var (holder, holderEntry) = (root, YAMLNode.Entry?.none)
        for key in path.dropLast() {
            guard let child = holder.child(key) else { return nil }
            holderEntry = holder.entries.first { $0.key == key }
            holder = child
        }
        let own = holder.entries.filter { !$0.isMerged }
        guard let index = own.firstIndex(where: { $0.key == path.last }) else { return nil }
        let tree = TreeText(text)
        if own.count == 1 {
            guard path.count > 1 else { return "{}\n" }
            return tree.replacing(holder, of: holderEntry, with: "{}")
        }
        if holder.indent != nil { return tree.removingLines(of: own[index]) }
        return tree.removing(
            own[index],
            before: index > 0 ? own[index - 1] : nil,
            after: own.dropFirst(index + 1).first
        )
    }
}

/// A text whose lists and mappings are replaced.
private struct TreeText {
    private let text: [Unicode.Scalar]
    private let lines: [Range<Int>]

    init(_ text: String) {
        let scalars = Array(text.unicodeScalars)
        var (lines, start) = ([Range<Int>](), 0)
        for (index, scalar) in scalars.enumerated() where scalar == "\n" {
            lines.append(start..<index + 1)
            start = index + 1
        }
        if start < scalars.count { lines.append(start..<scalars.count) }
        (self.text, self.lines) = (scalars, lines)
    }

    func replacing(_ node: YAMLNode, of entry: YAMLNode.Entry?, with value: String) -> String {
        let first = node.range.lowerBound < text.count ? text[node.range.lowerBound] : " "
        // With brackets it ends where it ends.
        if first == "[" || first == "{" || entry == nil { return string(node.range, value) }
        guard let entry else { return string(node.range, value) }
        let line = entry.position.line - 1
        let last = lastLine(of: entry)
        // What stands behind the colon of the key: nothing, or a comment.
        let head = lines[line]
        let mark = text[head].firstIndex(of: ":").map { $0 + 1 } ?? head.upperBound
        let end = last < lines.count ? lines[last].upperBound : text.count
        let remark = String(String.UnicodeScalarView(text[mark..<head.upperBound]))
        return string(mark..<end, " " + value + (remark.hasSuffix("\n") ? remark : remark + "\n"))
    }

    func removingLines(of entry: YAMLNode.Entry) -> String {
        let (first, last) = (entry.position.line - 1, lastLine(of: entry))
        return string(lines[first].lowerBound..<lines[min(last, lines.count - 1)].upperBound, "")
    }

    func removing(_ entry: YAMLNode.Entry, before: YAMLNode.Entry?, after: YAMLNode.Entry?) -> String {
        if let after { return string(start(of: entry)..<start(of: after), "") }
        let from = before.map { max($0.value.range.upperBound, start(of: $0)) } ?? start(of: entry)
        return string(from..<max(entry.value.range.upperBound, from), "")
    }

    /// The last line that belongs to a value without brackets: of comments and blank lines behind it only its own.
    private func lastLine(of entry: YAMLNode.Entry) -> Int {
        let (line, indent) = (entry.position.line - 1, entry.position.column - 1)
        let isList = entry.value.sequence != nil
        var last = line
        // A scalar over several lines, or one with brackets, ends where it ends.
        let end = entry.value.range.upperBound
        for index in line + 1..<max(line + 1, lines.count) {
            let content = text[lines[index]]
            guard let first = content.firstIndex(where: { !" \t\r\n".unicodeScalars.contains($0) }) else { continue }
            let depth = first - lines[index].lowerBound
            if text[first] == "#" {
                if depth <= indent { continue }
            } else if depth < indent || (depth == indent && !(isList && text[first] == "-")) {
                if lines[index].lowerBound >= end { break }
            }
            last = index
        }
        return last
    }

    private func start(of entry: YAMLNode.Entry) -> Int {
        lines[entry.position.line - 1].lowerBound + entry.position.column - 1
    }

    private func string(_ range: Range<Int>, _ new: String) -> String {
        String(String.UnicodeScalarView(text[..<range.lowerBound])) + new
            + String(String.UnicodeScalarView(text[range.upperBound...]))
    }
}
