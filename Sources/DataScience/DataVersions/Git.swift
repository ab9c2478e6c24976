// SPDX-License-Identifier: Apache-2.0

import Files
package import SystemPackage

/// The git repository of a project, by the `git` program.
package struct Git: Sendable {
    /// The work tree.
    package let root: FilePath
    let program: GitProgram

    /// The repository whose work tree holds `root`; nothing is run.
    package init(root: FilePath) {
        self.root = root
        program = GitProgram(root: root)
    }

    /// Whether the folder is in a work tree.
    ///
    /// - Throws: ``DataVersionsError`` `.git` if git is not there, or refuses the repository.
    package func isRepository() async throws -> Bool {
        let answer = try await program.run(["rev-parse", "--is-inside-work-tree"])
        if answer.code == 0 { return answer.output.hasPrefix("true") }
        if answer.error.contains("not a git repository") { return false }
        throw program.failure(["rev-parse"], answer)
    }

    /// The folder of the work tree that holds the root; nil outside of any.
    package func top() async throws -> FilePath? {
        guard FileSystem.isDirectory(root), try await isRepository() else { return nil }
        let top = try await program.checked(["rev-parse", "--show-toplevel"], paths: .own)
        // The root may be named by a link.
        let real = try FileSystem.realPath(root)
        let found = FilePath(String(top.trimmingSuffix(while: \.isNewline)))
        return found == real ? root : found
    }

    /// Makes a repository with the branch `main`.
    package func initialize() async throws { _ = try await program.checked(["init", "-q", "-b", "main"]) }

    /// The commit of the work tree.
    ///
    /// - Throws: ``DataVersionsError`` `.git` if there is no commit yet.
    package func head() async throws -> String {
        if let head = try await commitIfAny() { return head }
        throw DataVersionsError(
            .git,
            what: "cannot tell the commit of `\(root)`",
            why: "there is no commit yet",
            next: "run `git add` and `git commit`"
        )
    }

    /// The commit of the work tree; nil before the first one.
    ///
    /// - Throws: ``DataVersionsError`` `.git` if the folder is in no repository.
    package func commitIfAny() async throws -> String? {
        let answer = try await program.run(["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])
        if answer.code == 0 { return answer.line }
        if answer.error.isEmpty { return nil }
        throw program.failure(["rev-parse"], answer)
    }

    /// The branch; nil if none is checked out.
    package func branch() async throws -> String? {
        let answer = try await program.run(["symbolic-ref", "--short", "-q", "HEAD"])
        return answer.code == 0 ? answer.line : nil
    }

    /// The name that commits carry, as the settings of the repository or the user say; nil if they say nothing.
    package func userName() async throws -> String? {
        let answer = try await program.run(["config", "--get", "user.name"])
        return answer.code == 0 && !answer.line.isEmpty ? answer.line : nil
    }

    /// The address of the remote `origin`, without credentials; nil if there is none.
    package func remote() async throws -> String? {
        let answer = try await program.run(["config", "--get", "remote.origin.url"])
        guard answer.code == 0 else { return nil }
        let parts = answer.line.split(separator: "://", maxSplits: 1)
        guard parts.count == 2 else { return answer.line }
        let host = parts[1].prefix { $0 != "/" }
        guard let at = host.lastIndex(of: "@") else { return answer.line }
        return "\(parts[0])://\(parts[1][parts[1].index(after: at)...])"
    }

    // MARK: Changes

    /// What differs from the commit: changes of tracked files, and files that git neither tracks nor ignores.
    package struct Changes: Sendable {
        /// Whether anything differs.
        package let isDirty: Bool
        /// A patch that `git apply` takes; nil if it would be larger than the limit.
        package let patch: String?
    }

    /// The changes against the commit; the index stays as it is.
    ///
    /// - Parameters:
    ///   - scratch: A folder for an index of our own.
    ///   - limit: The largest patch, in bytes.
    /// - Returns: Whether there are any, and the patch.
    /// - Throws: ``DataVersionsError`` `.git`.
    package func changes(scratch: FilePath, limit: Int = 16 << 20) async throws -> Changes {
        let status = try await program.checked(["status", "--porcelain", "-z", "--untracked-files=all"])
        guard !status.isEmpty else { return Changes(isDirty: false, patch: "") }
        // Marking new files as wanted makes `diff` show them; that must not happen in the user's index.
        let index = scratch.appending("index-\(UInt64.random(in: .min ... .max))")
        defer {
            // It lies in a folder for such things.
            try? FileSystem.removeTree(index)
        }
        let own = try await program.checked(["rev-parse", "--absolute-git-dir"]).trimmingSuffix(while: \.isNewline)
        let current = FilePath(String(own)).appending("index")
        if FileSystem.exists(current) {
            try await BlockingPool.shared.run { _ = try FileCopy.place(current, at: index) }
        }
        _ = try await program.checked(["add", "--intent-to-add", "--all"], index: index)
        let arguments = ["diff", "HEAD", "--binary", "--no-color", "--no-ext-diff", "--no-textconv"]
        do {
            return Changes(isDirty: true, patch: try await program.checked(arguments, index: index, limit: limit))
        } catch let error as DataVersionsError where error.code == .tooLarge {
            return Changes(isDirty: true, patch: nil)
        }
    }

    /// Whether git ignores a path; false outside of repositories and without git.
    package func ignores(_ path: String) async throws -> Bool {
        // Data can be versioned before there is a repository; then nothing is ignored.
        guard let answer = try? await program.run(["check-ignore", "-q", "--", "./" + path], paths: .own) else {
            return false
        }
        return answer.code == 0
    }

    /// Files at or below paths that git tracks; none outside of repositories and without git.
    package func trackedFiles(below paths: [String]) async throws -> [String] {
        var result: [String] = []
        let root = program.root
        let doubtful = try await BlockingPool.shared.run { paths.filter { GitIndexFile.mayName($0, of: root) } }
        for paths in Self.chunks(doubtful) {
            // Data can be versioned before there is a repository; then nothing is tracked.
            guard let answer = try? await program.run(["ls-files", "-z", "--"] + paths), answer.code == 0 else {
                continue
            }
            result += answer.output.split(separator: "\0").map(String.init)
        }
        return result
    }

    /// As many paths as one call takes.
    static func chunks(_ paths: [String]) -> [[String]] {
        stride(from: 0, to: paths.count, by: 200).map { Array(paths[$0..<min($0 + 200, paths.count)]) }
    }

    /// Stages all changes that are not ignored.
    package func addAll() async throws { _ = try await program.checked(["add", "-A"]) }

    /// Commits what is staged; without a change the commit stays as it is.
    ///
    /// Hooks do not run.
    ///
    /// - Returns: The commit of the work tree afterwards.
    package func commit(_ message: String) async throws -> String {
        let isClean = try await program.run(["diff", "--cached", "--quiet"]).code == 0
        if isClean, let head = try await commitIfAny() { return head }
        _ = try await program.checked(
            try await identity() + ["commit", "-q", "--no-verify", "-m", message],
            hooks: false
        )
        return try await head()
    }

    /// Stages all changes that are not ignored, and commits them as `git commit` does: the user's hooks run and may refuse.
    ///
    /// If it fails, what is staged is what it was before.
    ///
    /// - Returns: The commit of the work tree afterwards; the old one if nothing changed.
    /// - Throws: ``DataVersionsError`` `.git`, with what the hook said.
    package func commitAll(_ message: String) async throws -> String {
        let folder = FilePath(
            String(try await program.checked(["rev-parse", "--absolute-git-dir"]).trimmingSuffix(while: \.isNewline))
        )
        let (index, kept) = (folder.appending("index"), folder.appending("index.before-gyre"))
        let hadIndex = FileSystem.exists(index)
        if hadIndex {
            try await BlockingPool.shared.run { _ = try FileCopy.place(index, at: kept, trying: [.reflink, .copy]) }
        }
        do {
            try await addAll()
            let isClean = try await program.run(["diff", "--cached", "--quiet"]).code == 0
            let isFirst = try await commitIfAny() == nil
            if !isClean || isFirst {
                let arguments = try await identity() + ["commit", "-q", "-m", message]
                let answer = try await program.run(arguments, asUser: true)
                guard answer.code == 0 else { throw refused(answer) }
            }
        } catch {
            try await BlockingPool.shared.run {
                if hadIndex { try FileSystem.rename(kept, to: index) } else { try FileSystem.removeTree(index) }
            }
            throw error
        }
        try await BlockingPool.shared.run { try FileSystem.removeTree(kept) }
        return try await head()
    }

    private func refused(_ answer: GitProgram.Answer) -> DataVersionsError {
        let words = (answer.error + answer.output).split(whereSeparator: \.isNewline).suffix(20)
        return DataVersionsError(
            .git,
            what: "cannot commit in `\(root)`",
            why: words.isEmpty
                ? "a hook of the repository refused it, with exit code \(answer.code)" : words.joined(separator: "\n"),
            next: "nothing was committed; do what git or the hook asks for, and commit again"
        )
    }

    /// Commits these files as they are in the work tree, and nothing else: what the user has staged stays staged.
    ///
    /// - Returns: The commit of the work tree afterwards; the old one if the files hold no change.
    package func commit(_ message: String, files: [String]) async throws -> String {
        _ = try await program.checked(["add", "--"] + files)
        let isClean = try await program.run(["diff", "--cached", "--quiet", "--"] + files).code == 0
        if isClean, let head = try await commitIfAny() { return head }
        _ = try await program.checked(try await identity() + ["commit", "-q", "-m", message, "--only", "--"] + files)
        return try await head()
    }

    func identity() async throws -> [String] {
        // Nobody must be asked for a name before the first commit of a trial.
        if try await program.run(["config", "user.email"]).code == 0 { return [] }
        return ["-c", "user.name=Gyre", "-c", "user.email=gyre@localhost"]
    }

    // MARK: Work trees

    /// Makes a second work tree at `path` on a new branch from `start`; hooks do not run.
    package func worktreeAdd(_ path: FilePath, branch: String, from start: String) async throws {
        try await BlockingPool.shared.run { try FileSystem.removeTree(path) }
        _ = try await program.checked(["worktree", "prune"])
        _ = try await program.checked(["worktree", "add", "-q", "-b", branch, path.string, start], hooks: false)
    }

    /// Removes a second work tree; its branch stays.
    package func worktreeRemove(_ path: FilePath) async throws {
        _ = try await program.checked(["worktree", "remove", "--force", path.string])
    }

    /// The branches whose names begin so.
    package func branches(_ prefix: String) async throws -> [String] {
        let answer = try await program.checked(["for-each-ref", "--format=%(refname)", "refs/heads/"])
        let names = answer.split(whereSeparator: \.isNewline).map { String($0.dropFirst("refs/heads/".count)) }
        return names.filter { $0.hasPrefix(prefix) }
    }

    // MARK: History

    /// Whether a commit is part of another's history.
    package func isAncestor(_ commit: String, of other: String) async throws -> Bool {
        try await program.run(["merge-base", "--is-ancestor", "--end-of-options", commit, other]).code == 0
    }

    /// The full id and subject of a commit; nil if there is no such commit.
    package func commit(named name: String) async throws -> (id: String, subject: String)? {
        // No argument of a program holds a NUL.
        guard !name.utf8.contains(0) else { return nil }
        let arguments = ["log", "-1", "--format=%H%x09%s", "--end-of-options", "\(name)^{commit}", "--"]
        let answer = try await program.run(arguments)
        guard answer.code == 0, let tab = answer.output.firstIndex(of: "\t") else { return nil }
        let subject = answer.output[answer.output.index(after: tab)...].trimmingSuffix(while: \.isNewline)
        return (String(answer.output[..<tab]), String(subject))
    }

    /// The hashes that a pointer file has had in the history of a commit, newest first.
    package func hashes(in pointerFile: String, historyOf commit: String) async throws -> [String] {
        let arguments = ["log", "-p", "--format=", "--no-color", "--no-ext-diff", "--no-textconv", "-U0"]
        let text = try await program.checked(arguments + ["--end-of-options", commit, "--", pointerFile])
        return Self.hashes(text.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("+") && !$0.hasPrefix("+++") })
    }

    /// The hashes of data that the pointer files of a commit name, with the files, at most `limit`.
    ///
    /// - Parameters:
    ///   - commit: A full commit id.
    ///   - limit: At most this many.
    /// - Returns: Pointer files, and the hash that each has.
    /// - Throws: ``DataVersionsError`` `.git`.
    package func data(of commit: String, limit: Int = 100) async throws -> [(file: String, md5: String)] {
        // `git grep` takes no mark for the end of its options.
        guard commit.allSatisfy(\.isHexDigit) else { return [] }
        let arguments = ["grep", "-z", "--full-name", "-E", "md5: [0-9a-f]{32}", commit]
        let answer = try await program.run(arguments + ["--", ":/**/*.dvc"], paths: .patterns)
        // 1 says that nothing was found.
        if answer.code == 1 { return [] }
        guard answer.code == 0 else { throw program.failure(arguments, answer) }
        return answer.output.split(whereSeparator: \.isNewline).prefix(limit).compactMap { line in
            let parts = line.split(separator: "\0", maxSplits: 1)
            guard parts.count == 2, let md5 = Self.hashes([parts[1]]).first else { return nil }
            // The name begins with the commit and a colon.
            return (String(parts[0].drop { $0 != ":" }.dropFirst()), md5)
        }
    }

    /// The commits, newest first and at most `limit`, that brought a hash into a pointer file or `dvc.lock`, on any branch.
    package func commits(naming md5: String, limit: Int = 20) async throws -> [(id: String, subject: String)] {
        let arguments = ["log", "--all", "--format=%H%x09%s", "-n", String(limit), "-S\(md5)", "--"]
        let text = try await program.checked(arguments + [":/**/*.dvc", ":/**/dvc.lock"], paths: .patterns)
        return text.split(whereSeparator: \.isNewline).compactMap { line in
            let parts = line.split(separator: "\t", maxSplits: 1).map(String.init)
            return parts.first.map { ($0, parts.count > 1 ? parts[1] : "") }
        }
    }

    private static func hashes(_ lines: [Substring]) -> [String] {
        lines.compactMap { line in
            guard let start = line.firstRange(of: "md5: ")?.upperBound else { return nil }
            let md5 = String(line[start...].prefix { $0.isHexDigit || ".dir".contains($0) })
            return DataPointer.isDigest(md5) ? md5 : nil
        }
    }
}
