// SPDX-License-Identifier: Apache-2.0

import Files
package import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// A fresh folder, removed with the test.
package final class TestFolder: Sendable {
    /// The folder, without links in its path.
    package let path: FilePath

    /// Makes the folder.
    package init(_ prefix: String = "gyre-test") throws {
        path = try FileSystem.realPath(try FileSystem.temporaryDirectory(prefix: prefix))
    }

    // What cannot be removed now lies in the system's folder for such things.
    deinit { try? FileSystem.removeTree(path) }

    /// Writes a file and the folders above it.
    @discardableResult
    package func write(_ text: String, to name: String) throws -> FilePath { try write(Array(text.utf8), to: name) }

    /// Writes a file and the folders above it.
    @discardableResult
    package func write(_ bytes: [UInt8], to name: String) throws -> FilePath {
        let file = path.appending(name)
        try FileSystem.createDirectory(file.removingLastComponent())
        try AtomicFile.write(bytes, to: file)
        return file
    }

    /// The text of a file; nil if it is not there.
    package func text(_ name: String) throws -> String? {
        FileSystem.exists(path.appending(name)) ? try FileReader.text(of: path.appending(name)) : nil
    }

    /// Whether there is something.
    package func holds(_ name: String) -> Bool { FileSystem.exists(path.appending(name)) }

    /// Removes a file or folder.
    package func remove(_ name: String) throws { try FileSystem.removeTree(path.appending(name)) }

    /// All files below a folder with their bytes, by path; names in `skipping` are left out with what is below.
    ///
    /// Links are `→ target`, empty folders end with a slash; pipes are left out.
    package func contents(of name: String = "", skipping: Set<String> = []) throws -> [String: [UInt8]] {
        var result: [String: [UInt8]] = [:]
        func walk(_ folder: FilePath, _ prefix: String) throws {
            for name in try FileSystem.list(folder) where !skipping.contains(name) {
                let (file, path) = (folder.appending(name), prefix + name)
                let status = try FileSystem.status(of: file, followingLinks: false)
                if status.isDirectory {
                    try walk(file, path + "/")
                    if try FileSystem.list(file).isEmpty { result[path + "/"] = [] }
                } else if status.isSymlink {
                    result[path] = Array("→ \(Self.target(of: file))".utf8)
                } else if status.isRegular {
                    result[path] = try FileReader.bytes(of: file, limit: 1 << 30)
                }
            }
        }
        try walk(name.isEmpty ? path : path.appending(name), "")
        return result
    }

    private static func target(of link: FilePath) -> String {
        var bytes: [CChar] = Array(repeating: 0, count: 4_096)
        let count = readlink(link.string, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
