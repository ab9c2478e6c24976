// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText

#if canImport(Glibc)
import Glibc
#endif

/// `.gyre/server.json`: how verbs find the server that runs on a project.
package struct ServerFile: Sendable {
    /// What the file says.
    package struct Entry: Sendable, Hashable {
        /// The server's URL, without a slash at the end.
        package let url: String
        /// The server's process.
        package let process: Int32
    }

    private let workspace: Workspace

    /// The file of a project.
    package init(workspace: Workspace) { self.workspace = workspace }

    /// Notes that this process serves at `url`.
    package func write(url: String) throws {
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("url", url)
            writer.field("pid", Int(getpid()))
        }
        try AtomicFile.write(writer.text + "\n", to: workspace.serverFile)
    }

    /// Removes the file if it speaks of this process.
    package func remove() {
        guard let entry = entry(), entry.process == getpid() else { return }
        // A file that stays behind names a dead process, which readers see.
        try? FileSystem.remove(workspace.serverFile)
    }

    /// The server that runs on the project; nil if none does.
    package func running() -> Entry? {
        guard let entry = entry(), kill(entry.process, 0) == 0 || errno == EPERM else { return nil }
        return entry
    }

    private func entry() -> Entry? {
        // No file, or one that cannot be read: no server that anybody could find.
        guard let text = try? FileReader.text(of: workspace.serverFile), let root = try? JSONDocument(text).root,
            let url = root["url"]?.string, let process = root["pid"]?.int64
        else { return nil }
        return Entry(url: url, process: Int32(truncatingIfNeeded: process))
    }
}
