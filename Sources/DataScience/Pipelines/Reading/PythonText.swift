// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Documents
import Files

/// Values as Python writes them: DVC is written in it, and names contents by such texts.
enum PythonText {
    /// A number as `repr` writes it: the shortest digits, with an exponent below 1e-4 and from 1e16 on.
    static func repr(_ value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? "nan" : value > 0 ? "inf" : "-inf" }
        return finite(value)
    }

    /// A number as YAML has it.
    static func real(_ value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? ".nan" : value > 0 ? ".inf" : "-.inf" }
        return finite(value)
    }

    private static func finite(_ value: Double) -> String {
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

    /// A value as `str` writes it.
    static func str(_ node: YAMLNode) -> String {
        if case .string(let text) = node.content { return text }
        return repr(node)
    }

    /// A value as `repr` writes it.
    static func repr(_ node: YAMLNode) -> String {
        switch node.content {
        case .null: "None"
        case .bool(let value): value ? "True" : "False"
        case .integer(let value): "\(value)"
        case .real(let value): node.wholeDigits ?? repr(value)
        case .string(let text): quoted(text)
        case .sequence(let items): "[\(items.map(repr).joined(separator: ", "))]"
        case .mapping(let entries):
            "{\(entries.map { "\(quoted($0.key)): \(repr($0.value))" }.joined(separator: ", "))}"
        }
    }

    private static func quoted(_ text: String) -> String {
        let quote = text.contains("'") && !text.contains("\"") ? "\"" : "'"
        var result = quote
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where String(scalar) == quote: result += "\\" + quote
            case "\0"..."\u{1F}", "\u{7F}":
                let digits = String(scalar.value, radix: 16)
                result += "\\x" + String(repeating: "0", count: 2 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + quote
    }

    // MARK: JSON

    /// What `json.dumps(…, sort_keys=True)` writes: spaces behind `,` and `:`, and everything beyond ASCII escaped.
    ///
    /// - Parameters:
    ///   - node: Any value.
    ///   - names: Keys to leave out of all mappings.
    /// - Returns: The text.
    static func json(_ node: YAMLNode, without names: Set<String> = []) -> String {
        switch node.content {
        case .null: return "null"
        case .bool(let value): return value ? "true" : "false"
        case .integer(let value): return "\(value)"
        case .real(let value):
            if let digits = node.wholeDigits { return digits }
            return value.isFinite ? repr(value) : value.isNaN ? "NaN" : value > 0 ? "Infinity" : "-Infinity"
        case .string(let text): return json(text)
        case .sequence(let items): return "[\(items.map { json($0, without: names) }.joined(separator: ", "))]"
        case .mapping(let entries):
            let kept = entries.filter { !names.contains($0.key) }
            return object(kept.map { ($0.key, json($0.value, without: names)) })
        }
    }

    /// What `json.dumps` writes with keys in their own order.
    static func ordered(_ node: YAMLNode) -> String {
        switch node.content {
        case .sequence(let items): "[\(items.map(ordered).joined(separator: ", "))]"
        case .mapping(let entries):
            "{\(entries.map { "\(json($0.key)): \(ordered($0.value))" }.joined(separator: ", "))}"
        default: json(node)
        }
    }

    /// An object of members that are JSON already; their order is made right.
    static func object(_ members: [(key: String, json: String)]) -> String {
        let sorted = members.sorted { StageReader.precedes($0.key, $1.key) }
        return "{\(sorted.map { "\(json($0.key)): \($0.json)" }.joined(separator: ", "))}"
    }

    /// A text as JSON.
    static func json(_ text: String) -> String { PythonJSON.quoted(text) }

    /// A text as one word of the shell, as `shlex.quote` writes it.
    static func shellWord(_ text: String) -> String {
        guard !text.isEmpty else { return "''" }
        let isSafe = text.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || "@%+=:,./-_".utf8.contains(byte)
        }
        return isSafe ? text : "'" + text.replacing("'", with: "'\"'\"'") + "'"
    }
}

extension YAMLNode {
    /// The digits of a whole number that no machine word holds.
    var wholeDigits: String? {
        guard case .real = content, !source.isEmpty, source.utf8.allSatisfy({ (48...57).contains($0) || $0 == 45 })
        else {
            return nil
        }
        return source
    }
}
