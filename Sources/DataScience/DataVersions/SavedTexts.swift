// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage

/// The small files of a project as they are, to be put back if what follows fails.
package struct SavedTexts: Sendable {
    private let root: FilePath
    private let texts: [(file: String, bytes: [UInt8]?)]

    /// Reads files, relative to the project; those that are not there are removed by ``restore()``.
    package static func take(_ files: [String], of data: DataRepository) async throws -> SavedTexts {
        let (root, files) = (data.root, Set(files).sorted())
        return try await BlockingPool.shared.run {
            SavedTexts(
                root: root,
                texts: try files.map { file in
                    let path = root.appending(file)
                    return (file, FileSystem.exists(path) ? try FileReader.bytes(of: path) : nil)
                }
            )
        }
    }

    /// Puts the files back.
    package func restore() async throws {
        let (root, texts) = (root, texts)
        try await BlockingPool.shared.run {
            for (file, bytes) in texts {
                let path = root.appending(file)
                let now = FileSystem.exists(path) ? try FileReader.bytes(of: path) : nil
                guard now != bytes else { continue }
                if let bytes { try AtomicFile.write(bytes, to: path) } else { try FileSystem.removeTree(path) }
            }
        }
    }
}
