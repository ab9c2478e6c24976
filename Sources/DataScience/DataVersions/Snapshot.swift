// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage

/// What lies at a path of the work tree: a file, or a folder with all its files, with their hashes.
struct Snapshot: Sendable {
    /// A file.
    struct File: Sendable {
        /// The path from the folder; empty if the snapshot is of a file.
        let path: String
        let md5: String
        let size: Int64
        let isExecutable: Bool
    }

    /// The path relative to the project.
    let path: String
    /// The file, or the files of the folder.
    let files: [File]
    /// Whether it is a folder.
    let isDirectory: Bool

    /// The listing of the folder, as the cache keeps it.
    var listing: DirectoryListing { DirectoryListing(files.map { ($0.path, $0.md5) }) }

    /// The pointer to it.
    var pointer: DataPointer {
        if !isDirectory, let file = files.first {
            return DataPointer(path: path, md5: file.md5, size: file.size, isExecutable: file.isExecutable)
        }
        return DataPointer(
            path: path,
            md5: FileHashing.digest(of: listing.bytes, .md5).hex + ".dir",
            size: files.reduce(0) { $0 + $1.size },
            fileCount: files.count
        )
    }

    /// Hashes what lies at a path, several files at a time; nil if nothing is there.
    static func take(_ path: String, in root: FilePath) async throws -> Snapshot? {
        let tree = DataTree(root: root)
        let place = root.appending(path)
        let entries = try await BlockingPool.shared.run(cancellable: { flag -> [DataTree.Entry]? in
            guard FileSystem.exists(place) else { return nil }
            let status = try FileSystem.status(of: place)
            if status.isDirectory { return try tree.files(in: path, flag) }
            guard status.isRegular else {
                throw DataVersionsError(
                    .invalidPath,
                    what: "cannot version `\(path)`",
                    why: "it is neither a file nor a folder"
                )
            }
            return [DataTree.Entry(path: "", status: status)]
        })
        guard let entries else { return nil }
        let files = try await BlockingPool.shared.map(entries) { entry, flag in
            let file = entry.path.isEmpty ? place : place.appending(entry.path)
            let digest = try ContentCache.digest(of: file, flag)
            return File(
                path: entry.path,
                md5: digest.md5,
                size: digest.size,
                isExecutable: entry.status.isExecutable
            )
        }
        return Snapshot(path: path, files: files, isDirectory: files.first?.path.isEmpty != true)
    }
}
