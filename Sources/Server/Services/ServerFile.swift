// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText
import SystemPackage

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
        /// When that process started, in the kernel's ticks: the number of a dead process may come again.
        let started: Int64
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
            writer.field("started", Self.start(of: getpid()))
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
        guard let entry = entry(), Self.start(of: entry.process) == entry.started else { return nil }
        return entry
    }

    private func entry() -> Entry? {
        // No file, or one that cannot be read: no server that anybody could find.
        guard let text = try? FileReader.text(of: workspace.serverFile), let root = try? JSONDocument(text).root,
            let url = root["url"]?.string, let process = root["pid"]?.int64, let started = root["started"]?.int64
        else { return nil }
        return Entry(url: url, process: Int32(truncatingIfNeeded: process), started: started)
    }

    /// When a process started, from field 22 of `/proc/PID/stat`; nil if it does not live.
    private static func start(of process: Int32) -> Int64? {
        // No file: no such process.
        guard let text = try? FileReader.text(of: FilePath("/proc/\(process)/stat"), limit: 4_096),
            let end = text.lastIndex(of: ")")
        else { return nil }
        // The name before the parenthesis may hold spaces; the first field behind it is the third.
        let fields = text[text.index(after: end)...].split(separator: " ")
        return fields.count > 19 && fields[0] != "Z" ? Int64(fields[19]) : nil
    }
}
