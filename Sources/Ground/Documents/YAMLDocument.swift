// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Yams

/// Reads YAML with the place of every value.
package enum YAMLDocument {
    /// Reads a document whose values are nested at most 64 deep.
    ///
    /// - Parameters:
    ///   - text: One YAML document.
    ///   - file: The name for positions.
    /// - Returns: The topmost value; null if `text` is empty.
    /// - Throws: ``DocumentError`` with line and column of what cannot be read.
    package static func parse(_ text: String, file: String) throws(DocumentError) -> YAMLNode {
        let start = SourcePosition(file: file, line: 1, column: 1)
        do {
            guard let node = try compose(yaml: text) else { return YAMLNode(.null, at: start) }
            return try convert(node, file: file, depth: 0)
        } catch let error as DocumentError {
            throw error
        } catch {
            throw DocumentError(file: file, problems: [problem(error, file: file)])
        }
    }

    private static func convert(_ node: Node, file: String, depth: Int) throws(DocumentError) -> YAMLNode {
        let position = SourcePosition(file: file, line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
        guard depth < 64 else {
            let problem = DocumentError.Problem("values are nested more than 64 deep", at: position)
            throw DocumentError(file: file, problems: [problem])
        }
        switch node {
        case .scalar(let scalar):
            let text = scalar.string
            let isPlain = scalar.style == .plain || scalar.style == .any
            let isText = !isPlain || scalar.tag.description == "tag:yaml.org,2002:str" || scalar.tag.description == "!"
            return YAMLNode(isText ? .string(text) : .init(plain: text), at: position, source: text)
        case .sequence(let sequence):
            var items: [YAMLNode] = []
            for item in sequence { items.append(try convert(item, file: file, depth: depth + 1)) }
            return YAMLNode(.sequence(items), at: position)
        case .mapping(let mapping):
            var entries: [YAMLNode.Entry] = []
            for (key, value) in mapping {
                let name = try convert(key, file: file, depth: depth + 1)
                let value = try convert(value, file: file, depth: depth + 1)
                entries.append(YAMLNode.Entry(key: name.source, position: name.position, value: value))
            }
            return YAMLNode(.mapping(entries), at: position)
        case .alias:
            let problem = DocumentError.Problem("an alias points to no anchor", at: position)
            throw DocumentError(file: file, problems: [problem])
        }
    }

    private static func problem(_ error: any Error, file: String) -> DocumentError.Problem {
        func place(_ mark: Mark?) -> SourcePosition {
            SourcePosition(file: file, line: mark?.line ?? 1, column: mark?.column ?? 1)
        }
        switch error as? YamlError {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let around = context.map { " \($0.text)" } ?? ""
            return .init("it is no valid YAML: \(problem)\(around)", at: place(mark))
        case .duplicatedKeysInMapping(let duplicates, let context):
            let names = duplicates.map { "`\($0)`" }.joined(separator: ", ")
            return .init("the key \(names) is there twice", at: place(context.mark))
        case .reader(let problem, _, _, _):
            return .init("it is no valid YAML: \(problem)", at: place(nil))
        default:
            return .init("it is no valid YAML: \(error)", at: place(nil))
        }
    }
}
