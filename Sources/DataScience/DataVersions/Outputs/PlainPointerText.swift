// SPDX-License-Identifier: Apache-2.0

import Files

/// A `.dvc` file as DVC writes one for a single path, read without a YAML parser: a project may have ten thousand.
struct PlainPointerText {
    private let pointer: DataPointer

    /// Reads exactly that form with a name that needs no quotes; nil for anything else.
    init?(_ text: String) {
        var lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)[...]
        func take(_ prefix: String) -> Substring? {
            guard let line = lines.first, line.starts(with: prefix.utf8) else { return nil }
            lines = lines.dropFirst()
            return Substring(line.dropFirst(prefix.utf8.count))
        }
        guard take("outs:") == "", let md5 = take("- md5: "), DataPointer.isDigest(String(md5)),
            let size = take("  size: ").flatMap({ Int64($0) })
        else { return nil }
        let count = take("  nfiles: ")
        let isExecutable = take("  isexec: true")
        guard count == nil || count.flatMap({ Int($0) }) != nil, isExecutable ?? "" == "", take("  hash: md5") == "",
            let path = take("  path: "), take("") == "", lines.isEmpty, Self.isPlain(path)
        else { return nil }
        pointer = DataPointer(
            path: String(path),
            md5: String(md5),
            size: size,
            fileCount: count.flatMap { Int($0) },
            isExecutable: isExecutable != nil
        )
    }

    /// The output, with its path from the project.
    func output(file: String) throws -> TrackedOutput {
        let folder = file.utf8.lastIndex(of: UInt8(ascii: "/")).map { file[...$0] } ?? ""
        let path = folder + pointer.path
        return TrackedOutput(path: String(path), pointer: pointer.at(String(path)), file: file)
    }

    /// A single name of letters, digits, `.`, `_` and `-` that no reader takes for anything but a text.
    private static func isPlain(_ name: Substring) -> Bool {
        func isLetter(_ byte: UInt8) -> Bool { (97...122).contains(byte | 32) && byte < 128 }
        guard let first = name.utf8.first, isLetter(first),
            !["true", "false", "null", "yes", "no", "on", "off"].contains(name.lowercased())
        else { return false }
        return name.utf8.allSatisfy { byte in
            isLetter(byte) || (48...57).contains(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
                || byte == UInt8(ascii: "-")
        }
    }
}
