// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Files
import SystemPackage

/// The files of a project that name data: those of the work tree, or of a commit.
struct ProjectFiles: Sendable {
    let root: FilePath

    /// The texts of the work tree, by their paths.
    func ofWorkTree() async throws -> [String: String] {
        try await BlockingPool.shared.run(cancellable: { flag in
            var texts: [String: String] = [:]
            try walk("", IgnorePatterns(""), flag) { path in
                texts[path] = try FileReader.text(of: root.appending(path), limit: 64 << 20)
            }
            return texts
        })
    }

    /// The texts of a commit, by their paths.
    func of(_ commit: String) async throws -> [String: String] {
        let git = Git(root: root)
        let paths = try await git.files(at: commit).filter(OutputReader.isOne)
        return try await git.contents(of: paths, at: commit).mapValues { String(decoding: $0, as: UTF8.self) }
    }

    private static let foreign: Set<String> = [".git", ".hg", ".dvc", ".gyre", ".venv", "__pycache__", "node_modules"]

    private func walk(
        _ folder: String,
        _ patterns: IgnorePatterns,
        _ flag: CancellationFlag,
        _ body: (String) throws -> Void
    ) throws {
        try flag.check()
        let place = folder.isEmpty ? root : root.appending(folder)
        let entries = try FileSystem.entries(of: place)
        var patterns = patterns
        if folder.isEmpty, entries.contains(where: { $0.name == ".dvcignore" }) {
            patterns = IgnorePatterns(try FileReader.text(of: place.appending(".dvcignore"), limit: 1 << 20))
        }
        var data: Set<String> = []
        for entry in entries where entry.kind == .file {
            guard let name = entry.name else { continue }
            let path = folder.isEmpty ? name : "\(folder)/\(name)"
            guard OutputReader.isOne(path), !patterns.isIgnored(path, isDirectory: false) else { continue }
            if name.hasSuffix(".dvc") { data.insert(String(name.dropLast(4))) }
            try body(path)
        }
        for entry in entries where entry.kind == .folder {
            // What a pointer beside it stands for is data, and may be a million files.
            guard let name = entry.name, !Self.foreign.contains(name), !data.contains(name) else { continue }
            let path = folder.isEmpty ? name : "\(folder)/\(name)"
            guard !patterns.isIgnored(path, isDirectory: true),
                !FileSystem.isDirectory(root.appending(path).appending(".dvc"))
            else { continue }
            try walk(path, patterns, flag, body)
        }
    }
}
