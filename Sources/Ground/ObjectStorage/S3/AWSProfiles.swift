// SPDX-License-Identifier: Apache-2.0

import Files
package import SystemPackage

/// The files in which people keep keys and settings for Amazon's services and their like.
///
/// - Source: *AWS SDKs and Tools Reference Guide*, "Shared config and credentials files".
package struct AWSProfiles: Sendable {
    /// What one profile says, by name; settings below another are joined to it by a dot: `s3.addressing_style`.
    package typealias Profile = [String: String]

    private let profiles: [String: Profile]

    /// Reads the files that are there; blocks.
    ///
    /// - Parameters:
    ///   - credentials: The file with keys.
    ///   - config: The file with settings, whose sections are called `profile NAME`.
    /// - Throws: ``FilesError`` if a file is there and cannot be read.
    package init(credentials: FilePath?, config: FilePath?) throws {
        var profiles: [String: Profile] = [:]
        for (path, isConfig) in [(config, true), (credentials, false)] {
            guard let path, FileSystem.exists(path) else { continue }
            for (section, values) in Self.sections(try FileReader.text(of: path, limit: 1 << 20)) {
                let words = section.split(separator: " ", maxSplits: 1).map(String.init)
                let name: String
                if isConfig, words.count == 2, words[0] == "profile" {
                    name = words[1].filter { $0 != "\"" }
                } else if !isConfig || section == "default" {
                    name = section
                } else {
                    continue
                }
                // Keys of the credentials' file count more.
                profiles[name, default: [:]].merge(values) { $1 }
            }
        }
        self.profiles = profiles
    }

    /// What a profile says; nil if there is none of that name.
    package subscript(name: String) -> Profile? { profiles[name] }

    /// The names of all profiles.
    package var names: [String] { profiles.keys.sorted() }

    static func sections(_ text: String) -> [(String, Profile)] {
        var result: [(name: String, values: Profile)] = []
        var parent = ""
        for line in text.split(whereSeparator: \.isNewline) {
            let isIndented = line.first?.isWhitespace == true
            let content = String(line).trimmed
            guard let first = content.first, first != "#", first != ";" else { continue }
            if first == "[" {
                result.append((String(content.dropFirst().prefix { $0 != "]" }).trimmed, [:]))
                parent = ""
                continue
            }
            guard let sign = content.firstIndex(of: "="), !result.isEmpty else { continue }
            let name = String(content[..<sign]).trimmed
            let value = String(content[content.index(after: sign)...]).trimmed
            result[result.count - 1].values[isIndented && !parent.isEmpty ? "\(parent).\(name)" : name] = value
            if !isIndented { parent = value.isEmpty ? name : "" }
        }
        return result
    }
}

extension String {
    fileprivate var trimmed: String {
        let start = drop(while: \.isWhitespace)
        guard let end = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(start[...end])
    }
}
