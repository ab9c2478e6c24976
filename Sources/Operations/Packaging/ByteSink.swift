// SPDX-License-Identifier: Apache-2.0

import CZlib
import Files

/// Where an archive's bytes go, piece by piece.
protocol ByteSink: AnyObject {
    func write(_ bytes: UnsafeRawBufferPointer) throws
}

extension ByteSink {
    func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try write($0) } }
}

/// Writes a file that appears only when it is complete, and hashes what goes in.
final class FileSink: ByteSink {
    private var writer: AtomicFileWriter?
    private var hasher = StreamingHasher(.sha256)
    private(set) var count: Int64 = 0

    init(_ writer: consuming AtomicFileWriter) { self.writer = consume writer }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        try writer?.append(bytes)
        hasher.update(bytes)
        count += Int64(bytes.count)
    }

    /// Puts the file in its place; its SHA-256.
    func commit() throws -> String {
        try writer.take()?.commit()
        return hasher.finish().hex
    }
}

/// Compresses on the way to another sink, and hashes what comes in.
final class GzipSink: ByteSink {
    private let next: any ByteSink
    private let stream: OpaquePointer
    private var hasher = StreamingHasher(.sha256)
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)

    init(to next: any ByteSink, level: Int32 = 6) throws {
        guard let stream = gyre_gzip_begin(level) else {
            throw PackagingError(.failed, what: "cannot compress a layer", why: "no memory is left")
        }
        self.next = next
        self.stream = stream
    }

    deinit {
        gyre_gzip_free(stream)
        buffer.deallocate()
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        hasher.update(bytes)
        try step(bytes, ends: false)
    }

    /// Ends the stream; the SHA-256 of what came in.
    func finish() throws -> String {
        try step(UnsafeRawBufferPointer(start: nil, count: 0), ends: true)
        return hasher.finish().hex
    }

    private func step(_ bytes: UnsafeRawBufferPointer, ends: Bool) throws {
        var rest = bytes
        while true {
            var used = rest.count
            var made = buffer.count
            let status = gyre_gzip_step(stream, rest.baseAddress, &used, buffer.baseAddress, &made, ends)
            guard status >= 0 else {
                throw PackagingError(.failed, what: "cannot compress a layer", why: "zlib refuses")
            }
            try next.write(UnsafeRawBufferPointer(rebasing: buffer[..<made]))
            rest = UnsafeRawBufferPointer(rebasing: rest[used...])
            if status == 0, rest.isEmpty { return }
        }
    }
}
