// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// The segment that this process writes.
///
/// It holds a lock on its file for as long as it writes it, so that other processes can tell what a dead one left. Not safe
/// for use from two threads; everything blocks.
struct SpoolWriter {
    /// A segment of this size is complete.
    static let segmentBytes: Int64 = 8 << 20
    /// A segment of this age is complete, so that quiet services get their Parquet as well.
    static let segmentSeconds = 3_600
    /// Records are written in pieces of about this size.
    private static let pieceBytes = 1 << 20

    private struct Segment {
        let descriptor: Int32
        let path: FilePath
        let openedAt: Int
        var size: Int64 = 0
    }

    private let folder: FilePath
    private var segment: Segment?
    private var number = 0

    init(folder: FilePath) { self.folder = folder }

    /// Writes predictions and syncs them.
    ///
    /// - Returns: How many, from the front, are safe; fewer than all only with the error that stopped it.
    mutating func write(_ predictions: [LoggedPrediction]) -> (written: Int, error: (any Error)?) {
        var written = 0
        do {
            while written < predictions.count {
                var bytes: [UInt8] = []
                var end = written
                while end < predictions.count, bytes.count < Self.pieceBytes {
                    bytes += SpoolSegment.frame(predictions[end])
                    end += 1
                }
                try write(bytes)
                written = end
                if let segment, segment.size >= Self.segmentBytes { try finish() }
            }
        } catch {
            return (written, error)
        }
        return (written, nil)
    }

    /// Completes the segment if it is old enough.
    mutating func finishIfOld() throws {
        if let segment, Self.seconds() - segment.openedAt >= Self.segmentSeconds { try finish() }
    }

    /// Completes the segment.
    mutating func finish() throws {
        guard let open = segment else { return }
        // Renamed first: were it closed and the rename refused, it would look like a dead process's.
        try FileSystem.rename(open.path, to: Self.full(open.path))
        segment = nil
        close(open.descriptor)
        try FileSystem.syncDirectory(folder)
    }

    /// Completes segments that processes left that do not live any more.
    func adopt() throws {
        for name in try FileSystem.list(folder) where name.hasSuffix(SpoolSegment.openSuffix) {
            let path = folder.appending(name)
            let descriptor = open(path.string, O_RDWR | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, FileSystem.exists(path) else { continue }
            try FileSystem.rename(path, to: Self.full(path))
        }
    }

    /// Gives the file back without completing it; the next ``adopt()`` will.
    func abandon() {
        if let segment { close(segment.descriptor) }
    }

    /// The name of a segment once it is complete.
    static func full(_ path: FilePath) -> FilePath {
        FilePath(path.string.dropLast(SpoolSegment.openSuffix.count) + SpoolSegment.fullSuffix)
    }

    private mutating func write(_ bytes: [UInt8]) throws {
        var open = try segment ?? newSegment()
        do {
            try bytes.withUnsafeBytes { bytes in
                var rest = bytes
                while let base = rest.baseAddress, !rest.isEmpty {
                    let count = Glibc.write(open.descriptor, base, rest.count)
                    if count < 0, errno == EINTR { continue }
                    guard count >= 0 else { throw FilesError(Errno(rawValue: errno), "write", open.path) }
                    rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                }
            }
            guard fdatasync(open.descriptor) == 0 else { throw FilesError(Errno(rawValue: errno), "write", open.path) }
        } catch {
            // What was half written must not stand before the next try.
            _ = ftruncate(open.descriptor, off_t(open.size))
            _ = lseek(open.descriptor, off_t(open.size), SEEK_SET)
            segment = open
            throw error
        }
        open.size += Int64(bytes.count)
        segment = open
    }

    private mutating func newSegment() throws -> Segment {
        while true {
            number += 1
            let path = folder.appending(
                "\(Self.seconds())-\(getpid())-\(number)-\(UInt32.random(in: .min ... .max))\(SpoolSegment.openSuffix)"
            )
            let descriptor = open(path.string, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else { throw FilesError(Errno(rawValue: errno), "write", path) }
            // Another process may have adopted it before it was locked; then a new one is due.
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0, FileSystem.exists(path) {
                do { try FileSystem.syncDirectory(folder) } catch {
                    close(descriptor)
                    throw error
                }
                return Segment(descriptor: descriptor, path: path, openedAt: Self.seconds())
            }
            close(descriptor)
        }
    }

    private static func seconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return time.tv_sec
    }
}
