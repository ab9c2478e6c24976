// SPDX-License-Identifier: Apache-2.0

/// Cuts a stream of bytes where its content says so: an insertion moves the cuts near it, and no others.
///
/// Pieces have 16 to 256 KiB, about 64 in the middle. A cut depends on the 64 bytes before it alone.
///
/// - Source: W. Xia and others, *FastCDC* (USENIX ATC 2016), with its normalised chunking.
struct ChunkCutter: Sendable {
    static let least = 16 << 10
    static let middle = 64 << 10
    static let most = 256 << 10

    // More bits in front of the middle than behind it draw the sizes together.
    // The highest bits depend on the most bytes: 18 of them before the middle, 14 behind it.
    private static let strict: UInt64 = 0xFFFF_C000_0000_0000
    private static let loose: UInt64 = 0xFFFC_0000_0000_0000

    /// A random number for each byte, the same in all versions: other numbers would cut elsewhere.
    private static let gear: [UInt64] = {
        var state: UInt64 = 0x6779_7265
        return (0..<256).map { _ in
            // SplitMix64.
            state &+= 0x9E37_79B9_7F4A_7C15
            var word = state
            word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
            word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
            return word ^ (word >> 31)
        }
    }()

    private var chunk: [UInt8] = []
    private var hash: UInt64 = 0

    /// How many of the bytes that were taken are not handed over yet.
    var held: Int { chunk.count }

    init() { chunk.reserveCapacity(Self.most) }

    /// Takes bytes, and hands over each piece that ends in them.
    mutating func take(_ bytes: UnsafeRawBufferPointer, _ body: ([UInt8]) throws -> Void) rethrows {
        var start = 0
        while start < bytes.count {
            let end = cut(in: bytes, from: start)
            chunk.append(contentsOf: bytes[start..<end.offset])
            start = end.offset
            guard end.isCut else { continue }
            try body(chunk)
            chunk.removeAll(keepingCapacity: true)
            hash = 0
        }
    }

    /// Hands over the last piece, if there is one.
    mutating func finish(_ body: ([UInt8]) throws -> Void) rethrows {
        guard !chunk.isEmpty else { return }
        try body(chunk)
        chunk.removeAll(keepingCapacity: true)
        hash = 0
    }

    /// Where the piece ends, if it does in these bytes.
    private mutating func cut(in bytes: UnsafeRawBufferPointer, from start: Int) -> (offset: Int, isCut: Bool) {
        let had = chunk.count
        // What comes before the least length is not looked at.
        var offset = start + max(0, Self.least - had - 64)
        guard offset < bytes.count else { return (bytes.count, false) }
        let limit = min(bytes.count, start + Self.most - had)
        return Self.gear.withUnsafeBufferPointer { gear in
            while offset < limit {
                hash = (hash << 1) &+ gear[Int(bytes[offset])]
                offset += 1
                let length = had + offset - start
                guard length >= Self.least else { continue }
                if hash & (length < Self.middle ? Self.strict : Self.loose) == 0 { return (offset, true) }
            }
            return (limit, had + limit - start >= Self.most)
        }
    }
}
