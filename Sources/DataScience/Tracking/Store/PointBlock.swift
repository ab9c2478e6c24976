// SPDX-License-Identifier: Apache-2.0

/// Many points of one metric as bytes: some 11 a point, where a row of its own takes 40.
///
/// The format, version 1: a byte with the version; the count as a ``Varint``; then column by column the timestamps and the
/// steps, each by its distance from the one before; then the values as IEEE 754, 8 bytes little-endian.
enum PointBlock {
    private static let version: UInt8 = 1
    /// The most points that a block may claim; what we write has a few thousand.
    private static let countLimit = 1 << 20

    static func encoded(_ points: [MetricPoint]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(16 + points.count * 12)
        bytes.append(version)
        Varint.append(UInt64(points.count), to: &bytes)
        append(points, \.timestampMs, to: &bytes)
        append(points, \.step, to: &bytes)
        for point in points { bytes.append(littleEndian: point.value) }
        return bytes
    }

    /// Adds the points of a block to a list.
    ///
    /// - Throws: ``TrackingError`` `.corrupt` for bytes that are no block.
    static func decode(_ bytes: UnsafeRawBufferPointer, into points: inout [MetricPoint]) throws(TrackingError) {
        var reader = VarintReader(bytes)
        guard reader.byte() == version, let claimed = reader.number(), claimed <= countLimit else {
            throw .corruptHistory
        }
        let count = Int(claimed)
        let start = reader.position
        // The steps begin where the timestamps end.
        var steps = reader
        guard steps.skip(count), bytes.count - start >= count * 8 else { throw .corruptHistory }
        let values = bytes.count - count * 8
        points.reserveCapacity(points.count + count)
        var (timestamp, step): (Int64, Int64) = (0, 0)
        for index in 0..<count {
            guard let time = reader.number(after: timestamp), let place = steps.number(after: step) else {
                throw .corruptHistory
            }
            (timestamp, step) = (time, place)
            let bits = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: values + index * 8, as: UInt64.self))
            points.append(MetricPoint(timestampMs: timestamp, step: step, value: Double(bitPattern: bits)))
        }
        guard steps.position == values else { throw .corruptHistory }
    }

    private static func append(_ points: [MetricPoint], _ column: (MetricPoint) -> Int64, to bytes: inout [UInt8]) {
        var last: Int64 = 0
        for point in points {
            let value = column(point)
            Varint.append(value, after: last, to: &bytes)
            last = value
        }
    }
}
