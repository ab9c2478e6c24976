// SPDX-License-Identifier: Apache-2.0

import Files
import Synchronization
import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// Takes files into the cache, many before each sync: read once, hashed and copied in the same pass.
///
/// Objects are written in a folder of their own, synced together, and only then named. May be used from several threads; what was
/// taken is in the cache when ``finish()`` returns.
final class CacheFiller: Sendable {
    private struct State {
        var staged: [(number: UInt64, digest: MD5Digest)] = []
        var digests: Set<MD5Digest> = []
        /// The two-digit folders that are there.
        var folders: Set<UInt64> = []
    }

    /// Files of this size and more are hashed by one thread and written by another.
    private static let large: Int64 = 16 << 20

    private let cache: ContentCache
    /// Whether a linked file may go on being a program: of a folder DVC keeps no permissions.
    private let keepsExecutable: Bool
    private let objects: OpenFolder
    private let staging: StagingFolder
    private let state = Mutex(State())
    private let sharesBlocks = Atomic(true)

    init(_ cache: ContentCache, keepsExecutable: Bool) throws {
        self.cache = cache
        self.keepsExecutable = keepsExecutable
        try cache.makeFolders()
        objects = try OpenFolder(cache.folder)
        staging = try StagingFolder.make(in: cache.folder.removingLastComponent())
    }

    /// Takes one file.
    ///
    /// - Parameters:
    ///   - path: The file, below `folder`.
    ///   - folder: Where it is.
    ///   - likely: A hash that it may have, as it had before.
    ///   - row: Gets what the system says of the file, and its hash. One that it has is known to be right, so that an object
    ///     that is there makes reading needless.
    ///   - name: The data, for the words of errors.
    ///   - buffer: The thread's own.
    ///   - flag: Tells to stop.
    /// - Throws: ``DataVersionsError`` `.changed` if the file changes meanwhile, ``FilesError``.
    func take(
        _ path: UnsafePointer<CChar>,
        of folder: OpenFolder,
        likely: MD5Digest?,
        _ row: inout FileTable.Row,
        name: String,
        _ buffer: ReadBuffer,
        _ flag: CancellationFlag
    ) throws {
        if row.digest != .none, try isTrusted(row.digest, row.size, buffer) { return }
        let source = openat(folder.descriptor, path, O_RDONLY | O_CLOEXEC)
        guard source >= 0 else { throw FilesError(Errno(rawValue: errno), "read", folder.place(path)) }
        defer { close(source) }
        var before = stat()
        guard fstat(source, &before) == 0 else { throw FilesError(Errno(rawValue: errno), "read", folder.place(path)) }
        row.set(before)
        let (digest, size, number) = try content(of: source, path, folder, likely, row, buffer, flag)
        do {
            var after = stat()
            guard fstat(source, &after) == 0, size == row.size, after.st_mtim.tv_sec == before.st_mtim.tv_sec,
                after.st_mtim.tv_nsec == before.st_mtim.tv_nsec, after.st_size == before.st_size
            else { throw Self.changed(folder.place(path), name) }
        } catch {
            if let number { staging.remove(number) }
            throw error
        }
        row.digest = digest
        guard let number else { return }
        let isNew = state.withLock { state in
            guard state.digests.insert(digest).inserted else { return false }
            state.staged.append((number, digest))
            return true
        }
        if !isNew { staging.remove(number) }
    }

    /// How many files wait to be named.
    var pending: Int { state.withLock { $0.staged.count } }

    /// Syncs what was taken, names it, and makes the names survive a crash of the machine too.
    func finish() throws {
        let staged = state.withLock { state in
            let staged = state.staged
            state.staged = []
            return staged
        }
        guard !staged.isEmpty else { return }
        try staging.sync()
        for (number, digest) in staged {
            try makeFolder(digest)
            let code = digest.withObjectPath { staging.move(number, to: $0, of: objects.descriptor, isLink: true) }
            guard code == 0 else {
                throw FilesError(Errno(rawValue: code), "write the object", cache.object(digest.hex))
            }
        }
        try staging.sync()
    }

    // MARK: Contents

    private typealias Content = (digest: MD5Digest, size: Int64, number: UInt64?)

    /// The hash of an open file, and a staged copy of it unless the cache has one.
    private func content(
        of source: Int32,
        _ path: UnsafePointer<CChar>,
        _ folder: OpenFolder,
        _ likely: MD5Digest?,
        _ row: FileTable.Row,
        _ buffer: ReadBuffer,
        _ flag: CancellationFlag
    ) throws -> Content {
        let place = { folder.place(path) }
        if row.size < ReadBuffer.size {
            let bytes = try buffer.fill(from: source, place())
            let digest = MD5Digest.of(bytes)
            let size = Int64(bytes.count)
            guard try !isKept(digest, size) else { return (digest, size, nil) }
            if row.size > 0, let number = linked(path, folder, row) { return (digest, size, number) }
            return (digest, size, try stage { try Self.write(bytes, to: $0, self.staging.path) })
        }
        if let likely, try isTrusted(likely, row.size, buffer) {
            let (digest, size) = try hash(source, buffer, flag, place())
            if digest == likely { return (digest, size, nil) }
            lseek(source, 0, SEEK_SET)
        }
        if let number = try linked(path, folder, row) ?? cloned(source) {
            let (digest, size) = try removing(number) { try hash(source, buffer, flag, place()) }
            return (digest, size, number)
        }
        var result: (digest: MD5Digest, size: Int64) = (.none, 0)
        let number = try stage { target in
            let copy = StreamedCopy(source: source, target: target, place: place(), staging: staging.path)
            result = try row.size >= Self.large ? copy.runOnTwoThreads(flag) : copy.run(buffer, flag)
        }
        return (result.digest, result.size, number)
    }

