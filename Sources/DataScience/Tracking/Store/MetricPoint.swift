// SPDX-License-Identifier: Apache-2.0

/// A point of a metric's history, without its name.
package struct MetricPoint: Sendable, Hashable {
    /// When it was measured, milliseconds UTC.
    package let timestampMs: Int64
    /// The step that it belongs to.
    package let step: Int64
    /// The value; may be NaN or infinite.
    package let value: Double

    /// A point.
    package init(timestampMs: Int64, step: Int64, value: Double) {
        self.timestampMs = timestampMs
        self.step = step
        self.value = value
    }

    /// As the tables hold it: they have no NaN, so that it is 0 beside a mark.
    var storedValue: Double { value.isNaN ? 0 : value }

    /// Whether this is the same point: NaN is the same as NaN here.
    func isSame(as other: MetricPoint) -> Bool {
        timestampMs == other.timestampMs && step == other.step && storedValue == other.storedValue
            && value.isNaN == other.value.isNaN
    }

    /// Whether this one is the latest of both, as MLflow has it: by step, then time, then value, where NaN counts as 0.
    func isLater(than other: MetricPoint) -> Bool {
        (step, timestampMs, storedValue) > (other.step, other.timestampMs, other.storedValue)
    }
}

extension MetricPoint: Comparable {
    /// The order of a history: by time, then step, then value; NaN counts as 0, and comes behind it.
    package static func < (left: MetricPoint, right: MetricPoint) -> Bool {
        if left.timestampMs != right.timestampMs { return left.timestampMs < right.timestampMs }
        if left.step != right.step { return left.step < right.step }
        let (first, second) = (left.storedValue, right.storedValue)
        return first == second ? !left.value.isNaN && right.value.isNaN : first < second
    }
}
