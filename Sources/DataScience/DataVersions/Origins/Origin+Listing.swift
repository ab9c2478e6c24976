// SPDX-License-Identifier: Apache-2.0

extension Origin {
    /// A line of a listing.
    package struct Entry: Sendable, Hashable {
        /// The path from the folder that is listed.
        package let path: String
        /// Whether it is data, or lies in data.
        package let isOutput: Bool
        /// Whether it is a folder.
        package let isDirectory: Bool
        /// Whether it is a file to run.
        package let isExecutable: Bool
        /// The size in bytes, of all files for a folder; nil where nobody wrote it down.
        package let size: Int64?
        /// The hash of data.
        package let md5: String?
    }

    /// What a folder of the commit has: git's files and data beside each other.
    ///
    /// - Parameters:
    ///   - path: A folder, or a file, which is listed alone.
    ///   - depth: How many levels of folders are opened; 1 for the folder itself.
    ///   - onlyData: Whether git's files are left out.
    ///   - contents: Where the listings of folders of data are; they are read only if they are opened.
    /// - Returns: The entries, sorted by path.
    /// - Throws: ``DataVersionsError`` `.invalidPath` if there is no such path.
    package func list(
        _ path: String = "",
        depth: Int = 1,
        onlyData: Bool = false,
        _ contents: OriginContents
    ) async throws -> [Entry] {
        let path = ProjectPath.parts(path).filter { $0 != "." }.joined(separator: "/")
        let all = try await paths(path, depth, onlyData, contents)
        if let single = all.first(where: { $0.path.isEmpty }), !single.isDirectory {
            return [single.at(ProjectPath.parts(path).last ?? path)]
        }
        return Self.folded(all.filter { !$0.path.isEmpty }, depth)
    }

    /// All files, and folders of data, at a path or below it, by their paths from there.
    func paths(_ path: String, _ depth: Int, _ onlyData: Bool, _ contents: OriginContents) async throws -> [Entry] {
        let all = try await entries(path, depth, contents)
        if let single = all.first(where: { $0.path == path }), !single.isDirectory { return [single.at("")] }
        let prefix = path.isEmpty ? "" : path + "/"
        let inside = all.filter { $0.path.hasPrefix(prefix) && (!onlyData || $0.isOutput) }
        guard !inside.isEmpty || path.isEmpty || all.contains(where: { $0.path == path }) else {
            throw DataVersionsError(
                .invalidPath,
                what: "cannot list `\(path)` of `\(address)`",
                why: "the commit \(commit.prefix(10)) has no such file or folder",
                next: "see what it has by `gyre list \(address)`"
            )
        }
        return inside.map { $0.at(String($0.path.dropFirst(prefix.count))) }
    }

    /// All files, and folders of data that need not be opened.
    private func entries(_ path: String, _ depth: Int, _ contents: OriginContents) async throws -> [Entry] {
        var entries = files.filter { !$0.path.hasPrefix(".dvc/") }.map { file in
            Entry(
                path: file.path,
                isOutput: false,
                isDirectory: false,
                isExecutable: file.isExecutable,
                size: file.size,
                md5: nil
            )
        }
        let levels = ProjectPath.parts(path).count
        for output in outputs {
            let parts = ProjectPath.parts(output.path).count
            let isNamed = path == output.path || path.hasPrefix(output.path + "/")
            let isInside = path.isEmpty || output.path.hasPrefix(path + "/")
            if output.isDirectory, isNamed || isInside && parts - levels < depth {
                entries += try await contents.listing(output).entries.map { entry in
                    Entry(
                        path: "\(output.path)/\(entry.path)",
                        isOutput: true,
                        isDirectory: false,
                        isExecutable: false,
                        size: contents.size(entry.md5, output.isLegacy),
                        md5: entry.md5
                    )
                }
                guard path != output.path else { continue }
            }
            entries.append(
                Entry(
                    path: output.path,
                    isOutput: true,
                    isDirectory: output.isDirectory,
                    isExecutable: output.isExecutable,
                    size: output.size,
                    md5: output.md5
                )
            )
        }
        return entries
    }

    /// Entries deeper than `depth` as their folders; folders of data that were opened as their files.
    private static func folded(_ entries: [Entry], _ depth: Int) -> [Entry] {
        var files: [Entry] = []
        var folders: [String: (isOutput: Bool, size: Int64?, md5: String?)] = [:]
        for entry in entries {
            let parts = ProjectPath.parts(entry.path)
            if parts.count > depth {
                let folder = parts.prefix(depth).joined(separator: "/")
                let known = folders[folder] ?? (false, 0, nil)
                let size = known.size.flatMap { known in entry.size.map { known + $0 } }
                folders[folder] = (known.isOutput, known.md5 == nil ? size : known.size, known.md5)
            } else if entry.isDirectory {
                if depth == .max
                    || entries.contains(where: { $0.path.hasPrefix(entry.path + "/") && parts.count < depth })
                {
                    continue
                }
                folders[entry.path] = (true, entry.size, entry.md5)
            } else {
                files.append(entry)
            }
        }
        let all =
            files
            + folders.map { path, facts in
                Entry(
                    path: path,
                    isOutput: facts.isOutput,
                    isDirectory: true,
                    isExecutable: false,
                    size: facts.size,
                    md5: facts.md5
                )
            }
        return all.sorted { $0.path.unicodeScalars.lexicographicallyPrecedes($1.path.unicodeScalars) }
    }
}

extension Origin.Entry {
    func at(_ path: String) -> Origin.Entry {
        Origin.Entry(
            path: path,
            isOutput: isOutput,
            isDirectory: isDirectory,
            isExecutable: isExecutable,
            size: size,
            md5: md5
        )
    }
}
