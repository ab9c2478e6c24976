// SPDX-License-Identifier: Apache-2.0

import Files
package import SystemPackage

/// A fresh folder with a name that quoting must survive, removed with its last reference.
package final class TemporaryFolder: Sendable {
    package let path: FilePath

    package init() throws { path = try FileSystem.realPath(FileSystem.temporaryDirectory(prefix: "gyre test's [1]")) }

    // What cannot be removed now lies in the system's folder for such things.
    deinit { try? FileSystem.removeTree(path) }

    /// The path of a name in the folder, with the folders above it; with `text` the file is there too.
    package func file(_ name: String, _ text: String? = nil) throws -> FilePath {
        let file = path.appending(name)
        try FileSystem.createDirectory(file.removingLastComponent())
        if let text {
            // Nothing of a test must survive a crash of the machine, and syncing takes time.
            let open = try FileDescriptor.open(
                file,
                .writeOnly,
                options: [.create, .truncate],
                permissions: [.ownerReadWrite, .groupRead, .otherRead]
            )
            try open.closeAfter { _ = try open.writeAll(text.utf8) }
        }
        return file
    }

    /// The names in the folder.
    package func names() throws -> [String] { try FileSystem.list(path) }
}
