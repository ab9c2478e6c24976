// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// A folder that is held open, so that each call on a file below it names only the rest of the path.
final class OpenFolder: Sendable {
    let path: FilePath
    let descriptor: Int32

    init(_ path: FilePath) throws(FilesError) {
        self.path = path
        descriptor = open(path.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FilesError(Errno(rawValue: errno), "open", path) }
    }

    deinit { close(descriptor) }

    /// Where a file of the folder is, for the words of errors.
    func place(_ path: UnsafePointer<CChar>) -> FilePath { self.path.pushing(FilePath(String(cString: path))) }

    /// The status of a file; nil if it cannot be had.
    func status(_ path: UnsafePointer<CChar>, followingLinks: Bool = true) -> stat? {
        var result = stat()
        return fstatat(descriptor, path, &result, followingLinks ? 0 : AT_SYMLINK_NOFOLLOW) == 0 ? result : nil
    }

    /// Makes another name of a file of another folder; the error number if it fails.
    func link(_ source: UnsafePointer<CChar>, of folder: OpenFolder, at path: UnsafePointer<CChar>) -> Int32 {
        linkat(folder.descriptor, source, descriptor, path, 0) == 0 ? 0 : errno
    }

    /// Makes the folders above a file; those that are there are fine.
    func makeFolders(above path: UnsafePointer<CChar>) {
        var bytes = Array(UnsafeBufferPointer(start: path, count: strlen(path) + 1))
        for index in bytes.indices where bytes[index] == CChar(UInt8(ascii: "/")) {
            bytes[index] = 0
            // What is not a folder, the attempt to put a file there tells.
            bytes.withUnsafeBufferPointer { _ = mkdirat(descriptor, $0.baseAddress.unsafelyUnwrapped, 0o777) }
            bytes[index] = CChar(UInt8(ascii: "/"))
        }
    }
}

/// A buffer of one thread, and what it reads files by.
final class ReadBuffer {
    static let size = 1 << 20
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: ReadBuffer.size, alignment: 4_096)

    deinit { bytes.deallocate() }

    /// Fills the buffer from a file as far as it goes.
    func fill(from descriptor: Int32, _ place: @autoclosure () -> FilePath) throws(FilesError) -> UnsafeRawBufferPointer
    {
        var done = 0
        while done < bytes.count {
            let count = read(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
            if count < 0 {
                if errno == EINTR { continue }
                throw FilesError(Errno(rawValue: errno), "read", place())
            }
            if count == 0 { break }
            done += count
        }
        return UnsafeRawBufferPointer(rebasing: bytes[..<done])
    }
}

/// Work over many items on several threads, each with something of its own.
enum Workers {
    /// As many as wait for the disk and hash at once.
    static let count = 4

    /// Calls `body` for each number below `count`, several at a time; ends early at the first that throws.
    ///
    /// - Parameters:
    ///   - count: How many items there are.
    ///   - make: What a thread needs for itself.
    ///   - body: The work on one item, on one of the pool's threads.
    /// - Throws: What `body` throws first.
    static func run<Own>(
        _ count: Int,
        make: @escaping @Sendable () throws -> Own,
        _ body: @escaping @Sendable (Int, Own, CancellationFlag) throws -> Void
    ) async throws {
        guard count > 0 else { return }
        let ticket = Ticket()
        // Neighbours lie in one folder, where two threads would wait for each other; few items may be large ones.
        let grain = min(max(count / (Self.count * 32), 1), 64)
        let threads = min(Self.count, (count + grain - 1) / grain)
        _ = try await BlockingPool.shared.map(Array(0..<threads), atOnce: threads) { _, flag in
            let own = try make()
            do {
                while let start = ticket.take(grain, below: count) {
                    try flag.check()
                    for index in start..<min(start + grain, count) { try body(index, own, flag) }
                }
            } catch {
                // The others need not go on.
                ticket.close()
                throw error
            }
        }
    }
}
