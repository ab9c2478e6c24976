// SPDX-License-Identifier: Apache-2.0

/// Many points of one metric as bytes: some 11 a point, where a row of its own takes 40.
///
/// The format, version 1: a byte with the version; the count as a varint; then column by column the timestamps and the
/// steps, each as zigzag varints of the difference to the one before; then the values as IEEE 754, 8 bytes little-endian.
/// A varint has 7 bits a byte, lowest first, the top bit set but in its last byte.
enum PointBlock {
    private static let version: UInt8 = 1
    /// The most points that a block may claim; what we write has a few thousand.
    private static let countLimit = 1 << 20

    static func encoded(_ points: [MetricPoint]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(16 + points.count * 12)
        bytes.append(version)
        append(UInt64(points.count), to: &bytes)
        append(points, \.timestampMs, to: &bytes)
        append(points, \.step, to: &bytes)
        for point in points {
            withUnsafeBytes(of: point.value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
        }
        return bytes
    }

    /// Adds the points of a block to a list.
    ///
    /// - Throws: ``TrackingError`` `.corrupt` for bytes that are no block.
    static func decode(_ bytes: UnsafeRawBufferPointer, into points: inout [MetricPoint]) throws(TrackingError) {
        var reader = Reader(bytes: bytes)
        guard reader.byte() == version, let claimed = reader.varint(), claimed <= countLimit else {
            throw .corruptHistory
        }
        let count = Int(claimed)
        let start = reader.position
        // The steps begin where the timestamps end.
        var steps = reader
        guard steps.skipVarints(count), bytes.count - start >= count * 8 else { throw .corruptHistory }
        let values = bytes.count - count * 8
        points.reserveCapacity(points.count + count)
        var (timestamp, step): (UInt64, UInt64) = (0, 0)
        for index in 0..<count {
            guard let time = reader.varint(), let place = steps.varint() else { throw .corruptHistory }
            timestamp &+= unzigzag(time)
            step &+= unzigzag(place)
            let bits = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: values + index * 8, as: UInt64.self))
            points.append(
                MetricPoint(
                    timestampMs: Int64(bitPattern: timestamp),
                    step: Int64(bitPattern: step),
                    value: Double(bitPattern: bits)
                )
            )
        }
        guard steps.position == values else { throw .corruptHistory }
    }

    private static func append(
        _ points: [MetricPoint],
        _ column: (MetricPoint) -> Int64,
        to bytes: inout [UInt8]
    ) {
        var last: Int64 = 0
        for point in points {
            let value = column(point)
            let difference = value &- last
            append(UInt64(bitPattern: (difference << 1) ^ (difference >> 63)), to: &bytes)
            last = value
        }
    }

    private static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    private static func unzigzag(_ value: UInt64) -> UInt64 { (value >> 1) ^ (0 &- (value & 1)) }

    private struct Reader {
        let bytes: UnsafeRawBufferPointer
        var position = 0

        mutating func byte() -> UInt8? {
            guard position < bytes.count else { return nil }
            defer { position += 1 }
            return bytes[position]
        }

        mutating func varint() -> UInt64? {
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

        mutating func skipVarints(_ count: Int) -> Bool {
            var left = count
            while left > 0, position < bytes.count {
                if bytes[position] < 0x80 { left -= 1 }
                position += 1
            }
            return left == 0
        }
    }
}
