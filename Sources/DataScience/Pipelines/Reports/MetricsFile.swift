// SPDX-License-Identifier: Apache-2.0

import Documents
import Files
import SystemPackage

/// The numbers in a metrics file of a stage.
enum MetricsFile {
    /// All numbers in a JSON or YAML file by dotted key; none in files of other kinds.
    ///
    /// - Throws: ``DocumentError`` for one that cannot be read.
    static func values(of path: FilePath, name: String) throws -> [(key: String, value: Double)] {
        guard [".json", ".yaml", ".yml"].contains(where: { name.hasSuffix($0) }) else { return [] }
        let text = try FileReader.text(of: path, limit: 16 << 20)
        return flat(try YAMLDocument.parse(text, file: name), prefix: "")
    }

    private static func flat(_ node: YAMLNode, prefix: String) -> [(key: String, value: Double)] {
        if node.isMapping {
            return node.entries.flatMap { flat($0.value, prefix: prefix.isEmpty ? $0.key : "\(prefix).\($0.key)") }
        }
        guard let value = node.double, !prefix.isEmpty else { return [] }
        return [(prefix, value)]
    }
}
