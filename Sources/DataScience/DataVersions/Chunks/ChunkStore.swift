// SPDX-License-Identifier: Apache-2.0

import Files
import Synchronization
import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// Contents of a cache as pieces that they share, below `files/chunks`: a store of Gyre's own beside DVC's objects.
///
/// Pieces lie one behind another in packs, which are written once. A content is a list of them, a manifest. A plain object is
/// removed only when its pieces and its manifest are on the disk, so a crash at any moment loses nothing. All calls block.
struct ChunkStore: Sendable {
    /// A piece of a pack.
    struct Piece: Sendable, Hashable {
        let pack: String
        let offset: Int64
        let length: Int64
    }

    /// The pieces of a content, in order, with the hash of each.
    struct Manifest: Sendable {
        let pieces: [(digest: String, piece: Piece)]

        var size: Int64 { pieces.reduce(0) { $0 + $1.piece.length } }
    }

    /// A pack is closed at this size, so that what is no longer used can be given back in parts.
    private static let packSize: Int64 = 256 << 20
    private static let head = "gyre chunks 1"

    let cache: ContentCache
    private var folder: FilePath { cache.base.appending("files").appending("chunks") }
    private var manifests: FilePath { folder.appending("manifests") }
    private var packs: FilePath { folder.appending("packs") }

    /// Whether there is anything in the store: one look, so that whoever does not use it pays nothing.
    var isThere: Bool { FileSystem.isDirectory(manifests) }

    // MARK: Packing

    /// Takes plain objects into the store and removes them.
    ///
    /// - Parameters:
    ///   - objects: Their MD5s.
    ///   - note: Called for each.
    ///   - flag: Stops between two pieces.
    /// - Returns: How many bytes were written for them, and those whose bytes have another hash than their name, which stay.
    /// - Throws: ``FilesError``; what is packed by then stays so.
    func pack(
        _ objects: [String],
        note: () -> Void,
        _ flag: CancellationFlag
    ) throws -> (written: Int64, damaged: [String]) {
        var known = try index()
        var (written, damaged): (Int64, [String]) = (0, [])
        var open = objects[...]
        while !open.isEmpty {
            let name = String(UInt64.random(in: .min ... .max), radix: 16)
            try FileSystem.createDirectory(packs)
            let file = packs.appending(name)
            var writer = try AtomicFileWriter(replacing: file, permissions: ContentCache.protected)
            var finished: [(md5: String, manifest: Manifest)] = []
            while let md5 = open.first, writer.count < Self.packSize {
                open.removeFirst()
                var pieces: [(digest: String, piece: Piece)] = []
                let whole = try cut(md5, flag) { bytes in
                    let digest = FileHashing.digest(of: bytes, .sha256).hex
                    if let piece = known[digest] { return pieces.append((digest, piece)) }
                    let piece = Piece(pack: name, offset: writer.count, length: Int64(bytes.count))
                    try writer.append(bytes)
                    known[digest] = piece
                    pieces.append((digest, piece))
                }
                if whole { finished.append((md5, Manifest(pieces: pieces))) } else { damaged.append(md5) }
                note()
            }
            written += writer.count
            if writer.count > 0 { try writer.commit() }
            for (md5, manifest) in finished { try write(manifest, of: md5) }
            for (md5, _) in finished { try FileSystem.remove(cache.object(md5)) }
        }
        return (written, damaged)
    }

    /// Hands over the pieces of a plain object; false if its bytes have another hash.
    private func cut(_ md5: String, _ flag: CancellationFlag, _ body: ([UInt8]) throws -> Void) throws -> Bool {
        var (cutter, hasher) = (ChunkCutter(), MD5Hasher())
        try FileReader.chunks(of: cache.object(md5)) { bytes in
            try flag.check()
            hasher.update(bytes)
            try cutter.take(bytes, body)
        }
        try cutter.finish(body)
        return hasher.finish().hex == md5
    }

    // MARK: Unpacking

    /// Whether the store has a content.
    func holds(_ md5: String) -> Bool { FileSystem.exists(manifestFile(md5)) }

    /// Makes plain objects of contents; those that are there already are left alone.
    ///
    /// - Throws: ``DataVersionsError`` `.corruptContent` if pieces are damaged or gone.
    func unpack(_ objects: [String], note: () -> Void, _ flag: CancellationFlag) throws {
        for md5 in objects {
            defer { note() }
            guard !cache.holds(md5), holds(md5) else { continue }
            try write(md5, to: try cache.place(for: md5), flag)
        }
    }

