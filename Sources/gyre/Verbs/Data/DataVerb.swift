// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataRemotes
import DataVersions
import Diagnostics
import JSONText
import Terminal

/// `gyre data`: what concerns data alone.
struct DataVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data",
        abstract: "Look at data alone.",
        discussion: """
            Example:
              gyre data status --granular
            """,
        subcommands: [DataStatusVerb.self]
    )
}

/// `gyre data status`: how the last commit, what is recorded and the folder differ.
struct DataStatusVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show how data differs between the last commit, what is recorded, and the folder.",
        discussion: """
            Example:
              gyre data status --granular --json
            """
    )

    enum Untracked: String, ExpressibleByArgument, CaseIterable { case no, all }

    @Argument(help: ArgumentHelp("Only data at or below these paths; all if none is named.", valueName: "path"))
    var targets: [String] = []

    @Flag(help: "Show the files of folders too.")
    var granular = false

    @Flag(help: "Show also what did not change.")
    var unchanged = false

    @Option(
        defaultAsFlag: .all,
        help: ArgumentHelp("Show files that git neither tracks nor ignores: all, or no.", valueName: "which")
    )
    var untrackedFiles: Untracked?

    @Flag(help: "Show also what the remote lacks.")
    var notInRemote = false

    @Flag(help: .hidden)
    var noRemoteRefresh = false

    @OptionGroup var remote: RemoteOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let data = try common.data()
        var wishes = DataRepository.ReportWishes()
        wishes.targets = try targets.map { try data.relative(common.path($0)) }
        wishes.granular = granular
        wishes.untracked = untrackedFiles == .all
        wishes.sources = OutputSources.all(of: data)
        let report = try await data.report(wishes, from: common.folder)
        let lacking = notInRemote ? try await missingOnRemote(wishes.targets) : []
        try common.answer(json: json(report, lacking), text: text(report, lacking))
    }

    /// What is recorded and not on its remote; folders end with a slash.
    private func missingOnRemote(_ targets: [String]) async throws -> [String] {
        try await RemoteSession.with(common, remote) { session in
            let outputs = try await session.reader.outputs(DataScope()).filter(\.output.isShared)
            var folders: Set<String> = []
            for selected in outputs where selected.output.object.isListing { folders.insert(selected.output.path) }
            let whole = Set(outputs.map(\.output.path))
            var names: [String] = []
            for (remote, outputs) in try session.byRemote(outputs, where: \.isShared) {
                let lines = try await RemoteStatus(of: session.cache, with: remote).lines(outputs)
                names += lines.filter { $0.place != .deleted }.map(\.name)
            }
            // Of equal contents one is named.
            let lacking = Set(outputs.filter { names.contains($0.output.path) }.map(\.output.object))
            names += outputs.map(\.output).filter { lacking.contains($0.object) && !names.contains($0.path) }.map(
                \.path
            )
            return names.filter { name in
                (granular || whole.contains(name))
                    && (targets.isEmpty || targets.contains { name == $0 || name.hasPrefix($0 + "/") })
            }
            .map { folders.contains($0) ? $0 + "/" : $0 }
        }
    }

    // MARK: JSON

    private func json(_ report: DataReport, _ lacking: [String]) -> String {
        var writer = JSONWriter()
        func list(_ key: String, _ paths: [String], _ writer: inout JSONWriter) {
            guard !paths.isEmpty else { return }
            writer.field(key, paths)
        }
        func changes(_ key: String, _ changes: DataReport.Changes, _ writer: inout JSONWriter) {
            guard !changes.isEmpty else { return }
            writer.key(key)
            writer.object { writer in
                for word in changes.words {
                    list(word, changes.paths[word] ?? [], &writer)
                    guard word == "renamed" else { continue }
                    writer.key(word)
                    writer.array { writer in
                        for (old, new) in changes.renamed {
                            writer.object { writer in
                                writer.field("old", old)
                                writer.field("new", new)
                            }
                        }
                    }
                }
            }
        }
        writer.object { writer in
            list("not_in_cache", report.notInCache, &writer)
            list("not_in_remote", lacking, &writer)
            changes("committed", report.committed, &writer)
            changes("uncommitted", report.uncommitted, &writer)
            list("untracked", report.untracked, &writer)
            if unchanged { list("unchanged", report.unchanged, &writer) }
        }
        return writer.text
    }

    // MARK: Text

    private func text(_ report: DataReport, _ lacking: [String]) -> String {
        func items(_ changes: DataReport.Changes) -> [String] {
            changes.words.flatMap { word in
                word == "renamed"
                    ? changes.renamed.map { "renamed: \($0.old) -> \($0.new)" }
                    : (changes.paths[word] ?? []).map { "\(word): \($0)" }
            }
        }
        var groups: [(title: String, hints: [String], tone: Tone?, items: [String])] = [
            ("Not in cache", ["use \"gyre fetch <file>...\" to download files"], .bad, report.notInCache),
            ("Not in remote", ["use \"gyre push <file>...\" to upload files"], .bad, lacking),
            (
                "DVC committed changes", ["git commit the corresponding dvc files to update the repo"], .good,
                items(report.committed)
            ),
            (
                "DVC uncommitted changes",
                [
                    "use \"gyre commit <file>...\" to track changes",
                    "use \"gyre checkout <file>...\" to discard changes",
                ], .warning, items(report.uncommitted)
            ),
            (
                "Untracked files",
                ["use \"git add <file> ...\" or \"gyre add <file>...\" to commit to git or to dvc"], .name,
                report.untracked
            ),
        ]
        if unchanged { groups.append(("DVC unchanged files", [], nil, report.unchanged)) }
        groups.removeAll { $0.items.isEmpty }
        var lines = groups.map { group in
            let hints = group.hints.map { "  (\($0))" }
            let items = group.items.map { item in
                "        " + (group.tone.map { common.output.paint(item, $0) } ?? item)
            }
            return (["\(group.title):"] + hints + items).joined(separator: "\n")
        }.joined(separator: "\n\n")
        if groups.isEmpty { lines = "No changes" + (report.isBeforeFirstCommit ? " in an empty git repo." : ".") }
        if report.isDirty {
            let other = groups.isEmpty ? "" : "other "
            lines += "\n(there are \(other)changes not tracked by dvc, use \"git status\" to see)"
        }
        return lines
    }
}
