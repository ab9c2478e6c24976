// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage

/// Small objects of storages that know files alone.
extension RemoteStorage {
    func send(_ key: String, bytes: [UInt8]) async throws {
        let folder = try await BlockingPool.shared.run { try FileSystem.temporaryDirectory(prefix: "gyre-send-") }
        // What stays of it lies where the system cleans up.
        defer { try? FileSystem.removeTree(folder) }
        let file = folder.appending("bytes")
        try await BlockingPool.shared.run { try AtomicFile.write(bytes, to: file) }
        _ = try await send(key, from: file, md5: nil)
    }

    func bytes(of key: String, limit: Int) async throws -> [UInt8]? {
        let folder = try await BlockingPool.shared.run { try FileSystem.temporaryDirectory(prefix: "gyre-receive-") }
        // As above.
        defer { try? FileSystem.removeTree(folder) }
        let file = folder.appending("bytes")
        let batch = try FileBatch(root: folder, permissions: nil)
        do {
            _ = try await receive(key, into: batch, as: file, md5: nil)
        } catch let error as DataRemotesError where error.code == .missingContent {
            return nil
        }
        return try await BlockingPool.shared.run {
            try batch.finish()
            return try FileReader.bytes(of: file, limit: limit)
        }
    }
}
