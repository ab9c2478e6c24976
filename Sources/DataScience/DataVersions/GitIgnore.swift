// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage

/// Keeps versioned data out of git, as DVC does: a line `/name` in the `.gitignore` of the data's folder.
enum GitIgnore {
    /// Adds the line if it is missing; blocks.
    static func add(_ path: FilePath) throws {
        guard let name = path.lastComponent?.string else { return }
        let file = path.removingLastComponent().appending(".gitignore")
        let text = FileSystem.exists(file) ? try FileReader.text(of: file, limit: 1 << 20) : ""
        let line = "/" + escaped(name)
        guard !text.split(whereSeparator: \.isNewline).contains(where: { $0.utf8.elementsEqual(line.utf8) }) else {
            return
        }
        let separator = text.isEmpty || text.utf8.last == UInt8(ascii: "\n") ? "" : "\n"
        try AtomicFile.write("\(text)\(separator)\(line)\n", to: file)
    }

    /// Whether the line is there and nothing behind it takes it back, so that git needs no asking; blocks.
    static func has(_ path: FilePath) -> Bool {
        guard let name = path.lastComponent?.string else { return false }
        let file = path.removingLastComponent().appending(".gitignore")
        // What cannot be read here, git reads in its way.
        guard FileSystem.exists(file), let text = try? FileReader.text(of: file, limit: 1 << 20) else { return false }
        let line = "/" + escaped(name)
        let lines = text.split(whereSeparator: \.isNewline)
        guard let position = lines.firstIndex(where: { $0.utf8.elementsEqual(line.utf8) }) else { return false }
        return !lines[position...].contains { $0.hasPrefix("!") }
    }

    /// Removes the line, and a file that it leaves empty; blocks.
    static func remove(_ path: FilePath) throws {
        guard let name = path.lastComponent?.string else { return }
        let file = path.removingLastComponent().appending(".gitignore")
        guard FileSystem.exists(file) else { return }
        let text = try FileReader.text(of: file, limit: 1 << 20)
        let line = "/" + escaped(name)
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.contains(where: { $0.utf8.elementsEqual(line.utf8) }) else { return }
        lines.removeAll { $0.utf8.elementsEqual(line.utf8) }
        let rest = lines.joined(separator: "\n")
        if rest.allSatisfy(\.isWhitespace) { try FileSystem.remove(file) } else { try AtomicFile.write(rest, to: file) }
    }

    /// A name whose characters mean themselves.
    static func escaped(_ name: String) -> String {
        let text = name.unicodeScalars.map { #"*?[]!#\"#.unicodeScalars.contains($0) ? "\\\($0)" : "\($0)" }.joined()
        // Git drops spaces at the end of a line.
        return text.hasSuffix(" ") ? text.dropLast() + "\\ " : text
    }
}
