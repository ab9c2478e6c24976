// SPDX-License-Identifier: Apache-2.0

/// A place in a text file that people edit.
package struct SourcePosition: Hashable, Sendable, CustomStringConvertible {
    /// The file as the user knows it, usually relative to the project.
    package let file: String
    /// Line, from 1.
    package let line: Int
    /// Column in characters, from 1.
    package let column: Int

    /// A place in `file`; both numbers count from 1.
    package init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    /// `gyre.yaml:3:5`, the form that editors and terminals make clickable.
    package var description: String { "\(file):\(line):\(column)" }
}
