// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// A value in a YAML document, with its place.
///
/// Plain scalars follow YAML 1.2's core schema: `yes` and `on` are texts, `0o17` and `0x1F` are integers, and
/// so are `1_000` and `0b11`, as Python's readers have it.
package struct YAMLNode: Sendable {
    /// What the value is.
    package enum Content: Sendable {
        /// Nothing: empty, `~` or `null`.
        case null
        /// `true` or `false`.
        case bool(Bool)
        /// A whole number.
        case integer(Int64)
        /// A number with a fraction or exponent, infinite, or not a number.
        case real(Double)
        /// A text.
        case string(String)
        /// A list.
        case sequence([YAMLNode])
        /// A mapping in the order of the file.
        case mapping([Entry])
    }

    /// A key with its value.
    package struct Entry: Sendable {
        /// The key as text.
        package let key: String
        /// Where the key stands.
        package let position: SourcePosition
        /// The value.
        package let value: YAMLNode
        /// Whether it is written in another mapping, which `<<` merges into this one.
        let isMerged: Bool

        init(key: String, position: SourcePosition, value: YAMLNode, isMerged: Bool = false) {
            self.key = key
            self.position = position
            self.value = value
            self.isMerged = isMerged
        }
    }

    /// What the value is.
    package let content: Content
    /// Where it begins.
    package let position: SourcePosition
    /// A scalar as it is written, without quotes; empty for lists and mappings.
    package let source: String

    /// Where its text begins and ends, anchor and tag included, counted in characters from the start of the document.
    ///
    /// Without brackets a list or mapping ends with its last value.
    let range: Range<Int>
    /// Whether its text is an alias; what it holds is then written elsewhere.
    let isAlias: Bool
    /// How far the keys of a mapping without brackets are indented; nil for all else.
    let indent: Int?

    init(
        _ content: Content,
        at position: SourcePosition,
        source: String = "",
        range: Range<Int>,
        isAlias: Bool = false,
        indent: Int? = nil
    ) {
        self.content = content
        self.position = position
        self.source = source
        self.range = range
        self.isAlias = isAlias
        self.indent = indent
    }

    /// The value of a key; nil if there is no such key or this is no mapping.
    package subscript(key: String) -> YAMLNode? {
        entries.first { $0.key == key }?.value
    }

    /// The keys with their values; empty if this is no mapping.
    package var entries: [Entry] {
        if case .mapping(let entries) = content { return entries }
        return []
    }

    /// The items; nil if this is no list.
    package var sequence: [YAMLNode]? {
        if case .sequence(let items) = content { return items }
        return nil
    }

    /// Whether it is a mapping.
    package var isMapping: Bool {
        if case .mapping = content { return true }
        return false
    }

    /// Whether it is nothing.
    package var isNull: Bool {
        if case .null = content { return true }
        return false
    }

    /// Any scalar but null as it is written.
    package var string: String? {
        switch content {
        case .bool, .integer, .real, .string: source
        case .null, .sequence, .mapping: nil
        }
    }

    /// A whole number.
    package var integer: Int64? {
        if case .integer(let value) = content { return value }
        return nil
    }

    /// Any number.
    package var double: Double? {
        switch content {
        case .integer(let value): Double(value)
        case .real(let value): value
        default: nil
        }
    }

    /// `true` or `false`.
    package var bool: Bool? {
        if case .bool(let value) = content { return value }
        return nil
    }

    /// What people call it: "a list", "a text".
    package var kindName: String {
        switch content {
        case .null: "nothing"
        case .bool: "true or false"
        case .integer: "a whole number"
        case .real: "a number"
        case .string: "a text"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}

extension YAMLNode.Content {
    /// A plain scalar by the core schema.
    init(plain text: String) {
        switch text {
        case "", "~", "null", "Null", "NULL": self = .null
        case "true", "True", "TRUE": self = .bool(true)
        case "false", "False", "FALSE": self = .bool(false)
        case ".nan", ".NaN", ".NAN": self = .real(.nan)
        case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": self = .real(.infinity)
        case "-.inf", "-.Inf", "-.INF": self = .real(-.infinity)
        default: self = Self.number(text) ?? .string(text)
        }
    }

    private static func number(_ text: String) -> Self? {
        guard let first = text.utf8.first, "+-.0123456789".utf8.contains(first) else { return nil }
        let unsigned = "+-".utf8.contains(first) ? text.dropFirst() : text[...]
        // The core schema has no `1_000` and no `0b1`; the readers of Python and of DVC have both.
        let digits = unsigned.utf8.first.map(isDigit) == true ? unsigned.filter { $0 != "_" } : String(unsigned)
        guard digits.utf8.contains(where: isDigit) else { return nil }
        let sign = first == UInt8(ascii: "-") ? "-" : ""
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where digits.hasPrefix(prefix) {
            let rest = digits.dropFirst(2)
            // Swift would take another sign here.
            guard let first = rest.utf8.first, !"+-".utf8.contains(first) else { return nil }
            return Int64(sign + rest, radix: radix).map { .integer($0) }
        }
        if digits.utf8.allSatisfy(isDigit), let value = Int64(sign + digits) { return .integer(value) }
        return decimal(digits.utf8).flatMap { Double(sign + $0) }.map { .real($0) }
    }

    /// The number as Swift reads it, which takes neither `.5` nor `5.`; nil if it is none.
    private static func decimal(_ bytes: String.UTF8View) -> String? {
        var rest = bytes[...]
        func take(_ accepts: (UInt8) -> Bool) -> String {
            let taken = rest.prefix(while: accepts)
            rest = rest[taken.endIndex...]
            return String(decoding: taken, as: UTF8.self)
        }
        func takeOne(_ choices: String) -> String {
            guard let byte = rest.first, choices.utf8.contains(byte) else { return "" }
            rest = rest.dropFirst()
            return String(decoding: [byte], as: UTF8.self)
        }
        let whole = take(isDigit)
        let fraction = takeOne(".").isEmpty ? "" : take(isDigit)
        guard !whole.isEmpty || !fraction.isEmpty else { return nil }
        var text = "\(whole.isEmpty ? "0" : whole).\(fraction.isEmpty ? "0" : fraction)"
        if !takeOne("eE").isEmpty {
            let sign = takeOne("+-")
            let digits = take(isDigit)
            guard !digits.isEmpty else { return nil }
            text += "e\(sign)\(digits)"
        }
        return rest.isEmpty ? text : nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
}
