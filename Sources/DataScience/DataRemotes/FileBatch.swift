// SPDX-License-Identifier: Apache-2.0

import CPlatform
import Files
import Synchronization
import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// Files on their way into one folder tree, which get their names together, after one sync for all of them.
///
/// None has a name before its bytes are on the disk, and one that gets no name leaves nothing behind, not even when the process
/// is killed. A name that is taken stays with whoever has it: names stand for contents.
final class FileBatch: Sendable {
    /// A file without a name.
    final class Pending: Sendable {
        let descriptor: Int32
        /// Where the file system knows no files without a name, the one that it has for now.
        fileprivate let temporary: FilePath?

        fileprivate init(_ descriptor: Int32, _ temporary: FilePath?) {
            self.descriptor = descriptor
            self.temporary = temporary
        }

        deinit {
            close(descriptor)
            if let temporary { unlink(temporary.string) }
        }

        /// Writes bytes at a place of the file.
        func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws {
            var done = 0
            while done < bytes.count, let base = bytes.baseAddress {
                let count = pwrite(descriptor, base + done, bytes.count - done, off_t(offset) + off_t(done))
                if count < 0 {
                    if errno == EINTR { continue }
                    throw FilesError(Errno(rawValue: errno), "write", "a file of the cache")
                }
                done += count
            }
        }

        /// The MD5 of what was written.
        func digest(_ flag: CancellationFlag) throws -> String {
            var hasher = StreamingHasher(.md5)
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
            defer { buffer.deallocate() }
            var offset: off_t = 0
            while true {
                try flag.check()
                let count = pread(descriptor, buffer.baseAddress, buffer.count, offset)
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { throw FilesError(Errno(rawValue: errno), "read", "a file of the cache") }
                guard count > 0 else { return hasher.finish().hex }
                hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                offset += off_t(count)
            }
        }
    }

    private struct Entry {
        let file: Pending
        let path: FilePath
    }

    private struct State {
        var entries: [Entry] = []
        var bytes: Int64 = 0
        var folders: Set<FilePath> = []
        /// Whether there are names that are not known to last.
        var isUnsynced = false
        /// When the last ones got their names.
        var placed = ContinuousClock.now
    }

    /// So long at most is a file without a name, as long as others come: whoever is stopped loses no more than that.
    private static let patience = Duration.seconds(2)

    /// The most files without a name: each is open.
    private static let width: Int = {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 128 }
        return min(max(Int(clamping: limit.rlim_cur) / 4, 64), 2_048)
    }()

    /// The folder below which all of them go.
    let root: FilePath
    private let permissions: mode_t?
    private let isShared: Bool
    /// Whether the files must be there after the machine stops.
    private let isDurable: Bool
    private let state = Mutex(State())

    /// A batch of files.
    ///
    /// - Parameters:
    ///   - root: The folder below which they go; it is made.
    ///   - permissions: Those of the files; nil for what the umask leaves.
    ///   - isShared: Whether a group of users may add to its folders, whatever this user's mask says.
    ///   - isDurable: Whether the files must outlast a stop of the machine.
    /// - Throws: ``FilesError``.
    init(root: FilePath, permissions: FilePermissions?, isShared: Bool = false, isDurable: Bool = true) throws {
        self.root = root
        self.isDurable = isDurable
        self.isShared = isShared
        self.permissions = permissions.map { $0.rawValue }
        try makeFolder(root)
    }

    /// A new file without a name; blocks.
    func make() throws -> Pending {
        var descriptor = gyre_open_unnamed(root.string, 0o666)
        var temporary: FilePath?
        if descriptor == -EOPNOTSUPP {
            let path = root.appending(TemporaryName.make())
            temporary = path
            descriptor = open(path.string, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
            if descriptor < 0 { descriptor = -errno }
        }
        guard descriptor >= 0 else { throw FilesError(Errno(rawValue: -descriptor), "write", root) }
        if let permissions { fchmod(descriptor, permissions) }
        return Pending(descriptor, temporary)
    }

    /// Takes a file that is complete, and names what is there if that is enough for a sync; blocks.
    func add(_ file: Pending, size: Int64, as path: FilePath) throws {
        let full = state.withLock { state -> [Entry] in
            state.entries.append(Entry(file: file, path: path))
            state.bytes += size
            guard
                state.entries.count >= Self.width || state.bytes >= 256 << 20
                    || .now - state.placed > Self.patience
            else { return [] }
            return Self.takeAll(&state)
        }
        try place(full)
    }

    /// Names all that is there; blocks.
    ///
    /// A stop of the machine may take the names again.
    func flush() throws { try place(state.withLock { Self.takeAll(&$0) }) }

    /// Names all that is there, and makes the names last; blocks.
    func finish() throws {
        try flush()
        let isNeeded = state.withLock { state in
            defer { state.isUnsynced = false }
            return state.isUnsynced
        }
        if isNeeded, isDurable { try sync() }
    }

    /// Makes a folder and those above it.
    private func makeFolder(_ path: FilePath) throws {
        guard !FileSystem.isDirectory(path) else { return }
        if path != root, path.starts(with: root) { try makeFolder(path.removingLastComponent()) }
        try FileSystem.createDirectory(path, permissions: FilePermissions(rawValue: 0o777))
        if isShared { try FileSystem.setPermissions(FilePermissions(rawValue: 0o2775), of: path) }
    }

    private static func takeAll(_ state: inout State) -> [Entry] {
        defer {
            state.entries = []
            state.bytes = 0
            state.placed = .now
        }
        return state.entries
    }

    private func sync() throws {
        let folder = open(root.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw FilesError(Errno(rawValue: errno), "sync", root) }
        defer { close(folder) }
        let code = gyre_sync_file_system(folder)
        guard code == 0 else { throw FilesError(Errno(rawValue: code), "sync", root) }
    }

    private func place(_ entries: [Entry]) throws {
        guard let first = entries.first else { return }
        let descriptor = first.file.descriptor
        let failure =
            !isDurable
            ? 0
            : entries.count == 1
                ? (fsync(descriptor) == 0 ? 0 : errno) : gyre_sync_file_system(descriptor)
        guard failure == 0 else { throw FilesError(Errno(rawValue: failure), "write", root) }
        state.withLock { $0.isUnsynced = true }
        for entry in entries {
            let folder = entry.path.removingLastComponent()
            if !state.withLock({ $0.folders.contains(folder) }) {
                try makeFolder(folder)
                state.withLock { _ = $0.folders.insert(folder) }
            }
            if let temporary = entry.file.temporary {
                try FileSystem.rename(temporary, to: entry.path)
                continue
            }
            var code = gyre_name_file(entry.file.descriptor, entry.path.string)
            if code == ENOENT {
                // Somebody removed the folder again.
                try makeFolder(folder)
                code = gyre_name_file(entry.file.descriptor, entry.path.string)
            }
            guard code == 0 || code == EEXIST else { throw FilesError(Errno(rawValue: code), "write", entry.path) }
        }
    }
}
