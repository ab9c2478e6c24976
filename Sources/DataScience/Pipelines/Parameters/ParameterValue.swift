// SPDX-License-Identifier: Apache-2.0

import Documents

/// The value of a parameter, without its place.
package indirect enum ParameterValue: Sendable, Hashable {
    /// Nothing.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A whole number of any size, by its digits.
    case integer(String)
    /// A number with a fraction or exponent.
    case real(Double)
    /// A text.
    case text(String)
    /// A list.
    case list([ParameterValue])
    /// A mapping in its order.
    case mapping([Pair])

    /// A key with its value.
    package struct Pair: Sendable, Hashable {
        /// The key.
        package let key: String
        /// The value.
        package let value: ParameterValue

        /// A pair.
        package init(_ key: String, _ value: ParameterValue) { (self.key, self.value) = (key, value) }
    }

    /// The value of a document.
    init(_ node: YAMLNode) {
        switch node.content {
        case .null: self = .null
        case .bool(let value): self = .bool(value)
        case .integer(let value): self = .integer(String(value))
        case .real(let value): self = node.wholeDigits.map { .integer($0) } ?? .real(value)
        case .string(let text): self = .text(text)
        case .sequence(let items): self = .list(items.map(ParameterValue.init))
        case .mapping(let entries): self = .mapping(entries.map { Pair($0.key, ParameterValue($0.value)) })
        }
    }

    // MARK: Texts

    /// As people read it, and as it may be typed again.
    package var shown: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .integer(let digits): digits
        case .real(let value): PythonText.repr(value)
        case .text(let text): text
        case .list(let items): "[\(items.map(\.shown).joined(separator: ","))]"
        case .mapping(let pairs): "{\(pairs.map { "\($0.key):\($0.value.shown)" }.joined(separator: ","))}"
        }
    }

    /// YAML in one line.
    var yaml: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .integer(let digits): digits
        case .real(let value): PythonText.real(value)
        case .text(let text):
            // What would read back as another kind is quoted.
            switch (try? YAMLDocument.parse(text, file: ""))?.content {
            case .null, .bool, .integer, .real: "'\(text.replacing("'", with: "''"))'"
            default: YAMLEdit.scalar(text)
            }
        case .list(let items): "[\(items.map(\.yaml).joined(separator: ", "))]"
        case .mapping(let pairs):
            "{\(pairs.map { "\(ParameterValue.text($0.key).yaml): \($0.value.yaml)" }.joined(separator: ", "))}"
        }
    }

    /// TOML in one line; nil for what it has no words for.
    var toml: String? {
        switch self {
        case .null: return nil
        case .bool(let value): return value ? "true" : "false"
        case .integer(let digits): return digits
        case .real(let value): return PythonText.repr(value)
        case .text(let text): return PythonText.json(text)
        case .list(let items):
            let texts = items.compactMap(\.toml)
            return texts.count == items.count ? "[\(texts.joined(separator: ", "))]" : nil
        case .mapping(let pairs):
            let texts = pairs.compactMap { pair in
                pair.value.toml.map { "\(ParameterValue.tomlKey(pair.key)) = \($0)" }
            }
            guard texts.count == pairs.count else { return nil }
            return texts.isEmpty ? "{}" : "{ \(texts.joined(separator: ", ")) }"
        }
    }

    static func tomlKey(_ key: String) -> String {
        let isBare =
            !key.isEmpty
            && key.utf8.allSatisfy { byte in
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 45
                    || byte == 95
            }
        return isBare ? key : PythonText.json(key)
    }

    /// JSON, with so many blanks for each depth; in one line for nil.
    func json(indent: Int?, depth: Int = 0) -> String {
        func joined(_ parts: [String], _ open: String, _ close: String) -> String {
            guard !parts.isEmpty else { return open + close }
            guard let indent else { return open + parts.joined(separator: ", ") + close }
            let margin = "\n" + String(repeating: " ", count: indent * (depth + 1))
            let end = "\n" + String(repeating: " ", count: indent * depth)
            return open + margin + parts.joined(separator: "," + margin) + end + close
        }
        switch self {
        case .null: return "null"
        case .bool(let value): return value ? "true" : "false"
        case .integer(let digits): return digits
        case .real(let value):
            return value.isFinite ? PythonText.repr(value) : value.isNaN ? "NaN" : value > 0 ? "Infinity" : "-Infinity"
        case .text(let text): return PythonText.json(text)
        case .list(let items): return joined(items.map { $0.json(indent: indent, depth: depth + 1) }, "[", "]")
        case .mapping(let pairs):
            let texts = pairs.map { "\(PythonText.json($0.key)): \($0.value.json(indent: indent, depth: depth + 1))" }
            return joined(texts, "{", "}")
        }
    }

    // MARK: Trees

    /// The pairs of a mapping; nil for all else.
    var pairs: [Pair]? { if case .mapping(let pairs) = self { pairs } else { nil } }

    /// What lies at a path; a number picks an item of a list.
    func value(at path: ArraySlice<String>) -> ParameterValue? {
        guard let key = path.first else { return self }
        switch self {
        case .mapping(let pairs): return pairs.first { $0.key == key }?.value.value(at: path.dropFirst())
        case .list(let items):
            guard let index = Int(key), items.indices.contains(index) else { return nil }
            return items[index].value(at: path.dropFirst())
        default: return nil
        }
    }

    /// The same with another value at a path, or without one; nil if the path leads through what holds nothing.
    func putting(_ new: ParameterValue?, at path: ArraySlice<String>) -> ParameterValue? {
        guard let key = path.first else { return new }
        let rest = path.dropFirst()
        switch self {
        case .mapping(var pairs):
            let index = pairs.firstIndex { $0.key == key }
            let inner = (index.map { pairs[$0].value } ?? .mapping([])).putting(new, at: rest)
            switch (index, inner) {
            case (let index?, let inner?): pairs[index] = Pair(key, inner)
            case (let index?, nil):
                guard rest.isEmpty, new == nil else { return nil }
                pairs.remove(at: index)
            case (nil, let inner?): pairs.append(Pair(key, inner))
            case (nil, nil): return nil
            }
            return .mapping(pairs)
        case .list(var items):
            guard let index = Int(key), items.indices.contains(index) else { return nil }
            guard let inner = items[index].putting(new, at: rest) else { return nil }
            items[index] = inner
            return .list(items)
        case .null: return ParameterValue.mapping([]).putting(new, at: path)
        default: return nil
        }
    }

    /// All dotted keys.
    func keys(_ prefix: String = "") -> [String] {
        (pairs ?? []).flatMap { pair in
            let key = prefix.isEmpty ? pair.key : "\(prefix).\(pair.key)"
            return [key] + pair.value.keys(key)
        }
    }
}
