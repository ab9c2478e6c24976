// SPDX-License-Identifier: Apache-2.0

package import SystemPackage

/// How the last commit, what is recorded and the work tree differ in their data.
///
/// - Source: the words and their order are those of `dvc data status`, `dvc/repo/data.py` of DVC 3.67.
package struct DataReport: Sendable {
    /// What differs between two states.
    ///
    /// Paths of folders end with a slash.
    package struct Changes: Sendable {
        /// Paths by what became of them.
        package internal(set) var paths: [String: [String]] = [:]
        /// Paths that are others now.
        package internal(set) var renamed: [(old: String, new: String)] = []
        /// The words in the order in which they are told.
        package internal(set) var words: [String] = []

        /// Whether nothing differs.
        package var isEmpty: Bool { words.isEmpty }
    }

    /// Content that is recorded, and that the cache lacks.
    package internal(set) var notInCache: [String] = []
    /// What is recorded and in no commit yet.
    package internal(set) var committed = Changes()
    /// What is in the work tree and not recorded yet.
    package internal(set) var uncommitted = Changes()
    /// Files that git neither tracks nor ignores, from the current folder.
    package internal(set) var untracked: [String] = []
    /// What is the same everywhere.
    package internal(set) var unchanged: [String] = []
    /// Whether there is no commit yet.
    package internal(set) var isBeforeFirstCommit = false
    /// Whether git has changes of its own.
    package internal(set) var isDirty = false
}

extension DataRepository {
    /// What a report is about.
    package struct ReportWishes: Sendable {
        /// Only what lies at or below these paths, relative to the project; all if there are none.
        package var targets: [String] = []
        /// Whether the files of folders are told too.
        package var granular = false
        /// Whether files that git does not know are told.
        package var untracked = false
        /// Who names outputs besides `.dvc` files.
        package var sources: [any OutputSource] = []

        /// All, by whole outputs.
        package init() {}
    }

    /// How the last commit, what is recorded and the work tree differ.
    ///
    /// - Throws: ``DataVersionsError``, ``FilesError``.
    package func report(_ wishes: ReportWishes, from folder: FilePath) async throws -> DataReport {
        let (targets, sources, granular) = (wishes.targets, wishes.sources, wishes.granular)
        var report = DataReport()
        var unknown: [String] = []
        let recorded = try await items(.workTree(root), targets, sources, &unknown, granular: granular)
        let current = try await currentItems(targets, sources, granular: granular)
        let uncommitted = StateComparison(from: recorded, to: current, unknown: unknown)
        report.uncommitted = uncommitted.changes
        report.notInCache = recorded.filter { !cache.holds($1.hash) && !cache.holds($1.hash, isLegacy: true) }
            .map { StateComparison.shown($0, $1) }.sorted()
        var unchanged = uncommitted.unchanged
        if try config.bool("core", "no_scm") != true, try await Git(root: root).isRepository() {
            let git = Git(root: root)
            var before: [String: DataDiff.Item] = [:]
            if let head = try await git.commitIfAny() {
                before = try await items(.commit(head, in: root), targets, sources, &unknown, granular: granular)
            } else {
                report.isBeforeFirstCommit = true
            }
            let committed = StateComparison(from: before, to: recorded, unknown: unknown)
            report.committed = committed.changes
            unchanged.formIntersection(committed.unchanged)
            let state = try await git.worktreeState(untracked: wishes.untracked)
            report.isDirty = state.isDirty
            let wanted = state.untracked.filter { path in
                targets.isEmpty || targets.contains { path == $0 || path.hasPrefix($0 + "/") }
            }
            var below = folder.lexicallyNormalized()
            let current = below.removePrefix(root) ? below.components.map(\.string) : []
            report.untracked = wanted.map { Self.path($0, from: current) }
        }
        report.unchanged = unchanged.sorted()
        return report
    }

    private static func path(_ path: String, from folder: [String]) -> String {
        let parts = ProjectPath.parts(path)
        let shared = zip(parts, folder).prefix { $0 == $1 }.count
        return (Array(repeating: "..", count: folder.count - shared) + parts[shared...]).joined(separator: "/")
    }
}

/// Two states of data, path by path.
private struct StateComparison {
    private(set) var changes = DataReport.Changes()
    private(set) var unchanged: Set<String> = []

    typealias Item = DataDiff.Item

    static func shown(_ path: String, _ item: Item) -> String { item.isDirectory ? path + "/" : path }

    init(from old: [String: Item], to new: [String: Item], unknown: [String]) {
        func isUnknown(_ path: String) -> Bool { unknown.contains { path.hasPrefix($0 + "/") } }
        var added: [(path: String, item: Item)] = []
        for (path, item) in new.sorted(by: { $0.key < $1.key }) {
            if isUnknown(path) {
                note("unknown", Self.shown(path, item))
            } else if let before = old[path] {
                if before.hash == item.hash {
                    unchanged.insert(Self.shown(path, item))
                } else {
                    note("modified", Self.shown(path, item))
                }
            } else {
                added.append((path, item))
            }
        }
        var deleted: [String: [(path: String, item: Item)]] = [:]
        // The last one is taken first, and is the first by name.
        for (path, item) in old.sorted(by: { $0.key > $1.key }) where new[path] == nil && !isUnknown(path) {
            deleted[item.hash, default: []].append((path, item))
        }
        for (path, item) in added {
            if let before = deleted[item.hash]?.popLast() {
                if changes.renamed.isEmpty { changes.words.append("renamed") }
                changes.renamed.append((Self.shown(before.path, before.item), Self.shown(path, item)))
            } else {
                note("added", Self.shown(path, item))
            }
        }
        let rest = deleted.values.joined().map { Self.shown($0.path, $0.item) }.sorted()
        for path in rest { note("deleted", path) }
    }

    private mutating func note(_ word: String, _ path: String) {
        if changes.paths[word] == nil { changes.words.append(word) }
        changes.paths[word, default: []].append(path)
    }
}
