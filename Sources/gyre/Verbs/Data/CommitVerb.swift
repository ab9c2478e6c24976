// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataVersions
import JSONText
import Terminal

/// `gyre commit`: records what data the work tree holds now.
struct CommitVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "commit",
        abstract: "Record data that changed; with -m, commit it and the code in one step.",
        discussion: """
            Example:
              gyre commit data/train.csv
              gyre commit -m "Newer labels"
            """
    )

    @Argument(help: ArgumentHelp("Only this data or `.dvc` file; all if none is named.", valueName: "target"))
    var targets: [String] = []

    @Flag(name: [.short, .long], help: "Do not ask before data is recorded that changed.")
    var force = false

    @Flag(name: [.customShort("R"), .long], help: "Take a folder for all data in it.")
    var recursive = false

    @Flag(
        name: .customLong("no-relink"),
        help: "Leave files as they are where the settings make them links to the cache."
    )
    var noRelink = false

    @Option(
        name: [.short, .long],
        help: ArgumentHelp(
            "Commit data and all code that changed and is not ignored, with this message.",
            valueName: "text"
        )
    )
    var message: String?

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let data = try common.data()
        let outputs = try await data.outputs()
        let chosen = try OutputTargets(outputs, of: data, from: common.folder).select(targets, recursive: recursive)
            .map(\.output)
        let bar = FilesBar(common.output, "reading")
        let status = try await data.status(of: chosen, onProgress: bar.progress)
        // What is not there is not recorded as gone: `remove` does that.
        let there = status.filter {
            $0.change != .deleted && !($0.change == .notInCache && !data.isThere($0.output.path))
        }
        let changed = there.filter { $0.change == .modified || $0.change == .new }.map(\.output.path)
        if !changed.isEmpty, !force, message == nil { try await confirm(changed) }
        var options = AddOptions()
        options.relinks = !noRelink
        options.onProgress = bar.progress
        let recorded = try await data.commit(there.map(\.output), options)
        bar.finish()
        var commit: String?
        let git = Git(root: data.root)
        if let message {
            try await git.addAll()
            commit = try await git.commit(message)
        } else if try data.config.bool("core", "autostage") == true, !recorded.isEmpty {
            try await git.add(Set(chosen.filter { recorded.contains($0.path) }.map(\.file)).sorted())
        }
        let gone = chosen.map(\.path).filter { !data.isThere($0) }
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("recorded")
            writer.array { writer in for path in recorded { writer.string(path) } }
            writer.field("commit", commit)
        }
        var lines = recorded.map { "recorded \(common.shown($0, of: data))" }
        if let commit { lines.append("commit \(commit)") }
        try common.answer(json: writer.text, text: lines.joined(separator: "\n"))
        // With a message it is meant: git commits the rest without it.
        if let first = gone.first, message == nil { throw data.nothingToCommit(first) }
    }

    private func confirm(_ changed: [String]) async throws {
        let output = common.output
        let names = changed.prefix(5).map { "`\($0)`" }.joined(separator: ", ") + (changed.count > 5 ? ", …" : "")
        if output.canAsk, try await output.asks("\(names) changed. Record it as it is now?") { return }
        throw DataVersionsError(
            .wouldOverwrite,
            what: "cannot commit \(names)",
            why: "it changed, and nobody confirmed that the new content is meant",
            next: "pass `-f`"
        )
    }
}
