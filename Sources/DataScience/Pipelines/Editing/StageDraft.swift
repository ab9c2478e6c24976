// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Documents

/// A stage to add to a `dvc.yaml`.
package struct StageDraft: Sendable {
    /// Something that the stage writes.
    package struct Output: Sendable {
        /// The path, from the folder that the stage runs in.
        package let path: String
        /// Whether the cache holds it, not git.
        package let isCached: Bool
        /// Whether it is there when the stage runs again.
        package let persists: Bool

        /// An output at a path that counts from the stage's folder.
        package init(_ path: String, isCached: Bool = true, persists: Bool = false) {
            self.path = path
            self.isCached = isCached
            self.persists = persists
        }
    }

    /// The name.
    package var name: String
    /// The command, in one line.
    package var command: String
    /// The folder that it runs in, from that of the file; nil for that one.
    package var folder: String?
    /// What it reads.
    package var dependencies: [String] = []
    /// `key`, `key,key` or `file:key,key`; `file:` for all of a file.
    package var params: [String] = []
    /// What it writes.
    package var outputs: [Output] = []
    /// Files with metrics that it writes.
    package var metrics: [Output] = []
    /// Files with plots that it writes.
    package var plots: [Output] = []
    /// Whether it runs every time.
    package var alwaysChanged = false
    /// What it is for.
    package var description: String?

    /// A stage that reads and writes nothing yet.
    package init(name: String, command: String) {
        self.name = name
        self.command = command
    }

    /// The entry in the bytes that DVC writes, so far indented.
    func text(indent: Int) -> String {
        var text = LockText.spaces(indent) + YAMLText.scalar(name) + ":\n"
        let inner = indent + 2
        if let description { text += LockText.line("desc", description, indent: inner) }
        text += LockText.line("cmd", command, indent: inner)
        if let folder, ProjectPath.normalized(folder) != nil || folder.hasPrefix("..") {
            text += LockText.line("wdir", folder, indent: inner)
        }
        func list(_ key: String, _ items: [String]) {
            guard !items.isEmpty else { return }
            text += LockText.spaces(inner) + key + ":\n" + items.joined()
        }
        func sorted(_ items: [String]) -> [String] { Set(items).sorted { StageReader.precedes($0, $1) } }
        list("deps", sorted(dependencies).map { LockText.item($0, indent: inner) })
        list("params", paramItems(inner))
        for (key, outputs) in [("outs", outputs), ("metrics", metrics), ("plots", plots)] {
            let ordered = outputs.sorted { StageReader.precedes($0.path, $1.path) }
            list(key, ordered.map { item($0, indent: inner) })
        }
        if alwaysChanged { text += LockText.spaces(inner) + "always_changed: true\n" }
        return text
    }

    private func item(_ output: Output, indent: Int) -> String {
        guard !output.isCached || output.persists else { return LockText.item(output.path, indent: indent) }
        var text = "\(LockText.spaces(indent))- \(YAMLText.scalar(output.path)):\n"
        if !output.isCached { text += LockText.spaces(indent + 4) + "cache: false\n" }
        if output.persists { text += LockText.spaces(indent + 4) + "persist: true\n" }
        return text
    }

    /// Keys of `params.yaml` first, then the other files by name.
    private func paramItems(_ indent: Int) -> [String] {
        var files: [String: [String]] = [:]
        for param in params {
            let parts = param.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let (file, keys) = parts.count == 2 ? (parts[0], parts[1]) : (ParameterFiles.main, param)
            files[file, default: []] += keys.split(separator: ",").map { String($0.filter { $0 != " " }) }
        }
        let main = Set(files[ParameterFiles.main] ?? []).sorted { StageReader.precedes($0, $1) }
        var items = main.map { LockText.item($0, indent: indent) }
        for file in files.keys.sorted(by: { StageReader.precedes($0, $1) })
        where file != ParameterFiles.main || main.isEmpty {
            let keys = Set(files[file] ?? []).sorted { StageReader.precedes($0, $1) }
            items.append(
                "\(LockText.spaces(indent))- \(YAMLText.scalar(file)):\n"
                    + keys.map { LockText.item($0, indent: indent + 2) }.joined()
            )
        }
        return items
    }
}
