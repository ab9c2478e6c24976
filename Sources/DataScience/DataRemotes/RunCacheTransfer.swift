// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Diagnostics
import Documents
import Files
import SystemPackage

/// Moves what stages made for which inputs: the run cache.
package struct RunCacheTransfer: Sendable {
    private let cache: LocalObjects
    private let remote: DataRemote
    private let watch: TransferWatch

    /// A way between a cache and a remote.
    package init(_ cache: LocalObjects, _ remote: DataRemote, watch: TransferWatch) {
        self.cache = cache
        self.remote = remote
        self.watch = watch
    }

    /// Sends the entries that the remote lacks; behind the contents that they name.
    ///
    /// - Returns: How many.
    package func push() async throws -> Int {
        let here = try await Self.keys(of: try FolderRemote(root: cache.folder))
        let there = try await Self.keys(of: remote.storage)
        let (cache, storage) = (cache, remote.storage)
        let wanted = here.subtracting(there).sorted()
        _ = try await Concurrently.map(wanted, limit: remote.concurrency) { key in
            try await storage.send(key, from: cache.folder.appending(key), md5: nil)
        }
        try await storage.finish()
        return wanted.count
    }

    /// Brings the entries that the cache lacks.
    ///
    /// - Returns: How many.
    package func fetch() async throws -> Int {
        let here = try await Self.keys(of: try FolderRemote(root: cache.folder))
        let there = try await Self.keys(of: remote.storage)
        let wanted = there.subtracting(here).sorted()
        guard !wanted.isEmpty else { return 0 }
        let batch = try cache.batch(permissions: nil)
        let (cache, storage) = (cache, remote.storage)
        _ = try await Concurrently.map(wanted, limit: remote.concurrency) { key in
            try await storage.receive(key, into: batch, as: cache.folder.appending(key), md5: nil)
        }
        try await BlockingPool.shared.run { try batch.finish() }
        return wanted.count
    }

    /// The contents that entries of the cache name.
    package func outputs() async throws -> [SelectedOutput] { try await Self.outputs(of: cache, warn: watch.warn) }

    /// The contents that the entries of a cache name; `warn` is told of those that cannot be read.
    package static func outputs(
        of cache: LocalObjects,
        warn: @escaping @Sendable (String) -> Void
    ) async throws -> [SelectedOutput] {
        let folder = cache.folder
        let keys = try await keys(of: try FolderRemote(root: folder)).sorted()
        let found = try await BlockingPool.shared.map(keys) { key, _ -> [SelectedOutput] in
            do {
                let text = try FileReader.text(of: folder.appending(key), limit: 16 << 20)
                return OutputReader.outputs(ofRun: try YAMLDocument.parse(text, file: key), file: key)
            } catch {
                warn("`\(key)` is passed over: \((error as? any Explained)?.why ?? "it cannot be read")")
                return []
            }
        }
        return Array(found.joined())
    }

    private static func keys(of storage: any RemoteStorage) async throws -> Set<String> {
        var keys: Set<String> = []
        try await storage.scan("runs/") { found in
            // `runs/ab/<key>/<value>`, both SHA-256.
            for (key, _) in found where key.split(separator: "/").count == 4 { keys.insert(key) }
        }
        return keys
    }
}
