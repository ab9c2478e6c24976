// SPDX-License-Identifier: Apache-2.0

/// What Gyre needs of `.dvc/config`.
enum RepositoryConfig {
    /// `dir` of the section `[cache]`; nil if it is not set.
    static func cacheFolder(_ text: String) -> String? {
        var section = ""
        var folder: String?
        for line in text.split(whereSeparator: \.isNewline) {
            let line = line.trimming(while: \.isWhitespace)
            if line.hasPrefix("[") { section = String(line.prefix { $0 != "]" }.dropFirst()) }
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard section.trimming(while: \.isWhitespace) == "cache", parts.count == 2,
                parts[0].trimming(while: \.isWhitespace) == "dir"
            else { continue }
            folder = unquoted(parts[1].trimming(while: \.isWhitespace))
        }
        return folder
    }

    /// A config that puts the cache at an absolute path.
    static func text(cacheFolder: String) -> String {
        // Quotes keep commas and `#` from meaning something; which ones is free.
        let quote = cacheFolder.contains("\"") ? "'" : "\""
        return "[cache]\n    dir = \(quote)\(cacheFolder)\(quote)\n"
    }

    private static func unquoted(_ value: Substring) -> String {
        guard let quote = value.first, quote == "\"" || quote == "'" else {
            return String(value.prefix { $0 != "#" }.trimming(while: \.isWhitespace))
        }
        return String(value.dropFirst().prefix { $0 != quote })
    }
}

extension StringProtocol {
    func trimming(while isTrimmed: (Character) -> Bool) -> SubSequence {
        drop(while: isTrimmed).trimmingSuffix(while: isTrimmed)
    }
}
