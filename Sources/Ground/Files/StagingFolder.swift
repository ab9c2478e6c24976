// SPDX-License-Identifier: Apache-2.0

import CPlatform
import Synchronization
package import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// A folder of one process in which many files are written, synced together, and moved to their places.
///
/// What a process leaves that is killed is removed by the next one that stages beside it. All calls block, and may be made from
/// several threads.
package final class StagingFolder: Sendable {
    /// The folder; who needs a name in it asks for ``next()``.
    package let path: FilePath
    /// The open folder, which is locked as long as the process lives.
    package let descriptor: Int32
    private let counter = Atomic<UInt64>(0)
    /// What the umask takes from the permissions of new files.
    private let mask: UInt32

    private static let prefix = ".gyre-"

    /// Makes a staging folder in `parent`, and removes those of processes that are gone.
    package static func make(in parent: FilePath) throws(FilesError) -> StagingFolder {
        try FileSystem.createDirectory(parent, permissions: FilePermissions(rawValue: 0o777))
        sweep(parent)
        var last = FilesError(.noSuchFileOrDirectory, "make a folder in", parent)
        for _ in 0..<20 {
            let path = parent.appending(prefix + String(UInt64.random(in: .min ... .max), radix: 36))
            guard mkdir(path.string, 0o777) == 0 else {
                last = FilesError(Errno(rawValue: errno), "make the folder", path)
                if last.code == .alreadyExists { continue }
                throw last
            }
            let descriptor = open(path.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            // Somebody who sweeps may take it before it is locked; then another one is made.
            guard descriptor >= 0 else { continue }
            var status = stat()
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0, fstat(descriptor, &status) == 0, status.st_nlink > 0 {
                return StagingFolder(path, descriptor)
            }
            close(descriptor)
        }
        throw last
    }

    private init(_ path: FilePath, _ descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
        let mask = umask(0o022)
        umask(mask)
        self.mask = mask
    }

    deinit {
        // What cannot be removed now, the next one removes.
        try? FileSystem.removeTree(path)
        close(descriptor)
    }

    /// A number that no file here has yet.
    package func next() -> UInt64 { counter.wrappingAdd(1, ordering: .relaxed).oldValue }

    /// Makes a file for writing; its descriptor.
    ///
    /// - Parameters:
    ///   - number: A number of ``next()``.
    ///   - mode: Its permissions.
    ///   - exactly: Whether it has them whatever the umask says.
    /// - Returns: The descriptor, which the caller closes.
    /// - Throws: ``FilesError`` such as `.diskFull`.
    package func create(_ number: UInt64, mode: UInt32, exactly: Bool = true) throws(FilesError) -> Int32 {
        let opened = withName(number) { openat(descriptor, $0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode) }
        guard opened >= 0 else { throw FilesError(Errno(rawValue: errno), "write into", path) }
        if exactly, mode & mask != 0 { _ = fchmod(opened, mode) }
        return opened
    }

    /// Makes another name of a file; false where the file system or the owner of the file does not allow it.
    package func link(_ source: UnsafePointer<CChar>, of folder: Int32, as number: UInt64) -> Bool {
        withName(number) { linkat(folder, source, descriptor, $0, 0) } == 0
    }

    /// Makes a symbolic link.
    package func symlink(to target: FilePath, as number: UInt64) -> Bool {
        withName(number) { symlinkat(target.string, descriptor, $0) } == 0
    }

    /// Makes all that was written survive a crash of the machine.
    package func sync() throws(FilesError) {
        let code = gyre_sync_file_system(descriptor)
        guard code == 0 else { throw FilesError(Errno(rawValue: code), "sync", path) }
    }

    /// Moves a file to a path of another folder, replacing what is there; the error number if it fails.
    package func move(
        _ number: UInt64,
        to target: UnsafePointer<CChar>,
        of folder: Int32,
        isLink: Bool = false
    ) -> Int32 {
        let code = withName(number) { renameat(descriptor, $0, folder, target) == 0 ? 0 : errno }
        // Renaming one name of a file onto another leaves both.
        if code == 0, isLink { withName(number) { _ = unlinkat(descriptor, $0, 0) } }
        return code
    }

    /// Removes a file.
    package func remove(_ number: UInt64) { withName(number) { _ = unlinkat(descriptor, $0, 0) } }

    private func withName<T>(_ number: UInt64, _ body: (UnsafePointer<CChar>) -> T) -> T {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 24) { buffer in
            var (rest, index) = (number, 23)
            buffer[index] = 0
            repeat {
                index -= 1
                buffer[index] = CChar(48 + rest % 10)
                rest /= 10
            } while rest > 0
            return body(UnsafePointer(buffer.baseAddress.unsafelyUnwrapped + index))
        }
    }

    private static func sweep(_ parent: FilePath) {
        // Who may not look has nothing to remove.
        for entry in (try? FileSystem.entries(of: parent)) ?? [] where entry.kind == .folder {
            guard entry.name?.hasPrefix(prefix) == true else { continue }
            let path = parent.appending(entry.component)
            let descriptor = open(path.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { try? FileSystem.removeTree(path) }
            close(descriptor)
        }
    }
}
