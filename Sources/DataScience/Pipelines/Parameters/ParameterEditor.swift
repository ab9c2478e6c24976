// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Documents

/// Writes changed parameters into the texts of their files; comments, order and layout stay where the language allows it.
package enum ParameterEditor {
    /// The texts of the files that change.
    ///
    /// - Parameters:
    ///   - changes: What changes, one after the other.
    ///   - text: The text of a file; nil if it is not there.
    /// - Returns: The files with other texts than before.
    /// - Throws: ``PipelinesError`` `.unknownParameter`, ``DocumentError``.
    package static func texts(
        after changes: [ParameterChange],
        _ text: (String) throws -> String?
    ) throws -> [(file: String, text: String)] {
        var files: [String] = []
        for change in changes where !files.contains(change.file) { files.append(change.file) }
        return try files.compactMap { file in
            guard let old = try text(file) else {
                throw refusal(
                    changes.first { $0.file == file }?.key ?? "",
                    "there is no `\(file)` in the project",
                    "write it first, or name the file that has it: `-S FILE:KEY=VALUE`"
                )
            }
            let new = try self.text(after: changes.filter { $0.file == file }, in: old, file: file)
            return new == old ? nil : (file, new)
        }
    }

    /// The text of a file after changes.
    static func text(after changes: [ParameterChange], in old: String, file: String) throws -> String {
        guard !file.lowercased().hasSuffix(".py") else {
            throw refusal(
                changes[0].key,
                "`\(file)` is Python, which is not changed here",
                "change it by hand, or move the parameter to `params.yaml`"
            )
        }
        var text = old
        for change in changes {
            let tree = ParameterValue(try ParameterDocument.parse(text, file: file))
            for (path, value) in try steps(of: change, in: tree) { text = try step(path, value, change, text) }
        }
        return text
    }

    static func refusal(_ key: String, _ why: String, _ next: String?) -> PipelinesError {
        PipelinesError(.unknownParameter, what: "cannot set the parameter `\(key)`", why: why, next: next)
    }

    // MARK: What is meant

    /// The values that are put, or taken away, for a change.
    private static func steps(
        of change: ParameterChange,
        in tree: ParameterValue
    ) throws -> [(path: [String], value: ParameterValue?)] {
        let path = change.key.split(separator: ".").map(String.init)
        let old = tree.value(at: path[...])
        let place = change.file == ParameterChange.mainFile ? "" : "\(change.file):"
        let typed = change.value.map { "=\($0.shown)" } ?? ""
        switch (change.kind, old) {
        case (.remove, let old?):
            if let value = change.value, !isSame(value, old) {
                throw refusal(
                    change.key,
                    "`\(change.file)` has \(old.shown) there, not \(value.shown)",
                    "remove it by `-S '\(place)~\(change.key)'`, whatever its value"
                )
            }
            return [(path, nil)]
        case (.remove, nil), (.set, nil):
            var next = nearest(to: change.key, among: tree.keys()).map { "did you mean `\($0)`?" }
            if change.kind == .set {
                let add = "add it by `-S \(place)+\(change.key)\(typed)`"
                next = next.map { "\($0) If it is new, \(add)" } ?? add
            }
            throw refusal(change.key, "`\(change.file)` has no such parameter", next)
        case (.set, let old?), (.put, let old?):
            guard let value = change.value else { return [] }
            return try merged(value, over: old, path, change)
        case (.add, let old?):
            guard let value = change.value else { return [] }
            switch value {
            case .mapping, .list: return try merged(value, over: old, path, change)
            default:
                throw refusal(
                    change.key,
                    "`\(change.file)` has it already",
                    "set it by `-S \(place)\(change.key)\(typed)`, without the `+`"
                )
            }
        case (.add, nil), (.put, nil): return change.value.map { [(path, $0)] } ?? []
        }
    }

    /// A mapping is set key by key, as OmegaConf does; all else replaces what is there.
    private static func merged(
        _ value: ParameterValue,
        over old: ParameterValue,
        _ path: [String],
        _ change: ParameterChange
    ) throws -> [(path: [String], value: ParameterValue?)] {
        guard let pairs = value.pairs, let known = old.pairs else { return [(path, value)] }
        return try pairs.flatMap { pair -> [(path: [String], value: ParameterValue?)] in
            let inner = path + [pair.key]
            guard let old = known.first(where: { $0.key == pair.key })?.value else {
                guard change.kind != .set else {
                    let key = inner.joined(separator: ".")
                    throw refusal(
                        key,
                        "`\(change.file)` has no such parameter",
                        "add it by `-S +\(key)=\(pair.value.shown)`"
                    )
                }
                return [(inner, pair.value)]
            }
            return try merged(pair.value, over: old, inner, change)
        }
    }

    private static func isSame(_ left: ParameterValue, _ right: ParameterValue) -> Bool {
        func number(_ value: ParameterValue) -> Double? {
            switch value {
            case .integer(let digits): Double(digits)
            case .real(let value): value
            default: nil
            }
        }
        if let left = number(left), let right = number(right) { return left == right }
        return left == right
    }

    // MARK: Texts

    private static func step(
        _ path: [String],
        _ value: ParameterValue?,
        _ change: ParameterChange,
        _ text: String
    ) throws -> String {
        let (file, name) = (change.file, path.joined(separator: "."))
        let before = ParameterValue(try ParameterDocument.parse(text, file: file))
        guard let expected = before.putting(value, at: path[...]) else {
            throw refusal(name, "what it lies in, or itself, cannot be changed so", "change `\(file)` by hand")
        }
        // Nothing is written anew for what it says already.
        if expected == before { return text }
        let new: String?
        if file.lowercased().hasSuffix(".json") {
            return expected.json(indent: jsonIndent(of: text)) + (text.hasSuffix("\n") ? "\n" : "")
        } else if file.lowercased().hasSuffix(".toml") {
            if value != nil, value?.toml == nil { throw refusal(name, "TOML has no word for null", nil) }
            new = TOMLEdit.changing(path, to: value, in: text)
        } else if let value {
            new = try YAMLEdit.putting(path, value.yaml, in: text, file: file)
        } else {
            new = try YAMLEdit.removing(path, in: text, file: file)
        }
        // What was made must mean what was asked for, and nothing besides.
        guard let new, let document = try? ParameterDocument.parse(new, file: file),
            ParameterValue(document) == (expected.pairs?.isEmpty == true && document.isNull ? .null : expected)
        else {
            throw refusal(
                name,
                "it cannot be changed without changing what stands around it",
                "change `\(file)` by hand"
            )
        }
        return new
    }

    /// How far a JSON text is indented; nil if it is one line.
    private static func jsonIndent(of text: String) -> Int? {
        let lines = text.split(separator: "\n")
        guard lines.count > 1 else { return nil }
        return lines.lazy.map { $0.prefix { $0 == " " }.count }.first { $0 > 0 } ?? 4
    }
}
