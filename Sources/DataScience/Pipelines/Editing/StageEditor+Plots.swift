// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Diagnostics
import Documents
import Files
import SystemPackage

extension StageEditor {
    /// How a plot is shown from now on.
    package struct PlotChange: Sendable {
        /// Keys of `dvc.yaml` with their new texts, in DVC's order.
        package var settings: [(key: String, text: String)] = []
        /// Whether the first line of a CSV or TSV file is its head; nil to leave that as it is.
        package var hasHeader: Bool?
        /// Keys that go away.
        package var unset: [String] = []

        /// No change.
        package init() {}

        /// All new values as YAML.
        fileprivate var sources: [(key: String, source: String)] {
            settings.map { ($0.key, YAMLText.scalar($0.text)) } + (hasHeader.map { [("header", "\($0)")] } ?? [])
        }
    }

    /// Keys that say how a plot is shown; others of an output say what becomes of its content.
    private static let plotKeys: Set = ["template", "x", "y", "x_label", "y_label", "title", "header"]

    /// Changes how an output of a stage is shown; one that was no plot becomes one.
    ///
    /// - Parameters:
    ///   - path: The output, relative to the project.
    ///   - stage: The stage that writes it.
    ///   - change: What changes.
    /// - Returns: Whether the file changed.
    /// - Throws: ``PipelinesError`` `.invalidPipeline` for one of a loop, or what the file would not take; ``DocumentError``.
    package func modifyPlot(_ path: String, of stage: Stage, _ change: PlotChange) throws -> Bool {
        func refusal(_ why: String, _ next: String? = "change `\(stage.file)` by hand") -> PipelinesError {
            PipelinesError(.invalidPipeline, what: "cannot change how `\(path)` is shown", why: why, next: next)
        }
        if let group = stage.group { throw refusal("the loop `\(group)` makes the stage `\(stage.address)`") }
        let file = root.pushing(FilePath(stage.file))
        let old = try FileReader.text(of: file, limit: 16 << 20)
        guard let output = stage.outputs.first(where: { $0.path == path }),
            var item = try PlotItem(output.place.written, of: stage, in: old)
        else { throw refusal("`\(stage.file)` names it by a template") }
        if !output.isPlot, !change.unset.isEmpty {
            throw refusal("it is no plot", "make it one: `gyre plots modify \(path) -y FIELD`")
        }
        let missing = change.unset.filter { !item.keys.contains($0) || !Self.plotKeys.contains($0) }
        guard missing.isEmpty else {
            throw refusal("it has no \(missing.map { "`\($0)`" }.joined(separator: ", "))", nil)
        }
        guard let text = try item.text(setting: change.sources, unsetting: change.unset) else {
            throw refusal("it stands in a list of one line", "write one item a line")
        }
        guard text != old else { return false }
        // What is read back decides.
        let source = FileSource(root: root, changed: [(stage.file, text)])
        let read = try Pipeline.load(root, source).stages.first { $0.address == stage.address }
        let now = read?.outputs.first { $0.path == path }
        var expected = item.values.filter { Self.plotKeys.contains($0.key) && !change.unset.contains($0.key) }
        for (key, value) in change.settings { expected[key] = value }
        if let header = change.hasHeader { expected["header"] = "\(header)" }
        guard case .plot(let settings)? = now?.kind, now?.isCached == output.isCached,
            read?.outputs.count == stage.outputs.count,
            expected.allSatisfy({ settings?[$0.key]?.source == $0.value })
        else { throw refusal("`\(stage.file)` does not read back with it") }
        try AtomicFile.write(text, to: file)
        return true
    }
}

/// An output in the lists of a stage, whose text is changed line by line.
private struct PlotItem {
    private let stage: Stage
    private let name: String
    private let section: String
    private let index: Int
    private let items: [YAMLNode]
    private var text: String

