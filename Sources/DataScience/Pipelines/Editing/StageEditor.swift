// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Diagnostics
import Documents
import Files
package import SystemPackage

/// Changes stages in a `dvc.yaml` that people wrote: comments, order and layout stay.
package struct StageEditor: Sendable {
    let root: FilePath

    /// An editor of the project at `root`.
    package init(root: FilePath) { self.root = root }

    /// Freezes a stage, or has it run again.
    ///
    /// - Returns: Whether the file changed.
    /// - Throws: ``PipelinesError`` `.invalidPipeline` for one of a loop, ``DocumentError``.
    package func freeze(_ stage: Stage, _ isFrozen: Bool) throws -> Bool {
        if let group = stage.group {
            throw PipelinesError(
                .invalidPipeline,
                what: "cannot \(isFrozen ? "freeze" : "unfreeze") the stage `\(stage.address)`",
                why: "the loop `\(group)` makes it, and has one definition for all of its stages",
                next: "write `frozen: true` below its `do` in `\(stage.file)` by hand"
            )
        }
        guard stage.isFrozen != isFrozen else { return false }
        let path = root.pushing(FilePath(stage.file))
        let old = try FileReader.text(of: path, limit: 16 << 20)
        let document = try YAMLDocument.parse(old, file: stage.file)
        let entry = document["stages"]?[stage.name]?.entries.first { $0.key == "frozen" }
        var text: String
        if !isFrozen, let entry, let shorter = Self.removing(line: entry.position.line, of: "frozen", from: old) {
            text = shorter
        } else {
            let key = ["stages", stage.name, "frozen"]
            text = try YAMLEdit.setting(key, to: isFrozen ? "true" : "false", in: old, file: stage.file)
        }
        let after = try YAMLDocument.parse(text, file: stage.file)
        if (after["stages"]?[stage.name]?["frozen"]?.bool ?? false) != isFrozen {
            text = try YAMLEdit.setting(["stages", stage.name, "frozen"], to: "\(isFrozen)", in: old, file: stage.file)
        }
        try AtomicFile.write(text, to: path)
        return true
    }

    /// The text without a line that holds nothing but a key.
    private static func removing(line: Int, of key: String, from text: String) -> String? {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.indices.contains(line - 1),
            lines[line - 1].drop(while: { $0 == " " }).hasPrefix(key + ":")
        else { return nil }
        lines.remove(at: line - 1)
        return lines.joined(separator: "\n")
    }

    /// Adds a stage at the end of a `dvc.yaml`, which is made if there is none.
    ///
    /// - Parameters:
    ///   - draft: The stage.
    ///   - folder: The folder of the file, relative to the project; empty for its own.
    ///   - force: Whether a stage of that name is replaced.
    /// - Returns: The stage as it is read back.
    /// - Throws: ``PipelinesError`` `.invalidPipeline`, ``DocumentError`` for what the file would not take.
    package func add(_ draft: StageDraft, in folder: String, force: Bool) throws -> Stage {
        let file = folder.isEmpty ? PipelineFile.name : "\(folder)/\(PipelineFile.name)"
        func refusal(_ why: String, _ next: String? = nil) -> PipelinesError {
            PipelinesError(.invalidPipeline, what: "cannot add the stage `\(draft.name)`", why: why, next: next)
        }
        if let bad = draft.name.first(where: { "\\/@:.,#+*?!$%&'\"()[]{}<>|;~^ ".contains($0) }) {
            throw refusal("a name cannot have `\(bad)`", "use letters, digits, `-` and `_`")
        }
        guard !draft.name.isEmpty, !draft.command.isEmpty else { throw refusal("it has no name or no command") }
        let path = root.pushing(FilePath(file))
        let old = FileSystem.exists(path) ? try FileReader.text(of: path, limit: 16 << 20) : ""
        let text = try Self.text(old, adding: draft, file: file, force: force, refusal)
        // What is read back decides: all mistakes are told, and nothing is written.
        let inner = root
        let source = FileSource { name in
            if name == file { return text }
            let place = inner.pushing(FilePath(name))
            return FileSystem.exists(place) && !FileSystem.isDirectory(place) ? try FileReader.text(of: place) : nil
        }
        let pipeline = try Pipeline.load(root, source)
        var known = pipeline
        if !pipeline.files.contains(where: { $0.path == file }) {
            known = try Pipeline(
                files: pipeline.files + [try PipelineFile.read(file, from: source)],
                data: pipeline.nodes.compactMap {
                    if case .data(let data) = $0 { data } else { nil }
                }
            )
        }
        var everything = StageSelection()
        everything.reach = .all
        _ = try everything.plan(of: known, from: "")
        guard let stage = known.stages.first(where: { $0.file == file && $0.name == draft.name }) else {
            throw refusal("`\(file)` does not read back with it", "add it by hand")
        }
        try AtomicFile.write(text, to: path)
        return stage
    }

    private static func text(
        _ old: String,
        adding draft: StageDraft,
        file: String,
        force: Bool,
        _ refusal: (String, String?) -> PipelinesError
    ) throws -> String {
        let document = try YAMLDocument.parse(old, file: file)
        guard let index = document.entries.firstIndex(where: { $0.key == "stages" }) else {
            let separator = old.isEmpty || old.hasSuffix("\n") ? "" : "\n"
            return old + separator + "stages:\n" + draft.text(indent: 2)
        }
        let stages = document.entries[index]
        var lines = old.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" { lines.removeLast() }
        /// The line behind the last one that is neither empty nor a comment before another key.
        func end(before line: Int) -> Int {
            var end = min(line, lines.count)
            while end > 0,
                lines[end - 1].allSatisfy({ $0 == " " }) || lines[end - 1].drop(while: { $0 == " " }).hasPrefix("#")
            {
                end -= 1
            }
            return end
        }
        let next = index + 1 < document.entries.count ? document.entries[index + 1].position.line - 1 : lines.count
        let isFlow = stages.value.isMapping && stages.value.entries.first?.position.line == stages.position.line
        guard !isFlow, stages.value.isMapping || stages.value.isNull else {
            throw refusal("`stages` of `\(file)` is written in one line", "write one stage a line")
        }
        let entries = stages.value.entries
        let indent = entries.first.map { $0.position.column - 1 } ?? 2
        let block = draft.text(indent: indent).split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(
            String.init
        )
        if let known = entries.firstIndex(where: { $0.key == draft.name }) {
            guard force else {
                throw refusal("`\(file)` has a stage of that name already", "pass `--force` to replace it")
            }
            let start = entries[known].position.line - 1
            let stop = end(before: known + 1 < entries.count ? entries[known + 1].position.line - 1 : next)
            lines.replaceSubrange(start..<stop, with: block)
        } else {
            // A stage without a value, `stages:` alone, is replaced by one that has it.
            if stages.value.isNull { lines[stages.position.line - 1] = "stages:" }
            lines.insert(contentsOf: block, at: max(stages.position.line, end(before: next)))
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension Stage {
    /// What it is for, in one line: what people say of it, or what it writes.
    package var summary: String {
        let line = description?.split(whereSeparator: \.isNewline).map(String.init)
            .first { !$0.allSatisfy(\.isWhitespace) }
        return line.map { $0.trimmingPrefix(while: \.isWhitespace) }.map(String.init) ?? made
    }

    private var made: String {
        func names(_ outputs: [Output]) -> String { outputs.map(\.place.written).joined(separator: ", ") }
        if outputs.isEmpty {
            var seen: Set<String> = []
            let reads = readingOrder.map(\.written) + params.map(\.file).filter { seen.insert($0).inserted }
            return reads.isEmpty ? "No outputs or dependencies" : "Depends on " + reads.joined(separator: ", ")
        }
        let plain = outputs.filter { !$0.isMetrics && !$0.isPlot }
        let reports = outputs.filter { $0.isMetrics || $0.isPlot }
        return [plain.isEmpty ? "" : "Outputs " + names(plain), reports.isEmpty ? "" : "Reports " + names(reports)]
            .filter { !$0.isEmpty }.joined(separator: "; ")
    }
}
