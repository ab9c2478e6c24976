// SPDX-License-Identifier: Apache-2.0

extension Origin {
    /// A file or folder with what lies in it.
    package struct Branch: Sendable {
        /// It, by its path from the folder that is listed; empty for that one.
        package let entry: Entry
        /// What lies in a folder, sorted by name; empty for one that is not opened.
        package let children: [Branch]
    }

    /// What a folder of the commit has, folder by folder: git's files and data beside each other.
    ///
    /// - Parameters:
    ///   - path: A folder, or a file, which is alone then.
    ///   - depth: How many levels of folders are opened; 0 for none.
    ///   - onlyData: Whether git's files are left out.
    ///   - contents: Where the listings of folders of data are; they are read only if they are opened.
    /// - Returns: The folder or file.
    /// - Throws: ``DataVersionsError`` `.invalidPath` if there is no such path.
    package func tree(
        _ path: String = "",
        depth: Int = .max,
        onlyData: Bool = false,
        _ contents: OriginContents
    ) async throws -> Branch {
        let path = ProjectPath.parts(path).filter { $0 != "." }.joined(separator: "/")
        let entries = try await paths(path, depth, onlyData, contents)
        if let single = entries.first(where: { $0.path.isEmpty }), !single.isDirectory {
            return Branch(entry: single, children: [])
        }
        let output = outputs.first { $0.isDirectory && (path == $0.path || path.hasPrefix($0.path + "/")) }
        let root = Entry(
            path: "",
            isOutput: output != nil,
            isDirectory: true,
            isExecutable: false,
            size: nil,
            md5: output?.path == path ? output?.md5 : nil
        )
        return Self.branch(root, entries.filter { !$0.path.isEmpty }[...], level: 0, depth)
    }

    /// A folder with the entries below it, whose paths begin with `level` parts that are its own.
    private static func branch(_ folder: Entry, _ below: ArraySlice<Entry>, level: Int, _ depth: Int) -> Branch {
        let parts = Dictionary(grouping: below) { ProjectPath.parts($0.path)[level] }
        let children = parts.map { name, entries -> Branch in
            let path = folder.path.isEmpty ? name : "\(folder.path)/\(name)"
            let own = entries.first { $0.path == path }
            if let own, !own.isDirectory { return Branch(entry: own, children: []) }
            let entry =
                own
                ?? Entry(
                    path: path,
                    isOutput: folder.isOutput,
                    isDirectory: true,
                    isExecutable: false,
                    size: nil,
                    md5: nil
                )
            return branch(entry, entries.filter { $0.path != path }[...], level: level + 1, depth)
        }
        let sizes = children.map(\.entry.size)
        let sum = sizes.contains(nil) ? nil : sizes.reduce(0) { $0 + ($1 ?? 0) }
        let entry = Entry(
            path: folder.path,
            isOutput: folder.isOutput,
            isDirectory: true,
            isExecutable: false,
            size: folder.size ?? sum,
            md5: folder.md5
        )
        let sorted = children.sorted {
            $0.entry.path.unicodeScalars.lexicographicallyPrecedes($1.entry.path.unicodeScalars)
        }
        return Branch(entry: entry, children: level < depth ? sorted : [])
    }
}
