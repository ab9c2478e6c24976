// SPDX-License-Identifier: Apache-2.0

import Files
import Subprocess
package import SystemPackage

/// The git repository of a project, by the `git` program.
package struct Git: Sendable {
    /// The work tree.
    package let root: FilePath

    /// The repository whose work tree holds `root`; nothing is run.
    package init(root: FilePath) { self.root = root }

    /// Whether the folder is in a work tree.
    package func isRepository() async throws -> Bool {
        try await run(["rev-parse", "--is-inside-work-tree"]).code == 0
    }

    /// Makes a repository with the branch `main`.
    package func initialize() async throws { _ = try await checked(["init", "-q", "-b", "main"]) }

    /// The commit of the work tree.
    ///
    /// - Throws: ``DataVersionsError`` `.git` if there is no commit yet.
    package func head() async throws -> String { try await line(["rev-parse", "HEAD"]) }

    /// The branch; nil if none is checked out.
    package func branch() async throws -> String? {
        let answer = try await run(["symbolic-ref", "--short", "-q", "HEAD"])
        return answer.code == 0 ? answer.output.trimmingSuffix(while: \.isNewline).description : nil
    }

    /// The address of the remote `origin`, without credentials; nil if there is none.
    package func remote() async throws -> String? {
        let answer = try await run(["config", "--get", "remote.origin.url"])
        guard answer.code == 0 else { return nil }
        let address = String(answer.output.trimmingSuffix(while: \.isNewline))
        let parts = address.split(separator: "://", maxSplits: 1)
        guard parts.count == 2, let at = parts[1].firstIndex(of: "@") else { return address }
        return "\(parts[0])://\(parts[1][parts[1].index(after: at)...])"
    }

    /// The changes of tracked files against the commit, as a patch; empty if there are none.
    package func diff() async throws -> String { try await checked(["diff", "HEAD", "--no-color", "--no-ext-diff"]) }

    /// Stages all changes that are not ignored.
    package func addAll() async throws { _ = try await checked(["add", "-A"]) }

    /// Commits what is staged; without a change the commit stays as it is.
    ///
    /// - Returns: The commit of the work tree afterwards.
    package func commit(_ message: String) async throws -> String {
        if try await run(["diff", "--cached", "--quiet"]).code == 0, let head = try? await head() { return head }
        var identity: [String] = []
        // Nobody must be asked for a name before the first commit of a trial.
        if try await run(["config", "user.email"]).code != 0 {
            identity = ["-c", "user.name=Gyre", "-c", "user.email=gyre@localhost"]
        }
        _ = try await checked(identity + ["commit", "-q", "--no-verify", "-m", message])
        return try await head()
    }

    /// Makes a second work tree at `path` on a new branch from `start`.
    package func worktreeAdd(_ path: FilePath, branch: String, from start: String) async throws {
        try FileSystem.removeTree(path)
        _ = try await checked(["worktree", "prune"])
        _ = try await checked(["worktree", "add", "-q", "-B", branch, path.string, start])
    }

    /// Removes a second work tree; its branch stays.
    package func worktreeRemove(_ path: FilePath) async throws {
        _ = try await checked(["worktree", "remove", "--force", path.string])
    }

    /// Whether a commit is part of another's history.
    package func isAncestor(_ commit: String, of other: String) async throws -> Bool {
        try await run(["merge-base", "--is-ancestor", commit, other]).code == 0
    }

    /// The full id and subject of a commit; nil if there is no such commit.
    package func commit(named name: String) async throws -> (id: String, subject: String)? {
        let answer = try await run(["log", "-1", "--format=%H%x09%s", "\(name)^{commit}", "--"])
        guard answer.code == 0, let tab = answer.output.firstIndex(of: "\t") else { return nil }
        let subject = answer.output[answer.output.index(after: tab)...].trimmingSuffix(while: \.isNewline)
        return (String(answer.output[..<tab]), String(subject))
    }

    // MARK: The program

    private func line(_ arguments: [String]) async throws -> String {
        String(try await checked(arguments).trimmingSuffix(while: \.isNewline))
    }

    private func checked(_ arguments: [String]) async throws -> String {
        let answer = try await run(arguments)
        guard answer.code == 0 else {
            let first = answer.error.split(separator: "\n").first.map(String.init) ?? "it ended with \(answer.code)"
            throw DataVersionsError(
                .git,
                what:
                    "cannot run `git \(arguments.first { !$0.hasPrefix("-") && !$0.contains("=") } ?? "")` in `\(root)`",
                why: first,
                next: answer.error.contains("not a git repository") ? "run `gyre init`, or `git init`" : nil
            )
        }
        return answer.output
    }

    private func run(_ arguments: [String]) async throws -> (code: Int32, output: String, error: String) {
        do {
            let result = try await Subprocess.run(
                .name("git"),
                arguments: Arguments(["-C", root.string] + arguments),
                output: .string(limit: 64 << 20),
                error: .string(limit: 1 << 20)
            )
            let code: Int32 = if case .exited(let code) = result.terminationStatus { Int32(code) } else { -1 }
            return (code, result.standardOutput, result.standardError)
        } catch {
            throw DataVersionsError(
                .git,
                what: "cannot run `git`",
                why: "the program cannot be started",
                next: "install git",
                cause: error
            )
        }
    }
}

extension StringProtocol {
    func trimmingSuffix(while isTrimmed: (Character) -> Bool) -> SubSequence {
        var end = endIndex
        while end > startIndex, isTrimmed(self[index(before: end)]) { end = index(before: end) }
        return self[..<end]
    }
}
