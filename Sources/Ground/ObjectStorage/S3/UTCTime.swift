// SPDX-License-Identifier: Apache-2.0

/// A moment in the ways that S3 writes it.
struct UTCTime: Sendable {
    /// Seconds since 1970.
    let seconds: Int64

    /// The calendar's fields.
    ///
    /// - Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
    private var fields: (year: Int64, month: Int64, day: Int64, rest: Int64) {
        let days = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let ofEra = shifted - era * 146_097
        let year = (ofEra - ofEra / 1_460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * year + year / 4 - year / 100)
        let month = (5 * ofYear + 2) / 153
        let civil = month < 10 ? month + 3 : month - 9
        return (
            year + era * 400 + (civil <= 2 ? 1 : 0), civil, ofYear - (153 * month + 2) / 5 + 1, seconds - days * 86_400
        )
    }

    /// `20130524T000000Z`.
    var stamp: String {
        let (year, month, day, rest) = fields
        return "\(Self.digits(year, 4))\(Self.digits(month))\(Self.digits(day))T"
            + "\(Self.digits(rest / 3_600))\(Self.digits(rest / 60 % 60))\(Self.digits(rest % 60))Z"
    }

    /// A moment from `2013-05-24T00:00:00.000Z`, `20130524T000000Z`, or `Fri, 24 May 2013 00:00:00 GMT`, in milliseconds;
    /// nil for other texts.
    static func milliseconds(_ text: String) -> Int64? {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let words = text.split(separator: " ")
        if words.count == 6, let day = Int64(words[1]), let month = months.firstIndex(of: String(words[2])),
            let year = Int64(words[3])
        {
            let clock = words[4].split(separator: ":").compactMap { Int64($0) }
            guard clock.count == 3 else { return nil }
            return milliseconds(year, Int64(month) + 1, day, clock[0], clock[1], clock[2])
        }
        // Both other ways have the digits in one order.
        let parts = text.split(separator: ".", maxSplits: 1)
        let numbers = Array((parts.first ?? "").utf8.filter { (48...57).contains($0) }.map { Int64($0) - 48 })
        guard numbers.count == 14, text.hasSuffix("Z") else { return nil }
        func number(_ range: Range<Int>) -> Int64 { numbers[range].reduce(0) { $0 * 10 + $1 } }
        let fraction = parts.count > 1 ? parts[1].dropLast().prefix(3) : ""
        let milliseconds = Int64(fraction.padded) ?? 0
        return Self.milliseconds(
            number(0..<4),
            number(4..<6),
            number(6..<8),
            number(8..<10),
            number(10..<12),
            number(12..<14)
        ) + milliseconds
    }

    /// - Source: Howard Hinnant, days_from_civil.
    private static func milliseconds(
        _ year: Int64,
        _ month: Int64,
        _ day: Int64,
        _ hour: Int64,
        _ minute: Int64,
        _ second: Int64
    ) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let ofEra = shifted - era * 400
        let ofYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let days = era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468
        return (((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000
    }

    private static func digits(_ number: Int64, _ count: Int = 2) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, count - text.count)) + text
    }
}

extension Substring {
    fileprivate var padded: String { self + String(repeating: "0", count: 3 - count) }
}
