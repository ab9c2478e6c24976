// SPDX-License-Identifier: Apache-2.0

/// A history in a few words: two histories with the same words have the same points.
package struct HistoryState: Sendable, Equatable {
    /// How many points there are.
    package private(set) var count = 0
    /// The sum of a hash of each point, whatever their order; protects from accidents, not from attacks.
    package private(set) var digest: UInt64 = 0
    /// The last point in the order of a history; nil if there are none.
    package private(set) var last: MetricPoint?

    /// A history without points.
    package init() {}

    /// A history that somebody else has.
    package init(count: Int, digest: UInt64, last: MetricPoint?) {
        self.count = count
        self.digest = digest
        self.last = last
    }

    /// Takes the next point.
    package mutating func add(_ point: MetricPoint) {
        count += 1
        digest &+= Self.hash(point)
        if last.map({ $0 < point }) ?? true { last = point }
    }

    /// Whether two histories have the same points.
    package static func == (left: HistoryState, right: HistoryState) -> Bool {
        left.count == right.count && left.digest == right.digest
    }

    private static func hash(_ point: MetricPoint) -> UInt64 {
        // All NaN are one value to a history, and so are both zeros.
        let value = point.value
        let bits = value.isNaN ? 0x7FF8_0000_0000_0001 : value == 0 ? 0 : value.bitPattern
        var hash: UInt64 = 0x9E37_79B9_7F4A_7C15
        for word in [UInt64(bitPattern: point.timestampMs), UInt64(bitPattern: point.step), bits] {
            hash = mixed(hash ^ word)
        }
        return hash
    }

    /// - Source: Steele, Lea, Flood, *Fast Splittable Pseudorandom Number Generators* (2014), the finalizer of SplitMix64.
    private static func mixed(_ word: UInt64) -> UInt64 {
        var word = word &+ 0x9E37_79B9_7F4A_7C15
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