    /// Puts a content together in a file.
    ///
    /// - Throws: ``DataVersionsError`` `.corruptContent` if pieces are damaged or gone.
    func write(_ md5: String, to file: FilePath, _ flag: CancellationFlag) throws {
        var writer = try AtomicFileWriter(replacing: file, permissions: ContentCache.protected)
        var hasher = MD5Hasher()
        for (_, piece) in try manifest(md5).pieces {
            try flag.check()
            guard let bytes = try read(piece) else { throw damaged(md5) }
            bytes.withUnsafeBytes { hasher.update($0) }
            try writer.append(bytes)
        }
        guard hasher.finish().hex == md5 else { throw damaged(md5) }
        try writer.commit()
    }

    func read(_ piece: Piece) throws -> [UInt8]? {
        let file = packs.appending(piece.pack)
        guard FileSystem.exists(file), piece.length <= ChunkCutter.most else { return nil }
        let descriptor = open(file.string, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FilesError(Errno(rawValue: errno), "read", file) }
        defer { close(descriptor) }
        var bytes: [UInt8] = Array(repeating: 0, count: Int(piece.length))
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeMutableBytes { buffer in
                pread(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done, Int(piece.offset) + done)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FilesError(Errno(rawValue: errno), "read", file) }
            guard count > 0 else { return nil }
            done += count
        }
        return bytes
    }

    // MARK: Keeping house

    /// The contents of the store, sorted.
    func contents() throws -> [String] {
        guard isThere else { return [] }
        return try FileSystem.list(manifests).flatMap { folder in
            try FileSystem.list(manifests.appending(folder)).map { folder + $0 }
        }
        .filter(DataPointer.isDigest).sorted()
    }

    /// The size of all packs in bytes.
    func storedSize() throws -> Int64 {
        guard FileSystem.isDirectory(packs) else { return 0 }
        return try FileSystem.list(packs).reduce(0) { try $0 + FileSystem.status(of: packs.appending($1)).size }
    }

    /// The size of a content of the store.
    func size(_ md5: String) throws -> Int64 { try manifest(md5).size }

    /// Forgets contents, and gives back packs of which nothing is left.
    ///
    /// - Returns: How many bytes are free now.
    func remove(_ objects: [String]) throws -> Int64 {
        for md5 in objects where holds(md5) { try FileSystem.remove(manifestFile(md5)) }
        guard FileSystem.isDirectory(packs) else { return 0 }
        var used: Set<String> = []
        for md5 in try contents() { used.formUnion(try manifest(md5).pieces.map(\.piece.pack)) }
        var freed: Int64 = 0
        for name in try FileSystem.list(packs) where !used.contains(name) {
            freed += try FileSystem.status(of: packs.appending(name)).size
            try FileSystem.remove(packs.appending(name))
        }
        return freed
    }

    /// Where each known piece is.
    private func index() throws -> [String: Piece] {
        var index: [String: Piece] = [:]
        for md5 in try contents() {
            for (digest, piece) in try manifest(md5).pieces where FileSystem.exists(packs.appending(piece.pack)) {
                index[digest] = piece
            }
        }
        return index
    }

    private func manifestFile(_ md5: String) -> FilePath {
        manifests.appending(String(md5.prefix(2))).appending(String(md5.dropFirst(2)))
    }

    private func write(_ manifest: Manifest, of md5: String) throws {
        let file = manifestFile(md5)
        try FileSystem.createDirectory(file.removingLastComponent())
        let lines = manifest.pieces.map { "\($0.digest) \($0.piece.pack) \($0.piece.offset) \($0.piece.length)\n" }
        try AtomicFile.write("\(Self.head)\n\(lines.joined())", to: file, permissions: ContentCache.protected)
    }

    func manifest(_ md5: String) throws -> Manifest {
        let text = try FileReader.text(of: manifestFile(md5), limit: 1 << 30)
        var lines = text.split(separator: "\n")[...]
        guard lines.popFirst() == Self.head[...] else { throw damaged(md5) }
        let pieces = try lines.map { line -> (digest: String, piece: Piece) in
            let words = line.split(separator: " ").map(String.init)
            guard words.count == 4, words[1].allSatisfy(\.isHexDigit), let offset = Int64(words[2]), offset >= 0,
                let length = Int64(words[3]), length > 0
            else { throw damaged(md5) }
            return (words[0], Piece(pack: words[1], offset: offset, length: length))
        }
        return Manifest(pieces: pieces)
    }

    func damaged(_ md5: String) -> DataVersionsError {
        DataVersionsError(
            .corruptContent,
            what: "cannot unpack the content \(md5)",
            why: "its pieces below `\(folder)` are damaged or gone",
            next: "fetch it by `gyre fetch`, or run `gyre add` where the data is still whole"
        )
    }
}
