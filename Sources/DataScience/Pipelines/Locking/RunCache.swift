// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Documents
import Files
import SystemPackage

/// DVC's run cache: what a command made of given inputs, for any stage that runs it on them again.
///
/// An entry is named by the hash of what went in, then by the hash of that and of what came out. All calls block.
///
/// - Source: `dvc/stage/cache.py` of DVC 3.67; the hashes are those of its JSON texts.
struct RunCache: Sendable {
    /// What a run made.
    struct Found: Sendable {
        let outputs: [DataPointer]
    }

    /// These say nothing of the content.
    private static let left: Set<String> = ["size", "nfiles"]

    private let folder: FilePath

    /// The run cache beside a content cache.
    init(_ cache: ContentCache) {
        folder = cache.base.appending("runs")
    }

    /// Whether runs of a stage are kept: it has inputs and outputs, and nothing else decides what it makes.
    static func takes(_ stage: Stage) -> Bool {
        !stage.alwaysChanged && !stage.isCallback && !stage.commands.isEmpty
            && !(stage.dependencies.isEmpty && stage.params.isEmpty) && !stage.outputs.isEmpty
            && !stage.outputs.contains { $0.persists }
    }

    /// Whether a new run of a stage is added: all that it makes but metrics and plots is in the cache.
    static func keeps(_ stage: Stage) -> Bool {
        takes(stage) && !stage.outputs.contains { !$0.isCached && !$0.isMetrics && !$0.isPlot }
    }

    /// The hash of what goes into a run: the command, the contents that it reads, the parameters, the names of what it writes.
    static func key(of entry: LockEntry) -> String {
        hash(members(of: entry) + [("outs", list(entry.outputs.map { PythonText.json($0.path) }))])
    }

    /// The hash of a run with what came out.
    static func value(of entry: LockEntry) -> String {
        hash(members(of: entry) + (entry.outputs.isEmpty ? [] : [("outs", list(entry.outputs.map(json)))]))
    }

    private static func hash(_ members: [(key: String, json: String)]) -> String {
        FileHashing.digest(of: Array(PythonText.object(members).utf8), .sha256).hex
    }

    private static func members(of entry: LockEntry) -> [(key: String, json: String)] {
        let commands = entry.commands.map { PythonText.json($0) }
        var members = [("cmd", entry.writesList ? list(commands) : commands.first ?? "\"\"")]
        if !entry.dependencies.isEmpty { members.append(("deps", list(entry.dependencies.map(json)))) }
        if !entry.params.isEmpty {
            let files = entry.params.filter { !left.contains($0.file) }.map { file, values in
                let values = values.filter { !left.contains($0.key) }
                return (file, PythonText.object(values.map { ($0.key, PythonText.json($0.value, without: left)) }))
            }
            members.append(("params", PythonText.object(files)))
        }
        return members
    }

    private static func list(_ items: [String]) -> String { "[\(items.joined(separator: ", "))]" }

    private static func json(_ pointer: DataPointer) -> String {
        var members = [("path", PythonText.json(pointer.path)), ("hash", "\"md5\""), ("md5", "\"\(pointer.md5)\"")]
        if pointer.isExecutable { members.append(("isexec", "true")) }
        return PythonText.object(members)
    }

    // MARK: Entries

    /// What the newest run with a key made; nil if there is none.
    func find(_ key: String) throws -> Found? {
        let place = place(key)
        guard FileSystem.isDirectory(place) else { return nil }
        let names = try FileSystem.list(place).filter { !$0.hasPrefix(".") }
        let dated = try names.map { ($0, try FileSystem.status(of: place.appending($0)).mtimeNs) }
        guard let newest = dated.max(by: { $0.1 < $1.1 })?.0 else { return nil }
        let file = place.appending(newest)
        // One that cannot be read is as good as none; DVC removes it, too.
        guard let text = try? FileReader.text(of: file), let node = try? YAMLDocument.parse(text, file: newest),
            let items = node["outs"]?.sequence, node["cmd"] != nil
        else {
            try FileSystem.remove(file)
            return nil
        }
        let outputs = items.compactMap { item in item["path"]?.string.flatMap { DataPointer(item, at: $0) } }
        return outputs.count == items.count ? Found(outputs: outputs) : nil
    }

    /// Notes a run; one that is there already is kept.
    func add(_ entry: LockEntry) throws {
        let place = place(Self.key(of: entry))
        let file = place.appending(Self.value(of: entry))
        guard !FileSystem.exists(file) else { return }
        try FileSystem.createDirectory(place)
        try AtomicFile.write(entry.text(indent: 0), to: file)
    }

    private func place(_ key: String) -> FilePath { folder.appending(String(key.prefix(2))).appending(key) }
}
