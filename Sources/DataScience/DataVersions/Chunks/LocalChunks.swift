// SPDX-License-Identifier: Apache-2.0

package import Files
package import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// Contents of a cache as the chunks that they are cut into; what is packed is not put together for it.
package struct LocalChunks: Sendable {
    private let store: ChunkStore

    /// The cache of a repository.
    package init(of repository: DataRepository) { store = ChunkStore(cache: repository.cache) }

    /// Those of the contents that are packed; blocks.
    package func packed(_ contents: [String]) -> Set<String> {
        store.isThere ? Set(contents.filter(store.holds)) : []
    }

    /// Puts a content that is packed together in a file; blocks.
    ///
    /// - Throws: ``DataVersionsError`` `.corruptContent` if pieces are damaged or gone.
    package func write(_ md5: String, to file: FilePath, _ flag: CancellationFlag) throws {
        try store.write(md5, to: file, flag)
    }

    /// A content that is packed.
    package func packedSource(_ md5: String) -> ChunkSource { ChunkSource(md5, .packed(store, nil)) }

    /// A content that lies in a file.
    package static func source(_ md5: String, in file: FilePath) -> ChunkSource {
        ChunkSource(md5, .plain(file, 0, nil))
    }
}

/// A chunk of a content of the cache.
package struct LocalChunk: Sendable {
    fileprivate enum Place: Sendable {
        case file(FilePath, Int64)
        case piece(ChunkStore, ChunkStore.Piece)
    }

    /// Its name and length.
    package let entry: ChunkList.Entry
    fileprivate let place: Place

    /// Its bytes; nil if they are not those of its name any more; blocks.
    package func read() throws -> [UInt8]? {
        let bytes: [UInt8]?
        switch place {
        case .file(let path, let offset): bytes = try Self.read(path, offset, entry.length)
        case .piece(let store, let piece): bytes = try store.read(piece)
        }
        return bytes.flatMap { ChunkID(of: $0) == entry.id ? $0 : nil }
    }

    private static func read(_ path: FilePath, _ offset: Int64, _ length: Int) throws -> [UInt8]? {
        let descriptor = open(path.string, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FilesError(Errno(rawValue: errno), "read", path) }
        defer { close(descriptor) }
        var bytes: [UInt8] = Array(repeating: 0, count: length)
        var done = 0
        while done < length {
            let count = bytes.withUnsafeMutableBytes { buffer in
                pread(descriptor, buffer.baseAddress.map { $0 + done }, length - done, off_t(offset) + off_t(done))
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FilesError(Errno(rawValue: errno), "read", path) }
            guard count > 0 else { return nil }
            done += count
        }
        return bytes
    }
}

/// Cuts a content, some chunks at a time.
package struct ChunkSource: Sendable {
    fileprivate enum State: Sendable {
        // What takes memory is made with the first chunks: there may be many contents that wait.
        case plain(FilePath, Int64, ChunkCutter?)
        case packed(ChunkStore, ArraySlice<(digest: String, piece: ChunkStore.Piece)>?)
        case finished
    }

    /// The hash that all bytes together must have.
    package let md5: String
    /// Whether there are no more chunks.
    package var isFinished: Bool {
        if case .finished = state { return true }
        return false
    }
    /// Whether the bytes of all chunks have the hash; known at the end.
    package private(set) var isWhole = false

    private var state: State
    private var hasher = MD5Hasher()

    fileprivate init(_ md5: String, _ state: State) {
        self.md5 = md5
        self.state = state
    }

    /// The next chunks, about so many; blocks.
    ///
    /// - Throws: ``FilesError``, ``DataVersionsError`` `.corruptContent`.
    package mutating func next(_ count: Int, _ flag: CancellationFlag) throws -> [LocalChunk] {
        switch state {
        case .plain(let path, let offset, let cutter):
            return try cut(path, from: offset, cutter ?? ChunkCutter(), count, flag)
        case .packed(let store, let pieces):
            return try take(try pieces ?? store.manifest(md5).pieces[...], count, store, flag)
        case .finished: return []
        }
    }

    private mutating func cut(
        _ path: FilePath,
        from start: Int64,
        _ cutter: ChunkCutter,
        _ count: Int,
        _ flag: CancellationFlag
    ) throws -> [LocalChunk] {
        let descriptor = open(path.string, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FilesError(Errno(rawValue: errno), "read", path) }
        defer { close(descriptor) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer { buffer.deallocate() }
        var (cutter, hasher, offset) = (cutter, hasher, start)
        var chunks: [LocalChunk] = []
        // Where the piece begins that the cutter has not handed over yet.
        var begin = start - Int64(cutter.held)
        func take(_ bytes: [UInt8]) {
            let entry = ChunkList.Entry(ChunkID(of: bytes), length: bytes.count)
            chunks.append(LocalChunk(entry: entry, place: .file(path, begin)))
            begin += Int64(bytes.count)
        }
        while chunks.count < count {
            try flag.check()
            let read = pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
            if read < 0, errno == EINTR { continue }
            guard read >= 0 else { throw FilesError(Errno(rawValue: errno), "read", path) }
            guard read > 0 else {
                cutter.finish(take)
                isWhole = hasher.finish().hex == md5
                state = .finished
                return chunks
            }
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<read])
            hasher.update(bytes)
            cutter.take(bytes, take)
            offset += Int64(read)
        }
        self.hasher = hasher
        state = .plain(path, offset, cutter)
        return chunks
    }

    private mutating func take(
        _ pieces: ArraySlice<(digest: String, piece: ChunkStore.Piece)>,
        _ count: Int,
        _ store: ChunkStore,
        _ flag: CancellationFlag
    ) throws -> [LocalChunk] {
        let chunks = try pieces.prefix(count).map { digest, piece in
            try flag.check()
            guard let id = ChunkID(hex: digest), let bytes = try store.read(piece) else { throw store.damaged(md5) }
            bytes.withUnsafeBytes { hasher.update($0) }
            return LocalChunk(entry: ChunkList.Entry(id, length: bytes.count), place: .piece(store, piece))
        }
        let rest = pieces.dropFirst(count)
        state = rest.isEmpty ? .finished : .packed(store, rest)
        if rest.isEmpty { isWhole = hasher.finish().hex == md5 }
        return chunks
    }
}
