// SPDX-License-Identifier: Apache-2.0

import Files
package import HTTPTransport
import SystemPackage

/// Reads the contents of a repository's data from wherever they are: a cache at hand, its own cache, its remotes.
package struct OriginContents: Sendable {
    private let origin: Origin
    private let stores: [OriginStore]
    private let others: OtherStores?
    /// The reader's own cache, which is looked into first.
    private let cache: ContentCache?
    private let client: HTTPTransportClient

    /// The contents of a repository.
    ///
    /// - Parameters:
    ///   - origin: The repository.
    ///   - remote: The name of a remote of it; its default if nil.
    ///   - cache: A cache to look into first.
    ///   - client: Fetches from remotes behind HTTP.
    ///   - others: Fetches from remotes of other kinds; nil if nobody can.
    /// - Throws: ``DataVersionsError`` `.notConfigured` if there is no such remote.
    package init(
        of origin: Origin,
        remote: String? = nil,
        cache: ContentCache? = nil,
        client: HTTPTransportClient,
        others: OtherStores? = nil
    ) throws {
        self.origin = origin
        self.cache = cache
        self.client = client
        self.others = others
        stores = try OriginStore.all(of: origin, remote: remote)
    }

    /// A file with the content, for as long as the body runs.
    ///
    /// - Throws: ``DataVersionsError`` `.missingContent`, or what `body` throws.
    func withFile<T: Sendable>(
        _ source: Origin.Source,
        name: String,
        _ body: @escaping @Sendable (FilePath, CancellationFlag) throws -> T
    ) async throws -> T {
        switch source {
        case .object(let md5, let isLegacy):
            if let place = place(md5, isLegacy) { return try await Self.use(place, body) }
            return try await withScratch { scratch in
                let path = OriginStore.path(of: md5, isLegacy: isLegacy)
                for store in stores where try await fetch(path, from: store, to: scratch) {
                    return try await Self.use(scratch, body)
                }
                for store in stores where !isLegacy && !md5.hasSuffix(".dir") {
                    guard try await fetchChunks(of: md5, from: store, to: scratch) else { continue }
                    return try await Self.use(scratch, body)
                }
                throw missing(name, md5)
            }
        case .blob(let object):
            return try await withScratch { scratch in
                try await origin.objects.write(object, to: scratch)
                return try await Self.use(scratch, body)
            }
        }
    }

    /// Where an object can be read; nil if it would have to be downloaded.
    func place(_ md5: String, _ isLegacy: Bool) -> FilePath? {
        if let cache, !isLegacy, cache.holds(md5) { return cache.object(md5) }
        for case .folder(let folder) in stores {
            let place = folder.pushing(FilePath(OriginStore.path(of: md5, isLegacy: isLegacy)))
            if FileSystem.exists(place) { return place }
        }
        return nil
    }

    /// The size of an object that is at hand; nil if it would have to be downloaded.
    func size(_ md5: String, _ isLegacy: Bool) -> Int64? {
        // What cannot be looked at has no size to show.
        place(md5, isLegacy).flatMap { try? FileSystem.status(of: $0).size }
    }

    /// The address of an object in the first remote, whether it is there or not; nil if there is no remote.
    package func address(of output: Origin.Output) -> String? {
        let path = OriginStore.path(of: output.md5, isLegacy: output.isLegacy)
        switch stores.dropFirst(origin.local == nil ? 0 : 1).first {
        case .folder(let folder): return folder.pushing(FilePath(path)).string
        case .http(let base): return "\(base)/\(path)"
        case .other(let remote): return "\(remote.url.trimmingSuffix { $0 == "/" })/\(path)"
        case nil: return nil
        }
    }

    /// The files of a folder of data.
    func listing(_ output: Origin.Output) async throws -> DirectoryListing {
        let (name, md5) = (output.path, output.md5)
        return try await withFile(.object(md5: md5, isLegacy: output.isLegacy), name: name) { file, _ in
            let bytes = try FileReader.bytes(of: file, limit: 1 << 30)
            guard FileHashing.digest(of: bytes, .md5).hex == md5.prefix(32) else {
                throw DataVersionsError(
                    .corruptContent,
                    what: "cannot read the listing of `\(name)`",
                    why: "its bytes have another hash than \(md5)"
                )
            }
            return try DirectoryListing(bytes: bytes, name: name)
        }
    }

    // MARK: Parts

    private static func use<T: Sendable>(
        _ file: FilePath,
        _ body: @escaping @Sendable (FilePath, CancellationFlag) throws -> T
    ) async throws -> T {
        try await BlockingPool.shared.run(cancellable: { try body(file, $0) })
    }

    private func withScratch<T>(_ body: (FilePath) async throws -> T) async throws -> T {
        let folder = try FileSystem.temporaryDirectory(prefix: "gyre-origin")
        defer {
            // It lies in the system's folder for such things.
            try? FileSystem.removeTree(folder)
        }
        return try await body(folder.appending("content"))
    }

    /// Brings an object to this machine; false if the store has none, or nobody can read it.
    private func fetch(_ path: String, from store: OriginStore, to file: FilePath) async throws -> Bool {
        switch store {
        case .folder: false
        case .http(let base): try await download("\(base)/\(path)", to: file)
        case .other(let remote): try await others?.read(remote, path, file) ?? false
        }
    }

    /// Brings a content to this machine that the store has as chunks.
    private func fetchChunks(of md5: String, from store: OriginStore, to file: FilePath) async throws -> Bool {
        try await OriginChunks { path, limit in
            if case .folder(let folder) = store {
                let place = folder.pushing(FilePath(path))
                return FileSystem.exists(place) ? try FileReader.bytes(of: place, limit: limit) : nil
            }
            return try await withScratch { scratch in
                try await fetch(path, from: store, to: scratch) ? try FileReader.bytes(of: scratch, limit: limit) : nil
            }
        }
        .write(md5, to: file)
    }

    private func download(_ url: String, to file: FilePath) async throws -> Bool {
        try await client.download(url) { stream in
            if stream.status == 404 || stream.status == 403 { return false }
            guard (200..<300).contains(stream.status) else {
                throw DataVersionsError(
                    .missingContent,
                    what: "cannot fetch `\(url)`",
                    why: "the server answers \(stream.status)"
                )
            }
            try await HTTPOrigin.save(stream, to: file)
            return true
        }
    }

    private func missing(_ name: String, _ md5: String) -> DataVersionsError {
        var unread: [String] = []
        for case .other(let remote) in stores where others == nil {
            unread.append("; its remote `\(remote.name)` (\(remote.scheme)://) cannot be read here")
        }
        return DataVersionsError(
            .missingContent,
            what: "cannot fetch `\(name)` of `\(origin.address)`",
            why: "neither its cache nor its remotes have the content \(md5)\(unread.joined())",
            next: "have it pushed there, by `gyre push` or `dvc push`"
        )
    }
}
