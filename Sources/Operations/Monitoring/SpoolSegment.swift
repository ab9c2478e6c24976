// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText
import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// A file of the spool: records one behind the other, each with its length and checksum.
///
/// A record is 4 bytes of length, 4 bytes of CRC-32 (both little-endian), and the prediction as JSON. What a crash left half
/// written at the end does not fit its checksum and is passed over.
enum SpoolSegment {
    /// A segment that is being written.
    static let openSuffix = ".open"
    /// A complete one.
    static let fullSuffix = ".spool"

    /// The bytes of a record.
    static func frame(_ prediction: LoggedPrediction) -> [UInt8] {
        let payload = prediction.encoded()
        var bytes: [UInt8] = []
        bytes.reserveCapacity(payload.count + 8)
        for value in [UInt32(payload.count), CRC32.checksum(payload)] {
            for shift in stride(from: 0, to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> UInt32(shift))) }
        }
        return bytes + payload
    }

    /// Hands over the predictions of a segment in their order, up to the first record that is not whole. Blocks.
    static func read(_ path: FilePath, _ body: (LoggedPrediction) throws -> Void) throws {
        let bytes = try FileReader.bytes(of: path, limit: 1 << 30)
        try bytes.withUnsafeBytes { bytes in
            var position = 0
            while position + 8 <= bytes.count {
                let length = Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self)))
                let checksum = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: position + 4, as: UInt32.self))
                let end = position + 8 + length
                guard end <= bytes.count else { return }
                let payload = UnsafeRawBufferPointer(rebasing: bytes[(position + 8)..<end])
                guard CRC32.checksum(payload) == checksum else { return }
                try body(try LoggedPrediction(decoding: payload))
                position = end
            }
        }
    }
}

/// The checksum of IEEE 802.3.
enum CRC32 {
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? (value >> 1) ^ 0xEDB8_8320 : value >> 1 }
    }

    static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
        ~bytes.reduce(UInt32.max) { table[Int(($0 ^ UInt32($1)) & 0xFF)] ^ ($0 >> 8) }
    }
}
