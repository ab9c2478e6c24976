// SPDX-License-Identifier: Apache-2.0

/// Sets of commits, and the way to the code's own remote.
extension Git {
    /// Which commits count besides the work tree.
    package struct CommitChoice: Sendable {
        /// The tips of all branches.
        package var branches = false
        /// All tags.
        package var tags = false
        /// All commits of all branches and tags.
        package var all = false
        /// This one.
        package var revision: String?
        /// So many commits from each tip back, along first parents; below 1 for all.
        package var count = 1
        /// All commits since a day, as `2026-01-31`.
        package var since: String?

        /// None.
        package init() {}
    }

    private static let dataFiles = [":(glob)**/*.dvc", ":(glob)**/dvc.lock", ":(glob)**/dvc.yaml"]

    /// The ids of the commits of a choice, without repeats; of all commits those that changed what names data.
    ///
    /// - Throws: ``DataVersionsError`` `.git` if there is no such revision, or no repository.
    package func commits(_ choice: CommitChoice) async throws -> [String] {
        var found: [String] = []
        if choice.all {
            let arguments = ["rev-list", "--all", "--full-history", "--"] + Self.dataFiles
            // Their patterns say themselves how they are meant.
            found += try await lines(arguments)
        }
        var tips: [String] = []
        if choice.branches { tips += try await lines(["rev-list", "--no-walk", "--branches"]) }
        if choice.tags { tips += try await lines(["rev-list", "--no-walk", "--tags"]) }
        if let revision = choice.revision {
            tips += try await lines(
                ["rev-parse", "--verify", "--quiet", "--end-of-options", "\(revision)^{commit}"],
                revision
            )
        }
        for tip in tips {
            let count = choice.count < 1 ? [] : ["-n", String(choice.count)]
            found += choice.count == 1 ? [tip] : try await lines(["rev-list", "--first-parent"] + count + [tip])
        }
        if let day = choice.since {
            found += try await lines(["rev-list", "--all", "--since-as-filter=\(day) 00:00:00"])
        }
        var seen: Set<String> = []
        return found.filter { seen.insert($0).inserted }
    }

    /// The branch of another repository that this one's branch follows, as `origin/main`; nil if it follows none.
    package func upstream() async throws -> String? {
        let arguments = ["rev-parse", "--abbrev-ref", "--symbolic-full-name", "@{upstream}"]
        let answer = try await program.run(arguments)
        return answer.code == 0 && !answer.line.isEmpty ? answer.line : nil
    }

    /// The commits that the upstream lacks, newest first.
    package func unpushed() async throws -> [String] { try await lines(["rev-list", "@{upstream}..HEAD"]) }

    /// Those of the unpushed commits that changed what names data, and the newest.
    package func unpushedData() async throws -> [String] {
        let changed = try await lines(["rev-list", "@{upstream}..HEAD", "--full-history", "--"] + Self.dataFiles)
        let head = try await head()
        return changed.contains(head) ? changed : [head] + changed
    }

    /// Sends the branch to its upstream; hooks run.
    ///
    /// - Throws: ``DataVersionsError`` `.git`, with git's own words.
    package func push() async throws {
        // The hook that Gyre installs sends the data; whoever pushes by Gyre has sent it.
        let program = GitProgram(root: program.root, executable: program.executable, additions: ["GYRE_PUSH": "1"])
        _ = try await program.checked(["push", "--quiet"], paths: .own)
    }

    private func lines(_ arguments: [String], _ revision: String? = nil) async throws -> [String] {
        let answer = try await program.run(arguments, paths: .own)
        guard answer.code == 0 else {
            guard let revision else { throw program.failure(arguments, answer) }
            throw DataVersionsError(.git, what: "cannot find `\(revision)`", why: "git knows no commit of that name")
        }
        return answer.output.split(whereSeparator: \.isNewline).map(String.init)
    }
}
