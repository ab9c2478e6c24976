// SPDX-License-Identifier: Apache-2.0

import Synchronization
package import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// A lock between processes, held on a file until it is released or the process ends, however it ends.
package final class FileLock: Sendable {
    /// Who may hold a lock with whom.
    package enum Mode: Sendable {
        /// One alone.
        case exclusive
        /// Any number that share.
        case shared
    }

    private let descriptor: Mutex<Int32?>

    private init(_ descriptor: Int32) { self.descriptor = Mutex(descriptor) }

    deinit { release() }

    /// Takes the lock without waiting; makes the file if there is none.
    ///
    /// - Parameters:
    ///   - path: The lock file; it stays when the lock is released.
    ///   - mode: Alone or shared.
    ///   - owner: Who we are, written into the file for others to read.
    /// - Returns: The lock; letting go of the last reference releases it too.
    /// - Throws: ``FilesError`` `.locked`, which names the holder; others if the file cannot be opened or made.
    package static func acquire(_ path: FilePath, mode: Mode, owner: String) throws(FilesError) -> FileLock {
        let descriptor = open(path.string, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw FilesError(Errno(rawValue: errno), "lock", path) }
        guard flock(descriptor, (mode == .exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0 else {
            let error = Errno(rawValue: errno)
            let holder = holder(descriptor)
            close(descriptor)
            guard error == .wouldBlock else { throw FilesError(error, "lock", path) }
            throw FilesError(
                .locked,
                path,
                what: "cannot lock `\(path)`",
                why: "\(holder) holds it",
                next: "stop that process, or wait for it"
            )
        }
        // The name is a courtesy; the lock holds without it. Many that share write none, and remove that of a dead holder.
        _ = ftruncate(descriptor, 0)
        if mode == .exclusive {
            let text = "\(owner) (process \(getpid()))\n"
            _ = text.withCString { pwrite(descriptor, $0, strlen($0), 0) }
        }
        return FileLock(descriptor)
    }

    /// Takes the lock on a file itself without waiting, so that all names of the file stand for one lock; makes the file if
    /// there is none, and writes nothing into it.
    ///
    /// Who locks parts of the file by `fcntl` besides must not lock it so twice in one process: the system lets go of those
    /// when any descriptor of the file is closed.
    ///
    /// - Throws: ``FilesError`` `.locked`; others if the file cannot be opened or made.
    package static func acquire(on file: FilePath) throws(FilesError) -> FileLock {
        let descriptor = open(file.string, O_RDONLY | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw FilesError(Errno(rawValue: errno), "lock", file) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let error = Errno(rawValue: errno)
            close(descriptor)
            guard error == .wouldBlock else { throw FilesError(error, "lock", file) }
            throw FilesError(
                .locked,
                file,
                what: "cannot lock `\(file)`",
                why: "another process holds it under another of its names",
                next: "stop that process, or wait for it"
            )
        }
        return FileLock(descriptor)
    }

    /// Lets the next one have it.
    package func release() {
        descriptor.withLock { descriptor in
            guard let open = descriptor else { return }
            // Closing alone would leave the lock to a child that another thread is about to start.
            flock(open, LOCK_UN)
            close(open)
            descriptor = nil
        }
    }

    private static func holder(_ descriptor: Int32) -> String {
        var bytes: [UInt8] = Array(repeating: 0, count: 200)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        let text = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        let line = text.split(separator: "\n").first.map(String.init) ?? ""
        return line.isEmpty ? "another process" : line
    }
}
