// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataVersions
import Files
import JSONText
import Pipelines
import Server
import Terminal

/// `gyre status`: how data and pipelines differ from what is recorded, and where the project stands.
struct StatusVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show what changed in data and pipelines, and where the project stands.",
        discussion: """
            With -q nothing is printed, and the exit code is 1 if something changed.

            Example:
              gyre status
              gyre status data/train.csv --json
            """
    )

    @Argument(help: ArgumentHelp("Only this data, `.dvc` file or stage; all if none is named.", valueName: "target"))
    var targets: [String] = []

    @Flag(name: [.customShort("R"), .long], help: "Take a folder for all data in it.")
    var recursive = false

    @Flag(name: .customLong("overview"), help: "Show where the project stands: champion, errors, turns of the loop.")
    var overview = false

    @Flag(name: [.customShort("c"), .long], help: "Compare the cache with the remote instead.")
    var cloud = false

    @OptionGroup var remote: RemoteOptions
    @OptionGroup var history: HistoryOptions
    @OptionGroup var common: CommonOptions

    @Flag(name: .customLong("no-updates"), help: .hidden)
    var noUpdates = false

    func validate() throws {
        guard !cloud, remote.remote == nil else { return }
        let wrong = [
            (history.allBranches, "--all-branches"), (history.allTags, "--all-tags"),
            (history.allCommits, "--all-commits"), (remote.jobs != nil, "--jobs"),
        ].filter(\.0).map(\.1)
        if let first = wrong.first { throw ValidationError("\(first) means something with --cloud only") }
    }

    func run() async throws {
        if cloud || remote.remote != nil {
            return try await CloudStatus(common: common, remote: remote).print(targets, recursive: recursive, history)
        }
        if overview { return try await printOverview() }
        let data: DataRepository
        do {
            data = try common.data()
        } catch let error as DataVersionsError where error.code == .notARepository {
            // A project without data of its own still stands somewhere.
            guard (try? common.workspace()) != nil, targets.isEmpty, !common.json else { throw error }
            return try await printOverview()
        }
        let found = try await TrackedTargets.find(
            targets,
            of: data,
            from: common.folder,
            recursive: recursive,
            withDeps: history.withDeps
        )
        let bar = FilesBar(common.output, "reading")
        let named = found.choices.map(\.output)
        let status = try await data.status(of: named.filter { $0.stage == nil }, onProgress: bar.progress)
        bar.finish()
        let changed = status.filter { $0.change != nil }
        let stages = try await changedStages(found.addresses, of: data)
        if common.quiet {
            if !changed.isEmpty || !stages.entries.isEmpty { throw ExitCode(1) }
            return
        }
        let groups = Self.grouped(changed)
        var lines = text(groups, of: data) + StageLines(stages).lines
        if lines.isEmpty {
            lines.append(
                named.isEmpty && targets.isEmpty
                    ? "There are no data or pipelines tracked in this project yet."
                    : "Data and pipelines are up to date."
            )
        }
        if !common.json, targets.isEmpty, let overview = try await projectLines(data) { lines += [""] + overview }
        try common.output.answer(
            json: Self.joined(json(groups, of: data), stages.json),
            text: lines.joined(separator: "\n")
        )
    }

    // MARK: Stages

    /// The stages that differ, of those with these addresses; nil for all.
    private func changedStages(_ addresses: Set<String>?, of data: DataRepository) async throws -> PipelineStatus {
        var selection = StageSelection()
        selection.reach = .all
        return try await PipelineStatus.of(data, selection).among(addresses)
    }

    /// The members of both objects in one.
    private static func joined(_ first: String, _ second: String) -> String {
        if first == "{}" { return second }
        return second == "{}" ? first : "\(first.dropLast()), \(second.dropFirst())"
    }

    // MARK: Data

    private typealias Group = (address: String, status: [DataStatus])

    private static func grouped(_ status: [DataStatus]) -> [Group] {
        var groups: [Group] = []
        for one in status {
            if groups.last?.address == one.output.address {
                groups[groups.count - 1].status.append(one)
            } else {
                groups.append((one.output.address, [one]))
            }
        }
        return groups
    }

    private func shownAddress(_ one: DataStatus, of data: DataRepository) -> String {
        one.output.stage == nil ? common.shown(one.output.file, of: data) : one.output.address
    }

    private func text(_ groups: [Group], of data: DataRepository) -> [String] {
        var lines: [String] = []
        for group in groups {
            guard let first = group.status.first else { continue }
            lines += ["\(shownAddress(first, of: data)):", "\tchanged outs:"]
            for one in group.status {
                let word = "\(one.change?.rawValue ?? ""):"
                let padding = String(repeating: " ", count: max(20 - word.count, 1))
                lines.append("\t\t\(word)\(padding)\(common.shown(one.output.path, of: data))")
            }
        }
        return lines
    }

    private func json(_ groups: [Group], of data: DataRepository) -> String {
        var writer = JSONWriter()
        writer.object { writer in
            for group in groups {
                guard let first = group.status.first else { continue }
                writer.key(shownAddress(first, of: data))
                writer.array { writer in
                    writer.object { writer in
                        writer.key("changed outs")
                        writer.object { writer in
                            for one in group.status {
                                writer.field(common.shown(one.output.path, of: data), one.change?.rawValue)
                            }
                        }
                    }
                }
            }
        }
        return writer.text
    }

    // MARK: The project

    /// Where the project stands; nil if it is no project of Gyre's.
    private func projectLines(_ data: DataRepository) async throws -> [String]? {
        // A repository of data alone has no more to tell.
        guard let workspace = try? common.workspace(), FileSystem.exists(workspace.database) else { return nil }
        return try await Session.withProject(common) { try await Standing.look($0).lines }
    }

    private func printOverview() async throws {
        let standing = try await Session.withProject(common) { try await Standing.look($0) }
        try common.output.answer(json: standing.json, text: standing.lines.joined(separator: "\n"))
    }
}
