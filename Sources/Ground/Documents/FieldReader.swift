// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// Reads a mapping by its schema, and keeps every mistake until the end.
///
/// Ask for each known key once, then call ``finish()``: keys that nobody asked for are mistakes too, with the nearest known
/// key. Sub-mappings share their parent's list of mistakes.
package final class FieldReader {
    private final class Findings {
        var problems: [DocumentError.Problem] = []
    }

    private let file: String
    private let path: String
    private let node: YAMLNode
    private let findings: Findings
    private var known: [String] = []

    /// A reader of the top of a document.
    package convenience init(_ node: YAMLNode, file: String) {
        self.init(node, file: file, path: "", findings: Findings())
    }

    private init(_ node: YAMLNode, file: String, path: String, findings: Findings) {
        self.node = node
        self.file = file
        self.path = path
        self.findings = findings
        if !node.isMapping, !node.isNull {
            let name = path.isEmpty ? "the document" : "`\(path)`"
            report("\(name) is \(node.kindName); a mapping is expected", at: node.position)
        }
    }

    /// Notes a mistake.
    package func report(_ message: String, at position: SourcePosition, suggestion: String? = nil) {
        findings.problems.append(.init(message, at: position, suggestion: suggestion))
    }

    /// A scalar as text.
    package func string(_ key: String) -> String? { read(key, "a text", \.string) }

    /// A number.
    package func double(_ key: String) -> Double? { read(key, "a number", \.double) }

    /// A whole number.
    package func integer(_ key: String) -> Int64? { read(key, "a whole number", \.integer) }

    /// `true` or `false`.
    package func bool(_ key: String) -> Bool? { read(key, "true or false", \.bool) }

    /// A list of texts; a single text stands for a list of one.
    package func strings(_ key: String) -> [(text: String, position: SourcePosition)] {
        guard let value = value(key) else { return [] }
        return (value.sequence ?? [value]).compactMap { item in
            guard let text = item.string else {
                report("an item of `\(name(key))` is \(item.kindName); a text is expected", at: item.position)
                return nil
            }
            return (text, item.position)
        }
    }

    /// One of a set of names.
    package func choice<Choice: RawRepresentable & CaseIterable>(_ key: String, _: Choice.Type) -> Choice?
    where Choice.RawValue == String {
        guard let value = value(key), let text = string(key) else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        let names = Choice.allCases.map(\.rawValue)
        report(
            "`\(name(key))` is `\(text)`; it may be \(names.map { "`\($0)`" }.joined(separator: ", "))",
            at: value.position,
            suggestion: nearest(to: text, among: names).map { "did you mean `\($0)`?" }
        )
        return nil
    }

    /// A reader of a sub-mapping; nil if the key is missing.
    package func mapping(_ key: String) -> FieldReader? {
        guard let value = value(key) else { return nil }
        return FieldReader(value, file: file, path: name(key), findings: findings)
    }

    /// A reader of a mapping that stands for the value of a key, and shares this one's list of mistakes.
    package func reader(of node: YAMLNode, as key: String) -> FieldReader {
        FieldReader(node, file: file, path: name(key), findings: findings)
    }

    /// The mistakes so far.
    package var problems: [DocumentError.Problem] { findings.problems }

    /// The value of a key whatever it is, which makes the key known; nil if it is missing or null.
    package func value(_ key: String) -> YAMLNode? {
        if !known.contains(key) { known.append(key) }
        guard let value = node[key], !value.isNull else { return nil }
        return value
    }

    /// Notes the keys of this mapping that nobody asked for.
    package func checkKeys() {
        for entry in node.entries where !known.contains(entry.key) {
            report(
                "`\(name(entry.key))` is not a key",
                at: entry.position,
                suggestion: nearest(to: entry.key, among: known).map { "did you mean `\($0)`?" }
            )
        }
    }

    /// Ends the reading of the whole document.
    ///
    /// - Throws: ``DocumentError`` with every mistake that this reader and those of its sub-mappings found.
    package func finish() throws(DocumentError) {
        checkKeys()
        guard findings.problems.isEmpty else { throw DocumentError(file: file, problems: findings.problems) }
    }

    private func read<Value>(_ key: String, _ expected: String, _ convert: (YAMLNode) -> Value?) -> Value? {
        guard let value = value(key) else { return nil }
        if let result = convert(value) { return result }
        report("`\(name(key))` is \(value.kindName); \(expected) is expected", at: value.position)
        return nil
    }

    private func name(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
}