    private func hash(
        _ source: Int32,
        _ buffer: ReadBuffer,
        _ flag: CancellationFlag,
        _ place: @autoclosure () -> FilePath
    ) throws -> (MD5Digest, Int64) {
        var hasher = MD5Hasher()
        var size: Int64 = 0
        while true {
            try flag.check()
            let bytes = try buffer.fill(from: source, place())
            hasher.update(bytes)
            size += Int64(bytes.count)
            if bytes.count < ReadBuffer.size { return (hasher.finish(), size) }
        }
    }

    /// The file itself under another name, where the work tree shall hold links to the cache.
    private func linked(_ path: UnsafePointer<CChar>, _ folder: OpenFolder, _ row: FileTable.Row) -> UInt64? {
        guard let first = cache.links.first, first == .hardlink || first == .symlink else { return nil }
        // The object may not be a link to somewhere else.
        guard folder.status(path, followingLinks: false).map({ $0.st_mode & S_IFMT == S_IFREG }) == true else {
            return nil
        }
        let number = staging.next()
        guard staging.link(path, of: folder.descriptor, as: number) else { return nil }
        let mode: UInt32 = row.isExecutable && keepsExecutable ? 0o544 : 0o444
        guard String(number).withCString({ fchmodat(staging.descriptor, $0, mode, 0) }) == 0 else {
            staging.remove(number)
            return nil
        }
        return number
    }

    private func cloned(_ source: Int32) throws -> UInt64? {
        guard sharesBlocks.load(ordering: .relaxed) else { return nil }
        let number = staging.next()
        let target = try staging.create(number, mode: 0o444)
        defer { close(target) }
        if FileCopy.clone(source, to: target) { return number }
        sharesBlocks.store(false, ordering: .relaxed)
        staging.remove(number)
        return nil
    }

    private func stage(_ body: (Int32) throws -> Void) throws -> UInt64 {
        let number = staging.next()
        let target = try staging.create(number, mode: 0o444)
        try removing(number) {
            defer { close(target) }
            try body(target)
        }
        return number
    }

    private func removing<T>(_ number: UInt64, _ body: () throws -> T) throws -> T {
        do {
            return try body()
        } catch {
            staging.remove(number)
            throw error
        }
    }

    static func write(_ bytes: UnsafeRawBufferPointer, to target: Int32, _ place: FilePath) throws(FilesError) {
        var done = 0
        while done < bytes.count {
            let count = Glibc.write(target, bytes.baseAddress.map { $0 + done }, bytes.count - done)
            if count < 0 {
                if errno == EINTR { continue }
                throw FilesError(Errno(rawValue: errno), "write into", place)
            }
            done += count
        }
    }

    // MARK: What the cache has

    private func isKept(_ digest: MD5Digest, _ size: Int64) throws -> Bool {
        if state.withLock({ $0.digests.contains(digest) }) { return true }
        return try isTrusted(digest, size, nil)
    }

    /// Whether the cache has the content, by its size and write protection, or by its bytes.
    private func isTrusted(_ digest: MD5Digest, _ size: Int64, _ buffer: ReadBuffer?) throws -> Bool {
        guard let status = digest.withObjectPath({ objects.status($0) }), status.st_mode & S_IFMT == S_IFREG,
            Int64(status.st_size) == size
        else { return false }
        if status.st_mode & 0o222 == 0 { return true }
        guard try ContentCache.digest(of: cache.object(digest.hex), CancellationFlag()).md5 == digest.hex else {
            return false
        }
        digest.withObjectPath { _ = fchmodat(objects.descriptor, $0, 0o444, 0) }
        return true
    }

    private func makeFolder(_ digest: MD5Digest) throws {
        guard state.withLock({ $0.folders.insert(digest.high >> 56).inserted }) else { return }
        try digest.withObjectPath { path in
            var name = (path[0], path[1], CChar(0))
            try withUnsafePointer(to: &name) { name in
                try name.withMemoryRebound(to: CChar.self, capacity: 3) { name in
                    let code = mkdirat(objects.descriptor, name, 0o777) == 0 ? 0 : errno
                    guard code == 0 || code == EEXIST else {
                        throw FilesError(Errno(rawValue: code), "make a folder in", objects.path)
                    }
                    if code == 0, cache.isShared { _ = fchmodat(objects.descriptor, name, 0o2775, 0) }
                }
            }
        }
    }

    private static func changed(_ place: FilePath, _ name: String) -> DataVersionsError {
        DataVersionsError(
            .changed,
            what: "cannot version `\(name)`",
            why: "`\(place)` changed while it was read",
            next: "do it again when nothing writes there"
        )
    }
}
