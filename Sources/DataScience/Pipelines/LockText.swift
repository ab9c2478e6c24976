// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Documents

/// Values in block style, as DVC's writer lays them out in `dvc.lock`.
enum LockText {
    /// A dependency or an output.
    static func pointer(_ pointer: DataPointer) -> String {
        var text = "    - path:\(YAMLText.value(pointer.path, after: 11, indent: 8))\n      hash: md5\n"
        text += "      md5: \(pointer.md5)\n      size: \(pointer.size)\n"
        if let count = pointer.fileCount { text += "      nfiles: \(count)\n" }
        if pointer.isExecutable { text += "      isexec: true\n" }
        return text
    }

    /// A key with a text.
    static func line(_ key: String, _ text: String, indent: Int) -> String {
        let start = spaces(indent) + YAMLText.scalar(key) + ":"
        return start + YAMLText.value(text, after: start.unicodeScalars.count, indent: indent + 2) + "\n"
    }

    /// An item of a list.
    static func item(_ text: String, indent: Int) -> String {
        spaces(indent) + "-" + YAMLText.value(text, after: indent + 1, indent: indent + 2) + "\n"
    }

    /// A key with any value.
    static func line(_ key: String, _ value: YAMLNode, indent: Int) -> String {
        let start = spaces(indent) + YAMLText.scalar(key) + ":"
        switch value.content {
        case .mapping(let entries) where !entries.isEmpty:
            return start + "\n" + entries.map { line($0.key, $0.value, indent: indent + 2) }.joined()
        case .sequence(let items) where !items.isEmpty:
            return start + "\n" + items.map { item($0, indent: indent) }.joined()
        default: return start + scalar(value, after: start.unicodeScalars.count, indent: indent + 2) + "\n"
        }
    }

    private static func item(_ value: YAMLNode, indent: Int) -> String {
        let inner: String
        switch value.content {
        case .mapping(let entries) where !entries.isEmpty:
            inner = entries.map { line($0.key, $0.value, indent: indent + 2) }.joined()
        case .sequence(let items) where !items.isEmpty:
            inner = items.map { item($0, indent: indent + 2) }.joined()
        case .null: return spaces(indent) + "- \n"
        default: return spaces(indent) + "-" + scalar(value, after: indent + 1, indent: indent + 2) + "\n"
        }
        // The first part stands on the line of the dash.
        return spaces(indent) + "- " + inner.dropFirst(indent + 2)
    }

    private static func scalar(_ node: YAMLNode, after column: Int, indent: Int) -> String {
        switch node.content {
        case .null: ""
        case .bool(let value): value ? " true" : " false"
        case .integer(let value): " \(value)"
        case .real(let value):
            // A whole number that no machine word holds keeps all its digits.
            node.source.allSatisfy { $0.isASCII && ($0.isNumber || $0 == "-") } ? " \(node.source)" : " \(real(value))"
        case .string(let value):
            node.grouped.map { " \($0)" } ?? YAMLText.value(value, after: column, indent: indent)
        case .sequence: " []"
        case .mapping: " {}"
        }
    }

    /// A number as Python's `repr` writes it: the shortest digits, with an exponent below 1e-4 and from 1e16 on.
    static func real(_ value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? ".nan" : value > 0 ? ".inf" : "-.inf" }
        let text = "\(value.magnitude)".split(separator: "e")
        let parts = text[0].split(separator: ".")
        var digits = String(parts[0]) + (parts.count > 1 && parts[1] != "0" ? String(parts[1]) : "")
        var exponent = (text.count > 1 ? Int(text[1]) ?? 0 : 0) + parts[0].count - 1
        let leading = digits.prefix { $0 == "0" }.count
        guard leading < digits.count else { return value.sign == .minus ? "-0.0" : "0.0" }
        digits.removeFirst(leading)
        exponent -= leading
        while digits.count > 1, digits.last == "0" { digits.removeLast() }
        let sign = value.sign == .minus ? "-" : ""
        if exponent < -4 || exponent >= 16 {
            let rest = digits.dropFirst()
            let power = "\(exponent.magnitude)"
            return "\(sign)\(digits.prefix(1))\(rest.isEmpty ? "" : ".\(rest)")e\(exponent < 0 ? "-" : "+")"
                + (power.count < 2 ? "0" : "") + power
        }
        if exponent < 0 { return "\(sign)0.\(String(repeating: "0", count: -exponent - 1))\(digits)" }
        let whole = digits.prefix(exponent + 1)
        let rest = digits.dropFirst(exponent + 1)
        return sign + whole + String(repeating: "0", count: exponent + 1 - whole.count) + "."
            + (rest.isEmpty ? "0" : rest)
    }

    private static func spaces(_ count: Int) -> String { String(repeating: " ", count: count) }
}

extension YAMLNode {
    /// A number that DVC reads where our reader sees a text: digits in groups, such as `1_000`.
    fileprivate var grouped: Int64? {
        guard case .string(let text) = content, text.wholeMatch(of: /[-+]?[0-9][0-9_]*/) != nil else { return nil }
        return Int64(text.replacing("_", with: ""))
    }

    /// Whether two values are equal as DVC compares parameters: `1`, `1.0` and `true` are the same.
    func isEqual(to other: YAMLNode) -> Bool {
        func number(_ node: YAMLNode) -> Double? {
            node.double ?? node.grouped.map(Double.init) ?? node.bool.map { $0 ? 1 : 0 }
        }
        switch (content, other.content) {
        case (.null, .null): return true
        case (.string(let left), .string(let right)): return left.utf8.elementsEqual(right.utf8)
        case (.integer(let left), .integer(let right)): return left == right
        case (.sequence(let left), .sequence(let right)):
            return left.count == right.count && zip(left, right).allSatisfy { $0.isEqual(to: $1) }
        case (.mapping(let left), .mapping(let right)):
            return left.count == right.count
                && left.allSatisfy { entry in other[entry.key].map { entry.value.isEqual(to: $0) } ?? false }
        default:
            guard let left = number(self), let right = number(other) else { return false }
            return left == right
        }
    }
}
