// SPDX-License-Identifier: Apache-2.0

package import DataVersions
import Diagnostics
import Files
import Pipelines
import SystemPackage

/// The experiments of a project, as DVC keeps them: commits under `refs/exps/<2>/<38>/NAME`, where the digits are the commit that
/// they began with.
package struct ExperimentStore: Sendable {
    /// The versioned data, whose root is that of the pipeline.
    package let data: DataRepository
    private var git: Git { Git(root: data.root) }
    static let folder = "refs/exps/"

    /// The experiments of a project.
    package init(_ data: DataRepository) { self.data = data }

    /// The commit of the work tree, which new experiments begin with.
    ///
    /// - Throws: ``ExperimentsError`` `.noCommit`.
    package func head() async throws -> String {
        if try await git.isRepository(), let head = try await git.commitIfAny() { return head }
        throw ExperimentsError(
            .noCommit,
            what: "cannot work on experiments",
            why: "`\(data.root)` has no commit that they could begin with",
            next: "run `git init`, `git add` and `git commit` first"
        )
    }

    // MARK: Finding

    /// All experiments, the oldest first.
    package func all() async throws -> [Experiment] {
        guard try await git.isRepository() else { return [] }
        return try await git.references(below: Self.folder)
            .compactMap { Self.experiment(named: $0.name, commit: $0.commit, seconds: $0.seconds) }
            .sorted { ($0.seconds, $0.name) < ($1.seconds, $1.name) }
    }

    /// The experiment that a reference leads to; nil if it leads to none.
    static func experiment(named reference: String, commit: String, seconds: Int64) -> Experiment? {
        let parts = reference.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        // `refs/exps/exec`, `celery`, `stash` … are DVC's own.
        guard parts.count == 5, parts[2].count == 2, parts[3].count == 38,
            (parts[2] + parts[3]).allSatisfy(\.isHexDigit)
        else { return nil }
        return Experiment(name: parts[4], baseline: parts[2] + parts[3], commit: commit, seconds: seconds)
    }

    /// An experiment by its name or the beginning of its commit; of several that of the work tree's commit.
    ///
    /// - Throws: ``ExperimentsError`` `.unknownExperiment`.
    package func experiment(_ name: String) async throws -> Experiment {
        try await experiment(name, among: try await all())
    }

    /// As ``experiment(_:)``, one of `all`.
    package func experiment(_ name: String, among all: [Experiment]) async throws -> Experiment {
        var found = all.filter { $0.name == name }
        if found.isEmpty, name.count >= 7 { found = all.filter { $0.commit.hasPrefix(name) } }
        if found.count > 1, let head = try await git.commitIfAny() {
            let own = found.filter { $0.baseline == head }
            if !own.isEmpty { found = own }
        }
        guard let last = found.last else { throw unknown(name, among: all.map(\.name)) }
        return last
    }

    /// A commit by the name of an experiment, or any that git knows.
    package func commit(_ name: String) async throws -> String {
        if let found = try? await experiment(name) { return found.commit }
        return try await git.resolve(name)
    }

    private func unknown(_ name: String, among names: [String]) -> ExperimentsError {
        ExperimentsError(
            .unknownExperiment,
            what: "cannot find the experiment `\(name)`",
            why: "there is none of that name",
            next: nearest(to: name, among: names).map { "did you mean `\($0)`?" } ?? "see `gyre exp list -A`"
        )
    }

    // MARK: Keeping

    static func reference(_ name: String, _ baseline: String) -> String {
        "\(folder)\(baseline.prefix(2))/\(baseline.dropFirst(2))/\(name)"
    }

    static func reference(_ experiment: Experiment) -> String { reference(experiment.name, experiment.baseline) }

    /// Whether a text can be a name.
    ///
    /// - Throws: ``ExperimentsError`` `.invalidName`.
    func check(_ name: String) async throws {
        let isName = !name.contains("/") && !name.hasPrefix("-") && !name.isEmpty && name.utf8.count <= 200
        if isName, try await git.isReferenceName("refs/exps/ab/cd/\(name)") { return }
        throw ExperimentsError(
            .invalidName,
            what: "cannot call an experiment `\(name)`",
            why: "git takes no such name, or it has a `/`",
            next: "use letters, digits, `-` and `_`"
        )
    }

    /// Keeps a tree as an experiment.
    ///
    /// - Parameters:
    ///   - tree: The tree.
    ///   - name: The name.
    ///   - baseline: The commit that it began with.
    ///   - message: What the commit says.
    ///   - force: Whether it may take the place of another of that name.
    /// - Returns: The experiment.
    /// - Throws: ``ExperimentsError`` `.nameTaken`.
    func keep(
        _ tree: String,
        as name: String,
        on baseline: String,
        message: String?,
        force: Bool
    ) async throws -> Experiment {
        let text = message ?? "gyre: experiment \(name)"
        let commit = try await git.makeCommit(tree, parent: baseline, message: text)
        let reference = Self.reference(name, baseline)
        guard try await git.setReference(reference, to: commit, ifWas: force ? nil : "") else { throw taken(name) }
        let all = try await all()
        return all.first { $0.commit == commit && $0.name == name }
            ?? Experiment(name: name, baseline: baseline, commit: commit, seconds: 0)
    }

    func taken(_ name: String) -> ExperimentsError {
        ExperimentsError(
            .nameTaken,
            what: "cannot call the experiment `\(name)`",
            why: "another of this commit has that name",
            next: "choose another by `-n`, replace it by `-f`, or remove it by `gyre exp remove \(name)`"
        )
    }

    /// Removes experiments, not their data.
    package func remove(_ experiments: [Experiment]) async throws {
        for experiment in experiments {
            let reference = Self.reference(experiment)
            guard try await git.setReference(reference, to: nil, ifWas: experiment.commit) else {
                throw ExperimentsError(
                    .busy,
                    what: "cannot remove the experiment `\(experiment.name)`",
                    why: "git refuses to, or it changed just now",
                    next: "run it again"
                )
            }
        }
    }

    /// Gives an experiment another name.
    package func rename(_ experiment: Experiment, to name: String, force: Bool) async throws {
        try await check(name)
        guard name != experiment.name else { return }
        let new = Self.reference(name, experiment.baseline)
        guard try await git.setReference(new, to: experiment.commit, ifWas: force ? nil : "") else {
            throw taken(name)
        }
        try await remove([experiment])
    }

    /// Makes a branch of an experiment.
    ///
    /// - Throws: ``DataVersionsError`` `.git` with git's words for a name that is taken or cannot be one.
    package func branch(_ experiment: Experiment, to name: String) async throws {
        try await git.makeBranch(name, at: experiment.commit)
    }

    // MARK: Applying

    /// Brings what an experiment changed into the work tree: files of git, `dvc.lock`, and outputs.
    ///
    /// Files that it did not change stay. All is looked at before anything changes.
    ///
    /// - Parameters:
    ///   - experiment: The experiment.
    ///   - force: Whether changes may be lost that are in no commit and in no experiment.
    /// - Returns: The paths that changed, and outputs whose content the cache lacks.
    /// - Throws: ``ExperimentsError`` `.unsavedChanges`, ``DataVersionsError`` `.wouldOverwrite`.
    package func apply(_ experiment: Experiment, force: Bool) async throws -> (changed: [String], missing: [String]) {
        let head = try await head()
        // What another experiment of the same commit changed goes back, as in DVC.
        let paths =
            head == experiment.baseline
            ? try await git.changedFiles(from: head, to: experiment.commit) + dirty(from: head)
            : try await git.changedFiles(from: experiment.baseline, to: experiment.commit)
        var seen: Set<String> = []
        let wanted = paths.filter { seen.insert($0).inserted }
        let now = try await git.blobs(ofFiles: wanted)
        let (before, after) = (
            try await git.blobs(of: wanted, at: head), try await git.blobs(of: wanted, at: experiment.commit)
        )
        let base = try await git.blobs(of: wanted, at: experiment.baseline)
        var saved: [String: Set<String>] = [:]
        var open: [String] = []
        for (index, path) in wanted.enumerated() where now[index] != after[index] {
            // Both went on from the baseline, each its way.
            let isNewer = before[index] != base[index]
            if now[index] == before[index], !isNewer { continue }
            if !isNewer, let blob = now[index] {
                if saved.isEmpty { saved = try await savedBlobs(wanted) }
                if saved[path]?.contains(blob) == true { continue }
            }
            open.append(path)
        }
        guard force || open.isEmpty else { throw unsaved(open, experiment) }
        let missing = try await placeOutputs(of: experiment, force: force)
        let changed = zip(wanted, zip(now, after)).filter { $1.0 != $1.1 }.map(\.0)
        try await git.restore(changed, from: experiment.commit)
        return (changed, missing)
    }

    /// Tracked files that differ from the commit.
    private func dirty(from head: String) async throws -> [String] {
        try await git.changedTracked(from: head)
    }

    /// The blobs that experiments have of paths.
    private func savedBlobs(_ paths: [String]) async throws -> [String: Set<String>] {
        var result: [String: Set<String>] = Dictionary(uniqueKeysWithValues: paths.map { ($0, []) })
        for experiment in try await all() {
            for (path, blob) in zip(paths, try await git.blobs(of: paths, at: experiment.commit)) {
                if let blob { result[path]?.insert(blob) }
            }
        }
        return result
    }

    private func unsaved(_ paths: [String], _ experiment: Experiment) -> ExperimentsError {
        let names = paths.prefix(5).map { "`\($0)`" }.joined(separator: ", ") + (paths.count > 5 ? ", …" : "")
        return ExperimentsError(
            .unsavedChanges,
            what: "cannot apply the experiment `\(experiment.name)`",
            why: "\(names) \(paths.count == 1 ? "holds" : "hold") changes that would be lost",
            next: "commit them, or run `gyre exp apply -f \(experiment.name)`"
        )
    }

    /// Puts the outputs of an experiment into the work tree.
    private func placeOutputs(of experiment: Experiment, force: Bool) async throws -> [String] {
        let tree = FileTree.commit(experiment.commit, in: data.root)
        let outputs = try await PointerFiles().outputs(in: tree) + StageOutputs(data).outputs(in: tree)
        let pointers = outputs.filter(\.isCached).compactMap(\.pointer)
        return try await data.checkout(pointers, CheckoutOptions(force: force, allowsMissing: true)).missing
    }
}
