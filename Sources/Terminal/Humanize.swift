// SPDX-License-Identifier: Apache-2.0

/// Quantities as people read them.
package enum Humanize {
    /// A size in binary units: `812 B`, `12.3 MiB`.
    package static func bytes(_ count: Int64) -> String {
        guard count >= 1_024 else { return "\(count) B" }
        var value = Double(count)
        var unit = ""
        for next in ["KiB", "MiB", "GiB", "TiB", "PiB"] where value >= 1_024 || unit.isEmpty {
            value /= 1_024
            unit = next
        }
        return "\(fixed(value, value < 10 ? 2 : 1)) \(unit)"
    }

    /// A duration in the unit that fits: `830 µs`, `12 ms`, `3.4 s`, `2 min 5 s`, `3 h 4 min`.
    package static func duration(_ duration: Duration) -> String {
        let seconds = duration / .seconds(1)
        switch seconds {
        case ..<0.001: return "\(Int((seconds * 1e6).rounded())) µs"
        case ..<1: return "\(Int((seconds * 1e3).rounded())) ms"
        case ..<60: return "\(fixed(seconds, 1)) s"
        case ..<3_600: return "\(Int(seconds) / 60) min \(Int(seconds) % 60) s"
        default: return "\(Int(seconds) / 3_600) h \(Int(seconds) % 3_600 / 60) min"
        }
    }

    /// How long ago a moment is: `just now`, `3 min ago`, `2 h ago`, `5 d ago`.
    ///
    /// - Parameters:
    ///   - momentMs: The moment, milliseconds UTC.
    ///   - nowMs: Now, milliseconds UTC.
    /// - Returns: One unit, rounded down; a moment to come is `just now`.
    package static func ago(_ momentMs: Int64, nowMs: Int64) -> String {
        let seconds = max(0, (nowMs - momentMs) / 1_000)
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
        let scaled = Int64((abs(value) * scale).rounded())
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard digits > 0 else { return sign + String(scaled) }
        let text = String(scaled)
        let padded = String(repeating: "0", count: max(0, digits + 1 - text.count)) + text
        return sign + padded.dropLast(digits) + "." + padded.suffix(digits)
    }
}
