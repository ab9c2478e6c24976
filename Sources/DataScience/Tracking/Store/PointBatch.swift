// SPDX-License-Identifier: Apache-2.0

/// A point with the number of its metric's name.
struct KeyedPoint: Sendable {
    let key: Int64
    let point: MetricPoint
}

/// The points of one call as bytes, of as many metrics as it has: some 11 a point.
///
/// The format, version 1: a byte with the version; then metric by metric, in the order of their names' numbers, the distance
/// from the number before and the count of points as ``Varint``s, and for each point the distances of its timestamp and its
/// step from those of the point before, and its value as IEEE 754, 8 bytes little-endian.
struct PointBatch {
    private static let version: UInt8 = 1

    private(set) var bytes: [UInt8] = [version]
    private(set) var count = 0
    private var key: Int64 = 0
    private var last = MetricPoint(timestampMs: 0, step: 0, value: 0)

    /// A batch without points, with room for some.
    init(reserving count: Int) { bytes.reserveCapacity(16 + count * 16) }

    /// Adds points of the metric whose name has this number; each is greater than the one before.
    mutating func append(_ points: some Collection<MetricPoint>, of key: Int64) {
        guard !points.isEmpty else { return }
        Varint.append(UInt64(bitPattern: key &- self.key), to: &bytes)
        Varint.append(UInt64(points.count), to: &bytes)
        for point in points {
            Varint.append(point.timestampMs, after: last.timestampMs, to: &bytes)
            Varint.append(point.step, after: last.step, to: &bytes)
            bytes.append(littleEndian: point.value)
            last = point
        }
        self.key = key
        count += points.count
    }

    /// Hands over the points one after the other, until the closure returns false.
    ///
    /// - Throws: ``TrackingError`` `.corrupt` for bytes that are no batch.
    static func decode(
        _ bytes: UnsafeRawBufferPointer,
        _ body: (KeyedPoint) -> Bool
    ) throws(TrackingError) {
        var reader = VarintReader(bytes)
        guard reader.byte() == version else { throw .corruptHistory }
        var (key, timestamp, step): (Int64, Int64, Int64) = (0, 0, 0)
        while reader.position < bytes.count {
            guard let distance = reader.number(), let count = reader.number() else { throw .corruptHistory }
            key &+= Int64(bitPattern: distance)
            for _ in 0..<count {
                guard let time = reader.number(after: timestamp), let place = reader.number(after: step),
                    let value = reader.double()
                else { throw .corruptHistory }
                (timestamp, step) = (time, place)
                let point = MetricPoint(timestampMs: timestamp, step: step, value: value)
                guard body(KeyedPoint(key: key, point: point)) else { return }
            }
        }
    }
}
