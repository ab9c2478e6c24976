// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataVersions
import JSONText
import Pipelines
import Terminal

/// `gyre commit`: records what data the work tree holds now.
struct CommitVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "commit",
        abstract: "Record data that changed; with -m, commit it and the code in one step.",
        discussion: """
            A stage is recorded as if it had run: dvc.lock gets what it reads and wrote as they are now. With -m that is done \
            only for stages that are named, or with -f; the others stay to be run. Hooks of git run, and if one refuses \
            nothing is changed.

            Example:
              gyre commit data/train.csv
              gyre commit -f train
              gyre commit -m "Newer labels"
            """
    )

    @Argument(help: ArgumentHelp("Only this data, `.dvc` file or stage; all if none is named.", valueName: "target"))
    var targets: [String] = []

    @Flag(name: [.short, .long], help: "Do not ask before data is recorded that changed.")
    var force = false

    @Flag(name: [.customShort("d"), .long], help: "Also the data and stages that the targets are made of.")
    var withDeps = false

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
        let found = try await TrackedTargets.find(
            targets,
            of: data,
            from: common.folder,
            recursive: recursive,
            withDeps: withDeps
        )
        let work = CommitWork(data: data, targets: found, common: common)
        // Stages that only may be out of date are not made fresh by a commit of code.
        let takesStages = message == nil || force || !targets.isEmpty
        let wishes = CommitWork.Wishes(
            message: message,
            takesStages: takesStages,
            isForced: force,
            relinks: !noRelink
        )
        let (recorded, commit) = try await data.staging { try await work.perform(wishes) }
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("recorded", recorded)
            writer.field("commit", commit)
        }
        var lines = recorded.map { "recorded \($0)" }
        if let commit { lines.append("commit \(commit)") }
        try common.answer(json: writer.text, text: lines.joined(separator: "\n"))
        // With a message it is meant: git commits the rest without it.
        if message == nil, let first = work.gone.first { throw data.nothingToCommit(first) }
    }
}

/// The steps of ``CommitVerb``: data, stages, and the commit of git, all or nothing of what git sees.
struct CommitWork {
    /// What the options ask for.
    struct Wishes {
        let message: String?
        let takesStages: Bool
        let isForced: Bool
        let relinks: Bool
    }

    let data: DataRepository
    let targets: TrackedTargets
    let common: CommonOptions

    private var outputs: [TrackedOutput] {
        targets.choices.map(\.output).filter { $0.stage == nil && $0.isCached }
    }

    /// The data that is not there.
    var gone: [String] { outputs.map(\.path).filter { !data.isThere($0) } }

    /// Does what is asked for; what was recorded, and the commit of git.
    func perform(_ wishes: Wishes) async throws -> (recorded: [String], commit: String?) {
        let bar = FilesBar(common.output, "reading")
        let status = try await data.status(of: outputs, onProgress: bar.progress)
        // What is not there is not recorded as gone: `remove` does that.
        let there = status.filter {
            $0.change != .deleted && !($0.change == .notInCache && !data.isThere($0.output.path))
        }
        let stages = StageCommit(targets, of: data)
        if !wishes.isForced, wishes.message == nil {
            let changed = there.filter { $0.change == .modified || $0.change == .new }.map {
                common.shown($0.output.path, of: data)
            }
            try await confirm(changed + (try await stages.differences().map(\.address)))
        }
        var options = AddOptions()
        options.relinks = wishes.relinks
        options.onProgress = bar.progress
        let files = outputs.map(\.file) + (wishes.takesStages ? stages.files : [])
        let before = try await SavedTexts.take(files, of: data)
        do {
            var recorded = try await data.commit(there.map(\.output), options).map { common.shown($0, of: data) }
            if wishes.takesStages {
                recorded += try await stages.record(options, skipsMissing: wishes.message != nil && !wishes.isForced)
            }
            bar.finish()
            if let message = wishes.message {
                return (recorded, try await Git(root: data.root).commitAll(message))
            }
            return (recorded, nil)
        } catch {
            // What is in the cache already does no harm, and is there when it is tried again.
            if wishes.message != nil { try await before.restore() }
            throw error
        }
    }

    private func confirm(_ changed: [String]) async throws {
        guard !changed.isEmpty else { return }
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