    /// The output of that name; nil if none is written so.
    init?(_ name: String, of stage: Stage, in text: String) throws {
        let node = try YAMLDocument.parse(text, file: stage.file)["stages"]?[stage.name]
        for section in ["outs", "metrics", "plots"] {
            let items = node?[section]?.sequence ?? []
            guard let index = items.firstIndex(where: { Self.name(of: $0) == name }) else { continue }
            (self.stage, self.name, self.section, self.index, self.items) = (stage, name, section, index, items)
            self.text = text
            return
        }
        return nil
    }

    /// The keys that it has.
    var keys: [String] { entries.map(\.key) }
    /// Its values that are single ones.
    var values: [String: String] {
        Dictionary(entries.map { ($0.key, $0.value.source) }) { $1 }
    }

    private var item: YAMLNode { items[index] }
    private var entries: [YAMLNode.Entry] { item.entries.first?.value.entries ?? [] }

    private static func name(of item: YAMLNode) -> String? { item.string ?? item.entries.first?.key }

    /// The document with it as a plot that has other values; nil if its lists cannot be changed line by line.
    mutating func text(setting: [(key: String, source: String)], unsetting: [String]) throws -> String? {
        guard section == "plots" else { return try moved(adding: setting) }
        let path = ["stages", stage.name, section, "\(index)"]
        let kept = entries.filter { !unsetting.contains($0.key) }
        guard !kept.isEmpty || !setting.isEmpty else {
            return entries.isEmpty ? text : plain(path)
        }
        if !entries.isEmpty, !kept.isEmpty {
            for key in unsetting {
                guard let less = try YAMLEdit.removing(path + [name, key], in: text, file: stage.file) else {
                    return nil
                }
                text = less
            }
            let first = entries[0].position
            for (key, source) in setting {
                let isNew = !kept.contains { $0.key == key }
                if isNew, first.line > item.entries[0].position.line, let lines = TextLines(text, at: item) {
                    // As DVC writes it: no quotes around `y`.
                    text = lines.inserting(["\(LockText.spaces(first.column - 1))\(key): \(source)"])
                } else {
                    text = try YAMLEdit.setting(path + [name, key], to: source, in: text, file: stage.file)
                }
            }
            return text
        }
        guard let lines = TextLines(text, at: item) else {
            let inner = setting.map { "\($0.key): \(Self.inBrackets($0.source))" }.joined(separator: ", ")
            return try YAMLEdit.putting(path, "{\(YAMLEdit.scalar(name)): {\(inner)}}", in: text, file: stage.file)
        }
        let head = lines.head(item, endsWithColon: true)
        return lines.replacing(with: [head] + block(lines.dash, setting))
    }

    /// The name alone.
    private func plain(_ path: [String]) -> String? {
        guard let lines = TextLines(text, at: item) else {
            return try? YAMLEdit.putting(path, YAMLEdit.scalar(name), in: text, file: stage.file)
        }
        return lines.replacing(with: [lines.head(item, endsWithColon: false)])
    }

    /// Out of its list, into that of the plots, which are sorted by name as DVC sorts them.
    private func moved(adding setting: [(key: String, source: String)]) throws -> String? {
        let file = stage.file
        let without =
            items.count == 1
            ? try YAMLEdit.removing(["stages", stage.name, section], in: text, file: file)
            : TextLines(text, at: item)?.replacing(with: [])
        guard let rest = without else { return nil }
        let own = entries.map { LockText.line($0.key, $0.value, indent: 0) }
        func lines(_ dash: Int) -> [String] {
            let below = own.flatMap { $0.split(separator: "\n").map { LockText.spaces(dash + 4) + $0 } }
            return ["\(LockText.spaces(dash))- \(YAMLText.scalar(name))\(own.isEmpty && setting.isEmpty ? "" : ":")"]
                + below + block(dash, setting)
        }
        let document = try YAMLDocument.parse(rest, file: file)
        guard let node = document["stages"]?[stage.name], let first = node.entries.first else { return nil }
        guard let plots = node["plots"]?.sequence, let last = plots.last else {
            let indent = first.position.column - 1
            guard node["plots"] == nil, first.position.line > 1 else { return nil }
            return TextLines(rest, line: first.position.line, indent: indent).inserting(
                ["\(LockText.spaces(indent))plots:"] + lines(indent)
            )
        }
        let after = plots.first { Self.name(of: $0).map { StageReader.precedes(name, $0) } ?? false }
        guard let place = TextLines(rest, at: after ?? last) else { return nil }
        return after == nil ? place.inserting(lines(place.dash)) : place.inserting(before: lines(place.dash))
    }

