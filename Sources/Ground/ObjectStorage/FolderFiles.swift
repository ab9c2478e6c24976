// SPDX-License-Identifier: Apache-2.0

import Files
import NIOCore
import Synchronization
import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// A file that is being received; its place shows nothing of it until it is complete and synced.
final class Upload: Sendable {
    private let writer: Mutex<AtomicFileWriter?>
    private let root: FilePath
    private let isFolderNew: Bool

    /// An upload to a path below `root` whose folder is there.
    init(to path: FilePath, below root: FilePath, isFolderNew: Bool) throws(FilesError) {
        writer = Mutex(try AtomicFileWriter(replacing: path))
        self.root = root
        self.isFolderNew = isFolderNew
    }

    func append(_ piece: ByteBuffer) throws {
        try piece.withUnsafeReadableBytes { bytes in try writer.withLock { try $0?.append(bytes) } }
    }

    /// Puts the file in its place.
    func commit() throws -> FileStatus {
        let writer = writer.withLock { $0.take() }
        guard let writer else { throw CancellationError() }
        let status = try writer.status()
        try writer.commit(makingFoldersBelow: root, areNew: isFolderNew)
        return status
    }

    func discard() { writer.withLock { $0 = nil } }
}

/// A file that is being read; replaced meanwhile, it still gives its old content.
final class OpenFile: Sendable {
    let status: FileStatus
    private let descriptor: Int32
    private let path: FilePath

    /// Opens an ordinary file; anything else is not found.
    init(_ path: FilePath) throws(FilesError) {
        // Without waiting for whoever writes into a pipe of that name.
        let descriptor = open(path.string, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw FilesError(Errno(rawValue: errno), "read", path) }
        do throws(FilesError) {
            status = try FileSystem.status(ofOpen: descriptor, path)
            guard status.isRegular else { throw FilesError(.noSuchFileOrDirectory, "read", path) }
        } catch {
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close(descriptor) }

    /// The bytes of a range, fewer only at the end.
    func read(_ range: Range<Int64>) throws -> ByteBuffer {
        var buffer = ByteBuffer()
        let wanted = range.count
        var failure: Errno?
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) { target in
            var done = 0
            while done < wanted {
                let count = pread(
                    descriptor,
                    target.baseAddress.map { $0 + done },
                    wanted - done,
                    off_t(range.lowerBound) + off_t(done)
                )
                if count < 0, errno == EINTR { continue }
                if count < 0 { failure = Errno(rawValue: errno) }
                if count <= 0 { break }
                done += count
            }
            return done
        }
        if let failure { throw FilesError(failure, "read", path) }
        return buffer
    }
}
