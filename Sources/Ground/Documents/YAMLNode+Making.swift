// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

extension YAMLNode {
    /// A value that is written in no YAML, such as one of TOML; or one computed from others.
    ///
    /// - Parameters:
    ///   - content: What it is.
    ///   - source: A scalar as text; empty for lists and mappings.
    ///   - position: Where people find what it comes from.
    /// - Returns: The value.
    package static func made(_ content: Content, source: String = "", at position: SourcePosition) -> YAMLNode {
        YAMLNode(content, at: position, source: source, range: 0..<0)
    }

    /// Another value in the place of this one.
    package func replaced(by other: YAMLNode) -> YAMLNode {
        YAMLNode(other.content, at: position, source: other.source, range: 0..<0)
    }

    /// A text in the place of this value.
    package func replaced(byText text: String) -> YAMLNode {
        YAMLNode(.string(text), at: position, source: text, range: 0..<0)
    }
}

extension YAMLNode.Entry {
    /// A key with a value, which are written in no YAML.
    package static func made(_ key: String, _ value: YAMLNode, at position: SourcePosition) -> YAMLNode.Entry {
        YAMLNode.Entry(key: key, position: position, value: value)
    }
}
