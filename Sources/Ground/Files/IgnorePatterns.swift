// SPDX-License-Identifier: Apache-2.0

/// Patterns in the language of `.gitignore`, which `.dvcignore` shares.
///
/// Paths are relative to the folder of the pattern file, with `/` between parts. The last pattern that matches decides;
/// whoever walks a tree must not descend into an ignored folder, because nothing below it can be taken back in.
///
/// - Source: gitignore(5) and, where it is silent, what git does.
package struct IgnorePatterns: Sendable {
    private struct Pattern: Sendable {
        let glob: PathGlob
        let isNegated: Bool
        let onlyFolders: Bool
        /// Whether it speaks of the last part of a path alone.
        let onlyName: Bool
    }

    /// Where a pattern is written.
    package struct Rule: Sendable, Hashable {
        /// The file, as people name it; empty for a pattern that always holds.
        package let file: String
        /// The line in it, from 1.
        package let line: Int
        /// The line as it is there.
        package let text: String
        /// Whether it takes back in.
        package let isNegated: Bool
    }

    private var patterns: [Pattern] = []
    /// For each pattern where it is written; apart from them, because walks of large trees ask for patterns alone.
    private var rules: [Rule] = []

    /// The patterns of a file's text, one a line.
    ///
    /// - Parameters:
    ///   - text: The patterns.
    ///   - file: The file, as people name it.
    ///   - written: The lines as they are in the file, if `text` has them in another form.
    package init(_ text: String, from file: String = "", written: [String]? = nil) {
        var bytes = Array(text.utf8)[...]
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() where !line.isEmpty && line.first != UInt8(ascii: "#") {
            guard let pattern = Self.pattern(line) else { continue }
            patterns.append(pattern)
            let known = written.flatMap { $0.indices.contains(index) ? $0[index] : nil }
            let text = known ?? String(decoding: line, as: UTF8.self)
            rules.append(Rule(file: file, line: index + 1, text: text, isNegated: pattern.isNegated))
        }
    }

    /// Whether there is no pattern.
    package var isEmpty: Bool { patterns.isEmpty }

    /// The patterns of both, those of `other` deciding last.
    package func adding(_ other: IgnorePatterns) -> IgnorePatterns {
        var result = self
        result.patterns += other.patterns
        result.rules += other.rules
        return result
    }

    /// Whether a path itself is ignored; its parents are not looked at.
    package func isIgnored(_ relativePath: String, isDirectory: Bool) -> Bool {
        lastMatch(relativePath, isDirectory).map { !patterns[$0].isNegated } ?? false
    }

    /// The rule that decides about a path itself; nil if none speaks of it.
    ///
    /// Where several in a row that say the same match, it is the first of them, as DVC names it.
    package func rule(for relativePath: String, isDirectory: Bool) -> Rule? {
        guard var found = lastMatch(relativePath, isDirectory) else { return nil }
        let last = patterns[found]
        guard !last.isNegated else { return rules[found] }
        let others = patterns[..<found].indices.reversed().prefix {
            !patterns[$0].isNegated && patterns[$0].onlyFolders == last.onlyFolders
        }
        let path = Array(relativePath.utf8)[...]
        for index in others where Self.matches(patterns[index], path) { found = index }
        return rules[found]
    }

    private func lastMatch(_ relativePath: String, _ isDirectory: Bool) -> Int? {
        guard !patterns.isEmpty else { return nil }
        let path = Array(relativePath.utf8)[...]
        let name = path.suffix(while: { $0 != UInt8(ascii: "/") })
        guard !name.isEmpty else { return nil }
        for index in patterns.indices.reversed() where isDirectory || !patterns[index].onlyFolders {
            let pattern = patterns[index]
            if pattern.glob.matches(pattern.onlyName ? name : path) { return index }
        }
        return nil
    }

    private static func matches(_ pattern: Pattern, _ path: ArraySlice<UInt8>) -> Bool {
        pattern.glob.matches(pattern.onlyName ? path.suffix(while: { $0 != UInt8(ascii: "/") }) : path)
    }

    /// The pattern of a line; nil if it can match nothing.
    private static func pattern(_ line: ArraySlice<UInt8>) -> Pattern? {
        let slash = UInt8(ascii: "/")
        var line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        line = withoutTrailingSpaces(line)
        let isNegated = line.first == UInt8(ascii: "!")
        if isNegated { line = line.dropFirst() }
        let onlyFolders = line.last == slash
        if onlyFolders { line = line.dropLast() }
        let onlyName = !line.contains(slash)
        let isRooted = line.first == slash
        if isRooted { line = line.dropFirst() }
        guard !line.isEmpty, let glob = PathGlob(line, crossesFolders: !onlyName) else { return nil }
        return Pattern(glob: glob, isNegated: isNegated, onlyFolders: onlyFolders, onlyName: onlyName)
    }

    /// Without spaces at the end, except one behind a backslash.
    private static func withoutTrailingSpaces(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var end = line.startIndex
        var index = line.startIndex
        while index < line.endIndex {
            let byte = line[index]
            index += byte == UInt8(ascii: "\\") ? 2 : 1
            if byte != UInt8(ascii: " ") { end = min(index, line.endIndex) }
        }
        return line[..<end]
    }
}

extension ArraySlice<UInt8> {
    /// The longest end of it whose bytes all satisfy `predicate`.
    fileprivate func suffix(while predicate: (UInt8) -> Bool) -> ArraySlice<UInt8> {
        var start = endIndex
        while start > startIndex, predicate(self[start - 1]) { start -= 1 }
        return self[start...]
    }
}
