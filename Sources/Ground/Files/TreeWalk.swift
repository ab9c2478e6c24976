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
    private struct Folder: Sendable {
        let relativePath: String
        /// The folders above it, by what a link cannot disguise.
        let ancestors: [Identity]
    }

    private struct Identity: Sendable, Hashable {
        let device: UInt64
        let inode: UInt64
    }

    private struct Listing: Sendable {
        var files: [TreeEntry] = []
        var folders: [Folder] = []
    }

    /// Files below `root`, sorted by the bytes of their paths; folders are walked several at a time.
    ///
    /// Links to files count as files; a link to a folder is followed unless it leads back to a folder above it.
    ///
    /// - Parameters:
    ///   - root: A folder.
    ///   - patterns: Paths to leave out; an ignored folder is not entered.
    ///   - pool: The threads that list.
    /// - Returns: The files; folders themselves are not among them.
    /// - Throws: ``FilesError``: `.notFound` for a link to nothing, `.wrongKind` for a pipe, socket or device,
    ///   `.invalidContent` for a name that is not UTF-8. Leaving these out unasked would look like a whole list.
    package static func files(
        under root: FilePath,
        ignoring patterns: IgnorePatterns = IgnorePatterns(""),
        pool: BlockingPool = .shared
    ) async throws -> [TreeEntry] {
        var result: [TreeEntry] = []
        var open = [Folder(relativePath: "", ancestors: [])]
        try await withThrowingTaskGroup(of: Listing.self) { group in
            var running = 0
            while running > 0 || !open.isEmpty {
                while running < 8, let folder = open.popLast() {
                    running += 1
                    group.addTask { try await pool.run { try list(folder, below: root, patterns) } }
                }
                guard let listing = try await group.next() else { break }
                running -= 1
                result += listing.files
                open += listing.folders
            }
        }
        return result.sorted { $0.relativePath.utf8.lexicographicallyPrecedes($1.relativePath.utf8) }
    }

    private static func list(
        _ folder: Folder,
        below root: FilePath,
        _ patterns: IgnorePatterns
    ) throws(FilesError) -> Listing {
        var listing = Listing()
        let path = folder.relativePath.isEmpty ? root : root.appending(folder.relativePath)
        let status = try FileSystem.status(of: path)
        let own = Identity(device: status.device, inode: status.inode)
        guard !folder.ancestors.contains(own) else { return listing }
        for entry in try FileSystem.entries(of: path) {
            let file = path.appending(entry.component)
            guard let name = entry.name else {
                throw FilesError(.invalidContent, file, what: "cannot list `\(file)`", why: "its name is not UTF-8")
            }
            let relative = folder.relativePath.isEmpty ? name : "\(folder.relativePath)/\(name)"
            let found = try target(of: entry, at: file)
            if patterns.isIgnored(relative, isDirectory: found?.isDirectory ?? false) { continue }
            guard let status = found else {
                throw FilesError(
                    .notFound,
                    file,
                    what: "cannot list `\(file)`",
                    why: "it is a link to nothing",
                    next: "remove it, or have it ignored"
                )
            }
            if status.isDirectory {
                listing.folders.append(Folder(relativePath: relative, ancestors: folder.ancestors + [own]))
            } else if status.isRegular {
                listing.files.append(TreeEntry(relativePath: relative, status: status))
            } else {
                throw FilesError(
                    .wrongKind,
                    file,
                    what: "cannot list `\(file)`",
                    why: "it is neither a file nor a folder",
                    next: "remove it, or have it ignored"
                )
            }
        }
        return listing
    }

    /// The status behind a name; nil for a link to nothing, which is an error only if nobody ignores it.
    private static func target(of entry: FolderEntry, at path: FilePath) throws(FilesError) -> FileStatus? {
        do {
            return try FileSystem.status(of: path)
        } catch {
            guard entry.kind == .link, error.code == .notFound else { throw error }
            return nil
        }
    }
}
