// SPDX-License-Identifier: Apache-2.0

/// A content that the cache and the remotes keep by its hash.
package struct DataObject: Sendable, Hashable {
    /// The MD5 in hexadecimal; of a folder's listing, with `.dir` behind it.
    package let md5: String
    /// Whether DVC 2 made it, whose objects have a place and a hash of their own.
    package let isLegacy: Bool

    /// An object.
    package init(_ md5: String, isLegacy: Bool = false) {
        self.md5 = md5
        self.isLegacy = isLegacy
    }

    /// Whether it is the listing of a folder.
    package var isListing: Bool { md5.hasSuffix(".dir") }

    /// Its path in the cache and below the URL of a remote.
    package var key: String { "\(isLegacy ? "" : "files/md5/")\(md5.prefix(2))/\(md5.dropFirst(2))" }

    /// The hash of its bytes; nil if the name is that of other bytes: texts without carriage returns, in DVC 2.
    var contentHash: String? { isLegacy && !isListing ? nil : String(md5.prefix(32)) }

    /// The object at a path of the cache or a remote; nil for other paths.
    init?(key: String) {
        let isLegacy = !key.hasPrefix("files/md5/")
        let rest = isLegacy ? key[...] : key.dropFirst("files/md5/".count)
        let parts = rest.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.count == 2 else { return nil }
        let text = "\(parts[0])\(parts[1])"
        let hex = text.hasSuffix(".dir") ? text.dropLast(4) : text[...]
        guard hex.utf8.count == 32, hex.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else {
            return nil
        }
        self.init(text, isLegacy: isLegacy)
    }
}
