// SPDX-License-Identifier: Apache-2.0

import Documents
import JSONText

/// A parameter to set in a notebook: a name of Python's, and a JSON value.
package struct NotebookParameter: Sendable, Hashable {
    /// The variable.
    package let name: String
    /// The value as JSON.
    package let json: String

    /// A parameter whose value is told from its text: truth values, none, numbers, JSON lists and objects; else a text.
    ///
    /// Both spellings of truth values and none are taken: those of Python, as papermill does, and those of YAML, which
    /// `${…}` in `dvc.yaml` gives.
    ///
    /// - Parameters:
    ///   - setting: `name=value`.
    ///   - isRaw: Take the value as a text, whatever it looks like.
    /// - Throws: ``NotebookError`` `.invalidNotebook` without a name that Python takes.
    package init(_ setting: String, isRaw: Bool = false) throws(NotebookError) {
        let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else {
            throw NotebookError(
                .invalidNotebook,
                what: "cannot set `\(setting)`",
                why: "it has no `=` with a name before and a value behind it",
                next: "write for example `-p depth=5`"
            )
        }
        try self.init(name: parts[0], json: isRaw ? Self.quoted(parts[1]) : Self.json(parts[1]))
    }

    /// A parameter with a JSON value.
    init(name: String, json: String) throws(NotebookError) {
        let isName = name.first?.isNumber == false && name.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
        guard isName else {
            throw NotebookError(
                .invalidNotebook,
                what: "cannot set the parameter `\(name)`",
                why: "it is no name of a variable",
                next: "use letters, digits and `_`"
            )
        }
        self.name = name
        self.json = json
    }

    /// The keys of a YAML or JSON file.
    ///
    /// - Throws: ``NotebookError`` `.invalidNotebook`, ``DocumentError``.
    package static func parameters(in text: String, file: String) throws -> [NotebookParameter] {
        let document = try YAMLDocument.parse(text, file: file)
        guard document.isMapping else {
            throw NotebookError(
                .invalidNotebook,
                what: "cannot read parameters from `\(file)`",
                why: "it is no mapping of names to values"
            )
        }
        return try document.entries.map { try NotebookParameter(name: $0.key, json: json($0.value)) }
    }

    private static func json(_ text: String) -> String {
        switch text {
        case "True", "true": return "true"
        case "False", "false": return "false"
        case "None", "null": return "null"
        default: break
        }
        if let number = Int64(text) { return String(number) }
        // Python reads these words in JSON too.
        switch text.lowercased() {
        case "nan", ".nan": return "NaN"
        case "inf", "+inf", ".inf": return "Infinity"
        case "-inf", "-.inf": return "-Infinity"
        default: break
        }
        let digits = "0123456789+-.eE"
        if text.allSatisfy(digits.contains), let number = Double(text), number.isFinite {
            var writer = JSONWriter()
            writer.double(number)
            return writer.text
        }
        let isComposite = text.hasPrefix("[") || text.hasPrefix("{")
        // What is no JSON is a text, also if it begins so.
        if isComposite, (try? JSONDocument(Array(text.utf8))) != nil { return text }
        return quoted(text)
    }

    private static func json(_ node: YAMLNode) -> String {
        if node.isMapping {
            return "{" + node.entries.map { "\(quoted($0.key)): \(json($0.value))" }.joined(separator: ", ") + "}"
        }
        if let items = node.sequence { return "[" + items.map { json($0) }.joined(separator: ", ") + "]" }
        if node.isNull { return "null" }
        if let flag = node.bool { return flag ? "true" : "false" }
        if let number = node.integer { return String(number) }
        if let number = node.double {
            return number.isNaN ? "NaN" : number.isInfinite ? (number < 0 ? "-Infinity" : "Infinity") : "\(number)"
        }
        return quoted(node.string ?? "")
    }

    static func quoted(_ text: String) -> String {
        var writer = JSONWriter()
        writer.string(text)
        return writer.text
    }
}
