// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Files

/// Compares the cache with a remote.
package struct RemoteStatus: Sendable {
    /// Where a content is.
    package enum Place: String, Sendable {
        /// In the cache alone.
        case new
        /// On the remote alone.
        case deleted
        /// Nowhere.
        case missing
    }

    /// A path of data, or of a file in it, whose content is not at both places.
    package struct Line: Sendable {
        /// The path.
        package let name: String
        /// Where it is.
        package let place: Place
    }

    private let cache: LocalObjects
    private let remote: DataRemote

    /// A comparison of a cache and a remote.
    package init(of cache: LocalObjects, with remote: DataRemote) {
        self.cache = cache
        self.remote = remote
    }

    /// What is not at both places, in the order of the outputs.
    package func lines(_ outputs: [SelectedOutput]) async throws -> [Line] {
        let outputs = outputs.filter(\.output.isShared)
        // What a folder holds is known by its listing alone.
        let fetched = try await Fetcher(from: remote, to: cache, watch: TransferWatch()).listings(outputs)
        if let failure = fetched.failed.first { throw failure.error }
        var objects = NamedObjects()
        var parents: [DataObject: DataObject] = [:]
        for selected in outputs {
            let output = selected.output
            objects.add(output.object, output.path)
            guard output.object.isListing else { continue }
            // A listing that is not here says nothing of its files.
            let files = try await BlockingPool.shared.run { try cache.files(of: output.object) } ?? []
            for file in files where PartPath.holds(selected.part, file.path) {
                objects.add(file.object, "\(output.path)/\(file.path)")
                parents[file.object] = parents[file.object] ?? output.object
            }
        }
        let here = try await cache.present(objects.objects)
        let listings = objects.objects.filter(\.isListing)
        let listed = try await remote.storage.existing(listings.map(\.key))
        // A listing that is there says that its files are.
        let asked = objects.objects.filter { object in
            !object.isListing && !(parents[object].map { listed.contains($0.key) } ?? false)
        }
        let found = try await RemoteChunks(of: remote).holding(asked)
        return objects.objects.compactMap { object in
            let isThere =
                listed.contains(object.key) || found.contains(object)
                || (parents[object].map { listed.contains($0.key) } ?? false)
            let place: Place? =
                switch (here.contains(object), isThere) {
                case (true, true): nil
                case (true, false): .new
                case (false, true): .deleted
                case (false, false): .missing
                }
            return place.map { Line(name: objects.name(object), place: $0) }
        }
    }
}
