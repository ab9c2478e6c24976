// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Files

/// Removes contents that no output names.
///
/// Listings go first: a listing that is there says that its files are, also for whoever looks in the middle.
package struct GarbageCollector: Sendable {
    /// What would go, or went.
    package struct Sweep: Sendable {
        /// Objects of today's kind, and of DVC 2.
        package let objects: [DataObject]
        /// Their size in bytes.
        package let bytes: Int64
        /// What goes of a remote's chunks.
        package var chunks = ChunkSweep()

        /// How many objects it has.
        package var count: Int { objects.count + chunks.manifests.count + chunks.chunks.count }
    }

    private let cache: LocalObjects
    private let warn: @Sendable (String) -> Void

    /// A collector of a cache, and of remotes beside it.
    package init(_ cache: LocalObjects, warn: @escaping @Sendable (String) -> Void) {
        self.cache = cache
        self.warn = warn
    }

    /// All objects that outputs need, with the files of folders.
    ///
    /// - Parameters:
    ///   - outputs: What is to be kept.
    ///   - remote: Where listings are looked for that the cache lacks.
    /// - Returns: The objects.
    /// - Throws: ``DataRemotesError`` `.corruptContent`: what a damaged listing names must not be removed.
    package func needed(_ outputs: [SelectedOutput], remote: DataRemote?) async throws -> Set<DataObject> {
        var needed: Set<DataObject> = []
        let listings = outputs.filter(\.output.object.isListing)
        if let remote {
            let report = try await Fetcher(from: remote, to: cache, watch: TransferWatch()).listings(listings)
            if let failure = report.failed.first { throw failure.error }
        }
        for selected in outputs {
            let object = selected.output.object
            guard needed.insert(object).inserted, object.isListing else { continue }
            guard let files = try await BlockingPool.shared.run({ try cache.files(of: object) }) else {
                warn(
                    "the listing of `\(selected.output.path)` (\(object.md5)) is missing, so that its files are not known"
                )
                continue
            }
            for file in files { needed.insert(file.object) }
        }
        return needed
    }

    /// What the cache has beyond what is needed.
    package func unneeded(_ needed: Set<DataObject>) async throws -> Sweep {
        try await unneeded(needed, in: try FolderRemote(root: cache.folder))
    }

    /// What a remote has beyond what is needed.
    package func unneeded(_ needed: Set<DataObject>, on remote: DataRemote) async throws -> Sweep {
        let objects = try await unneeded(needed, in: remote.storage)
        let chunks = try await ChunkCollector(remote).unneeded { needed.contains($0) }
        return Sweep(objects: objects.objects, bytes: objects.bytes + chunks.bytes, chunks: chunks)
    }

    private func unneeded(_ needed: Set<DataObject>, in storage: any RemoteStorage) async throws -> Sweep {
        var objects: [DataObject] = []
        var bytes: Int64 = 0
        // DVC 2 had its folders at the top, beside much that is none of its objects.
        let starts = ["files/md5/"] + (0..<256).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) + "/" }
        let found = try await Concurrently.map(starts, limit: storage.concurrency) { start in
            var found: [(DataObject, Int64)] = []
            try await storage.scan(start) { keys in
                for (key, size) in keys {
                    guard let object = DataObject(key: key), !needed.contains(object) else { continue }
                    found.append((object, size))
                }
            }
            return found
        }
        for (object, size) in found.joined() {
            objects.append(object)
            bytes += size
        }
        return Sweep(objects: objects, bytes: bytes)
    }

    /// Removes objects of the cache.
    package func remove(_ sweep: Sweep) async throws {
        try await remove(sweep, from: try FolderRemote(root: cache.folder))
    }

    /// Removes objects of a remote.
    package func remove(_ sweep: Sweep, on remote: DataRemote) async throws {
        try await remove(sweep, from: remote.storage)
        guard !sweep.chunks.isEmpty else { return }
        guard try await ChunkCollector(remote).remove(sweep.chunks.manifests) != nil else {
            warn("a push to `\(remote.name)` is under way, so that its manifests and chunks stay; run it again")
            return
        }
    }

    /// Those of the objects that are on a remote.
    package func known(_ sweep: Sweep, on remote: DataRemote) async throws -> Sweep {
        let there = try await RemoteChunks(of: remote).holding(sweep.objects)
        return Sweep(objects: sweep.objects.filter(there.contains), bytes: 0)
    }

    private func remove(_ sweep: Sweep, from storage: any RemoteStorage) async throws {
        for isListing in [true, false] {
            let keys = sweep.objects.filter { $0.isListing == isListing }.map(\.key)
            for some in chunks(of: keys, 10_000) { try await storage.remove(some) }
        }
    }
}
