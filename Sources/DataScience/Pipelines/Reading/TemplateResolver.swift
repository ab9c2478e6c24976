// SPDX-License-Identifier: Apache-2.0

package import DataVersions
import Diagnostics
import Documents

/// How a mapping in a command becomes flags, as `parsing` of `.dvc/config` says.
package struct FlagStyle: Sendable {
    /// Whether `false` is `--no-key`; if not it is left out.
    package var negates = false
    /// Whether each item of a list repeats its key; if not they stand behind one.
    package var repeatsLists = false

    /// The style without settings.
    package init() {}

    /// The style of a repository.
    package init(_ config: RepositoryConfig) {
        negates = config.value("parsing", "bool") == "boolean_optional"
        repeatsLists = config.value("parsing", "list") == "append"
    }
}

/// Puts values in the place of `${…}`, and notes what has none.
struct TemplateResolver {
    let context: TemplateContext
    let style: FlagStyle
    let reader: FieldReader

    /// A value with all its texts resolved, keys too.
    ///
    /// - Parameters:
    ///   - node: Any value.
    ///   - key: The key of the stage that it belongs to: only `cmd` takes mappings; nil where anything is taken.
    /// - Returns: The value; what cannot be resolved stays as it is written, and is noted.
    func resolve(_ node: YAMLNode, key: String?) -> YAMLNode {
        switch node.content {
        case .string(let text):
            return text.contains("${") ? resolve(text, node, key: key) : node
        case .sequence(let items):
            return .made(.sequence(items.map { resolve($0, key: key) }), at: node.position)
        case .mapping(let entries):
            let resolved = entries.map { entry -> YAMLNode.Entry in
                let name =
                    entry.key.contains("${")
                    ? resolve(.text(entry.key, at: entry.position), key: key).string ?? entry.key : entry.key
                return .made(name, resolve(entry.value, key: key), at: entry.position)
            }
            return .made(.mapping(resolved), at: node.position)
        default: return node
        }
    }

    /// A text with its values in place.
    func text(_ node: YAMLNode) -> String {
        let resolved = resolve(node, key: nil)
        return resolved.isMapping || resolved.sequence != nil ? node.source : Self.text(resolved)
    }

    private func resolve(_ text: String, _ node: YAMLNode, key: String?) -> YAMLNode {
        let template = Template(text)
        if let expression = template.whole {
            guard let value = value(expression, node.position) else { return node }
            guard value.isMapping || value.sequence != nil, let key else { return node.replaced(by: value) }
            guard key == "cmd", value.isMapping else { return refuse(value, expression, node) }
            return node.replaced(byText: flags(value, node.position))
        }
        var result = ""
        for part in template.parts {
            switch part {
            case .text(let text): result += text.replacing("\\${", with: "${")
            case .expression(let expression):
                guard let value = value(expression, node.position) else { return node }
                if value.sequence != nil || (value.isMapping && key != "cmd") { return refuse(value, expression, node) }
                result += value.isMapping ? flags(value, node.position) : Self.text(value)
            }
        }
        return node.replaced(byText: result)
    }

    private func refuse(_ value: YAMLNode, _ expression: String, _ node: YAMLNode) -> YAMLNode {
        reader.report("`${\(expression)}` is \(value.kindName), which cannot stand in a text", at: node.position)
        return node
    }

    private func value(_ expression: String, _ position: SourcePosition) -> YAMLNode? {
        guard let path = Template.path(of: expression) else {
            reader.report("`${\(expression)}` is no name such as `train.lr` or `list[0]`", at: position)
            return nil
        }
        do throws(TemplateContext.Refusal) {
            return try context.value(path, as: expression)
        } catch {
            reader.report(error.message, at: position, suggestion: error.suggestion)
            return nil
        }
    }

    /// A single value as it stands in a text.
    static func text(_ value: YAMLNode) -> String {
        if case .bool(let value) = value.content { return value ? "true" : "false" }
        return PythonText.str(value)
    }

    // MARK: Flags

    /// A mapping as flags of a command: `--lr 0.1 --verbose`.
    private func flags(_ mapping: YAMLNode, _ position: SourcePosition) -> String {
        var words: [String] = []
        for (key, value) in Self.flat(mapping, prefix: "") {
            switch value.content {
            case .bool(true): words.append("--\(key)")
            case .bool(false): if style.negates { words.append("--no-\(key)") }
            case .string(let text): words += ["--\(key)", PythonText.shellWord(text)]
            case .sequence(let items):
                for (index, item) in items.enumerated() {
                    if item.isMapping || item.sequence != nil {
                        reader.report("`\(key)` is a list of lists or mappings, which makes no flags", at: position)
                    }
                    if style.repeatsLists || index == 0 { words.append("--\(key)") }
                    words.append(item.stringContent.map(PythonText.shellWord) ?? PythonText.str(item))
                }
            default: words += ["--\(key)", PythonText.str(value)]
            }
        }
        return words.joined(separator: " ")
    }

    private static func flat(_ node: YAMLNode, prefix: String) -> [(key: String, value: YAMLNode)] {
        node.entries.flatMap { entry -> [(key: String, value: YAMLNode)] in
            let key = prefix.isEmpty ? entry.key : "\(prefix).\(entry.key)"
            return entry.value.isMapping ? flat(entry.value, prefix: key) : [(key, entry.value)]
        }
    }
}

extension YAMLNode {
    /// The text, if it is one and no number or truth value.
    fileprivate var stringContent: String? {
        if case .string(let text) = content { return text }
        return nil
    }
}
