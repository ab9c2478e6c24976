// SPDX-License-Identifier: Apache-2.0

import Files
package import SystemPackage

/// Where data comes from that is added.
extension DataRepository {
    /// The files and folders that patterns name, sorted; a path without a pattern stands for itself.
    ///
    /// - Throws: ``DataVersionsError`` `.invalidPath` for a pattern that nothing has.
    package func expand(_ patterns: [String], from folder: FilePath) async throws -> [FilePath] {
        let root = root
        return try await BlockingPool.shared.run(cancellable: { flag in
            var result: [FilePath] = []
            for pattern in patterns {
                guard pattern.contains(where: { "*?[".contains($0) }) else {
                    result.append(folder.pushing(FilePath(pattern)).lexicallyNormalized())
                    continue
                }
                var rest = folder.pushing(FilePath(pattern)).lexicallyNormalized()
                guard rest.removePrefix(root), let glob = PathGlob(Array(rest.string.utf8)[...], crossesFolders: true)
                else {
                    throw refusal(pattern, "the pattern leads out of `\(root)`")
                }
                var found: [FilePath] = []
                _ = try FolderScan.files(below: root, flag) { path, kind in
                    let name = path.split(separator: UInt8(ascii: "/")).last.map { Array($0) } ?? []
                    if name.first == UInt8(ascii: ".") { return .leaveOut }
                    if glob.matches(Array(path)[...]), !name.suffix(4).elementsEqual(".dvc".utf8) {
                        found.append(root.appending(String(decoding: path, as: UTF8.self)))
                        // What lies in it is a part of it.
                        return .leaveOut
                    }
                    return kind == .folder ? .take : .leaveOut
                }
                guard !found.isEmpty else { throw refusal(pattern, "nothing has such a name") }
                result += found.sorted { $0.string.utf8.lexicographicallyPrecedes($1.string.utf8) }
            }
            return result
        })
    }

    /// Copies a file or folder, which may lie anywhere, into the project.
    ///
    /// - Returns: The new place.
    /// - Throws: ``DataVersionsError`` `.wouldOverwrite` for a place that is taken, unless `force` is set.
    package func copy(_ source: FilePath, to target: FilePath, force: Bool) async throws -> FilePath {
        let relative = try relative(target)
        return try await BlockingPool.shared.run(cancellable: { flag in
            guard FileSystem.exists(source) else { throw refusal("\(source)", "there is no such file or folder") }
            if FileSystem.exists(target) {
                guard force else {
                    throw DataVersionsError(
                        .wouldOverwrite,
                        what: "cannot copy `\(source)` to `\(relative)`",
                        why: "something is there already",
                        next: "pass `--force` to replace it"
                    )
                }
                try FileSystem.removeTree(target)
            }
            try FileSystem.createDirectory(target.removingLastComponent())
            guard FileSystem.isDirectory(source) else {
                _ = try FileCopy.place(source, at: target)
                return target
            }
            try FileSystem.createDirectory(target)
            let table = try FolderScan.files(below: source, flag) { _, _ in .take }
            for position in 0..<table.count {
                try flag.check()
                let path = FilePath(table.path(position))
                try FileSystem.createDirectory(target.pushing(path).removingLastComponent())
                _ = try FileCopy.place(source.pushing(path), at: target.pushing(path))
            }
            return target
        })
    }

    /// Whether anything lies at a path of the project.
    package func isThere(_ relative: String) -> Bool { FileSystem.exists(root.appending(relative)) }
}

extension DataRepository {
    /// What `.dvcignore` files say of a path.
    package struct IgnoreRule: Sendable, Hashable {
        /// Whether it leaves the path out; otherwise it takes it back in.
        package let isIgnoring: Bool
        /// Where it is written, as `dvc check-ignore --details` says it: the file, the line, and the pattern.
        package let text: String
    }

    /// The rule of `.dvcignore` files that decides about a path; nil if none does, as for paths outside of the project.
    package func ignoreRule(for path: FilePath) throws -> IgnoreRule? {
        var rest = path.lexicallyNormalized()
        guard rest.removePrefix(root), !rest.isEmpty else { return nil }
        return try DataTree(root: root).rule(for: rest.string, isDirectory: FileSystem.isDirectory(path)).map { rule in
            let place = rule.file.isEmpty ? "" : "\(rule.file):\(rule.line)"
            return IgnoreRule(isIgnoring: !rule.isNegated, text: "\(place):\(rule.text)")
        }
    }
}
