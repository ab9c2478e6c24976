// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// A look into git's index without git, which tells at once that git tracks nothing of much data.
///
/// - Source: git's `gitformat-index`: versions 2 and 3 hold whole paths; version 4 and split indexes do not.
enum GitIndexFile {
    /// Whether the index of the repository whose work tree begins at `root` may name a path or something below it; blocks.
    ///
    /// True if that cannot be known here; then git has to be asked.
    static func mayName(_ path: String, of root: FilePath) -> Bool {
        let folder = root.appending(".git")
        // A file leads to a repository elsewhere, and without either it begins further up, if at all.
        guard FileSystem.isDirectory(folder) else { return true }
        let file = folder.appending("index")
        guard FileSystem.exists(file) else { return false }
        guard let bytes = try? FileReader.bytes(of: file, limit: 256 << 20), bytes.count > 12,
            bytes[..<4].elementsEqual("DIRC".utf8), bytes[4..<7].allSatisfy({ $0 == 0 }), 2...3 ~= bytes[7],
            !holds(bytes, "link")
        else { return true }
        return holds(bytes, path)
    }

    private static func holds(_ bytes: [UInt8], _ text: String) -> Bool {
        var text = text
        return text.withUTF8 { text in
            bytes.withUnsafeBytes { bytes in
                guard let start = bytes.baseAddress, let wanted = text.baseAddress else { return true }
                var offset = 0
                while offset + text.count <= bytes.count {
                    let rest = bytes.count - text.count + 1 - offset
                    guard let found = memchr(start + offset, Int32(text[0]), rest) else { return false }
                    if memcmp(found, wanted, text.count) == 0 { return true }
                    offset = UnsafeRawPointer(found) - start + 1
                }
                return false
            }
        }
    }
}
