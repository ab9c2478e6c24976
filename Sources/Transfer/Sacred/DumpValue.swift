// SPDX-License-Identifier: Apache-2.0

import JSONText

/// A value of a MongoDB document or of Sacred's JSON files.
enum DumpValue {
    case null
    case bool(Bool)
    case integer(Int64)
    case real(Double)
    case text(String)
    /// Milliseconds UTC.
    case date(Int64)
    /// An object id, in hexadecimal.
    case id(String)
    case bytes([UInt8])
    case list([DumpValue])
    case object([(key: String, value: DumpValue)])

    subscript(key: String) -> DumpValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }

    var isNull: Bool {
        if case .null = self { return true }
        return false
    }

    var list: [DumpValue] {
        if case .list(let items) = self { return items }
        return []
    }

    var members: [(key: String, value: DumpValue)] {
        if case .object(let members) = self { return members }
        return []
    }

    /// A text, or an id or a number as one; nil for what is none.
    var text: String? {
        switch self {
        case .text(let text), .id(let text): text
        case .integer(let number): String(number)
        case .real(let number): Int64(exactly: number).map(String.init) ?? "\(number)"
        case .bool(let flag): flag ? "True" : "False"
        case .null, .date, .bytes, .list, .object: nil
        }
    }

    /// A number; what is none by name too, as JSON has to say it.
    var number: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .real(let number): number
        case .bool(let flag): flag ? 1 : 0
        case .text(let text): ["NaN", "Infinity", "-Infinity"].contains(text) ? MLflowText.number(text[...]) : nil
        // A number of numpy, as jsonpickle writes it.
        case .object: self["value"]?.number
        case .null, .date, .id, .bytes, .list: nil
        }
    }

    var integer: Int64? {
        switch self {
        case .integer(let number): number
        case .real(let number): Int64(exactly: number)
        default: nil
        }
    }

    /// Milliseconds UTC of a date, or of a text that is one.
    var milliseconds: Int64? {
        switch self {
        case .date(let milliseconds): milliseconds
        case .text(let text): TimeText.milliseconds(text)
        default: nil
        }
    }

    /// As JSON.
    func write(into writer: inout JSONWriter) {
        switch self {
        case .null, .bytes: writer.null()
        case .bool(let flag): writer.bool(flag)
        case .integer(let number): writer.integer(number)
        case .real(let number): writer.double(number)
        case .text(let text), .id(let text): writer.string(text)
        case .date(let milliseconds): writer.string(Moment(ms: milliseconds).iso)
        case .list(let items): writer.array { writer in for item in items { item.write(into: &writer) } }
        case .object(let members):
            writer.object { writer in
                for (key, value) in members {
                    writer.key(key)
                    value.write(into: &writer)
                }
            }
        }
    }

    /// As JSON text.
    var json: String {
        var writer = JSONWriter(nonFinite: .text)
        write(into: &writer)
        return writer.text
    }
}

extension DumpValue {
    /// A value of JSON, in MongoDB's extended form where it is that.
    init(_ element: JSONElement) {
        switch element.kind {
        case .null: self = .null
        case .bool: self = .bool(element.bool ?? false)
        case .integer: self = .integer(element.int64 ?? 0)
        case .unsigned, .real: self = .real(element.double ?? .nan)
        case .string: self = .text(element.string ?? "")
        case .array: self = .list(element.elements.map { DumpValue($0) })
        case .object: self = Self.extended(element) ?? .object(element.members.map { ($0.key, DumpValue($0.value)) })
        }
    }

    /// MongoDB Extended JSON, version 2 and what is left of version 1; nil for an ordinary object.
    private static func extended(_ element: JSONElement) -> DumpValue? {
        if let text = element["$oid"]?.string { return .id(text) }
        if let date = element["$date"] {
            let number = date["$numberLong"]?.string.flatMap { Int64($0) } ?? date.int64
            return (number ?? date.string.flatMap(TimeText.milliseconds)).map { .date($0) }
        }
        if let text = element["$numberLong"]?.string ?? element["$numberInt"]?.string {
            return Int64(text).map { .integer($0) }
        }
        if let text = element["$numberDouble"]?.string { return MLflowText.number(text[...]).map { .real($0) } }
        if let binary = element["$binary"] {
            return (binary["base64"]?.string ?? binary.string).flatMap(Base64.bytes).map { .bytes($0) }
        }
        return nil
    }

    /// A document of Python's `json`, which writes NaN and Infinity as bare words.
    static func python(_ bytes: [UInt8]) throws(JSONError) -> DumpValue {
        DumpValue(try JSONDocument(quotingWords(bytes)).root)
    }

    private static func quotingWords(_ bytes: [UInt8]) -> [UInt8] {
        let words = ["NaN", "-Infinity", "Infinity"].map { Array($0.utf8) }
        guard bytes.contains(UInt8(ascii: "N")) || bytes.contains(UInt8(ascii: "I")) else { return bytes }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + 64)
        var isText = false
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if isText {
                result.append(byte)
                if byte == UInt8(ascii: "\\"), index + 1 < bytes.count {
                    index += 1
                    result.append(bytes[index])
                } else if byte == UInt8(ascii: "\"") {
                    isText = false
                }
                index += 1
                continue
            }
            if let word = words.first(where: { bytes[index...].starts(with: $0) }) {
                result += [UInt8(ascii: "\"")] + word + [UInt8(ascii: "\"")]
                index += word.count
                continue
            }
            isText = byte == UInt8(ascii: "\"")
            result.append(byte)
            index += 1
        }
        return result
    }
}
