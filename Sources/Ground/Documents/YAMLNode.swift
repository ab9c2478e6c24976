// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// A value in a YAML document, with its place.
///
/// Plain scalars follow YAML 1.2's core schema: `yes` and `on` are texts, `0o17` and `0x1F` are integers.
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
    }

    /// What the value is.
    package let content: Content
    /// Where it begins.
    package let position: SourcePosition
    /// A scalar as it is written, without quotes; empty for lists and mappings.
    package let source: String

    init(_ content: Content, at position: SourcePosition, source: String = "") {
        self.content = content
        self.position = position
        self.source = source
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
        if text.hasPrefix("0x") { return Int64(text.dropFirst(2), radix: 16).map { .integer($0) } }
        if text.hasPrefix("0o") { return Int64(text.dropFirst(2), radix: 8).map { .integer($0) } }
        if let value = Int64(text) { return .integer(value) }
        let allowed = text.utf8.allSatisfy { "+-.eE0123456789".utf8.contains($0) }
        guard allowed, text.utf8.contains(where: { (48...57).contains($0) }) else { return nil }
        // Swift reads neither `.5` nor `5.` as people write them.
        var complete = text.hasSuffix(".") ? text + "0" : text
        for (short, long) in [(".", "0."), ("-.", "-0."), ("+.", "0.")] where complete.hasPrefix(short) {
            complete = long + complete.dropFirst(short.count)
            break
        }
        return Double(complete.replacing(".e", with: ".0e").replacing(".E", with: ".0E")).map { .real($0) }
    }
}
