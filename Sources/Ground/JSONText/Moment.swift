// SPDX-License-Identifier: Apache-2.0

/// A moment as people and programs write it, in UTC.
package struct Moment: Sendable {
    private let date: (year: Int64, month: Int64, day: Int64)
    private let milliseconds: Int64

    /// The moment, from milliseconds UTC since 1970.
    package init(ms: Int64) {
        let day: Int64 = 86_400_000
        let days = ms / day - (ms % day < 0 ? 1 : 0)
        milliseconds = (ms % day + day) % day
        date = Self.date(days)
    }

    /// For programs, ISO 8601: `2026-11-24T22:10:03.120Z`.
    package var iso: String { "\(day)T\(clock).\(Self.digits(milliseconds % 1_000, 3))Z" }

    /// The day: `2026-11-24`.
    package var day: String {
        "\(Self.digits(date.year, 4))-\(Self.digits(date.month, 2))-\(Self.digits(date.day, 2))"
    }

    /// To the millisecond, as tables have it: `2026-11-24 22:10:03.120`.
    package var tabular: String { "\(day) \(clock).\(Self.digits(milliseconds % 1_000, 3))" }

    /// For people: `2026-11-24 22:10:03 UTC`.
    package var text: String { "\(day) \(clock) UTC" }

    /// The time of day: `22:10:03`.
    package var clock: String {
        let seconds = milliseconds / 1_000
        return [seconds / 3_600, seconds / 60 % 60, seconds % 60].map { Self.digits($0, 2) }.joined(separator: ":")
    }

    private static func digits(_ number: Int64, _ count: Int) -> String {
        let text = String(number.magnitude)
        let padded = String(repeating: "0", count: max(0, count - text.count)) + text
        return number < 0 ? "-" + padded : padded
    }

    /// Year, month and day of a day counted from 1970.
    ///
    /// - Source: Howard Hinnant, *chrono-Compatible Low-Level Date Algorithms*, `civil_from_days`.
    private static func date(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}
