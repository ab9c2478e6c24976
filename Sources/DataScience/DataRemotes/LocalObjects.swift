// SPDX-License-Identifier: Apache-2.0

package import DataVersions
import Files
import JSONText
package import SystemPackage

/// The cache as transfers see it: objects by their paths below its folder.
package struct LocalObjects: Sendable {
    /// The folder of the cache: `.dvc/cache`, or what the settings name.
    package let folder: FilePath
    /// What is packed there.
    let packs: LocalChunks
    private let isShared: Bool

    /// The cache of a repository.
    package init(of repository: DataRepository) {
        folder = repository.cache.base
        packs = LocalChunks(of: repository)
        isShared = repository.cache.isShared
    }

    /// Files on their way into the cache.
    func batch(permissions: FilePermissions?) throws -> FileBatch {
        try FileBatch(root: folder, permissions: permissions, isShared: isShared)
    }

    func path(_ object: DataObject) -> FilePath { folder.appending(object.key) }

    /// Whether all of an output's content is there and whole.
    package func holds(_ output: UsedOutput) async throws -> Bool {
        guard output.hasContent, try await present([output.object]).contains(output.object) else { return false }
        guard output.object.isListing else { return true }
        let files = try await BlockingPool.shared.run { try self.files(of: output.object) } ?? []
        let objects = Array(Set(files.map(\.object)))
        return try await present(objects).count == objects.count
    }

    /// Those of the objects that are there and whole.
    ///
    /// As in DVC an object that nobody may write is trusted; one that can be written is hashed, protected if it is whole, and
    /// removed if it is not.
    func present(_ objects: [DataObject]) async throws -> Set<DataObject> {
        let found = try await BlockingPool.shared.map(chunks(of: objects, 256)) { objects, flag in
            try objects.filter { object in
                try flag.check()
                return try isPresent(object, flag)
            }
        }
        return Set(found.joined())
    }

    private func isPresent(_ object: DataObject, _ flag: CancellationFlag) throws -> Bool {
        let path = path(object)
        // What has no status is not there.
        guard let status = try? FileSystem.status(of: path), status.isRegular else { return false }
        if status.permissions.isDisjoint(with: [.ownerWrite, .groupWrite, .otherWrite]) { return true }
        guard let expected = object.contentHash else { return true }
        var hasher = StreamingHasher(.md5)
        try FileReader.chunks(of: path) { chunk in
            try flag.check()
            hasher.update(chunk)
        }
        if hasher.finish().hex == expected {
            // A cache that others own is as good.
            try? FileSystem.setPermissions([.ownerRead, .groupRead, .otherRead], of: path)
            return true
        }
        try FileSystem.remove(path)
        return false
    }

    /// The files of a folder by its listing; nil if that is not in the cache.
    ///
    /// - Throws: ``DataRemotesError`` `.corruptContent`.
    func files(of listing: DataObject) throws -> [(path: String, object: DataObject)]? {
        let path = path(listing)
        guard FileSystem.exists(path) else { return nil }
        let bytes = try FileReader.bytes(of: path, limit: 1 << 30)
        guard FileHashing.digest(of: bytes, .md5).hex == listing.md5.prefix(32) else {
            // Without its protection it is looked at again, and fetched again.
            try? FileSystem.setPermissions([.ownerReadWrite, .groupRead, .otherRead], of: path)
            throw corrupt(listing, "its bytes have another hash")
        }
        // What is no JSON has no files.
        guard let root = try? JSONDocument(bytes).root, root.kind == .array else {
            throw corrupt(listing, "it is no list")
        }
        return try root.elements.map { item in
            guard let name = item["relpath"]?.string, let md5 = item["md5"]?.string,
                let object = DataObject(key: "files/md5/\(md5.prefix(2))/\(md5.dropFirst(2))"), !object.isListing
            else { throw corrupt(listing, "an entry has no `relpath` or no `md5`") }
            return (name, DataObject(object.md5, isLegacy: listing.isLegacy))
        }
    }

    private func corrupt(_ listing: DataObject, _ why: String) -> DataRemotesError {
        DataRemotesError(
            .corruptContent,
            what: "cannot read the listing \(listing.md5)",
            why: why,
            next: "run `gyre fetch`, or `gyre add` where the data is still whole"
        )
    }
}
