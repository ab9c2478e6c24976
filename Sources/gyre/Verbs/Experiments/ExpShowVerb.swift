// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataVersions
import Experiments
import Files
import Pipelines
import Server
import SystemPackage
import Terminal

/// `gyre exp show`: a table of experiments.
struct ExpShowVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show experiments with their metrics and parameters.",
        discussion: """
            Example:
              gyre exp show --only-changed --sort-by acc --sort-order desc
            """
    )

    @OptionGroup var scope: BaselineOptions

    @Flag(name: [.customShort("a"), .long], help: "Those of all branches.")
    var allBranches = false

    @Flag(name: [.customShort("T"), .long], help: "Those of all tags.")
    var allTags = false

    @Flag(help: "Never used: there is no pager.")
    var noPager = false

    @Flag(help: "Only columns whose values differ.")
    var onlyChanged = false

    @Option(help: ArgumentHelp("Leave these columns out.", valueName: "regex"))
    var drop: String?

    @Option(help: ArgumentHelp("Keep these columns in any case.", valueName: "regex"))
    var keep: String?

    @Flag(help: "Only parameters that stages depend on.")
    var paramDeps = false

    @Option(help: ArgumentHelp("The metric or parameter to sort by.", valueName: "column"))
    var sortBy: String?

    @Option(help: ArgumentHelp("asc or desc.", valueName: "order"))
    var sortOrder = "asc"

    @Flag(help: "Show commits, not branches and tags.")
    var sha = false

    @Flag(help: "Leave out what failed.")
    var hideFailed = false

    @Flag(help: "Leave out what waits.")
    var hideQueued = false

    @Flag(help: "Leave out the work tree.")
    var hideWorkspace = false

    @Flag(help: "Print comma-separated values.")
    var csv = false

    @Flag(name: .customLong("md"), help: "Print a table in Markdown.")
    var markdown = false

    @Option(help: ArgumentHelp("Digits behind the point.", valueName: "n"))
    var precision = 5

    @Flag(name: [.short, .long], help: "Accepted as in DVC; nothing is kept that could be old.")
    var force = false

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if !["asc", "desc"].contains(sortOrder) { throw ValidationError("--sort-order is asc or desc") }
        if [csv, markdown, common.json].filter({ $0 }).count > 1 {
            throw ValidationError("--csv, --md and --json exclude each other")
        }
    }

    func run() async throws {
        let project = try PipelineProject(common)
        let rows = try await rows(project)
        if common.json { return try common.answer(json: ExperimentRows.json(rows), text: "") }
        var table = ExperimentTable(rows, precision: csv ? nil : precision)
        if onlyChanged { table.dropUnchanged(besides: try pattern(keep)) }
        if let drop = try pattern(drop) { table.drop(drop, besides: try pattern(keep)) }
        if let sortBy { try table.sort(by: sortBy, isDescending: sortOrder == "desc") }
        let text = csv ? table.csv : markdown ? table.markdown(common.output, sha) : table.text(common.output, sha)
        try common.answer(json: "", text: text)
    }

    private func pattern(_ text: String?) throws -> Regex<AnyRegexOutput>? {
        guard let text else { return nil }
        do {
            return try Regex(text)
        } catch {
            throw UsageError(what: "cannot choose columns by `\(text)`", why: "it is no regular expression", next: nil)
        }
    }

    /// The work tree, and each commit with its experiments.
    private func rows(_ project: PipelineProject) async throws -> [ExperimentRows.Group] {
        let git = Git(root: project.root)
        let store = ExperimentStore(project.data)
        _ = try await store.head()
        let all = try await store.all()
        var commits = try await scope.baselines(of: all, git)
        if scope.allCommits || allBranches || allTags {
            var choice = Git.CommitChoice()
            (choice.branches, choice.tags) = (allBranches, allTags)
            choice.revision = "HEAD"
            let more = try await git.commits(choice)
            commits = more + commits.filter { !more.contains($0) }
        }
        let names = try await CommitNames(git)
        let folder = try PipelineProject.workspace(common).state.appending("experiments")
        let queue: ExperimentQueue? =
            FileSystem.exists(folder) ? try ExperimentQueue(in: folder, root: project.root) : nil
        let entries = try queue?.entries() ?? []
        let workspace = hideWorkspace ? [] : [RowSource(ProjectRevision.workspace, nil)]
        var sources = [workspace].filter { !$0.isEmpty }
        for commit in commits {
            var group = [RowSource(commit, names[commit], seconds: try await git.seconds(of: commit))]
            for experiment in all.reversed() where experiment.baseline == commit {
                group.append(RowSource(experiment.commit, experiment.name, seconds: experiment.seconds))
            }
            for entry in entries.reversed() where entry.baseline == commit && entry.state != .success {
                if [.failed, .killed].contains(entry.state) ? hideFailed : hideQueued { continue }
                var source = RowSource(entry.snapshot, entry.name, seconds: entry.createdMs / 1_000)
                (source.entry, source.log) = (entry, queue?.log(entry).string)
                group.append(source)
            }
            sources.append(group)
        }
        var rows = try await Self.read(sources.flatMap(\.self), project, ofStages: paramDeps)[...]
        return sources.map { group in
            let own = rows.prefix(group.count)
            rows = rows.dropFirst(group.count)
            return ExperimentRows.Group(baseline: own[own.startIndex], experiments: Array(own.dropFirst()))
        }
    }

    /// Where a row comes from.
    private struct RowSource {
        let commit: String
        let name: String?
        let seconds: Int64?
        /// Of what is not an experiment yet.
        var entry: QueueEntry?
        var log: String?

        init(_ commit: String, _ name: String?, seconds: Int64? = nil) {
            (self.commit, self.name, self.seconds) = (commit, name, seconds)
        }
    }

    /// Reads rows, several at once.
    private static func read(
        _ sources: [RowSource],
        _ project: PipelineProject,
        ofStages: Bool
    ) async throws -> [ExperimentRows.Row] {
        try await withThrowingTaskGroup(of: (Int, ExperimentRows.Row).self) { group in
            var rows: [ExperimentRows.Row?] = Array(repeating: nil, count: sources.count)
            for (index, source) in sources.enumerated() {
                if index >= 8, let (done, row) = try await group.next() { rows[done] = row }
                group.addTask { (index, try await row(source, project, ofStages: ofStages)) }
            }
            for try await (index, row) in group { rows[index] = row }
            return rows.compactMap(\.self)
        }
    }

    private static func row(
        _ source: RowSource,
        _ project: PipelineProject,
        ofStages: Bool
    ) async throws -> ExperimentRows.Row {
        let revision = try await ProjectRevision(source.commit, of: project.data)
        let hasRun = source.entry == nil
        var row = ExperimentRows.Row(
            revision: source.commit,
            name: source.name,
            metrics: hasRun ? try await ValueReport.metrics(of: revision).renamed(project.shown) : nil,
            params: try await ValueReport.params(of: revision, ofStages: ofStages).renamed(project.shown),
            files: try await RecordedFiles(of: revision)
        )
        row.seconds = source.seconds
        guard let entry = source.entry else { return row }
        let hasFailed = [.failed, .killed].contains(entry.state)
        row.state = hasFailed ? "Failed" : entry.state == .running ? "Running" : "Queued"
        row.problem = hasFailed ? entry.problem ?? "it was ended" : nil
        row.log = source.log
        return row
    }
}
