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

    private var patterns: [Pattern] = []

    /// The patterns of a file's text, one a line.
    package init(_ text: String) {
        var bytes = Array(text.utf8)[...]
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
        for line in bytes.split(separator: UInt8(ascii: "\n")) where line.first != UInt8(ascii: "#") {
            if let pattern = Self.pattern(line) { patterns.append(pattern) }
        }
    }

    /// Whether there is no pattern.
    package var isEmpty: Bool { patterns.isEmpty }

    /// The patterns of both, those of `other` deciding last.
    package func adding(_ other: IgnorePatterns) -> IgnorePatterns {
        var result = self
        result.patterns += other.patterns
        return result
    }

    /// Whether a path itself is ignored; its parents are not looked at.
    package func isIgnored(_ relativePath: String, isDirectory: Bool) -> Bool {
        guard !patterns.isEmpty else { return false }
        let path = Array(relativePath.utf8)[...]
        let name = path.suffix(while: { $0 != UInt8(ascii: "/") })
        guard !name.isEmpty else { return false }
        for pattern in patterns.reversed() where isDirectory || !pattern.onlyFolders {
            if pattern.glob.matches(pattern.onlyName ? name : path) { return !pattern.isNegated }
        }
        return false
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
