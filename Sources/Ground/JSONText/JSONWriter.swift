// SPDX-License-Identifier: Apache-2.0

/// Writes JSON into one growing buffer; commas set themselves.
///
/// The caller's order of calls is the document: a value where a value belongs, a key before each member. Numbers are
/// written in their shortest form that reads back equal.
package struct JSONWriter: Sendable {
    /// What becomes of numbers that JSON cannot write.
    package enum NonFinite: Sendable {
        /// `null`.
        case null
        /// The texts `"NaN"`, `"Infinity"`, `"-Infinity"`.
        case text
    }

    /// What was written.
    package private(set) var bytes: [UInt8] = []
    private let nonFinite: NonFinite
    private let isPretty: Bool
    private var depth = 0
    /// The last byte that is not layout; it alone says whether a comma is due.
    private var last: UInt8 = 0

    /// An empty document.
    package init(reserving capacity: Int = 1_024, nonFinite: NonFinite = .null, pretty: Bool = false) {
        self.nonFinite = nonFinite
        isPretty = pretty
        bytes.reserveCapacity(capacity)
    }

    /// What was written, as text.
    package var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Begins an object.
    package mutating func beginObject() { open(UInt8(ascii: "{")) }

    /// Ends an object.
    package mutating func endObject() { close(UInt8(ascii: "}")) }

    /// Begins a list.
    package mutating func beginArray() { open(UInt8(ascii: "[")) }

    /// Ends a list.
    package mutating func endArray() { close(UInt8(ascii: "]")) }

    /// Writes an object whose members `body` writes.
    package mutating func object(_ body: (inout JSONWriter) throws -> Void) rethrows {
        beginObject()
        try body(&self)
        endObject()
    }

    /// Writes a list whose items `body` writes.
    package mutating func array(_ body: (inout JSONWriter) throws -> Void) rethrows {
        beginArray()
        try body(&self)
        endArray()
    }

    /// Writes a member's key; its value comes next.
    package mutating func key(_ name: String) {
        separate()
        quote(name)
        bytes.append(UInt8(ascii: ":"))
        if isPretty { bytes.append(UInt8(ascii: " ")) }
        last = UInt8(ascii: ":")
    }

    /// Writes a text.
    package mutating func string(_ text: String) {
        separate()
        quote(text)
        last = UInt8(ascii: "\"")
    }

    /// Writes a whole number.
    package mutating func integer(_ value: Int64) { raw(String(value)) }

    /// Writes a whole number.
    package mutating func integer(_ value: Int) { raw(String(value)) }

    /// Writes a number.
    package mutating func double(_ value: Double) {
        if value.isFinite { return raw(value.description) }
        unwritable(isNaN: value.isNaN, isNegative: value < 0)
    }

    /// Writes a number of single precision.
    package mutating func float(_ value: Float) {
        if value.isFinite { return raw(value.description) }
        unwritable(isNaN: value.isNaN, isNegative: value < 0)
    }

    /// Writes `true` or `false`.
    package mutating func bool(_ value: Bool) { raw(value ? "true" : "false") }

    /// Writes `null`.
    package mutating func null() { raw("null") }

    /// Writes a value that is JSON already.
    package mutating func raw(_ json: String) {
        separate()
        bytes.append(contentsOf: json.utf8)
        last = UInt8(ascii: "0")
    }

    /// Ends a line, after which a document of its own begins.
    package mutating func newline() {
        bytes.append(UInt8(ascii: "\n"))
        last = 0
    }

    /// Writes a member.
    package mutating func field(_ name: String, _ value: String) {
        key(name)
        string(value)
    }

    /// Writes a member; nil becomes `null`.
    package mutating func field(_ name: String, _ value: String?) {
        key(name)
        if let value { string(value) } else { null() }
    }

    /// Writes a member whose value is a list of texts.
    package mutating func field(_ name: String, _ texts: [String]) {
        key(name)
        array { writer in for text in texts { writer.string(text) } }
    }

    /// Writes a member.
    package mutating func field(_ name: String, _ value: Int) {
        key(name)
        integer(value)
    }

    /// Writes a member.
    package mutating func field(_ name: String, _ value: Int64) {
        key(name)
        integer(value)
    }

    /// Writes a member; nil becomes `null`.
    package mutating func field(_ name: String, _ value: Int64?) {
        key(name)
        if let value { integer(value) } else { null() }
    }

    /// Writes a member.
    package mutating func field(_ name: String, _ value: Double) {
        key(name)
        double(value)
    }

    /// Writes a member; nil becomes `null`.
    package mutating func field(_ name: String, _ value: Double?) {
        key(name)
        if let value { double(value) } else { null() }
    }

    /// Writes a member.
    package mutating func field(_ name: String, _ value: Bool) {
        key(name)
        bool(value)
    }

    // MARK: Layout

    private mutating func open(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        last = bracket
        depth += 1
    }

    private mutating func close(_ bracket: UInt8) {
        depth -= 1
        if isPretty, last != UInt8(ascii: "{"), last != UInt8(ascii: "[") { breakLine() }
        bytes.append(bracket)
        last = bracket
    }

    private mutating func separate() {
        switch last {
        case 0, UInt8(ascii: ":"): return
        case UInt8(ascii: "{"), UInt8(ascii: "["): break
        default: bytes.append(UInt8(ascii: ","))
        }
        if isPretty { breakLine() }
    }

    private mutating func breakLine() {
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * depth))
    }

    private mutating func unwritable(isNaN: Bool, isNegative: Bool) {
        switch nonFinite {
        case .null: null()
        case .text: string(isNaN ? "NaN" : isNegative ? "-Infinity" : "Infinity")
        }
    }

    private mutating func quote(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { source in
            var start = 0
            for (index, byte) in source.enumerated() where byte < 0x20 || byte == 0x22 || byte == 0x5C {
                bytes.append(contentsOf: source[start..<index])
                escape(byte)
                start = index + 1
            }
            bytes.append(contentsOf: source[start...])
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escape(_ byte: UInt8) {
        let short: UInt8? =
            switch byte {
            case 0x22, 0x5C: byte
            case 0x0A: UInt8(ascii: "n")
            case 0x0D: UInt8(ascii: "r")
            case 0x09: UInt8(ascii: "t")
            case 0x08: UInt8(ascii: "b")
            case 0x0C: UInt8(ascii: "f")
            default: nil
            }
        bytes.append(UInt8(ascii: "\\"))
        if let short { return bytes.append(short) }
        let digits = Array("0123456789abcdef".utf8)
        bytes.append(contentsOf: "u00".utf8)
        bytes.append(digits[Int(byte >> 4)])
        bytes.append(digits[Int(byte & 15)])
    }
}
