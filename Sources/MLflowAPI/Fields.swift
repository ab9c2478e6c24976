// SPDX-License-Identifier: Apache-2.0

import JSONText
import Tracking

/// An object inside a request, read field by field; `null` counts as missing, unknown fields are passed over.
///
/// What is not of the right kind is refused by its name. Nothing is copied but what is asked for: a batch has a thousand of these.
struct Fields: Sendable {
    private let element: JSONElement
    /// Where the object stands, for messages; empty for the request itself.
    private let list: String
    private let index: Int

    init(_ element: JSONElement, list: String = "", index: Int = 0) {
        self.element = element
        self.list = list
        self.index = index
    }

    /// A value of any kind.
    subscript(key: String) -> JSONElement? {
        guard let value = element[key], !value.isNull else { return nil }
        return value
    }

    /// A text.
    func text(_ key: String) throws(CallError) -> String? {
        guard let value = self[key] else { return nil }
        guard let text = value.string else { throw wrong(key, value, "it must be a text") }
        return text
    }

    /// A text that must be there and not empty.
    func requiredText(_ key: String) throws(CallError) -> String {
        guard let text = try text(key), !text.isEmpty else { throw missing(key) }
        return text
    }

    /// A text that is not empty; nil if it is missing.
    func textIfAny(_ key: String) throws(CallError) -> String? {
        guard let text = try text(key), !text.isEmpty else { return nil }
        return text
    }

    /// A whole number, also written as a text, as protobuf does.
    func integer(_ key: String) throws(CallError) -> Int64? {
        guard let value = self[key] else { return nil }
        let number =
            value.int64 ?? value.string.flatMap { Int64($0) } ?? value.double.flatMap { Int64(exactly: $0) }
        guard let number else { throw wrong(key, value, "it must be a whole number") }
        return number
    }

    /// A whole number that must be there.
    func requiredInteger(_ key: String) throws(CallError) -> Int64 {
        guard let number = try integer(key) else { throw missing(key) }
        return number
    }

    /// A number that must be there, or protobuf's texts for those that JSON cannot write.
    func requiredNumber(_ key: String) throws(CallError) -> Double {
        guard let value = self[key] else { throw missing(key) }
        if let number = value.double { return number }
        switch value.string {
        case "NaN": return .nan
        case "Infinity": return .infinity
        case "-Infinity": return -.infinity
        case let text?:
            if let number = Double(text), text.utf8.allSatisfy({ "+-.0123456789eE".utf8.contains($0) }) {
                return number
            }
        case nil: break
        }
        throw wrong(key, value, "it must be a number")
    }

    /// `true` or `false`.
    func bool(_ key: String) throws(CallError) -> Bool? {
        guard let value = self[key] else { return nil }
        if let bool = value.bool { return bool }
        switch value.string {
        case "true": return true
        case "false": return false
        default: throw wrong(key, value, "it must be true or false")
        }
    }

    /// A list of texts; empty if it is missing.
    func texts(_ key: String) throws(CallError) -> [String] {
        guard let value = self[key] else { return [] }
        guard value.kind == .array else { throw wrong(key, value, "it must be a list") }
        var texts: [String] = []
        texts.reserveCapacity(value.count)
        for item in value.elements {
            guard let text = item.string else { throw wrong("\(key)[\(texts.count)]", item, "it must be a text") }
            texts.append(text)
        }
        return texts
    }

    /// A list of objects, each read by `read`; empty if it is missing.
    func objects<Value>(
        _ key: String,
        _ read: (Fields) throws(CallError) -> Value
    ) throws(CallError) -> [Value] {
        guard let value = self[key] else { return [] }
        guard value.kind == .array else { throw wrong(key, value, "it must be a list") }
        var result: [Value] = []
        result.reserveCapacity(value.count)
        let list = path(key)
        for item in value.elements {
            guard item.kind == .object else { throw wrong("\(key)[\(result.count)]", item, "it must be an object") }
            result.append(try read(Fields(item, list: list, index: result.count)))
        }
        return result
    }

    /// An object that must be there.
    func requiredObject(_ key: String) throws(CallError) -> Fields {
        guard let value = self[key] else { throw missing(key) }
        guard value.kind == .object else { throw wrong(key, value, "it must be an object") }
        return Fields(value, list: path(key), index: -1)
    }

    /// A list of `{"key", "value"}`; a value that is missing is empty.
    func pairs(_ key: String) throws(CallError) -> [KeyValue] {
        try objects(key) { (fields) throws(CallError) in
            KeyValue(try fields.requiredText("key"), try fields.text("value") ?? "")
        }
    }

    // MARK: Words

    private func path(_ key: String) -> String {
        if list.isEmpty { return key }
        return index < 0 ? "\(list).\(key)" : "\(list)[\(index)].\(key)"
    }

    private func missing(_ key: String) -> CallError { .missing(path(key)) }

    private func wrong(_ key: String, _ value: JSONElement, _ why: String) -> CallError {
        let shown = value.kind == .array || value.kind == .object ? "of this kind" : String(value.json.prefix(100))
        return .invalid("Invalid value \(shown) for parameter '\(path(key))' supplied: \(why)")
    }
}