    private func block(_ dash: Int, _ setting: [(key: String, source: String)]) -> [String] {
        setting.map { "\(LockText.spaces(dash + 4))\($0.key): \($0.source)" }
    }

    /// A plain text could end at a comma.
    private static func inBrackets(_ source: String) -> String {
        guard let node = try? YAMLDocument.parse(source, file: ""), node.string != nil else { return source }
        return YAMLEdit.scalar(node.source)
    }
}

/// The lines of an item of a list without brackets, in a text.
private struct TextLines {
    private let lines: [String]
    private let range: Range<Int>
    /// How far the item's dash is indented.
    let dash: Int

    /// The lines of an item; nil if it does not begin its line.
    init?(_ text: String, at item: YAMLNode) {
        let position = item.entries.first?.position ?? item.position
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard lines.indices.contains(position.line - 1) else { return nil }
        let before = lines[position.line - 1].prefix(position.column - 1)
        let spaces = before.prefix { $0 == " " }.count
        guard before.dropFirst(spaces).first == "-", before.dropFirst(spaces + 1).allSatisfy({ $0 == " " }) else {
            return nil
        }
        self.init(text, line: position.line, indent: spaces + 1)
    }

    /// The lines from one on that are as far indented.
    init(_ text: String, line: Int, indent: Int) {
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        func isEmpty(_ line: String) -> Bool {
            let content = line.drop { $0 == " " || $0 == "\r" }
            return content.isEmpty || content.first == "#"
        }
        var end = line
        while end < lines.count, isEmpty(lines[end]) || lines[end].prefix(while: { $0 == " " }).count >= indent {
            end += 1
        }
        while end > line, isEmpty(lines[end - 1]) { end -= 1 }
        range = line - 1..<end
        dash = indent - 1
    }

    /// The first line up to the name and what stands behind it, with a colon after the name or without.
    func head(_ item: YAMLNode, endsWithColon: Bool) -> String {
        let line = lines[range.lowerBound]
        let position = item.entries.first?.position ?? item.position
        let start = line.index(line.startIndex, offsetBy: position.column - 1)
        let name = item.string == nil ? item.entries.first?.key ?? "" : item.source
        let isQuoted = line[start...].first.map { "'\"".contains($0) } ?? false
        let end =
            line.index(start, offsetBy: name.count + (isQuoted ? 2 : 0), limitedBy: line.endIndex) ?? line.endIndex
        var rest = line[end...]
        if item.isMapping, rest.first == ":" { rest = rest.dropFirst() }
        let isRemark = rest.drop { $0 == " " }.first.map { $0 == "#" } ?? true
        return line[..<end] + (endsWithColon ? ":" : "") + (isRemark ? rest : "")
    }

    func replacing(with new: [String]) -> String {
        (lines[..<range.lowerBound] + new + lines[range.upperBound...]).joined(separator: "\n")
    }

    func inserting(_ new: [String]) -> String {
        let before = Array(lines[..<range.upperBound])
        let rest = lines[range.upperBound...]
        return (before + new + (rest.isEmpty ? [""] : Array(rest))).joined(separator: "\n")
    }

    func inserting(before new: [String]) -> String {
        (lines[..<range.lowerBound] + new + lines[range.lowerBound...]).joined(separator: "\n")
    }
}
