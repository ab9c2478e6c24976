// SPDX-License-Identifier: Apache-2.0

/// Makes prediction ids: UUIDs of version 7, which sort by time.
enum PredictionID {
    /// Ids for the rows of one answer, in ascending order.
    static func make(_ count: Int, timeMs: Int64) -> [String] {
        var random = SystemRandomNumberGenerator()
        // Rows of a request count up from a random start, so their order is kept; the rest is random.
        let start = UInt32.random(in: 0..<(1 << 24), using: &random)
        return (0..<count).map { row in
            var bytes: [UInt8] = []
            bytes.reserveCapacity(16)
            for shift in stride(from: 40, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: timeMs >> Int64(shift)))
            }
            let counter = start &+ UInt32(truncatingIfNeeded: row)
            bytes.append(0x70 | UInt8(truncatingIfNeeded: (counter >> 22) & 0x0F))
            bytes.append(UInt8(truncatingIfNeeded: counter >> 14))
            bytes.append(0x80 | UInt8(truncatingIfNeeded: (counter >> 8) & 0x3F))
            bytes.append(UInt8(truncatingIfNeeded: counter))
            var tail = UInt64.random(in: .min ... .max, using: &random)
            for _ in 0..<6 {
                bytes.append(UInt8(truncatingIfNeeded: tail))
                tail >>= 8
            }
            return text(bytes)
        }
    }

    private static let digits = Array("0123456789abcdef".utf8)

    private static func text(_ bytes: [UInt8]) -> String {
        String(unsafeUninitializedCapacity: 36) { buffer in
            var position = 0
            for (index, byte) in bytes.enumerated() {
                if [4, 6, 8, 10].contains(index) {
                    buffer[position] = UInt8(ascii: "-")
                    position += 1
                }
                buffer[position] = digits[Int(byte >> 4)]
                buffer[position + 1] = digits[Int(byte & 15)]
                position += 2
            }
            return position
        }
    }
}
