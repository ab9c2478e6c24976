// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText

/// The content of a `.dir` object: the files of a folder with their hashes, in exactly the bytes that DVC writes.
struct DirectoryListing: Sendable {
    let entries: [(path: String, md5: String)]

    /// A listing; DVC sorts by the code points of the whole path.
    init(_ entries: [(path: String, md5: String)]) {
        self.entries = entries.sorted { $0.path.unicodeScalars.lexicographicallyPrecedes($1.path.unicodeScalars) }
    }

    /// Reads a listing; every path stays inside of its folder.
    ///
    /// - Throws: ``DataVersionsError`` `.invalidFile`: an entry that is left out would be a file that is lost.
    init(bytes: [UInt8], name: String) throws {
        func invalid(_ why: String, _ cause: (any Error)? = nil) -> DataVersionsError {
            DataVersionsError(
                .invalidFile,
                what: "cannot read the cache's listing of `\(name)`",
                why: why,
                next: "fetch it again, for example by `dvc pull`",
                cause: cause
            )
        }
        let root: JSONElement
        do { root = try JSONDocument(bytes).root } catch { throw invalid("it is no JSON", error) }
        guard root.kind == .array else { throw invalid("it is no list") }
        var entries: [(path: String, md5: String)] = []
        for item in root.elements {
            guard let path = item["relpath"]?.string, let md5 = item["md5"]?.string else {
                throw invalid("an entry has no `relpath` or no `md5`")
            }
            guard ProjectPath.normalized(path).map({ $0.utf8.elementsEqual(path.utf8) }) == true else {
                throw invalid("the path `\(path)` leads out of the folder")
            }
            guard ContentDigest(.md5, hex: md5) != nil else { throw invalid("`\(path)` has no MD5") }
            entries.append((path, md5))
        }
        self.entries = entries
    }

    /// Python's `json.dumps`: a space behind `,` and `:`, and everything beyond ASCII escaped.
    var bytes: [UInt8] {
        let items = entries.map { #"{"md5": "\#($0.md5)", "relpath": \#(PythonJSON.quoted($0.path))}"# }
        return Array("[\(items.joined(separator: ", "))]".utf8)
    }
}
