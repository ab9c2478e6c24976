// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Files

/// What would go, or went, of a remote's chunks.
package struct ChunkSweep: Sendable {
    /// Contents whose manifests nothing needs.
    package var manifests: [DataObject] = []
    /// Paths of chunks that no other manifest names.
    package var chunks: [String] = []
    /// The size of both in bytes.
    package var bytes: Int64 = 0

    var isEmpty: Bool { manifests.isEmpty && chunks.isEmpty }
}

/// Removes manifests of contents that nobody names, then chunks that no manifest names.
///
/// The rule that keeps a push at the same time from losing chunks: all of it happens under a mark (see ``RemoteMarks``). With the
/// mark in place, and no push under way: first the manifests go, then the chunks that are there are listed, then the manifests that
/// are left are read, and of the chunks that were listed those go that none of these names. A push that begins later sees the mark
/// and ends; one that ended before has its manifest there. Killed in the middle, it leaves chunks that nothing names, and no manifest
/// that lacks some; the next one removes them. A manifest that cannot be read stops it before any chunk goes.
struct ChunkCollector: Sendable {
    private let chunks: RemoteChunks
    private let concurrency: Int
    private let now: @Sendable () -> Int64

    init(_ remote: DataRemote) {
        chunks = RemoteChunks(of: remote)
        concurrency = remote.concurrency
        now = remote.now
    }

    private var storage: any RemoteStorage { chunks.storage }

    /// What would go; nothing is removed.
    func unneeded(where isNeeded: (DataObject) -> Bool) async throws -> ChunkSweep {
        let manifests = try await chunks.contents()
        let gone = manifests.filter { !isNeeded($0.object) }
        var sweep = ChunkSweep(manifests: gone.map(\.object).sorted { $0.md5 < $1.md5 })
        let unnamed = try await unnamedChunks(besides: Set(sweep.manifests))
        sweep.chunks = unnamed.map(\.key)
        sweep.bytes = unnamed.reduce(0) { $0 + $1.size } + gone.reduce(0) { $0 + $1.manifestSize }
        return sweep
    }

    /// Removes manifests, and all chunks that no other manifest names.
    ///
    /// - Returns: What went; nil if a push is under way, and nothing did.
    func remove(_ manifests: [DataObject]) async throws -> ChunkSweep? {
        let marks = RemoteMarks(storage, .gc, now: now)
        do {
            try await marks.renew()
            let sweep = try await marks.others(.push) ? nil : try await removeMarked(manifests, marks)
            await marks.end()
            return sweep
        } catch {
            await marks.end()
            throw error
        }
    }

    private func removeMarked(_ manifests: [DataObject], _ marks: RemoteMarks) async throws -> ChunkSweep {
        try await storage.remove(manifests.map(RemoteChunks.manifestKey))
        let unnamed = try await unnamedChunks(besides: [])
        for some in DataRemotes.chunks(of: unnamed, 10_000) {
            try await marks.renew()
            try await storage.remove(some.map(\.key))
        }
        return ChunkSweep(
            manifests: manifests,
            chunks: unnamed.map(\.key),
            bytes: unnamed.reduce(0) { $0 + $1.size }
        )
    }

    /// The chunks that no manifest names, but for those of some contents.
    private func unnamedChunks(besides gone: Set<DataObject>) async throws -> [(key: String, size: Int64)] {
        let there = Gathered<(id: ChunkID, size: Int64)>()
        try await storage.scan(RemoteChunks.chunks) { keys in
            await there.add(keys.compactMap { key, size in RemoteChunks.id(ofChunk: key).map { ($0, size) } })
        }
        let all = await there.all
        guard !all.isEmpty else { return [] }
        let manifests = try await chunks.contents().map(\.object).filter { !gone.contains($0) }
        let named = Names()
        _ = try await Concurrently.map(manifests, limit: min(concurrency, 8)) { object in
            // One that is gone by now names nothing.
            if let list = try await chunks.list(of: object) { await named.add(list) }
        }
        let names = await named.ids
        return all.filter { !names.contains($0.id) }.map { (RemoteChunks.key($0.id), $0.size) }.sorted { $0.0 < $1.0 }
    }

    private actor Names {
        private(set) var ids: Set<ChunkID> = []

        func add(_ list: ChunkList) { for entry in list.entries { ids.insert(entry.id) } }
    }
}
