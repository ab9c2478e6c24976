// SPDX-License-Identifier: Apache-2.0

import CSimdJSON

/// A value inside a ``JSONDocument``; reading it copies nothing but what is asked for.
package struct JSONElement: Sendable {
    /// What a value is.
    package enum Kind: Sendable {
        /// `null`.
        case null
        /// `true` or `false`.
        case bool
        /// A whole number that a signed 64-bit integer holds.
        case integer
        /// A whole number beyond that.
        case unsigned
        /// Any other number.
        case real
        /// A text.
        case string
        /// A list.
        case array
        /// Members by key.
        case object
    }

    // Two words that point into the document; never changed after parsing.
    nonisolated(unsafe) let place: gyre_json_place
    let document: JSONDocument

    /// What the value is.
    package var kind: Kind {
        switch gyre_json_type(place) {
        case CChar(UInt8(ascii: "[")): .array
        case CChar(UInt8(ascii: "{")): .object
        case CChar(UInt8(ascii: "\"")): .string
        case CChar(UInt8(ascii: "l")): .integer
        case CChar(UInt8(ascii: "u")): .unsigned
        case CChar(UInt8(ascii: "d")): .real
        case CChar(UInt8(ascii: "t")): .bool
        default: .null
        }
    }

    /// Whether it is `null`.
    package var isNull: Bool { gyre_json_type(place) == CChar(UInt8(ascii: "n")) }

    /// A text.
    package var string: String? {
        var bytes: UnsafePointer<CChar>?
        var length = 0
        guard gyre_json_string(place, &bytes, &length) else { return nil }
        return Self.text(bytes, length)
    }

    /// A whole number.
    package var int64: Int64? {
        var result: Int64 = 0
        return gyre_json_int64(place, &result) ? result : nil
    }

    /// A whole number that is not negative, up to 2⁶⁴ − 1.
    package var uint64: UInt64? {
        var result: UInt64 = 0
        return gyre_json_uint64(place, &result) ? result : nil
    }

    /// Any number.
    package var double: Double? {
        var result = 0.0
        return gyre_json_double(place, &result) ? result : nil
    }

    /// `true` or `false`.
    package var bool: Bool? {
        var result = false
        return gyre_json_bool(place, &result) ? result : nil
    }

    /// The value of a member.
    ///
    /// Nil if there is none, or this is no object; `null` counts as there.
    package subscript(key: String) -> JSONElement? {
        var key = key
        var result = gyre_json_place()
        let isThere = key.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { gyre_json_member(place, $0.baseAddress, $0.count, &result) }
        }
        return isThere ? JSONElement(place: result, document: document) : nil
    }

    /// The number of items of a list or members of an object; else 0.
    package var count: Int { gyre_json_count(place) }

    /// The items of a list; empty for any other value.
    package var elements: Elements { Elements(self) }

    /// The members of an object in the order of the text; empty for any other value.
    package var members: Members { Members(self) }

    /// Writes the value again.
    package func write(into writer: inout JSONWriter) {
        switch kind {
        case .null: writer.null()
        case .bool: writer.bool(bool ?? false)
        case .integer: writer.integer(int64 ?? 0)
        case .unsigned: writer.raw(String(uint64 ?? 0))
        case .real: writer.double(double ?? .nan)
        case .string: writer.string(string ?? "")
        case .array:
            writer.beginArray()
            for element in elements { element.write(into: &writer) }
            writer.endArray()
        case .object:
            writer.beginObject()
            for (key, value) in members {
                writer.key(key)
                value.write(into: &writer)
            }
            writer.endObject()
        }
    }

    /// The value as JSON text.
    package var json: String {
        var writer = JSONWriter()
        write(into: &writer)
        return writer.text
    }

    fileprivate static func text(_ bytes: UnsafePointer<CChar>?, _ length: Int) -> String {
        // simdjson has validated the bytes as UTF-8.
        String(decoding: UnsafeRawBufferPointer(start: bytes, count: length), as: UTF8.self)
    }

    /// The items of a list.
    package struct Elements: Sequence, IteratorProtocol {
        private var place = gyre_json_place()
        private var end = gyre_json_place()
        private let document: JSONDocument

        init(_ element: JSONElement) {
            document = element.document
            if element.kind == .array { _ = gyre_json_bounds(element.place, &place, &end) }
        }

        /// The next item.
        package mutating func next() -> JSONElement? {
            guard place.index != end.index else { return nil }
            return JSONElement(place: gyre_json_item(&place), document: document)
        }
    }

    /// The members of an object.
    package struct Members: Sequence, IteratorProtocol {
        private var place = gyre_json_place()
        private var end = gyre_json_place()
        private let document: JSONDocument

        init(_ element: JSONElement) {
            document = element.document
            if element.kind == .object { _ = gyre_json_bounds(element.place, &place, &end) }
        }

        /// The next member.
        package mutating func next() -> (key: String, value: JSONElement)? {
            guard place.index != end.index else { return nil }
            var key: UnsafePointer<CChar>?
            var length = 0
            let value = gyre_json_entry(&place, &key, &length)
            return (JSONElement.text(key, length), JSONElement(place: value, document: document))
        }
    }
}
