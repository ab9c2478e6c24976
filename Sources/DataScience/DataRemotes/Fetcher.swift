// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Files
import SystemPackage

/// Brings what a remote has and the cache lacks.
///
/// What arrives is compared with its hash before it has a place in the cache. An object of the cache that is damaged is
/// replaced. Stopped at any instant, a fetch can be run again, and brings what is missing still.
package struct Fetcher: Sendable {
    private let cache: LocalObjects
    private let remote: DataRemote
    private let watch: TransferWatch

    /// A way from a remote to a cache.
    package init(from remote: DataRemote, to cache: LocalObjects, watch: TransferWatch) {
        self.cache = cache
        self.remote = remote
        self.watch = watch
    }

    /// Brings the listings of folders, without their files.
    func listings(_ outputs: [SelectedOutput]) async throws -> TransferReport {
        let batch = try batch()
        let report = try await listings(outputs, batch)
        try await BlockingPool.shared.run { try batch.finish() }
        return report
    }

    /// As above; the caller makes them last.
    private func listings(_ outputs: [SelectedOutput], _ batch: FileBatch) async throws -> TransferReport {
        var listings = NamedObjects()
        for selected in outputs where selected.output.object.isListing {
            listings.add(selected.output.object, selected.output.path)
        }
        try await unprotectDamaged(listings.objects)
        return try await receive(listings, batch, announced: false)
    }

    /// Brings the contents of those outputs that remotes may have.
    package func fetch(_ outputs: [SelectedOutput]) async throws -> TransferReport {
        let outputs = outputs.filter(\.output.isFetched)
        // One sync of the file system at the end is enough for both.
        let batch = try batch()
        var report = try await listings(outputs, batch)
        var files = NamedObjects()
        for selected in outputs {
            let output = selected.output
            guard output.object.isListing else {
                files.add(output.object, output.path)
                continue
            }
            // A listing that is nowhere is reported already.
            let found = try await BlockingPool.shared.run { try cache.files(of: output.object) } ?? []
            for file in found where PartPath.holds(selected.part, file.path) {
                files.add(file.object, "\(output.path)/\(file.path)")
            }
        }
        report.add(try await receive(files, batch, announced: true))
        try await BlockingPool.shared.run { try batch.finish() }
        return report
    }

    /// Has listings that are damaged fetched again; they are small, and all else depends on them.
    private func unprotectDamaged(_ listings: [DataObject]) async throws {
        let cache = cache
        _ = try await BlockingPool.shared.map(listings) { listing, _ in
            do {
                _ = try cache.files(of: listing)
            } catch let error as DataRemotesError where error.code == .corruptContent {
                // It can be written now, which has it looked at again.
            }
        }
    }

    private func batch() throws -> FileBatch { try cache.batch(permissions: [.ownerRead, .groupRead, .otherRead]) }

    private func receive(
        _ objects: NamedObjects,
        _ batch: FileBatch,
        announced: Bool
    ) async throws -> TransferReport {
        let here = try await cache.present(objects.objects)
        let needed = objects.objects.filter { !here.contains($0) }
        if announced { watch.begin(needed.count) }
        guard !needed.isEmpty else { return TransferReport(kept: here.count) }
        let (cache, storage, chunks) = (cache, remote.storage, RemoteChunks(of: remote))
        var (report, _) = try await Mover(concurrency: remote.concurrency, watch: watch)
            .move(needed, named: objects) { object in
                let path = cache.path(object)
                do {
                    return try await storage.receive(object.key, into: batch, as: path, md5: object.contentHash)
                } catch let error as DataRemotesError where error.code == .missingContent {
                    guard !object.isLegacy, !object.isListing,
                        let size = try await chunks.receive(object, into: batch, as: path)
                    else { throw error }
                    return size
                }
            }
        try await BlockingPool.shared.run { try batch.flush() }
        report.kept += here.count
        return report
    }
}
