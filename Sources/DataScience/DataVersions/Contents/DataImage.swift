// SPDX-License-Identifier: Apache-2.0

import Files

/// What lies at a path of the work tree: a file, or a folder with all its files, with their hashes.
struct DataImage: Sendable {
    /// The path relative to the project.
    let path: String
    /// Whether it is a folder.
    let isDirectory: Bool
    /// The files by their paths from the folder; of a file, one row with the path in the project.
    var table: FileTable
    /// The hash of the folder's listing; of a file, that of its content.
    var digest: MD5Digest

    /// The size of all files in bytes.
    var size: Int64 { table.rows.reduce(0) { $0 + $1.size } }

    /// The pointer to it.
    var pointer: DataPointer {
        guard isDirectory else {
            return DataPointer(
                path: path,
                md5: digest.hex,
                size: size,
                isExecutable: table.rows.first?.isExecutable ?? false
            )
        }
        return DataPointer(path: path, md5: digest.hex + ".dir", size: size, fileCount: table.count)
    }
}

/// How far long work on data is; called from any thread.
package typealias DataProgress = @Sendable (_ done: Int, _ total: Int) -> Void
