// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Diagnostics
import Documents
import Files
import SystemPackage

/// What a stage was when it ran last: an entry of `dvc.lock`.
struct LockEntry: Sendable {
    let commands: [String]
    let writesList: Bool
    let dependencies: [DataPointer]
    let params: ParameterValues
    let outputs: [DataPointer]

    /// The entry in the bytes that DVC writes.
    var text: String {
        var text = ""
        if writesList {
            text += "    cmd:\n" + commands.map { LockText.item($0, indent: 4) }.joined()
        } else {
            text += LockText.line("cmd", commands.first ?? "", indent: 4)
        }
        if !dependencies.isEmpty { text += "    deps:\n" + dependencies.map(LockText.pointer).joined() }
        if !params.isEmpty {
            text += "    params:\n"
            for (file, values) in params {
                text += "      \(YAMLText.scalar(file)):\n"
                for (key, value) in values { text += LockText.line(key, value, indent: 8) }
            }
        }
        if !outputs.isEmpty { text += "    outs:\n" + outputs.map(LockText.pointer).joined() }
        return text
    }
}

/// `dvc.lock`, in the bytes that DVC writes.
struct LockFile {
    static let name = "dvc.lock"

    private let root: FilePath
    private var entries: [(stage: String, text: String, node: YAMLNode)] = []
    /// What else DVC keeps there, behind the stages.
    private var rest = ""

    /// Reads the project's file; a missing one has no entries.
    init(root: FilePath) throws {
        self.root = root
        let path = root.appending(Self.name)
        guard FileSystem.exists(path) else { return }
        let text = try FileReader.text(of: path).replacing("\r\n", with: "\n")
        let document = try YAMLDocument.parse(text, file: Self.name)
        if document.isNull { return }
        guard document["schema"]?.string == "2.0" else {
            throw PipelinesError(
                .invalidPipeline,
                what: "cannot read `\(Self.name)`",
                why: "its schema is not 2.0",
                next: "run `dvc commit` with DVC 3, or remove the file and run every stage again"
            )
        }
        // Entries of other stages are kept as they are written.
        let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map {
            String(String.UnicodeScalarView($0))
        }
        func block(_ start: Int, _ end: Int) -> String {
            var own = lines[start..<max(start, min(end, lines.count))]
            while own.last?.isEmpty == true { own = own.dropLast() }
            return own.map { $0 + "\n" }.joined()
        }
        for (index, top) in document.entries.enumerated() where top.key != "schema" {
            let end = index + 1 < document.entries.count ? document.entries[index + 1].position.line - 1 : lines.count
            guard top.key == "stages" else {
                rest += block(top.position.line - 1, end)
                continue
            }
            let stages = top.value.entries
            for (index, entry) in stages.enumerated() {
                let end = index + 1 < stages.count ? stages[index + 1].position.line - 1 : end
                entries.append((entry.key, block(entry.position.line, end), entry.value))
            }
        }
    }

    /// The entry of a stage as it stands.
    func node(of stage: String) -> YAMLNode? { entries.first { $0.stage == stage }?.node }

    /// The outputs of a stage, at their paths as they are written.
    func outputs(of stage: String) -> [DataPointer] {
        (node(of: stage)?["outs"]?.sequence ?? []).compactMap { item in
            item["path"]?.string.flatMap { DataPointer(item, at: $0) }
        }
    }

    /// Puts a stage's entry in its place, and writes the file; blocks.
    mutating func set(_ stage: String, _ entry: LockEntry) throws {
        let text = entry.text
        let node = try YAMLDocument.parse(text, file: Self.name)
        if let index = entries.firstIndex(where: { $0.stage == stage }) {
            entries[index] = (stage, text, node)
        } else {
            entries.append((stage, text, node))
        }
        let body = entries.map { "  \(YAMLText.scalar($0.stage)):\n\($0.text)" }.joined()
        try AtomicFile.write("schema: '2.0'\nstages:\n\(body)\(rest)", to: root.appending(Self.name))
    }
}
