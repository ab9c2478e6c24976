// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage

/// What Sacred's observers wrote.
enum SacredSource {
    /// Opens a folder: of the file observer, or a dump of MongoDB.
    ///
    /// - Throws: ``TransferError`` `.wrongContent` if it is neither, `.damaged` if a dump cannot be read.
    static func open(_ root: FilePath) async throws -> any ImportSource {
        let what = "cannot import `\(root)` from Sacred"
        guard FileSystem.isDirectory(root) else {
            throw TransferError(.wrongContent, what: what, why: "there is no such folder")
        }
        if let dump = try await SacredDump.find(root) { return dump }
        if let folder = try await SacredFolder.find(root) { return folder }
        throw TransferError(
            .wrongContent,
            what: what,
            why: "it has neither folders with a `run.json`, nor a `runs.bson` or `runs.json`"
        )
    }
}
