// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage

/// Reads the lines of a file that another process may still write, in bounded memory.
actor LineReader {
    private static let piece = 64 << 10
    /// A line that is longer is given in parts.
    private static let longest = 1 << 20

    private let path: FilePath
    private var file: FileDescriptor?
    private var offset: Int64 = 0
    private var bytes: [UInt8] = []
    private var start = 0

    /// A reader at the beginning of a file, which may come later.
    init(of path: FilePath) { self.path = path }

    deinit { try? file?.close() }

    /// The next line without its end; nil if none is complete yet.
    ///
    /// - Throws: `Errno` if the file cannot be read.
    func next() async throws -> String? {
        while true {
            if let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { start = end + 1 }
                return String(decoding: bytes[start..<end], as: UTF8.self)
            }
            bytes.removeFirst(start)
            start = 0
            if bytes.count >= Self.longest {
                defer { bytes = [] }
                return String(decoding: bytes, as: UTF8.self)
            }
            let more = try await read()
            guard !more.isEmpty else { return nil }
            bytes += more
        }
    }

    private func read() async throws -> [UInt8] {
        if file == nil {
            guard FileSystem.exists(path) else { return [] }
            file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
        }
        guard let file else { return [] }
        let from = offset
        let more = try await BlockingPool.shared.run {
            try [UInt8](unsafeUninitializedCapacity: Self.piece) { buffer, count in
                count = try file.read(fromAbsoluteOffset: from, into: UnsafeMutableRawBufferPointer(buffer))
            }
        }
        offset += Int64(more.count)
        return more
    }
}
