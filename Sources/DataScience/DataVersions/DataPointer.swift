// SPDX-License-Identifier: Apache-2.0

package import Documents

/// What stands in git in place of a file or folder: its path and the hash of its content, as DVC writes them.
package struct DataPointer: Sendable, Hashable {
    /// The path, relative to the project.
    package let path: String
    /// The MD5 of the content; of a folder's listing, with `.dir` behind it.
    package let md5: String
    /// The size of all files in bytes.
    package let size: Int64
    /// How many files a folder has; nil for a file.
    package let fileCount: Int?

    /// A pointer.
    package init(path: String, md5: String, size: Int64, fileCount: Int?) {
        self.path = path
        self.md5 = md5
        self.size = size
        self.fileCount = fileCount
    }

    /// Whether it is a folder.
    package var isDirectory: Bool { md5.hasSuffix(".dir") }

    /// The text of its `.dvc` file.
    package var fileText: String {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        var text = "outs:\n- md5: \(md5)\n  size: \(size)\n"
        if let fileCount { text += "  nfiles: \(fileCount)\n" }
        return text + "  hash: md5\n  path: \(YAMLText.plain(name))\n"
    }

    /// Reads one output of a `.dvc` file or of `dvc.lock`.
    package init?(_ node: YAMLNode, at path: String) {
        guard let md5 = node["md5"]?.string else { return nil }
        self.init(
            path: path,
            md5: md5,
            size: node["size"]?.integer ?? 0,
            fileCount: node["nfiles"]?.integer.map { Int($0) }
        )
    }
}

/// Scalars of YAML as DVC writes them: plain where that reads back equal, else between single quotes.
package enum YAMLText {
    /// A text as a scalar.
    package static func plain(_ text: String) -> String {
        // Asking our own reader is the surest way to know what a plain scalar means.
        let read = try? YAMLDocument.parse("k: \(text)\n", file: "")
        if case .string(let same)? = read?["k"]?.content, same == text, !text.contains(" #"), !text.hasPrefix("\""),
            !text.hasPrefix("'"), !["y", "n", "yes", "no", "on", "off"].contains(text.lowercased())
        {
            return text
        }
        return "'" + text.replacing("'", with: "''") + "'"
    }
}
