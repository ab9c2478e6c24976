// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Takes records out of a TFRecord file as its bytes come in.
///
/// A record is a length (8 bytes), its checksum (4), the data, and its checksum (4), all little-endian. What is left at the end
/// is a record that is still being written, or was when its writer was killed; that is no damage.
struct TFRecords {
    /// A record that is larger is taken for damage.
    private static let limit: UInt64 = 256 << 20

    private var bytes: [UInt8] = []
    private var start = 0
    private(set) var count = 0

    /// Adds bytes of the file.
    mutating func append(_ piece: ByteBuffer) {
        bytes.removeSubrange(..<start)
        start = 0
        bytes.append(contentsOf: piece.readableBytesView)
    }

    /// The next whole record; nil if more bytes are needed.
    ///
    /// - Throws: ``TransferError`` `.damaged` if a checksum is wrong.
    mutating func next() throws(TransferError) -> [UInt8]? {
        guard bytes.count - start >= 12 else { return nil }
        let length = integer(at: start, as: UInt64.self)
        guard length <= Self.limit, checksum(start..<start + 8) == integer(at: start + 8, as: UInt32.self) else {
            throw damaged("its length has another checksum")
        }
        let data = start + 12..<start + 12 + Int(length)
        guard bytes.count >= data.upperBound + 4 else { return nil }
        guard checksum(data) == integer(at: data.upperBound, as: UInt32.self) else {
            throw damaged("its content has another checksum")
        }
        start = data.upperBound + 4
        count += 1
        return Array(bytes[data])
    }

    private func integer<Value: FixedWidthInteger>(at offset: Int, as type: Value.Type) -> Value {
        bytes.withUnsafeBytes { Value(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: type)) }
    }

    private func checksum(_ range: Range<Int>) -> UInt32 {
        bytes.withUnsafeBytes { CRC32C.masked(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }

    private func damaged(_ why: String) -> TransferError {
        TransferError(
            .damaged,
            what: "cannot read the event file",
            why: "record \(count + 1) is damaged: \(why); what stands before it came"
        )
    }
}
