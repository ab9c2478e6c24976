// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataRemotes
import DataVersions
import Files
import JSONText
import SystemPackage
import Terminal

/// `gyre gc`: removes contents that nothing names.
struct GcVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "Remove contents of the cache, and of the remote, that nothing names.",
        discussion: """
            At least one option says what is kept; the data of the work tree always is.

            Example:
              gyre gc --workspace --dry
              gyre gc --all-branches --all-tags --cloud
            """
    )

    @Flag(name: [.customShort("w"), .long], help: "Keep the data of the work tree, and no more.")
    var workspace = false

    @Option(help: ArgumentHelp("Keep the data of this commit.", valueName: "commit"))
    var rev: String?

    @Option(
        name: [.customShort("n"), .long],
        help: ArgumentHelp("Keep so many commits from each tip back.", valueName: "number")
    )
    var num: Int?

    @Flag(name: [.customShort("a"), .long], help: "Keep the data of all branches.")
    var allBranches = false

    @Flag(name: [.customShort("T"), .long], help: "Keep the data of all tags.")
    var allTags = false

    @Flag(name: [.customShort("A"), .long], help: "Keep the data of all commits.")
    var allCommits = false

    @Option(help: ArgumentHelp("Keep the data of commits since this day.", valueName: "yyyy-mm-dd"))
    var date: String?

    @Flag(help: "Keep the data of all experiments.")
    var allExperiments = false

    @Flag(help: "Keep what the remote lacks.")
    var notInRemote = false

    @Flag(name: [.customShort("c"), .long], help: "Clean the remote too.")
    var cloud = false

    @Flag(name: [.short, .long], help: "Do not ask.")
    var force = false

    @Option(
        name: [.customShort("p"), .customLong("projects")],
        parsing: .upToNextOption,
        help: ArgumentHelp("Keep the data of these projects, which share the cache.", valueName: "folder")
    )
    var projects: [String] = []

    @Flag(name: [.customLong("dry"), .customLong("dry-run")], help: "Say what would go, and remove nothing.")
    var dry = false

    @Flag(help: "Pass over commits whose files cannot be read; their data is not kept.")
    var skipFailed = false

    @OptionGroup var remote: RemoteOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard workspace || allBranches || allTags || allCommits || allExperiments || date != nil || rev != nil else {
            throw ValidationError(
                "what is kept must be named: --workspace, --all-branches, --all-tags, --all-commits, --date or --rev"
            )
        }
        if num != nil, rev == nil, !allBranches, !allTags {
            throw ValidationError("--num counts from --rev, --all-branches or --all-tags")
        }
        if let date, !Self.isDay(date) { throw ValidationError("--date is a day such as 2026-01-31") }
    }

    func run() async throws {
        try await RemoteSession.with(common, remote) { session in
            let needsRemote = cloud || notInRemote
            let remote = needsRemote ? try session.remote() : nil
            var outputs = try await session.reader.kept(
                try await scope(in: session.repository),
                skipsFailed: skipFailed
            )
            for project in projects {
                let other = try DataRepository.open(at: common.path(project))
                outputs += try await session.reader(of: other).kept(
                    try await scope(in: other),
                    skipsFailed: skipFailed
                )
            }
            let lock = try await session.repository.waitForLock(reading: [], writing: [])
            defer { lock.release() }
            let collector = GarbageCollector(session.cache) { common.output.warning($0) }
            let needed = try await collector.needed(outputs, remote: remote)
            var local = try await collector.unneeded(needed)
            if notInRemote, let remote { local = try await collector.known(local, on: remote) }
            let far: GarbageCollector.Sweep? =
                if cloud, let remote { try await collector.unneeded(needed, on: remote) } else { nil }
            if !dry, !(try await mayRemove(local, far, remote)) { return }
            if !dry {
                try await collector.remove(local)
                if let far, let remote { try await collector.remove(far, on: remote) }
            }
            try answer(local, far, remote)
        }
    }

    private func scope(in repository: DataRepository) async throws -> DataScope {
        var scope = DataScope()
        var choice = Git.CommitChoice()
        (choice.branches, choice.tags, choice.all) = (allBranches, allTags, allCommits || allExperiments)
        (choice.revision, choice.count, choice.since) = (rev, num ?? 1, date)
        if allBranches || allTags || allCommits || allExperiments || rev != nil || date != nil {
            scope.commits = try await Git(root: repository.root).commits(choice)
        }
        return scope
    }

    private func mayRemove(
        _ local: GarbageCollector.Sweep,
        _ far: GarbageCollector.Sweep?,
        _ remote: DataRemote?
    ) async throws -> Bool {
        let count = local.count + (far?.count ?? 0)
        guard count > 0, !force else { return true }
        let places = "the cache" + (far == nil ? "" : " and of `\(remote?.name ?? "")`")
        guard common.output.canAsk else {
            throw UsageError(
                what: "cannot remove \(count) objects",
                why: "nobody can be asked here",
                next: "look at them by `gyre gc … --dry`, and pass `--force`"
            )
        }
        return try await common.output.asks("Remove \(count) objects of \(places) that nothing names?")
    }

    private func answer(
        _ local: GarbageCollector.Sweep,
        _ far: GarbageCollector.Sweep?,
        _ remote: DataRemote?
    ) throws {
        var writer = JSONWriter()
        writer.object { writer in
            for (name, sweep) in [("cache", Optional(local)), ("remote", far)] {
                guard let sweep else { continue }
                writer.key(name)
                writer.object { writer in
                    writer.field("removed", Int64(sweep.count))
                    writer.field("bytes", sweep.bytes)
                    writer.key("objects")
                    writer.array { writer in for object in sweep.objects { writer.string(object.md5) } }
                    guard name == "remote" else { return }
                    writer.key("manifests")
                    writer.array { writer in for object in sweep.chunks.manifests { writer.string(object.md5) } }
                    writer.field("chunks", Int64(sweep.chunks.chunks.count))
                }
            }
            writer.field("dry", dry)
        }
        let verb = dry ? "would remove" : "removed"
        func line(_ sweep: GarbageCollector.Sweep, _ place: String) -> String {
            guard sweep.count > 0 else { return "nothing to remove from \(place)" }
            let count = sweep.count
            let size = sweep.bytes > 0 ? " (\(Humanize.bytes(sweep.bytes)))" : ""
            return "\(verb) \(count) object\(count == 1 ? "" : "s")\(size) from \(place)"
        }
        var lines: [String] = []
        if dry {
            lines += local.objects.map { "cache   \($0.key)" }
            lines += (far?.objects ?? []).map { "remote  \($0.key)" }
            lines += (far?.chunks.manifests ?? []).map { "remote  \($0.key) (in chunks)" }
        }
        lines.append(line(local, "the cache"))
        if let far { lines.append(line(far, "the remote `\(remote?.name ?? "")`")) }
        try common.answer(json: writer.text, text: lines.joined(separator: "\n"))
    }

    private static func isDay(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard text.count == 10, parts.count == 3, let month = parts[1], let day = parts[2], parts[0] != nil else {
            return false
        }
        return (1...12).contains(month) && (1...31).contains(day)
    }
}
