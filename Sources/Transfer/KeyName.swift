// SPDX-License-Identifier: Apache-2.0

import Files
import Tracking

/// Names of metrics and parameters from tools that allow more than MLflow does.
enum KeyName {
    /// The nearest name that is allowed: other characters become `_`, empty parts of a path go.
    static func allowed(_ name: String) -> String {
        var text = ""
        for scalar in name.unicodeScalars {
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "_", "-", ".", ":", "/", " ": text.unicodeScalars.append(scalar)
            case _ where !scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil):
                text.unicodeScalars.append(scalar)
            default: text += "_"
            }
        }
        let parts = text.split(separator: "/").map { $0.allSatisfy { $0 == "." } ? "_" : $0 }
        text = parts.joined(separator: "/")
        if text.hasPrefix("..") { text = "_" + text }
        if text.isEmpty { text = "_" }
        guard text.unicodeScalars.count > 250 else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.prefix(240))) + "." + mark(of: name)
    }

    /// The allowed names of several; two that would become one are told apart by a mark of each one's own.
    static func allowed(all names: some Sequence<String>) -> [String: String] {
        let names = Set(names)
        var taken: [String: Int] = [:]
        for name in names { taken[allowed(name), default: 0] += 1 }
        var result: [String: String] = [:]
        for name in names {
            let plain = allowed(name)
            let isAlone = taken[plain] == 1 || plain == name
            result[name] = isAlone ? plain : allowed(String(plain.prefix(200)) + "." + mark(of: name))
        }
        return result
    }

    private static func mark(of name: String) -> String {
        String(FileHashing.digest(of: Array(name.utf8), .sha256).hex.prefix(8))
    }
}

/// Names of files from tools that allow more than an object store does.
enum FileName {
    /// The nearest path that is a key: no part is empty, `.` or `..`, and none holds a backslash.
    static func allowed(_ path: String) -> String {
        let parts = path.split { $0 == "/" || $0 == "\\" }.map { part -> String in
            let text = String(String.UnicodeScalarView(part.unicodeScalars.map { $0.value < 32 ? "_" : $0 }))
            let short = text.utf8.count > 200 ? String(text.prefix(50)) : text
            return short == "." || short == ".." ? "_" : short
        }
        return parts.isEmpty ? "_" : parts.joined(separator: "/")
    }
}

/// Times as texts.
enum TimeText {
    /// Reads a time as milliseconds UTC.
    ///
    /// It is written `YYYY-MM-DD[T ]HH:MM:SS[.f][Z|±HH[:MM]]`, and without a zone it is UTC. Nil for any other text.
    static func milliseconds(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 19, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            bytes[10] == UInt8(ascii: "T") || bytes[10] == UInt8(ascii: " "), bytes[13] == UInt8(ascii: ":"),
            bytes[16] == UInt8(ascii: ":"), let year = number(bytes[0..<4]), let month = number(bytes[5..<7]),
            let day = number(bytes[8..<10]), let hour = number(bytes[11..<13]), let minute = number(bytes[14..<16]),
            let second = number(bytes[17..<19]), (1...12).contains(month), (1...31).contains(day), hour < 24,
            minute < 60, second < 61
        else { return nil }
        var rest = bytes[19...]
        var fraction: Int64 = 0
        if rest.first == UInt8(ascii: ".") {
            let digits = rest.dropFirst().prefix { (48...57).contains($0) }
            rest = rest.dropFirst(digits.count + 1)
            var scale: Int64 = 100
            for digit in digits.prefix(3) {
                fraction += Int64(digit - 48) * scale
                scale /= 10
            }
        }
        guard let offset = minutes(of: rest) else { return nil }
        let seconds = ((days(year, month, day) * 24 + hour) * 60 + minute - offset) * 60 + second
        return seconds * 1_000 + fraction
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
        guard digits.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int64($1 - 48) }
    }

    private static func minutes(of zone: ArraySlice<UInt8>) -> Int64? {
        guard let sign = zone.first, sign != UInt8(ascii: "Z") else { return zone.count > 1 ? nil : 0 }
        let digits = zone.dropFirst().filter { $0 != UInt8(ascii: ":") }
        guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"), digits.count == 2 || digits.count == 4,
            let hours = number(digits.prefix(2)), let minutes = number(digits.dropFirst(2))
        else { return nil }
        return (hours * 60 + minutes) * (sign == UInt8(ascii: "-") ? -1 : 1)
    }

    /// Days since 1970.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
