// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Tracking

/// Points as bytes: what goes in comes out, and what is no block is refused.
struct PointBlockTests {
    private static let extremes: [MetricPoint] = [
        MetricPoint(timestampMs: 0, step: 0, value: 0),
        MetricPoint(timestampMs: .max, step: .min, value: .greatestFiniteMagnitude),
        MetricPoint(timestampMs: 0, step: .max, value: -.infinity),
        MetricPoint(timestampMs: 1_700_000_000_000, step: -1, value: .nan),
        MetricPoint(timestampMs: 1_700_000_000_001, step: 127, value: -0.0),
        MetricPoint(timestampMs: 1_700_000_000_129, step: 128, value: .leastNonzeroMagnitude),
    ]

    private static func decoded(_ bytes: [UInt8]) throws -> [MetricPoint] {
        var points: [MetricPoint] = []
        try bytes.withUnsafeBytes { try PointBlock.decode($0, into: &points) }
        return points
    }

    @Test(arguments: [[], [extremes[1]], extremes, Array(extremes.reversed())])
    func `a block gives back every bit of its points`(points: [MetricPoint]) throws {
        let found = try Self.decoded(PointBlock.encoded(points))
        #expect(found.map(\.timestampMs) == points.map(\.timestampMs))
        #expect(found.map(\.step) == points.map(\.step))
        #expect(found.map(\.value.bitPattern) == points.map(\.value.bitPattern))
    }

    @Test func `points that go on evenly take eleven bytes each`() {
        let points = (0..<1_000).map { index in
            MetricPoint(timestampMs: 1_700_000_000_000 + Int64(index) * 250, step: Int64(index), value: 0.5)
        }
        #expect(PointBlock.encoded(points).count <= 11_016)
    }

    @Test func `a block that is cut, lengthened or of another version is refused`() throws {
        let whole = PointBlock.encoded(Self.extremes)
        for count in 0..<whole.count {
            #expect(throws: TrackingError.self) { try Self.decoded(Array(whole.prefix(count))) }
        }
        #expect(throws: TrackingError.self) { try Self.decoded(whole + [0]) }
        #expect(throws: TrackingError.self) { try Self.decoded([2] + whole.dropFirst()) }
        // A count that no memory could hold.
        #expect(throws: TrackingError.self) { try Self.decoded([1] + Array(repeating: 0xFF, count: 9) + [1]) }
    }
}
