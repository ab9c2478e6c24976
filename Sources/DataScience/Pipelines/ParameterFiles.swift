// SPDX-License-Identifier: Apache-2.0

import Documents
import Files
import SystemPackage

/// The values of parameters, read from their files once each.
struct ParameterFiles {
    private let root: FilePath
    private var documents: [String: YAMLNode] = [:]

    init(root: FilePath) { self.root = root }

    /// The values that a stage depends on: by file, then by dotted key, as `dvc.lock` has them.
    mutating func values(of stage: Stage) throws -> [(file: String, values: [(key: String, value: YAMLNode)])] {
        var files: [String: [(key: String, value: YAMLNode)]] = [:]
        for (file, key) in stage.params {
            let document = try document(file)
            if let key {
                files[file, default: []].append((key, try lookUp(key, in: document, file, stage.name)))
            } else {
                files[file, default: []] += document.entries.map { ($0.key, $0.value) }
            }
        }
        // `params.yaml` comes first, then the others by name; keys are sorted.
        let names = files.keys.sorted { ($0 == "params.yaml" ? "" : $0) < ($1 == "params.yaml" ? "" : $1) }
        return names.map { name in (name, (files[name] ?? []).sorted { $0.key < $1.key }) }
    }

    /// All single values of a file by dotted key.
    mutating func flat(_ file: String) throws -> [(key: String, value: String)] {
        guard FileSystem.exists(root.appending(file)) else { return [] }
        return Self.flat(try document(file), prefix: "")
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

    private mutating func document(_ file: String) throws -> YAMLNode {
        if let known = documents[file] { return known }
        let document = try YAMLDocument.parse(
            try FileReader.text(of: root.appending(file), limit: 16 << 20),
            file: file
        )
        documents[file] = document
        return document
    }

    private func lookUp(
        _ key: String,
        in document: YAMLNode,
        _ file: String,
        _ stage: String
    ) throws(PipelinesError) -> YAMLNode {
        var node = document
        for part in key.split(separator: ".").map(String.init) {
            guard
                let next = node[part]
                    ?? Int(part).flatMap({ node.sequence?.indices.contains($0) == true ? node.sequence?[$0] : nil })
            else {
                throw PipelinesError(
                    .invalidPipeline,
                    what: "cannot run stage `\(stage)`",
                    why: "`\(file)` has no parameter `\(key)`, which the stage depends on",
                    next: "add it, or remove it from `dvc.yaml`"
                )
            }
            node = next
        }
        return node
    }
}
