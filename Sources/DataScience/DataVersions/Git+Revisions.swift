// SPDX-License-Identifier: Apache-2.0

extension Git {
    /// Names for commits, of one kind.
    package enum References: Sendable {
        case branches
        case tags
        /// Every commit that a branch or tag leads to, by its full id.
        case commits
    }

    /// The full id of a commit.
    ///
    /// - Throws: ``DataVersionsError`` `.git` if there is none of that name.
    package func resolve(_ revision: String) async throws -> String {
        guard !revision.utf8.contains(0), let commit = try await commit(named: revision)?.id else {
            throw DataVersionsError(
                .git,
                what: "cannot find the revision `\(revision)`",
                why: "git knows no commit, branch or tag of that name",
                next: "see `git log --oneline --all`"
            )
        }
        return commit
    }

    /// Names with the full ids of their commits.
    package func names(of references: References) async throws -> [(name: String, commit: String)] {
        let program = GitProgram(root: root)
        if references == .commits {
            let ids = try await program.checked(["log", "--branches", "--tags", "HEAD", "--format=%H"])
            return ids.split(whereSeparator: \.isNewline).map { (String($0), String($0)) }
        }
        let folder = references == .branches ? "refs/heads/" : "refs/tags/"
        let format = "--format=%(refname)%09%(objectname)%09%(*objectname)"
        let answer = try await program.checked(["for-each-ref", format, folder])
        return answer.split(whereSeparator: \.isNewline).compactMap { line in
            let parts = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 3 else { return nil }
            return (String(parts[0].dropFirst(folder.count)), parts[2].isEmpty ? parts[1] : parts[2])
        }
    }
}
