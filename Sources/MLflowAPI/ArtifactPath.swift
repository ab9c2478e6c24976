// SPDX-License-Identifier: Apache-2.0

import ObjectStorage

/// The path of an artefact as a client wrote it.
///
/// MLflow's server takes the percent-encoding off again and again before it looks, so what leads elsewhere at any depth is
/// refused here too; the name itself is decoded once, as every file name must be able to come back.
enum ArtifactPath {
    /// How often a path may be encoded before it is refused unread.
    private static let depthLimit = 10

    /// The path without the slash at its end.
    ///
    /// - Parameter text: The path, decoded once.
    /// - Returns: A path that leads nowhere else; it may be empty.
    /// - Throws: ``CallError`` as MLflow refuses what is absolute or holds `..`.
    static func checked(_ text: String) throws(CallError) -> String {
        var level = text
        for _ in 0..<depthLimit {
            try check(level, shown: text)
            guard level.utf8.contains(UInt8(ascii: "%")), let next = percentDecoded(level), next != level else {
                return text.hasSuffix("/") ? String(text.dropLast()) : text
            }
            level = next
        }
        throw invalid(text)
    }

    /// The path in a URL behind the name of its route.
    ///
    /// - Throws: ``CallError`` for an encoding that is broken, or what ``checked(_:)`` throws.
    static func checked(url: String, behind route: String) throws(CallError) -> String {
        guard let found = url.firstRange(of: route + "/") else { throw invalid(url) }
        guard let decoded = percentDecoded(url[found.upperBound...]) else {
            throw .invalid("the path is not percent-encoded UTF-8")
        }
        return try checked(decoded)
    }

    private static func check(_ path: String, shown: String) throws(CallError) {
        let bytes = Array(path.utf8)
        let isDrive =
            bytes.count > 2 && bytes[1] == UInt8(ascii: ":") && "/\\".utf8.contains(bytes[2])
            && (bytes[0] | 0x20 >= UInt8(ascii: "a") && bytes[0] | 0x20 <= UInt8(ascii: "z"))
        let leadsUp = path.split { $0 == "/" || $0 == "\\" }.contains("..")
        guard !path.hasPrefix("/"), !path.hasPrefix("file:"), !isDrive, !leadsUp else { throw invalid(shown) }
    }

    private static func invalid(_ path: String) -> CallError { .invalid("Invalid path '\(path.prefix(200))'") }
}
