// SPDX-License-Identifier: Apache-2.0

package import Documents
import Files

/// What stands in git in place of a file or folder: its path and the hash of its content, as DVC writes them.
package struct DataPointer: Sendable, Hashable {
    /// The path as it is written, relative to the project.
    package let path: String
    /// The MD5 of the content; of a folder's listing, with `.dir` behind it.
    package let md5: String
    /// The size of all files in bytes.
    package let size: Int64
    /// How many files a folder has; nil for a file.
    package let fileCount: Int?
    /// Whether it is a file that its owner may run.
    package let isExecutable: Bool
    /// Whether DVC 2 made it: the hash is that of a text without carriage returns, and the content lies in another folder of
    /// the cache.
    package let isLegacy: Bool

    /// A pointer.
    package init(
        path: String,
        md5: String,
        size: Int64,
        fileCount: Int? = nil,
        isExecutable: Bool = false,
        isLegacy: Bool = false
    ) {
        self.isLegacy = isLegacy
        self.path = path
        self.md5 = md5
        self.size = size
        self.fileCount = fileCount
        self.isExecutable = isExecutable
    }

    /// Whether it is a folder.
    package var isDirectory: Bool { md5.hasSuffix(".dir") }

    /// The size; nil where nobody knows it: DVC does not count it when a part of a folder is replaced.
    package var knownSize: Int64? { size == 0 && (fileCount ?? 0) > 0 ? nil : size }

    /// The same content at another path.
    package func at(_ path: String) -> DataPointer {
        DataPointer(
            path: path,
            md5: md5,
            size: size,
            fileCount: fileCount,
            isExecutable: isExecutable,
            isLegacy: isLegacy
        )
    }

    /// Reads one output of a `.dvc` file or of `dvc.lock`; nil without the hash of a content.
    package init?(_ node: YAMLNode, at path: String) {
        guard let md5 = node["md5"]?.string, Self.isDigest(md5) else { return nil }
        self.init(
            path: path,
            md5: md5,
            size: node["size"]?.integer ?? 0,
            fileCount: node["nfiles"]?.integer.map { Int($0) },
            isExecutable: node["isexec"]?.bool ?? false,
            isLegacy: node["hash"]?.string != "md5"
        )
    }

    /// Whether it is an MD5, with or without `.dir`: paths of the cache are built of it, so nothing else may pass.
    static func isDigest(_ text: String) -> Bool {
        ContentDigest(.md5, hex: text.hasSuffix(".dir") ? String(text.dropLast(4)) : text) != nil
    }
}
