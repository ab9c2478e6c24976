// SPDX-License-Identifier: Apache-2.0

package import DataVersions
import Files

extension Pusher {
    /// What sending contents as chunks needs.
    package struct Chunking: Sendable {
        private let local: LocalChunks
        /// Called once if contents go as chunks.
        private let onUse: @Sendable () -> Void

        /// Chunks of a cache.
        package init(_ local: LocalChunks, onUse: @escaping @Sendable () -> Void = {}) {
            self.local = local
            self.onUse = onUse
        }

        /// The contents that go as chunks: those that are large, and those that the cache has packed alone.
        func sources(
            of needed: [DataObject],
            here: Set<DataObject>,
            in cache: LocalObjects
        ) async throws -> [(object: DataObject, source: ChunkSource)] {
            let local = local
            let sources = try await BlockingPool.shared.run(cancellable: { flag in
                let absent = needed.filter { !here.contains($0) && !$0.isLegacy }
                let packed = local.packed(absent.map(\.md5))
                return try needed.compactMap { object -> (object: DataObject, source: ChunkSource)? in
                    try flag.check()
                    guard !object.isLegacy, !object.isListing else { return nil }
                    guard here.contains(object) else {
                        return packed.contains(object.md5) ? (object, local.packedSource(object.md5)) : nil
                    }
                    let file = cache.path(object)
                    guard try FileSystem.status(of: file).size >= RemoteChunks.least else { return nil }
                    return (object, LocalChunks.source(object.md5, in: file))
                }
            })
            if !sources.isEmpty { onUse() }
            return sources
        }
    }

    /// Works under a mark that says so to whoever collects chunks there.
    ///
    /// - Throws: ``DataRemotesError`` `.busy` if somebody does.
    func marked(
        _ body: (RemoteMarks) async throws -> TransferReport
    ) async throws -> TransferReport {
        let marks = RemoteMarks(remote.storage, .push, now: remote.now)
        do {
            try await marks.renew()
            if try await marks.others(.gc) {
                throw DataRemotesError(
                    .busy,
                    what: "cannot push to `\(remote.name)`",
                    why: "`gyre gc` or `gyre remote unchunk` removes chunks there, or was killed within a day",
                    next: "run it again when that is done; of one that was killed remove `files/busy/gc-…` there"
                )
            }
            let report = try await body(marks)
            await marks.end()
            return report
        } catch {
            await marks.end()
            throw error
        }
    }

    /// Sends contents as chunks.
    func send(
        _ sources: [(object: DataObject, source: ChunkSource)],
        _ names: NamedObjects,
        _ marks: RemoteMarks
    ) async throws -> (report: TransferReport, done: Set<DataObject>) {
        let chunks = RemoteChunks(of: remote)
        return try await ChunkPusher(chunks: chunks, concurrency: remote.concurrency, watch: watch, marks: marks)
            .push(sources, names)
    }
}
