// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Diagnostics
import Documents

/// The values that `${…}` may name: those of `params.yaml` and of `vars`.
struct TemplateContext {
    /// Why something cannot be used, with what would be right.
    struct Refusal: Error {
        let message: String
        var suggestion: String?
    }

    private var values: [String: YAMLNode] = [:]
    /// Files that were read, by path; the keys that were taken, nil for all.
    private var files: [String: [String]?] = [:]
    /// Names of a loop, which nothing may redefine.
    private var reserved: Set<String> = []

    /// The value at a path of names and indexes.
    func value(_ path: [String], as expression: String) throws(Refusal) -> YAMLNode {
        guard let first = path.first, var node = values[first] else {
            throw Refusal(
                message: "`${\(expression)}` names nothing: there is no `\(path.first ?? "")`",
                suggestion: nearest(to: path.first ?? "", among: values.keys.sorted()).map { "did you mean `\($0)`?" }
                    ?? (path.count == 1 && path[0].allSatisfy { $0.isUppercase || $0 == "_" }
                        ? "for a variable of the shell write `$\(path[0])`" : nil)
            )
        }
        for name in path.dropFirst() {
            if let items = node.sequence, let index = Int(name) {
                // A negative index counts from the end, as in Python.
                let index = index < 0 ? items.count + index : index
                guard items.indices.contains(index) else {
                    throw Refusal(message: "`${\(expression)}` names nothing: the list has \(items.count) items")
                }
                node = items[index]
            } else if let child = node[name] {
                node = child
            } else {
                throw Refusal(
                    message: "`${\(expression)}` names nothing: there is no `\(name)`",
                    suggestion: nearest(to: name, among: node.entries.map(\.key)).map { "did you mean `\($0)`?" }
                )
            }
        }
        return node
    }

    /// Adds the values of a mapping; none may be there already, unless both are mappings.
    mutating func merge(_ mapping: YAMLNode) throws(Refusal) {
        for entry in mapping.entries {
            if reserved.contains(entry.key) {
                throw Refusal(message: "`\(entry.key)` is a name of the loop, and cannot be set")
            }
            if let known = values[entry.key] {
                values[entry.key] = try Self.merged(known, entry.value, entry.key)
            } else {
                values[entry.key] = entry.value
            }
        }
    }

    private static func merged(_ old: YAMLNode, _ new: YAMLNode, _ path: String) throws(Refusal) -> YAMLNode {
        guard old.isMapping, new.isMapping else {
            throw Refusal(message: "`\(path)` is set already, in \(old.position)")
        }
        var entries = old.entries
        for entry in new.entries {
            if let index = entries.firstIndex(where: { $0.key == entry.key }) {
                let value = try merged(entries[index].value, entry.value, "\(path).\(entry.key)")
                entries[index] = .made(entry.key, value, at: entry.position)
            } else {
                entries.append(entry)
            }
        }
        return .made(.mapping(entries), at: old.position)
    }

    /// Adds the values of a file, or of `file:key,key`.
    mutating func load(_ item: String, from folder: String, _ source: FileSource) throws {
        let parts = item.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let keys = parts.count > 1 ? parts[1].split(separator: ",").map(String.init) : []
        guard let path = ProjectPath.joined([folder, parts[0]]) else {
            throw Refusal(message: "`\(parts[0])` does not lie inside the project")
        }
        if let known = files[path] {
            if keys.isEmpty, known == nil { return }
            if keys.isEmpty || known == nil || !Set(keys).isDisjoint(with: known ?? []) {
                throw Refusal(message: "`\(item)` is loaded already, at least in part")
            }
        }
        guard let document = try source.document(path) else { throw Refusal(message: "there is no `\(path)`") }
        guard document.isMapping else {
            throw Refusal(message: "`\(path)` is \(document.kindName); a mapping is expected")
        }
        var entries = document.entries
        if !keys.isEmpty {
            entries = []
            for key in keys {
                guard let entry = document.entries.first(where: { $0.key == key }) else {
                    throw Refusal(
                        message: "`\(path)` has no `\(key)`",
                        suggestion: nearest(to: key, among: document.entries.map(\.key)).map { "did you mean `\($0)`?" }
                    )
                }
                entries.append(entry)
            }
        }
        try merge(.made(.mapping(entries), at: document.position))
        let taken = files[path].flatMap { $0 } ?? []
        files[path] = keys.isEmpty ? .some(nil) : .some(taken + keys)
    }

    /// The same with the names of a loop.
    func inLoop(_ names: [String: YAMLNode]) -> TemplateContext {
        var context = self
        for (name, value) in names {
            context.values[name] = value
            context.reserved.insert(name)
        }
        return context
    }
}
