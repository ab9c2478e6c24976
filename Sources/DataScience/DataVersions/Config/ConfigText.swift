// SPDX-License-Identifier: Apache-2.0

/// A file of settings in the syntax that DVC reads and writes by ConfigObj, edited in place: comments and layout stay.
///
/// - Source: ConfigObj 5, the module's documentation: sections, lists, quotes and values over several lines.
struct ConfigText: Sendable {
    /// A line `key = value`.
    struct Entry: Sendable {
        /// The key in small letters, as DVC compares it.
        let key: String
        /// One value, or those of a list.
        let values: [String]
        /// The lines it takes.
        fileprivate(set) var lines: Range<Int>
        /// What stands before the value, and the comment behind it.
        fileprivate let head: String
        fileprivate let comment: String
    }

    /// A section with its keys, in the order of the file.
    struct Section: Sendable {
        let name: ConfigSection
        fileprivate(set) var header: Int
        fileprivate(set) var entries: [Entry] = []

        fileprivate var last: Int { entries.last.map { $0.lines.upperBound - 1 } ?? header }
    }

    private(set) var sections: [Section] = []
    private let file: String
    private var lines: [String]

    /// Reads a file's text.
    ///
    /// - Throws: ``DataVersionsError`` `.invalidFile` with the line that cannot be understood.
    init(_ text: String, file: String) throws {
        self.file = file
        var scalars = text.unicodeScalars[...]
        if scalars.first == "\u{FEFF}" { scalars = scalars.dropFirst() }
        lines = scalars.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            String(line.last == "\r" ? line.dropLast() : line)
        }
        if lines.last?.isEmpty == true { lines.removeLast() }
        try parse()
    }

    /// The text of the file.
    var text: String { lines.isEmpty ? "" : lines.joined(separator: "\n") + "\n" }

    /// The values of a key; nil if it is not set.
    func values(_ section: ConfigSection, _ key: String) -> [String]? {
        sections.first { $0.name == section }?.entries.first { $0.key == key }?.values
    }

    // MARK: Changes

    /// Sets a key, in its place or at the end of its section.
    mutating func set(_ section: ConfigSection, _ key: String, to value: String) throws {
        let written = try ConfigQuoting.value(value, file: file)
        guard let index = sections.firstIndex(where: { $0.name == section }) else {
            try insert(section, ["    \(try ConfigQuoting.name(key, file: file)) = \(written)"])
            return try parse()
        }
        if let entry = sections[index].entries.first(where: { $0.key == key }) {
            lines.replaceSubrange(entry.lines, with: ["\(entry.head)\(written)\(entry.comment)"])
        } else {
            let indent = sections[index].entries.last.map { $0.head.prefix { $0 == " " || $0 == "\t" } } ?? "    "
            let line = "\(indent)\(try ConfigQuoting.name(key, file: file)) = \(written)"
            lines.insert(line, at: sections[index].last + 1)
        }
        try parse()
    }

    /// Adds a section without keys if it is missing.
    mutating func add(_ section: ConfigSection) throws {
        guard !sections.contains(where: { $0.name == section }) else { return }
        try insert(section, [])
        try parse()
    }

    /// Removes a key, and a section such as `[core]` that it leaves empty.
    mutating func remove(_ section: ConfigSection, _ key: String) throws {
        guard let index = sections.firstIndex(where: { $0.name == section }),
            let entry = sections[index].entries.first(where: { $0.key == key })
        else { return }
        lines.removeSubrange(entry.lines)
        try parse()
        guard sections[index].entries.isEmpty, section.kind == nil else { return }
        // Somebody's comment is not ours to remove.
        let rest = lines[(sections[index].header + 1)..<end(of: index)]
        if rest.allSatisfy({ $0.allSatisfy(\.isWhitespace) }) { try remove(section) }
    }

    /// Removes a section with all in it; comments right above the next one stay.
    mutating func remove(_ section: ConfigSection) throws {
        guard let index = sections.firstIndex(where: { $0.name == section }) else { return }
        lines.removeSubrange(sections[index].header..<end(of: index))
        // DVC writes an empty file so.
        if lines.isEmpty { lines = [""] }
        try parse()
    }

    /// Gives a section another name; as DVC does, it goes to the end.
    mutating func rename(_ section: ConfigSection, to name: ConfigSection) throws {
        guard let index = sections.firstIndex(where: { $0.name == section }) else { return }
        let header = "[\(try ConfigQuoting.name(name.text, file: file))]"
        let range = sections[index].header..<end(of: index)
        let entries = lines[range].dropFirst()
        lines.removeSubrange(range)
        lines += [header] + entries
        try parse()
    }

    /// Where a section ends: before the comments of the next one.
    private func end(of index: Int) -> Int {
        guard index + 1 < sections.count else { return lines.count }
        return top(of: index + 1)
    }

    /// Where the comments right above a section begin.
    private func top(of index: Int) -> Int {
        var line = sections[index].header
        while line > 0, lines[line - 1].drop(while: \.isWhitespace).hasPrefix("#") { line -= 1 }
        return line
    }

    /// Named sections stand behind the others, as DVC writes them.
    private mutating func insert(_ section: ConfigSection, _ entries: [String]) throws {
        let header = "[\(try ConfigQuoting.name(section.text, file: file))]"
        let place: Int
        if section.kind == nil, let last = sections.last(where: { $0.name.kind == nil }) {
            place = last.last + 1
        } else if section.kind == nil, !sections.isEmpty {
            place = top(of: 0)
        } else {
            while let last = lines.last, last.allSatisfy(\.isWhitespace) { lines.removeLast() }
            place = lines.count
        }
        lines.insert(contentsOf: [header] + entries, at: place)
    }

    // MARK: Reading

    private mutating func parse() throws {
        sections = []
        var index = 0
        while index < lines.count {
            let line = lines[index]
            let trimmed = line.trimming(while: \.isWhitespace)
            if trimmed.isEmpty || trimmed.hasPrefix("#") {
                index += 1
            } else if trimmed.hasPrefix("[") {
                guard let name = Self.sectionName(String(trimmed)) else {
                    throw invalid(index, "the name of a section stands in `[` and `]`")
                }
                let section = ConfigSection(name)
                guard !sections.contains(where: { $0.name == section }) else {
                    throw invalid(index, "there is a section `\(name)` above")
                }
                sections.append(Section(name: section, header: index))
                index += 1
            } else {
                guard let last = sections.indices.last else { throw invalid(index, "it stands before any section") }
                let entry = try entry(at: index)
                guard !sections[last].entries.contains(where: { $0.key == entry.key }) else {
                    throw invalid(index, "`\(entry.key)` is set above")
                }
                sections[last].entries.append(entry)
                index = entry.lines.upperBound
            }
        }
    }

    private func entry(at index: Int) throws -> Entry {
        let line = lines[index]
        var scanner = ConfigScanner(line)
        guard let key = scanner.key() else { throw invalid(index, "it is neither `[section]` nor `key = value`") }
        let head = scanner.consumed
        if let quote = scanner.tripleQuote() {
            var value = scanner.rest
            var end = index
            var close = Self.closing(quote, in: value)
            while close == nil {
                end += 1
                guard end < lines.count, !value.contains(quote) else {
                    throw invalid(index, "its quotes are not closed, or something stands behind them")
                }
                value += "\n" + lines[end]
                close = Self.closing(quote, in: value)
            }
            guard let close else { throw invalid(index, "its quotes are not closed") }
            let comment = String(value[close.upperBound...])
            let values = [String(value[..<close.lowerBound])]
            return Entry(key: key, values: values, lines: index..<(end + 1), head: head, comment: comment)
        }
        guard let values = scanner.values() else {
            throw invalid(index, "the value of `\(key)` has quotes or commas in the wrong place")
        }
        return Entry(key: key, values: values, lines: index..<(index + 1), head: head, comment: scanner.comment)
    }

    /// The first such quotes that nothing but a comment follows: those before are a part of the value.
    private static func closing(_ quote: String, in value: String) -> Range<String.Index>? {
        var start = value.startIndex
        while let found = value[start...].firstRange(of: quote) {
            let rest = value[found.upperBound...].drop(while: \.isWhitespace)
            if rest.isEmpty || rest.hasPrefix("#") { return found }
            start = value.index(after: found.lowerBound)
        }
        return nil
    }

    private static func sectionName(_ line: String) -> String? {
        var rest = line.dropFirst()
        guard rest.first != "[" else { return nil }
        rest = rest.drop(while: \.isWhitespace)
        guard let first = rest.first else { return nil }
        if first == "\"" || first == "'" {
            // The last such quote before `]`: names hold quotes of the other kind.
            guard
                let close = rest.dropFirst().firstRange(of: "\(first)]")
                    ?? rest.dropFirst().firstRange(of: "\(first) ]")
            else { return nil }
            return String(rest[rest.index(after: rest.startIndex)..<close.lowerBound])
        }
        guard let close = rest.firstIndex(of: "]") else { return nil }
        let tail = rest[rest.index(after: close)...].drop(while: \.isWhitespace)
        guard tail.isEmpty || tail.hasPrefix("#") else { return nil }
        let name = rest[..<close].trimming(while: \.isWhitespace)
        return name.isEmpty ? nil : String(name)
    }

    private func invalid(_ index: Int, _ why: String) -> DataVersionsError {
        DataVersionsError(
            .invalidFile,
            what: "cannot read line \(index + 1) of `\(file)`",
            why: why,
            next: "correct the line"
        )
    }
}

extension StringProtocol {
    func trimming(while isTrimmed: (Character) -> Bool) -> SubSequence {
        drop(while: isTrimmed).trimmingSuffix(while: isTrimmed)
    }
}
