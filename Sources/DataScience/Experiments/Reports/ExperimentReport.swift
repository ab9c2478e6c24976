// SPDX-License-Identifier: Apache-2.0

package import DataVersions
import Diagnostics
package import Pipelines

/// Experiments below the commits that they began with, with parameters and metrics.
package struct ExperimentReport: Sendable {
    /// One line of the report.
    package struct Row: Sendable {
        /// What it shows.
        package enum Kind: String, Sendable {
            /// The work tree.
            case workspace
            /// A commit.
            case baseline
            /// An experiment that is done.
            case success
            /// One that waits.
            case queued
            /// One that a worker has.
            case running
            /// One that failed.
            case failed
            /// One that somebody ended.
            case killed
        }

        /// What it shows.
        package let kind: Kind
        /// The commit; `workspace` for the work tree.
        package let revision: String
        /// The branch, the tag or the experiment; nil if it has no name.
        package let name: String?
        /// When it was made, seconds UTC; nil for the work tree.
        package let seconds: Int64?
        /// The parameters.
        package let params: ValueReport
        /// The metrics; of what is not done those are none.
        package let metrics: ValueReport
        /// Why it failed, or could not be read.
        package let problem: String?

        /// Whether it stands below a commit.
        package var isExperiment: Bool { kind != .workspace && kind != .baseline }
    }

    /// What is shown.
    package struct Wishes: Sendable {
        /// The commits; `HEAD` if none is chosen.
        package var commits = Git.CommitChoice()
        /// All commits that experiments began with.
        package var allCommits = false
        /// Whether the work tree is shown.
        package var workspace = true
        /// Whether those are shown that wait or run.
        package var queued = true
        /// Whether those are shown that failed.
        package var failed = true
        /// Only parameters that stages depend on.
        package var paramsOfStages = false
        /// Only these experiments; nil for all.
        package var names: Set<String>?

        /// The work tree, the last commit and its experiments.
        package init() {}
    }

    /// The rows: the work tree, and each commit with its experiments below it.
    package internal(set) var rows: [Row]

    /// Collects what is wished for.
    ///
    /// - Throws: ``ExperimentsError`` `.noCommit`, ``DataVersionsError`` `.git`.
    package init(_ runner: ExperimentRunner, _ wishes: Wishes) async throws {
        let store = runner.store
        let (data, git) = (store.data, Git(root: store.data.root))
        let head = try await store.head()
        let all = try await store.all()
        let entries = try runner.queue.entries().filter { entry in
            switch entry.state {
            case .queued, .running: wishes.queued
            case .failed, .killed: wishes.failed
            case .success: false
            }
        }
        var choice = wishes.commits
        if choice.revision == nil, !choice.branches, !choice.tags, choice.since == nil { choice.revision = "HEAD" }
        var baselines = wishes.allCommits ? [head] : try await git.commits(choice)
        if wishes.allCommits {
            for baseline in all.reversed().map(\.baseline) + entries.map(\.baseline)
            where !baselines.contains(baseline) { baselines.append(baseline) }
        }
        let names = try await Self.names(git)
        let times = try await git.times(of: baselines)
        var wanted: [Source] = []
        if wishes.workspace {
            wanted.append(Source(.workspace, ProjectRevision.workspace, nil, nil, ProjectRevision.workspace))
        }
        for baseline in baselines {
            wanted.append(Source(.baseline, baseline, names[baseline], times[baseline], baseline))
            for one in all where one.baseline == baseline && wishes.names?.contains(one.name) != false {
                wanted.append(Source(.success, one.commit, one.name, one.seconds, one.commit))
            }
            for entry in entries where entry.baseline == baseline && wishes.names?.contains(entry.name) != false {
                guard let kind = Row.Kind(rawValue: entry.state.rawValue) else { continue }
                var source = Source(kind, entry.snapshot, entry.name, entry.createdMs / 1_000, entry.snapshot)
                source.problem = entry.problem
                wanted.append(source)
            }
        }
        rows = try await Self.read(wanted, of: data, wishes)
    }

    /// Only experiments of some commits, below the commits that they began with.
    package func only(_ commits: Set<String>) -> ExperimentReport {
        var result = self
        result.rows = []
        for row in rows {
            if row.isExperiment {
                if commits.contains(row.revision) { result.rows.append(row) }
            } else {
                if result.rows.last?.isExperiment == false { result.rows.removeLast() }
                result.rows.append(row)
            }
        }
        if result.rows.last?.isExperiment == false { result.rows.removeLast() }
        return result
    }

    // MARK: Parts

    /// A row before it is read.
    private struct Source: Sendable {
        let kind: Row.Kind
        let revision: String
        let name: String?
        let seconds: Int64?
        let readAt: String
        var problem: String?

        init(_ kind: Row.Kind, _ revision: String, _ name: String?, _ seconds: Int64?, _ readAt: String) {
            (self.kind, self.revision, self.name, self.seconds, self.readAt) = (kind, revision, name, seconds, readAt)
        }
    }

    /// The branches and tags of commits, a branch first.
    private static func names(_ git: Git) async throws -> [String: String] {
        let tags = try await git.names(of: .tags).map { ($0.commit, $0.name) }
        let branches = try await git.names(of: .branches).map { ($0.commit, $0.name) }
        return Dictionary(tags + branches) { $1 }
    }

    /// Reads several rows at once: most of the time goes to git.
    private static func read(
        _ sources: [Source],
        of data: DataRepository,
        _ wishes: Wishes
    ) async throws -> [Row] {
        try await withThrowingTaskGroup(of: (Int, Row).self) { group in
            var rows: [Row?] = Array(repeating: nil, count: sources.count)
            var next = 0
            func addNext() {
                guard next < sources.count else { return }
                let (index, source) = (next, sources[next])
                next += 1
                group.addTask { (index, await row(source, of: data, wishes)) }
            }
            for _ in 0..<4 { addNext() }
            while let (index, row) = try await group.next() {
                rows[index] = row
                addNext()
            }
            return rows.compactMap(\.self)
        }
    }

    private static func row(_ source: Source, of data: DataRepository, _ wishes: Wishes) async -> Row {
        var problem = source.problem
        var (params, metrics) = (ValueReport(revision: source.revision), ValueReport(revision: source.revision))
        do {
            let revision = try await ProjectRevision(source.readAt, of: data)
            params = try await ValueReport.params(of: revision, ofStages: wishes.paramsOfStages)
            let isDone = [.workspace, .baseline, .success].contains(source.kind)
            if isDone { metrics = try await ValueReport.metrics(of: revision) }
        } catch {
            // One that cannot be read keeps nobody from seeing the others.
            problem = problem ?? (error as? any Explained)?.why ?? "\(error)"
        }
        return Row(
            kind: source.kind,
            revision: source.revision,
            name: source.name,
            seconds: source.seconds,
            params: params,
            metrics: metrics,
            problem: problem
        )
    }
}
