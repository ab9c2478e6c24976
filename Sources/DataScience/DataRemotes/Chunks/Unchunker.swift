// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Files
package import SystemPackage

/// Turns all chunked contents of a remote back into the objects that DVC reads.
///
/// A whole object is sent first and has its hash; manifests go when all of these are there, then the chunks that none is left for.
/// Stopped at any instant, it can be run again.
package struct Unchunker: Sendable {
    /// What it did.
    package struct Report: Sendable {
        /// The contents that are whole now, and how many bytes they have.
        package var transfer = TransferReport()
        /// How many manifests went.
        package var manifests = 0
        /// How many chunks went.
        package var chunks = 0
        /// Whether a push was under way, so that manifests and chunks are there still.
        package var isHeld = false
    }

    private let cache: LocalObjects
    private let remote: DataRemote
    private let folder: FilePath
    private let watch: TransferWatch

    /// A remote, the cache that may have contents whole, and a folder for contents on their way, which is emptied.
    package init(of remote: DataRemote, _ cache: LocalObjects, folder: FilePath, watch: TransferWatch) {
        self.remote = remote
        self.cache = cache
        self.folder = folder
        self.watch = watch
    }

    /// Does it.
    ///
    /// - Returns: What was done; contents that are damaged are among what failed, and stay.
    package func run() async throws -> Report {
        let (storage, chunks, folder) = (remote.storage, RemoteChunks(of: remote), folder)
        let contents = try await chunks.contents().map(\.object).sorted { $0.md5 < $1.md5 }
        let before = try await storage.existing(contents.map(\.key))
        let lacking = contents.filter { !before.contains($0.key) }
        watch.begin(lacking.count)
        var report = Report()
        if !lacking.isEmpty {
            try await BlockingPool.shared.run { try Self.clear(folder) }
            defer { try? Self.clear(folder) }
            report.transfer = try await send(lacking, chunks)
            try await storage.finish()
        }
        report.transfer.kept = contents.count - lacking.count
        let whole = try await storage.existing(contents.map(\.key))
        let done = contents.filter { whole.contains($0.key) }
        // Without contents there may be chunks of a push that ended early.
        guard let sweep = try await ChunkCollector(remote).remove(done) else {
            report.isHeld = true
            return report
        }
        (report.manifests, report.chunks) = (sweep.manifests.count, sweep.chunks.count)
        return report
    }

    private func send(_ objects: [DataObject], _ chunks: RemoteChunks) async throws -> TransferReport {
        let (cache, storage, folder) = (cache, remote.storage, folder)
        let here = try await cache.present(objects)
        var names = NamedObjects()
        for object in objects { names.add(object, object.md5) }
        // Each content that comes takes room on the disk until it is sent.
        return try await Mover(concurrency: 2, watch: watch).move(objects, named: names) { object in
            if here.contains(object) {
                return try await storage.send(object.key, from: cache.path(object), md5: object.contentHash)
            }
            let batch = try await BlockingPool.shared.run { try FileBatch(root: folder, permissions: nil) }
            let file = folder.appending(object.md5)
            guard try await chunks.receive(object, into: batch, as: file) != nil else {
                throw storage.missing(RemoteChunks.manifestKey(object))
            }
            try await BlockingPool.shared.run { try batch.finish() }
            let size = try await storage.send(object.key, from: file, md5: object.contentHash)
            try await BlockingPool.shared.run { try FileSystem.remove(file) }
            return size
        }
        .report
    }

    private static func clear(_ folder: FilePath) throws {
        if FileSystem.exists(folder) { try FileSystem.removeTree(folder) }
    }
}
