// SPDX-License-Identifier: Apache-2.0

import Files
package import SystemPackage

/// Trees, commits and references that are made beside the user's work tree: neither its files nor its index are touched.
extension Git {
    /// The work tree's top folder, and the way from there to ``root``: empty, or with a slash at the end.
    package func place() async throws -> (top: FilePath, prefix: String) {
        let top = try await program.checked(["rev-parse", "--show-toplevel"])
        let prefix = try await program.checked(["rev-parse", "--show-prefix"])
        return (FilePath(top.trimmingNewline), prefix.trimmingNewline)
    }

    /// Copies the index, and puts all changes of tracked files into the copy.
    ///
    /// - Parameters:
    ///   - index: Where the copy lies.
    ///   - files: More files to take, relative to the root, also such as git ignores.
    /// - Throws: ``DataVersionsError`` `.git`.
    package func stageChanges(in index: FilePath, adding files: [String]) async throws {
        let own = FilePath(try await program.checked(["rev-parse", "--absolute-git-dir"]).trimmingNewline)
        let current = own.appending("index")
        if FileSystem.exists(current) {
            try await BlockingPool.shared.run { _ = try FileCopy.place(current, at: index) }
        }
        let (top, _) = try await place()
        _ = try await GitProgram(root: top).checked(["add", "--update", "--", "."], index: index)
        for start in stride(from: 0, to: files.count, by: 200) {
            let part = Array(files[start..<min(start + 200, files.count)])
            _ = try await program.checked(["add", "--force", "--"] + part, index: index)
        }
    }

    /// Puts the text of a file into an index, without the file.
    package func stage(_ text: String, as path: String, in index: FilePath, scratch: FilePath) async throws {
        let file = scratch.appending(ScratchFile.name("blob"))
        try AtomicFile.write(text, to: file)
        defer {
            // It lies in a folder for such things.
            try? FileSystem.remove(file)
        }
        let blob = try await program.checked(["hash-object", "-w", "--no-filters", "--", file.string], paths: .own)
        let (_, prefix) = try await place()
        let entry = "100644,\(blob.trimmingNewline),\(prefix)\(path)"
        _ = try await program.checked(["update-index", "--add", "--cacheinfo", entry], index: index, paths: .own)
    }

    /// Writes the tree of an index.
    package func writeTree(_ index: FilePath) async throws -> String {
        try await program.checked(["write-tree"], index: index).trimmingNewline
    }

    /// Makes a commit that no branch holds.
    package func makeCommit(_ tree: String, parent: String, message: String) async throws -> String {
        let arguments = try await identity() + ["commit-tree", "-p", parent, "-m", message, tree]
        return try await program.checked(arguments, paths: .own).trimmingNewline
    }

    /// The tree of a commit.
    package func tree(of commit: String) async throws -> String {
        try await program.checked(["rev-parse", "--verify", "\(commit)^{tree}"], paths: .own).trimmingNewline
    }

    /// When a commit was made, seconds UTC.
    package func seconds(of commit: String) async throws -> Int64 {
        let call = ["show", "-s", "--format=%ct", "--end-of-options", commit]
        return Int64(try await program.checked(call, paths: .own).trimmingNewline) ?? 0
    }

    // MARK: References

    /// A reference with what it leads to.
    package struct Reference: Sendable, Hashable {
        /// The full name.
        package let name: String
        /// The commit.
        package let commit: String
        /// The time of the commit, seconds UTC.
        package let seconds: Int64
    }

    /// The references below a folder of names.
    package func references(below folder: String) async throws -> [Reference] {
        let format = "--format=%(refname)%09%(objectname)%09%(committerdate:unix)"
        return try await program.checked(["for-each-ref", format, folder], paths: .own)
            .split(whereSeparator: \.isNewline)
            .compactMap { line in
                let parts = line.split(separator: "\t").map(String.init)
                guard parts.count == 3, let seconds = Int64(parts[2]) else { return nil }
                return Reference(name: parts[0], commit: parts[1], seconds: seconds)
            }
    }

    /// Sets a reference.
    ///
    /// - Parameters:
    ///   - name: The full name.
    ///   - commit: The commit; nil to remove it.
    ///   - old: What it must have been; empty for nothing, nil for anything.
    /// - Returns: Whether it was so.
    /// - Throws: ``DataVersionsError`` `.git` if git cannot be started.
    package func setReference(_ name: String, to commit: String?, ifWas old: String? = nil) async throws -> Bool {
        let known = old.map { [$0.isEmpty ? String(repeating: "0", count: 40) : $0] } ?? []
        let call = commit.map { ["update-ref", "--no-deref", name, $0] } ?? ["update-ref", "--no-deref", "-d", name]
        return try await program.run(call + known, paths: .own).code == 0
    }

