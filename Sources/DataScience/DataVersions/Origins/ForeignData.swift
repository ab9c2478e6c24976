// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage

/// Data from outside of the project, as it is in the cache: a file, or a folder with all its files.
struct ForeignData: Sendable {
    /// A file; the path is empty if the data is one.
    struct File: Sendable {
        let path: String
        let md5: String
        let size: Int64
    }

    let isDirectory: Bool
    let files: [File]
    /// Whether it is a file to run, where it comes from.
    var isExecutable = false

    /// The listing of the folder, as the cache keeps it.
    private var listing: [UInt8] { DirectoryListing(files.map { ($0.path, $0.md5) }).bytes }

    /// The pointer to it, and for a folder its listing in the cache.
    func pointer(_ path: String, in cache: ContentCache?) async throws -> DataPointer {
        if !isDirectory, let file = files.first {
            return DataPointer(path: path, md5: file.md5, size: file.size, isExecutable: isExecutable)
        }
        let bytes = listing
        let md5 = FileHashing.digest(of: bytes, .md5).hex + ".dir"
        if let cache { try await BlockingPool.shared.run(cancellable: { try cache.keep(bytes, as: md5, $0) }) }
        return DataPointer(path: path, md5: md5, size: files.reduce(0) { $0 + $1.size }, fileCount: files.count)
    }

    /// The files of a folder by their paths from it, or an empty path for a file; nil if nothing is there.
    static func paths(
        _ place: FilePath
    ) async throws -> (isDirectory: Bool, isExecutable: Bool, paths: [String])? {
        guard FileSystem.exists(place), let name = place.lastComponent?.string else { return nil }
        let status = try FileSystem.status(of: place)
        guard status.isDirectory else { return (false, status.isExecutable, [""]) }
        let tree = DataTree(root: place.removingLastComponent())
        let table = try await BlockingPool.shared.run(cancellable: { try tree.files(in: name, $0) })
        return (true, false, (0..<table.count).map { table.path($0) })
    }

    /// Looks at a file or folder of this machine, and takes its content.
    ///
    /// - Parameters:
    ///   - place: Where it is.
    ///   - cache: Where the content goes; nil to hash only.
    /// - Returns: What there is; nil if nothing is.
    /// - Throws: ``DataVersionsError`` `.changed`, `.invalidPath`.
    static func take(_ place: FilePath, into cache: ContentCache?) async throws -> ForeignData? {
        guard let found = try await paths(place) else { return nil }
        let (paths, name) = (found.paths, place.lastComponent?.string ?? "")
        let files = try await BlockingPool.shared.map(paths) { path, flag in
            let source = path.isEmpty ? place : place.pushing(FilePath(path))
            let digest = try ContentCache.digest(of: source, flag)
            try cache?.keep(source, as: digest.md5, size: digest.size, name: name, flag)
            return File(path: path, md5: digest.md5, size: digest.size)
        }
        return ForeignData(isDirectory: found.isDirectory, files: files, isExecutable: found.isExecutable)
    }
}

extension ContentCache {
    /// Takes a file whose MD5 is known; one that is there already and whole is kept.
    ///
    /// - Throws: ``DataVersionsError`` `.changed` if the bytes have another hash.
    func keep(_ path: FilePath, as md5: String, size: Int64, name: String, _ flag: CancellationFlag) throws {
        if try isTrusted(md5, size: size, flag) { return }
        var writer = try AtomicFileWriter(replacing: try place(for: md5), permissions: Self.protected)
        var hasher = MD5Hasher()
        try FileReader.chunks(of: path) { chunk in
            try flag.check()
            hasher.update(chunk)
            try writer.append(chunk)
        }
        guard hasher.finish().hex == md5.prefix(32) else {
            throw DataVersionsError(
                .changed,
                what: "cannot take `\(name)`",
                why: "the bytes of \(md5) have another hash: they are damaged, or changed while they were read",
                next: "do it again; if it stays, have the content pushed again"
            )
        }
        try writer.commit()
    }
}
