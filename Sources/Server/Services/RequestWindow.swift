// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// How long the last requests took.
final class RequestWindow: Sendable {
    /// Numbers for people.
    struct Summary: Sendable {
        /// Requests since the start.
        let count: Int
        /// Half took at most this, milliseconds; nil before the first.
        let median: Double?
        /// 99 % took at most this, milliseconds; nil before the first.
        let p99: Double?
    }

    private static let size = 1_000
    private let state = Mutex<(count: Int, nanoseconds: [Int64])>((0, []))

    func note(_ nanoseconds: Int64) {
        state.withLock { state in
            if state.nanoseconds.count < Self.size {
                state.nanoseconds.append(nanoseconds)
            } else {
                state.nanoseconds[state.count % Self.size] = nanoseconds
            }
            state.count += 1
        }
    }

    var summary: Summary {
        let (count, nanoseconds) = state.withLock { $0 }
        let sorted = nanoseconds.sorted()
        func rank(_ share: Double) -> Double? {
            guard !sorted.isEmpty else { return nil }
            let index = min(sorted.count - 1, Int((share * Double(sorted.count)).rounded(.up)) - 1)
            return Double(sorted[max(index, 0)]) / 1e6
        }
        return Summary(count: count, median: rank(0.5), p99: rank(0.99))
    }
}
