// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DataVersions
import Experiments

/// Which experiments are meant: by the commits that they began with.
struct BaselineOptions: ParsableArguments {
    @Flag(name: [.customShort("A"), .long], help: "Those of all commits.")
    var allCommits = false

    @Option(help: ArgumentHelp("Those that began with this commit; HEAD if left out.", valueName: "commit"))
    var rev: String?

    @Option(
        name: [.customShort("n"), .long],
        help: ArgumentHelp("Those of so many commits, first parents; all of them if negative.", valueName: "n")
    )
    var num: Int?

    /// Whether one of them was given.
    var isGiven: Bool { allCommits || rev != nil || num != nil }

    func validate() throws {
        if num == 0 { throw ValidationError("--num is not 0") }
    }

    /// The commits that are meant, newest first.
    func baselines(of experiments: [Experiments.Experiment], _ git: Git) async throws -> [String] {
        if allCommits {
            var seen: Set<String> = []
            return experiments.reversed().map(\.baseline).filter { seen.insert($0).inserted }
        }
        var choice = Git.CommitChoice()
        choice.revision = rev ?? "HEAD"
        choice.count = num ?? 1
        return try await git.commits(choice)
    }
}

/// What people call commits.
struct CommitNames {
    private var names: [String: String] = [:]

    /// Tags, else branches, the current one first.
    init(_ git: Git) async throws {
        let current = try await git.branch()
        for (name, commit) in try await git.names(of: .branches) where names[commit] == nil || name == current {
            names[commit] = name
        }
        for (name, commit) in try await git.names(of: .tags) { names[commit] = name }
    }

    /// A tag or branch; nil if none leads there.
    subscript(commit: String) -> String? { names[commit] }

    /// A tag or branch, or the first digits.
    func short(_ commit: String) -> String { names[commit] ?? String(commit.prefix(7)) }
}
