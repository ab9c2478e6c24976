// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage

/// Reading much at once, by one call of git.
extension Git {
    /// Those of the paths that git ignores; none outside of repositories and without git.
    package func ignored(_ paths: [String]) async throws -> Set<String> {
        // Data can be versioned before there is a repository; then nothing is ignored, and nobody would read the list.
        guard !paths.isEmpty, hasRepository else { return [] }
        guard let answer = try? await program.run(["check-ignore", "-z", "--stdin"], list: paths.map { "./" + $0 }),
            answer.code == 0
        else { return [] }
        let names = answer.output.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        return Set(names.map { $0.hasPrefix("./") ? String($0.dropFirst(2)) : $0 })
    }

    /// Whether the folder or one above it has `.git`, without asking git.
    private var hasRepository: Bool {
        var folder = root.lexicallyNormalized()
        while true {
            if FileSystem.exists(folder.appending(".git")) { return true }
            guard folder.removeLastComponent() else { return false }
        }
    }

    /// The files of a commit at and below the root, relative to it, sorted by their bytes.
    ///
    /// - Throws: ``DataVersionsError`` `.git` if there is no such commit.
    package func files(at commit: String) async throws -> [String] {
        let arguments = ["ls-tree", "-r", "-z", "--name-only", "--end-of-options", commit]
        return try await program.checked(arguments, limit: 256 << 20).split(separator: "\0").map(String.init)
    }

    /// What files hold in a commit, by their paths relative to the root; what is not there is left out.
    ///
    /// - Parameters:
    ///   - paths: The files.
    ///   - commit: The commit.
    /// - Returns: The contents of those that are there.
    /// - Throws: ``DataVersionsError`` `.git` if git answers what nobody can read, `.tooLarge`.
    package func contents(of paths: [String], at commit: String) async throws -> [String: [UInt8]] {
        guard !paths.isEmpty else { return [:] }
        let arguments = ["cat-file", "--batch", "-z"]
        let answer = try await program.run(arguments, list: paths.map { "\(commit):./\($0)" })
        var rest = answer.output[...]
        var result: [String: [UInt8]] = [:]
        for path in paths {
            // The question and a word, where nothing is; it may hold line ends. Else `<id> <kind> <size>` and the bytes.
            let missing = "\(commit):./\(path) missing\n".utf8
            if rest.starts(with: missing) {
                rest = rest.dropFirst(missing.count)
                continue
            }
            let line = rest.prefix { $0 != UInt8(ascii: "\n") }
            let head = String(decoding: line, as: UTF8.self).split(separator: " ")
            rest = rest.dropFirst(line.count + 1)
            guard head.count == 3, let size = Int(head[2]), rest.count > size else {
                throw program.failure(arguments, .init(code: answer.code, output: "", error: answer.error))
            }
            if head[1] == "blob" { result[path] = Array(rest.prefix(size)) }
            rest = rest.dropFirst(size + 1)
        }
        return result
    }
}

extension Git {
    /// What git itself sees of the work tree.
    ///
    /// - Parameter untracked: Whether files that git neither tracks nor ignores count.
    /// - Returns: Whether anything differs from the commit, and those files, relative to the root.
    /// - Throws: ``DataVersionsError`` `.git`.
    func worktreeState(untracked: Bool) async throws -> (isDirty: Bool, untracked: [String]) {
        let which = untracked ? "all" : "no"
        let arguments = ["status", "--porcelain", "-z", "--no-renames", "--untracked-files=\(which)"]
        let lines = try await program.checked(arguments).split(separator: "\0")
        let prefix = try await program.checked(["rev-parse", "--show-prefix"], paths: .own)
            .trimmingSuffix(while: \.isNewline)
        let files = lines.filter { $0.hasPrefix("?? ") }.map { $0.dropFirst(3) }
        return (!lines.isEmpty, files.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) })
    }

    /// Stages files as they are now.
    package func add(_ files: [String]) async throws { _ = try await program.checked(["add", "--"] + files) }
}
