// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// A file of the spool: records one behind the other, each with its length and checksum.
///
/// A record is 4 bytes of length, 4 bytes of CRC-32 (both little-endian), and the prediction as JSON. What a crash left half
/// written at the end does not fit its length or checksum and is passed over.
enum SpoolSegment {
    /// A segment that is being written.
    static let openSuffix = ".open"
    /// A complete one.
    static let fullSuffix = ".spool"

    /// How a segment was found.
    struct Condition: Hashable {
        /// Whole records.
        var records = 0
        /// Records, within the file, whose bytes are not what was written.
        var damaged = 0
        /// Bytes at the end that are no whole record.
        var tornBytes = 0
    }

    /// The bytes of a record.
    static func frame(_ prediction: LoggedPrediction) -> [UInt8] {
        let payload = prediction.encoded()
        var bytes: [UInt8] = []
        bytes.reserveCapacity(payload.count + 8)
        for value in [UInt32(payload.count), CRC32.checksum(payload)] {
            for shift in stride(from: 0, to: 32, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: value >> UInt32(shift)))
            }
        }
        return bytes + payload
    }

    /// Hands over the predictions of a segment in their order; blocks.
    ///
    /// - Parameters:
    ///   - path: The segment.
    ///   - ids: If given, only these predictions are decoded and handed over.
    ///   - body: Takes a prediction.
    /// - Returns: How the segment was found. A damaged record is left out; those behind it are read.
    /// - Throws: ``FilesError`` if the file cannot be read; what `body` throws.
    @discardableResult
    static func read(
        _ path: FilePath,
        ids: Set<String>? = nil,
        _ body: (LoggedPrediction) throws -> Void
    ) throws -> Condition {
        let bytes = try FileReader.bytes(of: path, limit: 1 << 30)
        var condition = Condition()
        try bytes.withUnsafeBytes { bytes in
            var position = 0
            while position + 8 <= bytes.count {
                let length = Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self)))
                let checksum = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: position + 4, as: UInt32.self))
                // A file that grew before its bytes were written ends in zeros.
                guard length > 0, length <= bytes.count - position - 8 else { break }
                let payload = UnsafeRawBufferPointer(rebasing: bytes[(position + 8)..<(position + 8 + length)])
                position += 8 + length
                guard CRC32.checksum(payload) == checksum else {
                    condition.damaged += 1
                    continue
                }
                condition.records += 1
                if let ids, let id = LoggedPrediction.id(in: payload), !ids.contains(id) { continue }
                let prediction: LoggedPrediction
                do { prediction = try LoggedPrediction(decoding: payload) } catch {
                    condition.damaged += 1
                    condition.records -= 1
                    continue
                }
                if let ids, !ids.contains(prediction.id) { continue }
                try body(prediction)
            }
            condition.tornBytes = bytes.count - position
        }
        return condition
    }
}

/// The checksum of IEEE 802.3.
enum CRC32 {
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? (value >> 1) ^ 0xEDB8_8320 : value >> 1 }
    }

    static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
        let table = table
        var value = UInt32.max
        for byte in bytes { value = table[Int((value ^ UInt32(byte)) & 0xFF)] ^ (value >> 8) }
        return ~value
    }
}
