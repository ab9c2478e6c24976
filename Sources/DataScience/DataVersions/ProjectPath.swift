// SPDX-License-Identifier: Apache-2.0

/// Paths below the project's folder, as pointers and pipelines write them.
///
/// They are cut by code points: a combining mark that begins a name must not swallow the slash before it.
package enum ProjectPath {
    /// The names between slashes, without empty ones.
    package static func parts(_ path: String) -> [String] {
        path.unicodeScalars.split(separator: "/").map { String(String.UnicodeScalarView($0)) }
    }

    /// A path without `.`, `..` and doubled slashes; nil if it is the project itself or does not lie in it.
    package static func normalized(_ path: String) -> String? { joined([path]) }

    /// Parts put together, relative to the project; nil if that is the project itself or does not lie in it.
    package static func joined(_ pieces: [String]) -> String? {
        var result: [String] = []
        for piece in pieces {
            guard piece.utf8.first != UInt8(ascii: "/"), !piece.utf8.contains(0) else { return nil }
            for name in parts(piece) where name != "." {
                if name == ".." {
                    guard result.popLast() != nil else { return nil }
                } else {
                    result.append(name)
                }
            }
        }
        return result.isEmpty ? nil : result.joined(separator: "/")
    }

    /// Whether one path is the other, holds it, or lies in it.
    package static func overlap(_ left: String, _ right: String) -> Bool {
        let (left, right) = (parts(left), parts(right))
        let count = min(left.count, right.count)
        return zip(left.prefix(count), right.prefix(count)).allSatisfy { Array($0.utf8) == Array($1.utf8) }
    }
}
