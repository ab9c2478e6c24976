// SPDX-License-Identifier: Apache-2.0

import Documents
import Files
import SystemPackage

/// The values of parameters: by file, then by dotted key, as `dvc.lock` has them.
typealias ParameterValues = [(file: String, values: [(key: String, value: YAMLNode)])]

/// The values of parameters.
struct ParameterFiles {
    /// The file of parameters that name no other.
    static let main = "params.yaml"

    private let source: FileSource

    init(_ source: FileSource) { self.source = source }

    /// The values that a stage depends on.
    ///
    /// - Throws: ``PipelinesError`` `.missingDependency`, `.invalidPipeline` for what is not there, unless `allowMissing` is set.
    func values(of stage: Stage, allowMissing: Bool = false) throws -> ParameterValues {
        var files: [String: [(key: String, value: YAMLNode)]] = [:]
        for param in stage.params {
            guard let document = try document(param.place.path, stage, allowMissing) else { continue }
            if let key = param.key {
                guard let value = Self.find(key, in: document) else {
                    if allowMissing { continue }
                    throw missing(key, param.file, stage.name)
                }
                files[param.file, default: []].append((key, value))
            } else {
                files[param.file, default: []] += document.entries.map { ($0.key, $0.value) }
            }
        }
        // `params.yaml` comes first, then the others by name; keys are sorted.
        let names = files.keys.sorted {
            StageReader.precedes($0 == Self.main ? "" : $0, $1 == Self.main ? "" : $1)
        }
        return names.map { name in
            var seen: Set<String> = []
            let values = (files[name] ?? []).filter { seen.insert($0.key).inserted }
            return (name, values.sorted { StageReader.precedes($0.key, $1.key) })
        }
    }

    /// All single values of a file by dotted key; none if there is no such file.
    func flat(_ file: String) throws -> [(key: String, value: String)] {
        guard let document = try source.document(file) else { return [] }
        return Self.flat(document, prefix: "")
    }

    static func flat(_ node: YAMLNode, prefix: String) -> [(key: String, value: String)] {
        if node.isMapping {
            return node.entries.flatMap { flat($0.value, prefix: prefix.isEmpty ? $0.key : "\(prefix).\($0.key)") }
        }
        if let items = node.sequence {
            return [(prefix, "[" + items.map { $0.string ?? "…" }.joined(separator: ", ") + "]")]
        }
        return [(prefix, node.string ?? "null")]
    }

    /// The value at a dotted key; a number picks an item of a list.
    static func find(_ key: String, in document: YAMLNode) -> YAMLNode? {
        var node = document
        for part in key.split(separator: ".").map(String.init) {
            if let child = node[part] {
                node = child
            } else if let items = node.sequence, let index = Int(part), items.indices.contains(index) {
                node = items[index]
            } else {
                return nil
            }
        }
        return node
    }

    private func document(_ path: String, _ stage: Stage, _ allowMissing: Bool) throws -> YAMLNode? {
        if let document = try source.document(path) { return document }
        if allowMissing { return nil }
        throw PipelinesError(
            .missingDependency,
            what: "cannot run stage `\(stage.name)`",
            why: "there is no `\(path)`, whose parameters it depends on",
            next: "write it, or remove its parameters from `dvc.yaml`"
        )
    }

    private func missing(_ key: String, _ file: String, _ stage: String) -> PipelinesError {
        PipelinesError(
            .invalidPipeline,
            what: "cannot run stage `\(stage)`",
            why: "`\(file)` has no parameter `\(key)`, which the stage depends on",
            next: "add it, or remove it from `dvc.yaml`"
        )
    }
}
