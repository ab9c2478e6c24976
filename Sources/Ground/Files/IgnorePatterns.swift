// SPDX-License-Identifier: Apache-2.0

/// Patterns in the language of `.gitignore`, which `.dvcignore` shares.
///
/// Paths are relative to the folder of the pattern file, with `/` between parts. The last pattern that matches decides;
/// whoever walks a tree must not descend into an ignored folder, because nothing below it can be taken back in.
package struct IgnorePatterns: Sendable {
    private struct Pattern: Sendable {
        let parts: [[UInt8]]
        let isNegated: Bool
        let onlyFolders: Bool
        let isAnchored: Bool
    }

    private var patterns: [Pattern] = []

    /// The patterns of a file's text, one a line.
    package init(_ text: String) {
        for line in text.split(separator: "\n", omittingEmptySubsequences: true) {
            var line = line.hasSuffix("\r") ? line.dropLast() : line
            while line.hasSuffix(" "), !line.hasSuffix("\\ ") { line = line.dropLast() }
            guard !line.isEmpty, !line.hasPrefix("#") else { continue }
            let isNegated = line.hasPrefix("!")
            if isNegated { line = line.dropFirst() }
            let onlyFolders = line.hasSuffix("/")
            if onlyFolders { line = line.dropLast() }
            let isAnchored = line.contains("/")
            if line.hasPrefix("/") { line = line.dropFirst() }
            guard !line.isEmpty else { continue }
            let parts = line.split(separator: "/", omittingEmptySubsequences: true).map { Array($0.utf8) }
            patterns.append(
                Pattern(parts: parts, isNegated: isNegated, onlyFolders: onlyFolders, isAnchored: isAnchored)
            )
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
        let parts = relativePath.split(separator: "/").map { Array($0.utf8) }
        guard let name = parts.last else { return false }
        for pattern in patterns.reversed() where isDirectory || !pattern.onlyFolders {
            let matches =
                pattern.isAnchored
                ? Self.matches(parts[...], pattern.parts[...])
                : pattern.parts.first.map { Self.glob(name[...], $0[...]) } ?? false
            if matches { return !pattern.isNegated }
        }
        return false
    }

    /// Matches whole paths; `**` stands for any number of parts.
    private static func matches(_ parts: ArraySlice<[UInt8]>, _ pattern: ArraySlice<[UInt8]>) -> Bool {
        guard let first = pattern.first else { return parts.isEmpty }
        if first == Array("**".utf8) {
            if pattern.count == 1 { return !parts.isEmpty }
            return parts.indices.contains { matches(parts[$0...], pattern.dropFirst()) }
        }
        guard let part = parts.first, glob(part[...], first[...]) else { return false }
        return matches(parts.dropFirst(), pattern.dropFirst())
    }

    /// Matches one part with `*`, `?`, `[a-z]` and `\` for the next character itself.
    static func glob(_ text: ArraySlice<UInt8>, _ pattern: ArraySlice<UInt8>) -> Bool {
        var text = text
        var pattern = pattern
        var retry: (text: ArraySlice<UInt8>, pattern: ArraySlice<UInt8>)?
        while true {
            if pattern.first == UInt8(ascii: "*") {
                pattern = pattern.drop { $0 == UInt8(ascii: "*") }
                retry = (text, pattern)
                continue
            }
            if let character = text.first, let rest = matchOne(character, pattern) {
                text = text.dropFirst()
                pattern = rest
                continue
            }
            if text.isEmpty, pattern.isEmpty { return true }
            // Let the last star take one character more.
            guard let last = retry, !last.text.isEmpty else { return false }
            text = last.text.dropFirst()
            pattern = last.pattern
            retry = (text, pattern)
        }
    }

    /// What remains of the pattern if its first element takes the character.
    private static func matchOne(_ character: UInt8, _ pattern: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard let first = pattern.first else { return nil }
        switch first {
        case UInt8(ascii: "?"): return pattern.dropFirst()
        case UInt8(ascii: "\\") where pattern.count > 1:
            let rest = pattern.dropFirst()
            return rest.first == character ? rest.dropFirst() : nil
        case UInt8(ascii: "["):
            guard let end = pattern.dropFirst(2).firstIndex(of: UInt8(ascii: "]")) else {
                return first == character ? pattern.dropFirst() : nil
            }
            var set = pattern[(pattern.startIndex + 1)..<end]
            let isNegated = set.first == UInt8(ascii: "!") || set.first == UInt8(ascii: "^")
            if isNegated { set = set.dropFirst() }
            var isIn = false
            while let low = set.first {
                set = set.dropFirst()
                if set.first == UInt8(ascii: "-"), let high = set.dropFirst().first {
                    isIn = isIn || (low <= high && (low...high).contains(character))
                    set = set.dropFirst(2)
                } else {
                    isIn = isIn || low == character
                }
            }
            return isIn != isNegated ? pattern[(end + 1)...] : nil
        default: return first == character ? pattern.dropFirst() : nil
        }
    }
}
