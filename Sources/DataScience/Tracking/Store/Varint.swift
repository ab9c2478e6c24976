// SPDX-License-Identifier: Apache-2.0

/// Writes whole numbers as few bytes: 7 bits a byte, lowest first, the top bit set but in a number's last byte.
///
/// A signed number is folded first, so that -1 is as short as 1.
///
/// - Source: Protocol Buffers, *Encoding*: base 128 varints and zigzag.
enum Varint {
    static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// Appends how far a value is from the one before it.
    static func append(_ value: Int64, after last: Int64, to bytes: inout [UInt8]) {
        let difference = value &- last
        append(UInt64(bitPattern: (difference << 1) ^ (difference >> 63)), to: &bytes)
    }
}

/// Reads what ``Varint`` has written; nil where the bytes end too soon.
struct VarintReader {
    let bytes: UnsafeRawBufferPointer
    private(set) var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    mutating func byte() -> UInt8? {
        guard position < bytes.count else { return nil }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func number() -> UInt64? {
        var (value, shift): (UInt64, UInt64) = (0, 0)
        while position < bytes.count, shift < 64 {
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        return nil
    }

    /// The value that lies as far from the last one as the next number says.
    mutating func number(after last: Int64) -> Int64? {
        guard let folded = number() else { return nil }
        return last &+ Int64(bitPattern: (folded >> 1) ^ (0 &- (folded & 1)))
    }

    /// IEEE 754, 8 bytes little-endian.
    mutating func double() -> Double? {
        guard bytes.count - position >= 8 else { return nil }
        defer { position += 8 }
        return Double(bitPattern: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)))
    }

    /// Passes over so many numbers; false if the bytes end before.
    mutating func skip(_ count: Int) -> Bool {
        var left = count
        while left > 0, position < bytes.count {
            if bytes[position] < 0x80 { left -= 1 }
            position += 1
        }
        return left == 0
    }
}

extension [UInt8] {
    /// Appends IEEE 754, 8 bytes little-endian.
    mutating func append(littleEndian value: Double) {
        Swift.withUnsafeBytes(of: value.bitPattern.littleEndian) { append(contentsOf: $0) }
    }
}
