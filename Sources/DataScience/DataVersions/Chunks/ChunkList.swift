// SPDX-License-Identifier: Apache-2.0

import Files

/// The name of a chunk: the SHA-256 of its bytes.
package struct ChunkID: Hashable, Sendable {
    // Four words in place of a text of 64 digits: a list of chunks has one for each 64 KiB of data.
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// The name in hexadecimal; nil for other texts.
    package init?(hex: some StringProtocol) {
        guard hex.utf8.count == 64 else { return nil }
        var words: [UInt64] = [0, 0, 0, 0]
        for (index, digit) in hex.utf8.enumerated() {
            let value: UInt8
            switch digit {
            case 48...57: value = digit - 48
            case 97...102: value = digit - 87
            default: return nil
            }
            words[index / 16] = words[index / 16] << 4 | UInt64(value)
        }
        self.words = (words[0], words[1], words[2], words[3])
    }

    /// The name of bytes.
    package init(of bytes: [UInt8]) {
        guard let id = ChunkID(hex: FileHashing.digest(of: bytes, .sha256).hex) else {
            preconditionFailure("a SHA-256 has 64 digits")
        }
        self = id
    }

    /// The name in hexadecimal.
    package var hex: String {
        [words.0, words.1, words.2, words.3].map { word in
            let text = String(word, radix: 16)
            return String(repeating: "0", count: 16 - text.utf8.count) + text
        }
        .joined()
    }

    /// Whether both name the same bytes.
    package static func == (left: ChunkID, right: ChunkID) -> Bool { left.words == right.words }

    /// Takes a part of the name, which is a hash already.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
    }
}

/// What a content consists of: its chunks in order.
///
/// As a file: a head with the SHA-256 of what follows, then a line with hash and length for each chunk. Whoever collects chunks believes
/// the file, so that no bit of it may be another.
package struct ChunkList: Sendable {
    /// A chunk and its length in bytes.
    package struct Entry: Sendable {
        /// Its name.
        package let id: ChunkID
        fileprivate let size: UInt32

        /// Its length in bytes.
        package var length: Int { Int(size) }

        init(_ id: ChunkID, length: Int) {
            self.id = id
            size = UInt32(length)
        }
    }

    /// The chunks.
    package private(set) var entries: [Entry] = []
    /// The length of the content in bytes.
    package private(set) var size: Int64 = 0

    /// A list without chunks.
    package init() {}

    /// Reads the file of a list; nil if it is none.
    package init?(_ bytes: [UInt8]) {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard let head = lines.first, lines.last?.isEmpty == true,
            head.elementsEqual(Self.head(of: Array(bytes.dropFirst(head.count + 1))).utf8)
        else { return nil }
        entries.reserveCapacity(lines.count)
        for line in lines.dropFirst().dropLast() {
            let words = line.split(separator: UInt8(ascii: " "))
            guard words.count == 2, let id = ChunkID(hex: String(decoding: words[0], as: UTF8.self)),
                let length = Int(String(decoding: words[1], as: UTF8.self)), (1...ChunkCutter.most).contains(length)
            else { return nil }
            add(Entry(id, length: length))
        }
    }

    /// Adds a chunk at the end.
    package mutating func add(_ entry: Entry) {
        entries.append(entry)
        size += Int64(entry.length)
    }

    /// The file of the list.
    package var file: [UInt8] {
        var lines: [UInt8] = []
        lines.reserveCapacity(entries.count * 72)
        for entry in entries { lines += "\(entry.id.hex) \(entry.length)\n".utf8 }
        return Array("\(Self.head(of: lines))\n".utf8) + lines
    }

    private static func head(of lines: [UInt8]) -> String {
        "gyre manifest 1 \(FileHashing.digest(of: lines, .sha256).hex)"
    }
}
