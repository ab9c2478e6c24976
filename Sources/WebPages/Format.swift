// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// Values as people read them; `–` for what is not there.
enum Format {
    /// What stands for a missing value.
    static let missing = "–"

    /// A number to four significant decimals: `0.9048`, `12.5`, `1.2e-07`.
    static func number(_ value: Double?) -> String {
        guard let value else { return missing }
        guard value.isFinite else { return value.isNaN ? "NaN" : value < 0 ? "−∞" : "∞" }
        if value == 0 { return "0" }
        let size = abs(value)
        if size < 0.0001 || size >= 1e9 { return scientific(value) }
        let scale = size >= 1_000 ? 10.0 : 10_000.0
        return text((value * scale).rounded() / scale)
    }

    /// A score of 0 to 1 with four decimals, so that a column of them stands in line.
    static func fixed(_ score: Double) -> String {
        guard score.isFinite, abs(score) < 1_000 else { return number(score) }
        let digits = String(Int((abs(score) * 10_000).rounded()))
        let padded = String(repeating: "0", count: max(0, 5 - digits.count)) + digits
        return (score < 0 ? "−" : "") + padded.dropLast(4) + "." + padded.suffix(4)
    }

    /// Numbers of one column, with as many decimals each as the longest of them needs.
    static func column(_ values: [Double?]) -> [String] {
        let texts = values.map { number($0) }
        func decimals(_ text: String) -> Int? {
            guard text.last?.isNumber == true, !text.contains("e") else { return nil }
            return text.split(separator: ".").dropFirst().first?.count ?? 0
        }
        let longest = texts.compactMap(decimals).max() ?? 0
        return texts.map { text in
            guard let own = decimals(text), own < longest else { return text }
            return text + (own == 0 ? "." : "") + String(repeating: "0", count: longest - own)
        }
    }

    /// A count with thin spaces between thousands.
    static func count(_ value: Int?) -> String {
        guard let value else { return missing }
        var digits = Array(String(value.magnitude))
        var position = digits.count - 3
        while position > 0 {
            digits.insert("\u{2009}", at: position)
            position -= 3
        }
        return (value < 0 ? "−" : "") + String(digits)
    }

    /// A share of 0 to 1 as per cent.
    static func share(_ value: Double?) -> String {
        guard let value, value.isFinite else { return missing }
        return text((value * 1_000).rounded() / 10) + " %"
    }

    /// Milliseconds with the precision that matters.
    static func milliseconds(_ value: Double?) -> String {
        guard let value, value.isFinite else { return missing }
        let scale = value < 10 ? 100.0 : 1.0
        return text((value * scale).rounded() / scale) + " ms"
    }

    /// How long something took or takes: `2.9 s`, `3 min 12 s`, `4 h 5 min`.
    static func duration(fromMs start: Int64?, toMs end: Int64?) -> String {
        guard let start, let end, end >= start else { return missing }
        let (span, overflow) = end.subtractingReportingOverflow(start)
        guard !overflow else { return missing }
        switch span {
        case ..<1_000: return "\(span) ms"
        case ..<60_000: return text((Double(span) / 100).rounded() / 10) + " s"
        case ..<3_600_000: return "\(span / 60_000) min \(span / 1_000 % 60) s"
        case ..<86_400_000: return "\(span / 3_600_000) h \(span / 60_000 % 60) min"
        default: return "\(span / 86_400_000) d \(span / 3_600_000 % 24) h"
        }
    }

    /// How long ago something was: `just now`, `3 min ago`, `2 days ago`.
    static func age(_ timeMs: Int64?, nowMs: Int64) -> String {
        guard let timeMs else { return missing }
        let (span, overflow) = nowMs.subtractingReportingOverflow(timeMs)
        guard !overflow else { return missing }
        switch span / 1_000 {
        case ..<10: return "just now"
        case let seconds where seconds < 60: return "\(seconds) s ago"
        case let seconds where seconds < 3_600: return "\(seconds / 60) min ago"
        case let seconds where seconds < 86_400: return "\(seconds / 3_600) h ago"
        case let seconds where seconds < 172_800: return "yesterday"
        case let seconds: return "\(seconds / 86_400) days ago"
        }
    }

    /// A time in ISO 8601, UTC, whole seconds; nil outside the years 1 to 9999.
    static func iso(_ timeMs: Int64?) -> String? {
        guard let timeMs, (-62_135_596_800_000..<253_402_300_800_000).contains(timeMs) else { return nil }
        return Date(timeIntervalSince1970: Double(timeMs) / 1_000).formatted(.iso8601)
    }

    /// Text for one segment of a URL's path or a query's value: only unreserved characters stay as they are (RFC 3986 §2.3).
    static func urlSegment(_ text: String) -> String {
        let hex = Array("0123456789ABCDEF")
        var encoded = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "~"):
                encoded.unicodeScalars.append(UnicodeScalar(byte))
            case UInt8(ascii: "."):
                // Browsers resolve `.` and `..` even when encoded; a dot within other text is harmless.
                encoded += text == "." || text == ".." ? "%252E" : "."
            default:
                encoded += "%"
                encoded.append(hex[Int(byte >> 4)])
                encoded.append(hex[Int(byte & 15)])
            }
        }
        return encoded
    }

    /// The start of a digest or id, which is enough to recognise it.
    static func short(_ id: String) -> String {
        let hex = id.split(separator: ":").last.map(String.init) ?? id
        return String(hex.prefix(8))
    }

    private static func text(_ value: Double) -> String {
        let text = "\(value)"
        let plain = text.hasSuffix(".0") ? String(text.dropLast(2)) : text
        return plain.hasPrefix("-") ? "−" + plain.dropFirst() : plain
    }

    private static func scientific(_ value: Double) -> String {
        var exponent = 0
        var mantissa = abs(value)
        while mantissa >= 10 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
        while mantissa < 1 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
        var rounded = (mantissa * 1_000).rounded() / 1_000
        if rounded >= 10 { (rounded, exponent) = (1, exponent + 1) }
        return (value < 0 ? "−" : "") + "\(text(rounded))e\(exponent)"
    }
}
