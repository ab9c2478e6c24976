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
    let params: [(file: String, values: [(key: String, value: YAMLNode)])]
    let outputs: [DataPointer]
}

/// `dvc.lock`, in the bytes that DVC writes.
struct LockFile {
    static let name = "dvc.lock"

    private let root: FilePath
    private(set) var entries: [(stage: String, text: String, node: YAMLNode)] = []

    /// Reads the project's file; a missing one has no entries.
    init(root: FilePath) throws {
        self.root = root
        let path = root.appending(Self.name)
        guard FileSystem.exists(path) else { return }
        let text = try FileReader.text(of: path)
        let document = try YAMLDocument.parse(text, file: Self.name)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let stages = document["stages"]?.entries ?? []
        for (index, entry) in stages.enumerated() {
            // Entries of other stages are kept as they are written.
            let end = index + 1 < stages.count ? stages[index + 1].position.line - 1 : lines.count
            var own = lines[entry.position.line..<end]
            while own.last?.isEmpty == true { own = own.dropLast() }
            entries.append((entry.key, own.joined(separator: "\n") + "\n", entry.value))
        }
    }

    /// The entry of a stage as it stands.
    func node(of stage: String) -> YAMLNode? { entries.first { $0.stage == stage }?.node }

    /// The outputs of a stage.
    func outputs(of stage: String) -> [DataPointer] {
        (node(of: stage)?["outs"]?.sequence ?? []).compactMap { item in
            item["path"]?.string.flatMap { DataPointer(item, at: $0) }
        }
    }

    /// Puts a stage's entry in its place, and writes the file.
    mutating func set(_ stage: String, _ entry: LockEntry) throws {
        let text = Self.text(of: entry)
        let node = try YAMLDocument.parse(text, file: Self.name)
        if let index = entries.firstIndex(where: { $0.stage == stage }) {
            entries[index] = (stage, text, node)
        } else {
            entries.append((stage, text, node))
        }
        let body = entries.map { "  \(YAMLText.plain($0.stage)):\n\($0.text)" }.joined()
        try AtomicFile.write("schema: '2.0'\nstages:\n\(body)", to: root.appending(Self.name))
    }

    // MARK: Text

    private static func text(of entry: LockEntry) -> String {
        var text = ""
        if entry.writesList {
            text += "    cmd:\n" + entry.commands.map { "    - \(folded($0, indent: 6))\n" }.joined()
        } else {
            text += "    cmd: \(folded(entry.commands.first ?? "", indent: 6))\n"
        }
        if !entry.dependencies.isEmpty { text += "    deps:\n" + entry.dependencies.map(pointer).joined() }
        if !entry.params.isEmpty {
            text += "    params:\n"
            for (file, values) in entry.params {
                text += "      \(YAMLText.plain(file)):\n"
                for (key, value) in values { text += line(key, value, indent: 8) }
            }
        }
        if !entry.outputs.isEmpty { text += "    outs:\n" + entry.outputs.map(pointer).joined() }
        return text
    }

    private static func pointer(_ pointer: DataPointer) -> String {
        var text = "    - path: \(YAMLText.plain(pointer.path))\n      hash: md5\n      md5: \(pointer.md5)\n"
        text += "      size: \(pointer.size)\n"
        if let count = pointer.fileCount { text += "      nfiles: \(count)\n" }
        return text
    }

    private static func line(_ key: String, _ value: YAMLNode, indent: Int) -> String {
        let spaces = String(repeating: " ", count: indent)
        let name = YAMLText.plain(key)
        switch value.content {
        case .mapping(let entries):
            if entries.isEmpty { return "\(spaces)\(name): {}\n" }
            return "\(spaces)\(name):\n" + entries.map { line($0.key, $0.value, indent: indent + 2) }.joined()
        case .sequence(let items):
            if items.isEmpty { return "\(spaces)\(name): []\n" }
            return "\(spaces)\(name):\n" + items.map { "\(spaces)- \(scalar($0))\n" }.joined()
        case .null: return "\(spaces)\(name):\n"
        default: return "\(spaces)\(name): \(scalar(value))\n"
        }
    }

    private static func scalar(_ node: YAMLNode) -> String {
        switch node.content {
        case .null: return "null"
        case .bool(let value): return value ? "true" : "false"
        case .integer(let value): return String(value)
        case .real(let value):
            return value.isFinite ? String(value) : value.isNaN ? ".nan" : value > 0 ? ".inf" : "-.inf"
        case .string(let value): return YAMLText.plain(value)
        case .mapping, .sequence: return "{}"
        }
    }

    /// A plain scalar folded at 80 columns, as DVC's writer does it: the space stays before the break.
    private static func folded(_ text: String, indent: Int) -> String {
        if text.contains("\n") {
            return "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
                + "\""
        }
        let plain = YAMLText.plain(text)
        guard plain == text else { return plain }
        var lines: [String] = []
        var current = ""
        var column = indent + 3
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            if !current.isEmpty {
                if column > 80 {
                    lines.append(current + " ")
                    current = ""
                    column = indent
                } else {
                    current += " "
                    column += 1
                }
            }
            current += word
            column += word.count
        }
        lines.append(current)
        return lines.joined(separator: "\n" + String(repeating: " ", count: indent))
    }
}

extension YAMLNode {
    /// Whether two values are equal as DVC compares parameters: `1`, `1.0` and `true` are the same.
    func isEqual(to other: YAMLNode) -> Bool {
        func number(_ node: YAMLNode) -> Double? { node.double ?? node.bool.map { $0 ? 1 : 0 } }
        switch (content, other.content) {
        case (.null, .null): return true
        case (.string(let left), .string(let right)): return left == right
        case (.sequence(let left), .sequence(let right)):
            return left.count == right.count && zip(left, right).allSatisfy { $0.isEqual(to: $1) }
        case (.mapping(let left), .mapping(let right)):
            return left.count == right.count
                && left.allSatisfy { entry in other[entry.key].map { entry.value.isEqual(to: $0) } ?? false }
        default:
            guard let left = number(self), let right = number(other) else { return false }
            return left == right
        }
    }
}
