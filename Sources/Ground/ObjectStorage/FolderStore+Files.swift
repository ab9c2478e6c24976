// SPDX-License-Identifier: Apache-2.0

import Files
import NIOCore
import Synchronization
import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// A file that is being received: beside its place until it is complete and synced.
final class Upload: Sendable {
    private static let suffix = ".gyre-part"

    private let path: FilePath
    private let temporary: FilePath
    private let descriptor: Mutex<Int32?>

    init(root: FilePath, path: FilePath) throws {
        let folder = path.removingLastComponent()
        try FileSystem.createDirectory(folder)
        guard try FileSystem.realPath(folder).starts(with: root) else {
            throw ObjectStorageError(
                .invalidKey,
                what: "cannot use the path `\(path)`",
                why: "it leads out of the store"
            )
        }
        let number = UInt64.random(in: .min ... .max)
        temporary = folder.appending(".\(String(number, radix: 36))\(Self.suffix)")
        self.path = path
        let opened = open(temporary.string, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard opened >= 0 else { throw FilesError(Errno(rawValue: errno), "write", path) }
        descriptor = Mutex(opened)
    }

    deinit { discard() }

    static func isTemporary(_ name: String) -> Bool { name.hasPrefix(".") && name.hasSuffix(suffix) }

    func append(_ piece: ByteBuffer) throws {
        try descriptor.withLock { descriptor in
            guard let descriptor else { throw CancellationError() }
            try piece.withUnsafeReadableBytes { bytes in
                var rest = bytes
                while let base = rest.baseAddress, !rest.isEmpty {
                    let count = write(descriptor, base, rest.count)
                    if count < 0 {
                        if errno == EINTR { continue }
                        throw FilesError(Errno(rawValue: errno), "write", path)
                    }
                    rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                }
            }
        }
    }

    func commit() throws {
        try descriptor.withLock { descriptor in
            guard let open = descriptor else { throw CancellationError() }
            guard fsync(open) == 0 else { throw FilesError(Errno(rawValue: errno), "write", path) }
            close(open)
            descriptor = nil
        }
        do {
            try FileSystem.rename(temporary, to: path)
        } catch {
            unlink(temporary.string)
            throw error
        }
        try FileSystem.syncDirectory(path.removingLastComponent())
    }

    func discard() {
        descriptor.withLock { descriptor in
            guard let open = descriptor else { return }
            close(open)
            unlink(temporary.string)
            descriptor = nil
        }
    }
}

/// A file that is being read; replaced meanwhile, it still gives its old content.
final class OpenFile: Sendable {
    private let descriptor: Int32
    private let path: FilePath

    private init(_ descriptor: Int32, _ path: FilePath) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close(descriptor) }

    static func open(_ path: FilePath, _ key: ObjectKey) throws -> (OpenFile, FileStatus) {
        let status = try FileSystem.status(of: path)
        guard status.isRegular else {
            throw ObjectStorageError(.notFound, what: "cannot read `\(key)`", why: "there is no such object")
        }
        let descriptor = Glibc.open(path.string, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FilesError(Errno(rawValue: errno), "read", path) }
        return (OpenFile(descriptor, path), status)
    }

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
