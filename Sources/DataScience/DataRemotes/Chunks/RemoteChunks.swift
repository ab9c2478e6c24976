// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Files
import ObjectStorage
import SystemPackage

/// Contents of a remote as chunks that they share, beside DVC's objects.
///
/// `files/chunks/ab/cdef…` has the bytes of a chunk by their SHA-256, `files/manifests/ab/cdef…` the list of chunks of the content
/// with an MD5. A manifest goes behind all of its chunks: where it is, they are too. A content that lies there whole needs none.
struct RemoteChunks: Sendable {
    static let chunks = "files/chunks/"
    static let manifests = "files/manifests/"
    /// A request costs about as much as so many bytes of it; smaller contents stay whole.
    static let least: Int64 = 4 << 20
    /// Of 16 TiB the manifest has about so many bytes.
    private static let manifestLimit = 1 << 34

    let storage: any RemoteStorage
    private let concurrency: Int
    /// So many chunks come at once, for how many contents ever.
    private let slots: ByteBudget

    init(of remote: DataRemote) {
        storage = remote.storage
        concurrency = remote.concurrency
        slots = ByteBudget(remote.concurrency)
    }

    static func key(_ id: ChunkID) -> String {
        let hex = id.hex
        return "\(chunks)\(hex.prefix(2))/\(hex.dropFirst(2))"
    }

    static func manifestKey(_ object: DataObject) -> String {
        "\(manifests)\(object.md5.prefix(2))/\(object.md5.dropFirst(2))"
    }

    /// The content whose manifest lies at a path.
    static func content(ofManifest key: String) -> DataObject? {
        guard key.hasPrefix(manifests) else { return nil }
        let object = DataObject(key: "files/md5/\(key.dropFirst(manifests.count))")
        return object.flatMap { $0.isListing ? nil : $0 }
    }

    /// The chunk that lies at a path.
    static func id(ofChunk key: String) -> ChunkID? {
        let parts = key.dropFirst(chunks.count).split(separator: "/", omittingEmptySubsequences: false)
        guard key.hasPrefix(chunks), parts.count == 2, parts[0].utf8.count == 2 else { return nil }
        return ChunkID(hex: parts.joined())
    }

    // MARK: Looking

    /// Those of the contents that are there, whole or as chunks.
    func holding(_ objects: some Collection<DataObject>) async throws -> Set<DataObject> {
        let whole = try await storage.existing(objects.map(\.key))
        var found = Set(objects.filter { whole.contains($0.key) })
        let rest = objects.filter { !found.contains($0) && !$0.isLegacy && !$0.isListing }
        guard !rest.isEmpty else { return found }
        // One look spares a question for each content, where nobody has chunks.
        if rest.count > 4, try await !hasManifests() { return found }
        let chunked = try await storage.existing(rest.map(Self.manifestKey))
        found.formUnion(rest.filter { chunked.contains(Self.manifestKey($0)) })
        return found
    }

    private func hasManifests() async throws -> Bool {
        struct Enough: Error {}
        do {
            try await storage.scan(Self.manifests) { keys in if !keys.isEmpty { throw Enough() } }
            return false
        } catch is Enough {
            return true
        } catch let error as DataRemotesError where error.code == .unsupported {
            // What cannot be listed can be asked.
            return true
        }
    }

    /// The contents that have a manifest.
    func contents() async throws -> [(object: DataObject, manifestSize: Int64)] {
        let found = Gathered<(object: DataObject, manifestSize: Int64)>()
        try await storage.scan(Self.manifests) { keys in
            await found.add(keys.compactMap { key, size in Self.content(ofManifest: key).map { ($0, size) } })
        }
        return await found.all
    }

    /// The chunks of a content; nil if it has no manifest.
    ///
    /// - Throws: ``DataRemotesError`` `.corruptContent`.
    func list(of object: DataObject) async throws -> ChunkList? {
        let key = Self.manifestKey(object)
        // It may be the way that changed the bytes, and not the store.
        for _ in 0..<2 {
            guard let bytes = try await storage.bytes(of: key, limit: Self.manifestLimit) else { return nil }
            if let list = ChunkList(bytes) { return list }
        }
        throw Self.unusable(key, "it is damaged, or no list of chunks", removing: [key])
    }

    // MARK: Receiving

    /// Puts a content together in a file of a batch; nil if it has no manifest.
    ///
    /// - Returns: How many bytes it has.
    /// - Throws: ``DataRemotesError`` `.corruptContent`, with the chunk that is damaged or gone; then there is no file.
    func receive(_ object: DataObject, into batch: FileBatch, as path: FilePath) async throws -> Int64? {
        guard let list = try await list(of: object) else { return nil }
        let file = try await BlockingPool.shared.run { try batch.make() }
        var start: Int64 = 0
        let places = list.entries.map { entry in
            defer { start += Int64(entry.length) }
            return (entry, start)
        }
        // Parts of the list bound what waits for its turn.
        for places in DataRemotes.chunks(of: places, 4_096) {
            _ = try await Concurrently.map(places, limit: concurrency) { entry, start in
                try await slots.take(1)
                do {
                    let bytes = try await bytes(of: entry, in: object)
                    try await BlockingPool.shared.run { try bytes.withUnsafeBytes { try file.write($0, at: start) } }
                } catch {
                    await slots.give(1)
                    throw error
                }
                await slots.give(1)
            }
        }
        try await BlockingPool.shared.run(cancellable: { flag in
            let key = Self.manifestKey(object)
            guard try file.digest(flag) == object.contentHash else {
                throw Self.unusable(key, "its chunks together have other bytes than its name says", removing: [key])
            }
            try batch.add(file, size: list.size, as: path)
        })
        return list.size
    }

    private func bytes(of entry: ChunkList.Entry, in object: DataObject) async throws -> [UInt8] {
        let key = Self.key(entry.id)
        let manifest = Self.manifestKey(object)
        // As above.
        for _ in 0..<2 {
            // A longer one is damaged too.
            guard let bytes = try await storage.bytes(of: key, limit: 16 << 20) else {
                throw Self.unusable(key, "the remote lacks it, and `\(manifest)` needs it", removing: [manifest])
            }
            if bytes.count == entry.length, ChunkID(of: bytes) == entry.id { return bytes }
        }
        throw Self.unusable(key, "the remote's chunk has other bytes than its name says", removing: [key, manifest])
    }

    private static func unusable(_ key: String, _ why: String, removing keys: [String]) -> DataRemotesError {
        let names = keys.map { "`\($0)`" }.joined(separator: " and ")
        return DataRemotesError(
            .corruptContent,
            what: "cannot fetch `\(key)`",
            why: why,
            next: "remove \(names) there, and push again from where the data is whole"
        )
    }
}

/// What several tasks find.
actor Gathered<Element: Sendable> {
    private(set) var all: [Element] = []

    func add(_ some: [Element]) { all += some }
}
