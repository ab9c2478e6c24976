// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Documents

/// Values in block style, as DVC's writer lays them out in `dvc.lock`.
enum LockText {
    /// A dependency or an output, in a list that is so far indented.
    static func pointer(_ pointer: DataPointer, indent: Int) -> String {
        let spaces = spaces(indent + 2)
        var text = "\(LockText.spaces(indent))- path:"
        text += "\(YAMLText.value(pointer.path, after: indent + 7, indent: indent + 4))\n\(spaces)hash: md5\n"
        text += "\(spaces)md5: \(pointer.md5)\n\(spaces)size: \(pointer.size)\n"
        if let count = pointer.fileCount { text += "\(spaces)nfiles: \(count)\n" }
        if pointer.isExecutable { text += "\(spaces)isexec: true\n" }
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
        // A whole number that no machine word holds keeps all its digits.
        case .real(let value): " \(node.wholeDigits ?? PythonText.real(value))"
        case .string(let value):
            YAMLText.value(value, after: column, indent: indent)
        case .sequence: " []"
        case .mapping: " {}"
        }
    }

    static func spaces(_ count: Int) -> String { String(repeating: " ", count: count) }
}

extension YAMLNode {
    /// Whether two values are equal as DVC compares parameters: `1`, `1.0` and `true` are the same.
    func isEqual(to other: YAMLNode) -> Bool {
        func number(_ node: YAMLNode) -> Double? {
            node.double ?? node.bool.map { $0 ? 1 : 0 }
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
