// SPDX-License-Identifier: Apache-2.0

import JSONText

/// The content of a `.dir` object: the files of a folder with their hashes, in exactly the bytes that DVC writes.
struct DirectoryListing {
    let entries: [(path: String, md5: String)]

    /// A listing; DVC sorts by the code points of the whole path.
    init(_ entries: [(path: String, md5: String)]) {
        self.entries = entries.sorted { $0.path.unicodeScalars.lexicographicallyPrecedes($1.path.unicodeScalars) }
    }

    init(bytes: [UInt8]) throws {
        entries = try JSONDocument(bytes).root.elements.compactMap { item in
            guard let path = item["relpath"]?.string, let md5 = item["md5"]?.string else { return nil }
            // A listing from elsewhere must not lead out of its folder.
            guard !path.hasPrefix("/"), !path.split(separator: "/").contains("..") else { return nil }
            return (path, md5)
        }
    }

    /// Python's `json.dumps`: a space behind `,` and `:`, and everything beyond ASCII escaped.
    var bytes: [UInt8] {
        let items = entries.map { #"{"md5": "\#($0.md5)", "relpath": \#(Self.quoted($0.path))}"# }
        return Array("[\(items.joined(separator: ", "))]".utf8)
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for unit in text.utf16 {
            switch unit {
            case 0x22: result += "\\\""
            case 0x5C: result += "\\\\"
            case 0x0A: result += "\\n"
            case 0x0D: result += "\\r"
            case 0x09: result += "\\t"
            case 0x20..<0x7F: result.unicodeScalars.append(Unicode.Scalar(UInt8(unit)))
            default:
                let digits = String(unit, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        }
        return result + "\""
    }
}
