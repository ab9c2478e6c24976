// SPDX-License-Identifier: Apache-2.0

/// Quantities as people read them.
package enum Humanize {
    /// A size in binary units: `812 B`, `12.3 MiB`.
    package static func bytes(_ count: Int64) -> String {
        guard count >= 1_024 else { return "\(count) B" }
        var value = Double(count)
        var unit = "B"
        for next in ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] {
            value /= 1_024
            unit = next
            // Below this the rounded number has less than four digits before the point, or is still 1023.9.
            if value < 1_023.95 { break }
        }
        return "\(fixed(value, value < 9.995 ? 2 : 1)) \(unit)"
    }

    /// A duration in the unit that fits: `830 µs`, `12 ms`, `3.4 s`, `2 min 5 s`, `3 h 4 min`.
    package static func duration(_ duration: Duration) -> String {
        if duration < .zero { return "-" + self.duration(.zero - duration) }
        let seconds = min(duration / .seconds(1), 1e15)
        // The unit is chosen for the rounded number, so that none says `1000 ms` or `60.0 s`.
        if (seconds * 1e6).rounded() < 1_000 { return "\(fixed(seconds * 1e6, 0)) µs" }
        if (seconds * 1e3).rounded() < 1_000 { return "\(fixed(seconds * 1e3, 0)) ms" }
        if (seconds * 10).rounded() < 600 { return "\(fixed(seconds, 1)) s" }
        let whole = Int(seconds.rounded())
        if whole < 3_600 { return "\(whole / 60) min \(whole % 60) s" }
        let minutes = Int((seconds / 60).rounded())
        return "\(minutes / 60) h \(minutes % 60) min"
    }

    /// How long ago a moment is: `just now`, `3 min ago`, `2 h ago`, `5 d ago`.
    ///
    /// - Parameters:
    ///   - momentMs: The moment, milliseconds UTC.
    ///   - nowMs: Now, milliseconds UTC.
    /// - Returns: The age; `just now` also for what is yet to come.
    package static func ago(_ momentMs: Int64, nowMs: Int64) -> String {
        let (difference, overflows) = nowMs.subtractingReportingOverflow(momentMs)
        let seconds = overflows ? (momentMs < 0 ? Int64.max / 1_000 : 0) : max(0, difference / 1_000)
        switch seconds {
        case ..<5: return "just now"
        case ..<60: return "\(seconds) s ago"
        case ..<3_600: return "\(seconds / 60) min ago"
        case ..<86_400: return "\(seconds / 3_600) h ago"
        default: return "\(seconds / 86_400) d ago"
        }
    }

    /// A measured number: four digits that count, without trailing noise.
    package static func number(_ value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? "NaN" : value > 0 ? "∞" : "-∞" }
        if value == value.rounded(), abs(value) < 1e15 { return String(Int64(value)) }
        return abs(value) >= 1_000 ? fixed(value, 1) : abs(value) < 0.0001 ? String(value) : fixed(value, 4)
    }

    /// A number with exactly `digits` digits after the point.
    package static func fixed(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return String(value) }
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let product = (abs(value) * scale).rounded()
        // Beyond 2⁵³ the product is rounded to other digits than the number has.
        guard product < 9_007_199_254_740_992 else { return String(value) }
        let scaled = Int64(product)
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard digits > 0 else { return sign + String(scaled) }
        let text = String(scaled)
        let padded = String(repeating: "0", count: max(0, digits + 1 - text.count)) + text
        return sign + padded.dropLast(digits) + "." + padded.suffix(digits)
    }
}
