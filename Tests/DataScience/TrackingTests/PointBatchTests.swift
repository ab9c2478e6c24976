// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Tracking

/// The points of a call as bytes: what goes in comes out, and what is no batch is refused.
struct PointBatchTests {
    private static let points = [
        MetricPoint(timestampMs: 0, step: .min, value: -.infinity),
        MetricPoint(timestampMs: 1_700_000_000_000, step: -1, value: .nan),
        MetricPoint(timestampMs: .max, step: .max, value: -0.0),
    ]

    private static func decoded(_ bytes: [UInt8]) throws -> [KeyedPoint] {
        var found: [KeyedPoint] = []
        try bytes.withUnsafeBytes { bytes in
            try PointBatch.decode(bytes) { entry in
                found.append(entry)
                return true
            }
        }
        return found
    }

    private static func batch(_ keys: [Int64]) -> PointBatch {
        var batch = PointBatch(reserving: 0)
        for key in keys { batch.append(points, of: key) }
        return batch
    }

    @Test(arguments: [[], [1], [1, 2, 3], [7, 300, .max]])
    func `a batch gives back every bit of its points`(keys: [Int64]) throws {
        let batch = Self.batch(keys)
        #expect(batch.count == keys.count * 3)
        let found = try Self.decoded(batch.bytes)
        #expect(found.map(\.key) == keys.flatMap { Array(repeating: $0, count: 3) })
        let expected = keys.flatMap { _ in Self.points }
        #expect(found.map(\.point.timestampMs) == expected.map(\.timestampMs))
        #expect(found.map(\.point.step) == expected.map(\.step))
        #expect(found.map(\.point.value.bitPattern) == expected.map(\.value.bitPattern))
    }

    @Test func `a thousand metrics at one step take twelve bytes each`() {
        var batch = PointBatch(reserving: 1_000)
        for key in 1...1_000 as ClosedRange<Int64> {
            batch.append([MetricPoint(timestampMs: 1_700_000_000_000, step: 10, value: 0.5)], of: key)
        }
        #expect(batch.bytes.count <= 12_010)
    }

    @Test func `a batch that is cut within a point or of another version is refused`() throws {
        let whole = Self.batch([5]).bytes
        // What ends before the first metric is a batch without points.
        for count in Set(0..<whole.count).subtracting([1]) {
            #expect(throws: TrackingError.self) { try Self.decoded(Array(whole.prefix(count))) }
        }
        #expect(throws: TrackingError.self) { try Self.decoded([2] + whole.dropFirst()) }
        // A count that no memory could hold.
        #expect(throws: TrackingError.self) { try Self.decoded([1, 1] + Array(repeating: 0xFF, count: 9) + [1]) }
    }
}
