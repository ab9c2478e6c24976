// SPDX-License-Identifier: Apache-2.0

import Files

/// The content of a `.dir` object, written and read without an object for each file.
enum ListingText {
    private static let front = Array(#"{"md5": ""#.utf8)
    private static let middle = Array(#"", "relpath": ""#.utf8)

    /// Hands over the bytes that DVC writes for a folder's files, piece by piece: Python's `json.dumps`, sorted by code points.
    static func write(_ table: FileTable, _ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        let limit = 1 << 16
        var buffer: [UInt8] = []
        buffer.reserveCapacity(limit + 1_024)
        buffer.append(UInt8(ascii: "["))
        for index in 0..<table.count {
            if index > 0 {
                buffer.append(UInt8(ascii: ","))
                buffer.append(UInt8(ascii: " "))
            }
            buffer.append(contentsOf: front)
            let digest = table.rows[index].digest
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { digits in
                digest.writeHex(to: digits.baseAddress.unsafelyUnwrapped)
                buffer.append(contentsOf: digits)
            }
            buffer.append(contentsOf: middle)
            table.withPath(index) { quote($0, into: &buffer) }
            buffer.append(UInt8(ascii: "\""))
            buffer.append(UInt8(ascii: "}"))
            if buffer.count >= limit {
                try buffer.withUnsafeBytes(body)
                buffer.removeAll(keepingCapacity: true)
            }
        }
        buffer.append(UInt8(ascii: "]"))
        try buffer.withUnsafeBytes(body)
    }

    /// The MD5 of those bytes.
    static func digest(_ table: FileTable) -> MD5Digest {
        var hasher = MD5Hasher()
        write(table) { hasher.update($0) }
        return hasher.finish()
    }

    private static func quote(_ path: UnsafeBufferPointer<UInt8>, into buffer: inout [UInt8]) {
        if path.allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C }) {
            buffer.append(contentsOf: path)
            return
        }
        for unit in String(decoding: path, as: UTF8.self).utf16 {
            switch unit {
            case 0x22: buffer += [0x5C, 0x22]
            case 0x5C: buffer += [0x5C, 0x5C]
            case 0x08: buffer += [0x5C, UInt8(ascii: "b")]
            case 0x0A: buffer += [0x5C, UInt8(ascii: "n")]
            case 0x0C: buffer += [0x5C, UInt8(ascii: "f")]
            case 0x0D: buffer += [0x5C, UInt8(ascii: "r")]
            case 0x09: buffer += [0x5C, UInt8(ascii: "t")]
            case 0x20..<0x7F: buffer.append(UInt8(unit))
            default:
                let digits = String(unit, radix: 16)
                buffer += [0x5C, UInt8(ascii: "u")] + Array(repeating: 48, count: 4 - digits.utf8.count) + digits.utf8
            }
        }
    }

    /// Reads a listing; every path stays inside of its folder, and the files are in the order of their paths.
    ///
    /// - Throws: ``DataVersionsError`` `.invalidFile`.
    static func table(_ bytes: [UInt8], name: String) throws -> FileTable {
        var table = FileTable()
        if !readPlain(bytes, into: &table) {
            table = FileTable()
            for entry in try DirectoryListing(bytes: bytes, name: name).entries {
                guard let digest = MD5Digest(hex: entry.md5) else { continue }
                table.append(entry.path, digest: digest)
            }
        }
        guard table.isSorted else {
            let sorted = table.sorted()
            guard sorted.isSorted else {
                throw DataVersionsError(
                    .invalidFile,
                    what: "cannot read the cache's listing of `\(name)`",
                    why: "it has a path twice",
                    next: "fetch it again, for example by `gyre pull`"
                )
            }
            return sorted
        }
        return table
    }

    /// Reads exactly what `write` writes, without escapes; false if there is anything else.
    private static func readPlain(_ bytes: [UInt8], into table: inout FileTable) -> Bool {
        bytes.withUnsafeBufferPointer { bytes in
            guard bytes.count >= 2, bytes[0] == UInt8(ascii: "["), bytes[bytes.count - 1] == UInt8(ascii: "]") else {
                return false
            }
            var index = 1
            let end = bytes.count - 1
            func matches(_ text: [UInt8]) -> Bool {
                guard index + text.count <= end else { return false }
                for offset in 0..<text.count where bytes[index + offset] != text[offset] { return false }
                index += text.count
                return true
            }
            while index < end {
                guard matches(front), index + 32 <= end,
                    let digest = MD5Digest(hex: UnsafeBufferPointer(rebasing: bytes[index..<(index + 32)]))
                else { return false }
                index += 32
                guard matches(middle) else { return false }
                let start = index
                while index < end, bytes[index] != UInt8(ascii: "\"") {
                    guard bytes[index] >= 0x20, bytes[index] < 0x7F, bytes[index] != UInt8(ascii: "\\") else {
                        return false
                    }
                    index += 1
                }
                let path = UnsafeBufferPointer(rebasing: bytes[start..<index])
                guard isInside(path), index + 2 <= end, bytes[index + 1] == UInt8(ascii: "}") else { return false }
                table.append(path, digest: digest)
                index += 2
                if index < end {
                    guard index + 2 <= end, bytes[index] == UInt8(ascii: ","), bytes[index + 1] == 0x20 else {
                        return false
                    }
                    index += 2
                }
            }
            return true
        }
    }

    /// Whether a path has none of the parts that could lead elsewhere.
    private static func isInside(_ path: UnsafeBufferPointer<UInt8>) -> Bool {
        var start = 0
        for index in 0...path.count where index == path.count || path[index] == UInt8(ascii: "/") {
            let length = index - start
            if length == 0 || length == 1 && path[start] == UInt8(ascii: ".") { return false }
            if length == 2, path[start] == UInt8(ascii: "."), path[start + 1] == UInt8(ascii: ".") { return false }
            start = index + 1
        }
        return true
    }
}
