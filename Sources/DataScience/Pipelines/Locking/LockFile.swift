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

    /// The entry in the bytes that DVC writes, so far indented.
    func text(indent: Int) -> String {
        let spaces = LockText.spaces(indent)
        var text = ""
        if writesList {
            text += "\(spaces)cmd:\n" + commands.map { LockText.item($0, indent: indent) }.joined()
        } else {
            text += LockText.line("cmd", commands.first ?? "", indent: indent)
        }
        func pointers(_ key: String, _ list: [DataPointer]) {
            guard !list.isEmpty else { return }
            text += "\(spaces)\(key):\n" + list.map { LockText.pointer($0, indent: indent) }.joined()
        }
        pointers("deps", dependencies)
        if !params.isEmpty {
            text += "\(spaces)params:\n"
            for (file, values) in params {
                text += "\(spaces)  \(YAMLText.scalar(file)):\(values.isEmpty ? " {}" : "")\n"
                for (key, value) in values { text += LockText.line(key, value, indent: indent + 4) }
            }
        }
        pointers("outs", outputs)
        return text
    }
}

/// `dvc.lock`, in the bytes that DVC writes.
struct LockFile {
    static let name = "dvc.lock"

    private let file: FilePath
    private let path: String
    private var entries: [(stage: String, text: String, node: YAMLNode)] = []
    private var places: [String: Int] = [:]
    /// The stages that were added, with their places in the plan.
    private var added: [(stage: String, rank: Int)] = []
    /// What else DVC keeps there, behind the stages.
    private var rest = ""

    /// Reads a file below the project; a missing one has no entries.
    init(root: FilePath, path: String = Self.name) throws {
        file = root.pushing(FilePath(path))
        self.path = path
        guard FileSystem.exists(file) else { return }
        try read(try FileReader.text(of: file))
    }

    /// Reads a text.
    init(_ text: String, path: String) throws {
        file = FilePath(path)
        self.path = path
        try read(text)
    }

    private mutating func read(_ text: String) throws {
        let text = text.replacing("\r\n", with: "\n")
        let document = try YAMLDocument.parse(text, file: path)
        if document.isNull { return }
        guard document["schema"]?.string == "2.0" else {
            throw PipelinesError(
                .invalidPipeline,
                what: "cannot read `\(path)`",
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
                places[entry.key] = entries.count
                entries.append((entry.key, block(entry.position.line, end), entry.value))
            }
        }
    }

    /// The stages that it knows.
    var stages: [String] { entries.map(\.stage) }

    /// The entry of a stage as it stands.
    func node(of stage: String) -> YAMLNode? { places[stage].map { entries[$0].node } }

    /// The outputs of a stage, at their paths as they are written.
    func outputs(of stage: String) -> [DataPointer] {
        (node(of: stage)?["outs"]?.sequence ?? []).compactMap { item in
            item["path"]?.string.flatMap { DataPointer(item, at: $0) }
        }
    }

    /// What a stage read, at the paths as they are written.
    func dependencies(of stage: String) -> [DataPointer] {
        (node(of: stage)?["deps"]?.sequence ?? []).compactMap { item in
            item["path"]?.string.flatMap { DataPointer(item, at: $0) }
        }
    }

    /// Puts a stage's entry in its place, and writes the file if that changes it; blocks.
    ///
    /// - Parameters:
    ///   - stage: The stage.
    ///   - entry: What it is now.
    ///   - rank: Its place in the plan: new stages stand in this order, whichever is done first.
    /// - Returns: Whether anything changed.
    /// - Throws: Errors of Files.
    @discardableResult
    mutating func set(_ stage: String, _ entry: LockEntry, rank: Int = .max) throws -> Bool {
        let text = entry.text(indent: 4)
        let node = try YAMLDocument.parse(text, file: path)
        if let index = places[stage] {
            if entries[index].text == text { return false }
            entries[index] = (stage, text, node)
        } else {
            let behind = added.filter { $0.rank > rank }
            let index = entries.count - behind.count
            entries.insert((stage, text, node), at: index)
            added.insert((stage, rank), at: added.count - behind.count)
            for place in index..<entries.count { places[entries[place].stage] = place }
        }
        let body = entries.map { "  \(YAMLText.scalar($0.stage)):\n\($0.text)" }.joined()
        try AtomicFile.write("schema: '2.0'\nstages:\n\(body)\(rest)", to: file)
        return true
    }
}
