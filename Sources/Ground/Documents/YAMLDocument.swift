// SPDX-License-Identifier: Apache-2.0

import CLibYAML
import Diagnostics

/// Reads YAML with the place of every value.
package enum YAMLDocument {
    /// The deepest nesting that is read.
    static let depthLimit = 64
    /// The most values of a document, those that aliases repeat counted again: it bounds what a small text can unfold to.
    static let valueLimit = 1_000_000

    /// Reads a document whose values are nested at most 64 deep.
    ///
    /// `<<` merges the mappings it names into its own, which wins. Mistakes that don't hide what follows, such as keys that
    /// are there twice, are all reported.
    ///
    /// - Parameters:
    ///   - text: One YAML document.
    ///   - file: The name for positions.
    /// - Returns: The topmost value; null if `text` is empty.
    /// - Throws: ``DocumentError`` with line and column of what cannot be read.
    package static func parse(_ text: String, file: String) throws(DocumentError) -> YAMLNode {
        var text = text
        // libyaml takes a byte order mark for a character of the text.
        if text.unicodeScalars.first == "\u{FEFF}" { text.unicodeScalars.removeFirst() }
        let result = text.withUTF8 { bytes -> Result<YAMLNode, DocumentError> in
            var composer = YAMLComposer(bytes, file: file)
            do throws(DocumentError) {
                return .success(try composer.document())
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
