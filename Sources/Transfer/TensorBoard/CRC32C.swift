// SPDX-License-Identifier: Apache-2.0

/// The checksum of TFRecord files.
///
/// - Source: RFC 3720, appendix B.4 (Castagnoli, reflected polynomial 0x82F63B78); the mask is that of TensorFlow's
///   `tensorflow/core/lib/hash/crc32c.h`.
enum CRC32C {
    /// Eight tables, so that eight bytes are taken at a time.
    private static let tables: [[UInt32]] = {
        var first: [UInt32] = []
        for index in 0..<UInt32(256) {
            var crc = index
            for _ in 0..<8 {
                let shifted = crc >> 1
                crc = crc & 1 == 1 ? shifted ^ 0x82F6_3B78 : shifted
            }
            first.append(crc)
        }
        var tables = [first]
        for _ in 1..<8 {
            first = first.map { (crc: UInt32) -> UInt32 in tables[0][Int(crc & 255)] ^ (crc >> 8) }
            tables.append(first)
        }
        return tables
    }()

    /// The checksum of bytes.
    static func value(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        var crc = ~UInt32(0)
        var index = 0
        let tables = tables
        while index + 8 <= bytes.count {
            let low = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt32.self)) ^ crc
            let high = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: index + 4, as: UInt32.self))
            var next = tables[7][Int(low & 255)] ^ tables[6][Int(low >> 8 & 255)]
            next ^= tables[5][Int(low >> 16 & 255)] ^ tables[4][Int(low >> 24)]
            next ^= tables[3][Int(high & 255)] ^ tables[2][Int(high >> 8 & 255)]
            crc = next ^ tables[1][Int(high >> 16 & 255)] ^ tables[0][Int(high >> 24)]
            index += 8
        }
        while index < bytes.count {
            crc = tables[0][Int((crc ^ UInt32(bytes[index])) & 255)] ^ (crc >> 8)
            index += 1
        }
        return ~crc
    }

    /// The checksum as it stands in a file.
    static func masked(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        let crc = value(bytes)
        return (crc >> 15 | crc << 17) &+ 0xA282_EAD8
    }
}
