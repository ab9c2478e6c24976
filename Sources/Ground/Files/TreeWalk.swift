// SPDX-License-Identifier: Apache-2.0

package import SystemPackage

/// A file below a folder.
package struct TreeEntry: Sendable, Hashable {
    /// The path from the folder, with `/` between parts.
    package let relativePath: String
    /// What the system says of it; links are followed.
    package let status: FileStatus
}

/// Lists all files below a folder.
package enum TreeWalk {
    /// Files below `root`, sorted by the bytes of their paths; folders are walked several at a time.
    ///
    /// Links to files count as files; a link to a folder is followed unless it leads back to a folder above it.
    ///
    /// - Parameters:
    ///   - root: A folder.
    ///   - patterns: Paths to leave out; an ignored folder is not entered.
    ///   - pool: The threads that list.
    /// - Returns: Everything that is no folder; folders themselves are not among it.
    /// - Throws: ``FilesError`` if a folder cannot be listed or a link points nowhere, ignored or not.
    package static func files(
        under root: FilePath,
        ignoring patterns: IgnorePatterns = IgnorePatterns(""),
        pool: BlockingPool = .shared
    ) async throws -> [TreeEntry] {
        struct Folder: Sendable {
            let relativePath: String
            let ancestors: [UInt64]
        }
        struct Listing: Sendable {
            var files: [TreeEntry] = []
            var folders: [Folder] = []
        }
        @Sendable func list(_ folder: Folder) throws(FilesError) -> Listing {
            var listing = Listing()
            let path = folder.relativePath.isEmpty ? root : root.appending(folder.relativePath)
            let own = try FileSystem.status(of: path).inode
            guard !folder.ancestors.contains(own) else { return listing }
            for name in try FileSystem.list(path) {
                let relative = folder.relativePath.isEmpty ? name : "\(folder.relativePath)/\(name)"
                let status = try FileSystem.status(of: path.appending(name))
                if patterns.isIgnored(relative, isDirectory: status.isDirectory) { continue }
                if status.isDirectory {
                    listing.folders.append(Folder(relativePath: relative, ancestors: folder.ancestors + [own]))
                } else {
                    listing.files.append(TreeEntry(relativePath: relative, status: status))
                }
            }
            return listing
        }
        var result: [TreeEntry] = []
        var open = [Folder(relativePath: "", ancestors: [])]
        try await withThrowingTaskGroup(of: Listing.self) { group in
            var running = 0
            while running > 0 || !open.isEmpty {
                while running < 8, let folder = open.popLast() {
                    running += 1
                    group.addTask { try await pool.run { try list(folder) } }
                }
                guard let listing = try await group.next() else { break }
                running -= 1
                result += listing.files
                open += listing.folders
            }
        }
        return result.sorted { $0.relativePath.utf8.lexicographicallyPrecedes($1.relativePath.utf8) }
    }
}