    /// Whether git takes a name for a reference.
    package func isReferenceName(_ name: String) async throws -> Bool {
        // No argument of a program holds a NUL.
        guard !name.utf8.contains(0) else { return false }
        return try await program.run(["check-ref-format", name], paths: .own).code == 0
    }

    /// Makes a branch at a commit.
    package func makeBranch(_ name: String, at commit: String) async throws {
        _ = try await program.checked(["branch", "--no-track", "--end-of-options", name, commit], paths: .own)
    }

    // MARK: Trees

    /// Makes a second work tree at a commit, whose files are those of a tree; hooks do not run.
    package func makeTree(at path: FilePath, commit: String, files tree: String) async throws {
        let call = ["worktree", "add", "-q", "--detach", "--no-checkout", path.string, commit]
        _ = try await program.checked(call, hooks: false, paths: .own)
        _ = try await GitProgram(root: path).checked(["read-tree", "--reset", "-u", tree], hooks: false, paths: .own)
    }

    /// Removes a second work tree, whatever is left of it.
    package func removeTree(at path: FilePath) async throws {
        // What git no longer knows is a folder.
        _ = try? await program.run(["worktree", "remove", "--force", path.string], paths: .own)
        try await BlockingPool.shared.run { try FileSystem.removeTree(path) }
        _ = try await program.run(["worktree", "prune"], paths: .own)
    }

    /// The paths that differ between two commits, relative to the root, and below it.
    package func changedFiles(from old: String, to new: String) async throws -> [String] {
        let call = ["diff-tree", "-r", "-z", "--no-renames", "--name-only", "--relative", old, new]
        return try await program.checked(call, paths: .own).split(separator: "\0").map(String.init)
    }

    /// Tracked files of the work tree that differ from a commit, relative to the root.
    package func changedTracked(from commit: String) async throws -> [String] {
        let call = ["diff", "-z", "--no-renames", "--no-ext-diff", "--name-only", "--relative", commit]
        return try await program.checked(call, paths: .own).split(separator: "\0").map(String.init)
    }

    /// Files of the root's tree that git neither tracks nor ignores.
    package func untracked() async throws -> [String] {
        let call = ["ls-files", "-z", "--others", "--exclude-standard"]
        return try await program.checked(call).split(separator: "\0").map(String.init)
    }

    /// The blobs of paths in a commit; nil where it has none.
    package func blobs(of paths: [String], at commit: String) async throws -> [String?] {
        var blobs: [String: String] = [:]
        for start in stride(from: 0, to: paths.count, by: 200) {
            let part = Array(paths[start..<min(start + 200, paths.count)])
            let answer = try await program.checked(["ls-tree", "-z", commit, "--"] + part, paths: .literal)
            for line in answer.split(separator: "\0") {
                let parts = line.split(separator: "\t", maxSplits: 1)
                let words = parts[0].split(separator: " ")
                if parts.count == 2, words.count > 2 { blobs[String(parts[1])] = String(words[2]) }
            }
        }
        return paths.map { blobs[$0] }
    }

    /// The blobs that files would be; nil where none is.
    package func blobs(ofFiles paths: [String]) async throws -> [String?] {
        var result: [String?] = []
        for path in paths {
            guard FileSystem.exists(root.pushing(FilePath(path))) else {
                result.append(nil)
                continue
            }
            result.append(try await program.checked(["hash-object", "--", path], paths: .own).trimmingNewline)
        }
        return result
    }

    /// Gives files of the work tree the content that a commit has; the index stays.
    package func restore(_ paths: [String], from commit: String) async throws {
        let known = try await blobs(of: paths, at: commit)
        let kept = zip(paths, known).filter { $1 != nil }.map(\.0)
        for start in stride(from: 0, to: kept.count, by: 200) {
            let part = Array(kept[start..<min(start + 200, kept.count)])
            _ = try await program.checked(["restore", "--worktree", "--source", commit, "--"] + part)
        }
        for (path, blob) in zip(paths, known) where blob == nil {
            try FileSystem.removeTree(root.pushing(FilePath(path)))
        }
    }
}

extension StringProtocol {
    fileprivate var trimmingNewline: String { String(trimmingSuffix(while: \.isNewline)) }
}
