// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataVersions
import JSONText
import SystemPackage
import Terminal

/// `gyre diff`: how data differs between versions.
struct DiffVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Show which data files differ between two commits, or a commit and the folder.",
        discussion: """
            With --rows, tables (CSV, TSV, Parquet, JSON) are compared row by row: rows are told apart by the columns that --key \
            names, or as wholes. Two files in place of commits are compared with each other.

            Example:
              gyre diff
              gyre diff v1 v2 --json
              gyre diff main --targets data/train
              gyre diff --rows --key id
              gyre diff --rows old.csv new.parquet --key user --key day
            """
    )

    @Argument(help: ArgumentHelp("The older commit.", valueName: "old"))
    var old = "HEAD"

    @Argument(help: ArgumentHelp("The newer commit; the folder as it is if none is given.", valueName: "new"))
    var new: String?

    @Option(parsing: .upToNextOption, help: ArgumentHelp("Only these files or folders.", valueName: "path"))
    var targets: [String] = []

    @Flag(name: .customLong("show-hash"), help: "Print the hashes too.")
    var showHash = false

    @Flag(name: .customLong("md"), help: "Print a table in Markdown.")
    var markdown = false

    @Flag(name: .customLong("hide-missing"), help: "Leave out what only the cache lacks.")
    var hideMissing = false

    @OptionGroup var rows: RowOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        if rows.rows, let new, let files = try RowReport.files(old, new, common) {
            return try await RowReport(options: rows, common: common).print([files])
        }
        let data = try common.data()
        let diff = try await data.diff(
            from: old,
            to: new,
            targets: targets.map { try data.relative(common.path($0)) },
            sources: OutputSources.all(of: data)
        )
        if rows.rows {
            return try await RowReport(options: rows, common: common)
                .print(try RowReport.pairs(diff, of: data, isWorkTree: new == nil))
        }
        let kinds = DataDiff.Kind.allCases.filter { $0 != .notInCache || new == nil && !hideMissing }
        // DVC tells people of what was renamed before what was modified, and programs behind it.
        let shown = [.added, .deleted, .renamed] + kinds.filter { ![.added, .deleted, .renamed].contains($0) }
        let text = markdown ? markdownText(diff, shown) : self.text(diff, shown)
        try common.answer(json: json(diff, kinds), text: text)
    }

    private func path(_ entry: DataDiff.Entry) -> String {
        entry.newPath.map { "\(entry.path) -> \($0)" } ?? entry.path
    }

    private func hash(_ entry: DataDiff.Entry) -> String {
        let old = entry.hash.map { String($0.prefix(8)) } ?? ""
        return entry.newHash.map { "\(old)..\($0.prefix(8))" } ?? old
    }

    private func text(_ diff: DataDiff, _ kinds: [DataDiff.Kind]) -> String {
        let tones: [DataDiff.Kind: Tone] = [.added: .good, .deleted: .bad, .renamed: .good]
        var lines: [String] = []
        var summary: [String] = []
        for kind in kinds {
            guard let entries = diff.entries[kind], !entries.isEmpty else { continue }
            let name = kind.rawValue.prefix(1).uppercased() + kind.rawValue.dropFirst()
            lines.append(common.output.paint(name, tones[kind] ?? .warning) + ":")
            for entry in entries { lines.append("    " + (showHash ? hash(entry) + "  " : "") + path(entry)) }
            lines.append("")
            let count = entries.count { !path($0).hasSuffix("/") }
            if count > 0 { summary.append("\(count) \(kind.rawValue)") }
        }
        if !summary.isEmpty { lines.append("files summary: " + summary.joined(separator: ", ")) }
        return lines.joined(separator: "\n")
    }

    private func markdownText(_ diff: DataDiff, _ kinds: [DataDiff.Kind]) -> String {
        var rows = [showHash ? ["Status", "Hash", "Path"] : ["Status", "Path"]]
        for kind in kinds {
            for entry in diff.entries[kind] ?? [] {
                rows.append(showHash ? [kind.rawValue, hash(entry), path(entry)] : [kind.rawValue, path(entry)])
            }
        }
        let widths = rows[0].indices.map { column in
            rows.enumerated().map { $1[column].count + ($0 == 0 ? 2 : 0) }.max() ?? 0
        }
        func line(_ cells: [String]) -> String {
            let padded = zip(cells, widths).map { " " + $0 + String(repeating: " ", count: $1 - $0.count) + " " }
            return "|" + padded.joined(separator: "|") + "|"
        }
        let rule = "|" + widths.map { String(repeating: "-", count: $0 + 2) }.joined(separator: "|") + "|"
        return ([line(rows[0]), rule] + rows.dropFirst().map(line)).joined(separator: "\n") + "\n\n"
    }

    private func json(_ diff: DataDiff, _ kinds: [DataDiff.Kind]) -> String {
        var writer = JSONWriter()
        writer.object { writer in
            guard !diff.isEmpty else { return }
            for kind in kinds {
                writer.key(kind.rawValue)
                writer.array { writer in
                    for entry in diff.entries[kind] ?? [] { write(entry, &writer) }
                }
            }
        }
        return writer.text
    }

    private func write(_ entry: DataDiff.Entry, _ writer: inout JSONWriter) {
        func pair(_ key: String, _ old: String?, _ new: String?, _ writer: inout JSONWriter) {
            guard let new else { return writer.field(key, old) }
            writer.key(key)
            writer.object { writer in
                writer.field("old", old)
                writer.field("new", new)
            }
        }
        writer.object { writer in
            pair("path", entry.path, entry.newPath, &writer)
            if showHash { pair("hash", entry.hash, entry.newHash, &writer) }
        }
    }
}
