// SPDX-License-Identifier: Apache-2.0

import Files
package import SystemPackage

/// Keeps versioned data out of git, as DVC does: a line `/name` in the `.gitignore` of the data's folder.
package enum GitIgnore {
    /// Adds the line if it is missing.
    package static func add(_ path: FilePath) throws {
        guard let name = path.lastComponent?.string else { return }
        let file = path.removingLastComponent().appending(".gitignore")
        let text = FileSystem.exists(file) ? try FileReader.text(of: file, limit: 1 << 20) : ""
        guard !text.split(separator: "\n").contains("/\(name)") else { return }
        let separator = text.isEmpty || text.hasSuffix("\n") ? "" : "\n"
        try AtomicFile.write(text + separator + "/\(name)\n", to: file)
    }
}
