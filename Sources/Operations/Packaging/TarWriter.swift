// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage

/// Writes a POSIX `ustar` archive that depends on nothing but its content: no times, owner 0.
struct TarWriter {
    private let sink: any ByteSink

    init(to sink: any ByteSink) { self.sink = sink }

    func directory(_ path: String) throws { try header(path + "/", size: 0, mode: 0o755, kind: "5") }

    func symlink(_ path: String, to target: String, mode: UInt32 = 0o777) throws {
        try header(path, size: 0, mode: mode, kind: "2", link: target)
    }

    func bytes(_ path: String, _ bytes: [UInt8], mode: UInt32 = 0o644) throws {
        try header(path, size: Int64(bytes.count), mode: mode, kind: "0")
        try sink.write(bytes)
        try pad(Int64(bytes.count))
    }

    /// Streams a file of this machine.
    func file(_ path: String, _ source: FilePath, mode: UInt32) throws {
        let size = try FileSystem.status(of: source).size
        try header(path, size: size, mode: mode, kind: "0")
        var written: Int64 = 0
        try FileReader.chunks(of: source) { chunk in
            written += Int64(chunk.count)
            guard written <= size else { throw Self.changed(source) }
            try sink.write(chunk)
        }
        guard written == size else { throw Self.changed(source) }
        try pad(size)
    }

    /// Ends the archive.
    func finish() throws { try sink.write(Array(repeating: 0, count: 1_024)) }

    private static func changed(_ source: FilePath) -> PackagingError {
        PackagingError(
            .failed,
            what: "cannot pack `\(source)`",
            why: "it changed while it was read",
            next: "build again"
        )
    }

    private func pad(_ size: Int64) throws {
        let rest = Int(size % 512)
        if rest > 0 { try sink.write(Array(repeating: 0, count: 512 - rest)) }
    }

    private func header(_ path: String, size: Int64, mode: UInt32, kind: Unicode.Scalar, link: String = "") throws {
        var block: [UInt8] = Array(repeating: 0, count: 512)
        func put(_ text: String, at offset: Int) {
            block.replaceSubrange(offset..<(offset + text.utf8.count), with: text.utf8)
        }
        func octal(_ value: Int64, _ digits: Int) -> String {
            let text = String(value, radix: 8)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        let (prefix, name) = try Self.split(path)
        guard link.utf8.count <= 100, size < 1 << 33 else {
            throw PackagingError(
                .invalidPath,
                what: "cannot pack `\(path)`",
                why: "its link or size does not fit the archive"
            )
        }
        put(name, at: 0)
        put(octal(Int64(mode), 7), at: 100)
        put(octal(0, 7), at: 108)
        put(octal(0, 7), at: 116)
        put(octal(size, 11), at: 124)
        put(octal(0, 11), at: 136)
        put("        ", at: 148)
        block[156] = UInt8(ascii: kind)
        put(link, at: 157)
        put("ustar\u{0}00", at: 257)
        put(prefix, at: 345)
        let sum = block.reduce(0) { $0 + Int64($1) }
        put(octal(sum, 6) + "\u{0} ", at: 148)
        try sink.write(block)
    }

    /// A path in the header's two fields: at most 155 bytes, a slash, and at most 100.
    private static func split(_ path: String) throws -> (prefix: String, name: String) {
        if path.utf8.count <= 100 { return ("", path) }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        for count in 1..<max(parts.count, 2) {
            let prefix = parts.prefix(count).joined(separator: "/")
            let name = parts.dropFirst(count).joined(separator: "/")
            if prefix.utf8.count <= 155, name.utf8.count <= 100, !name.isEmpty { return (prefix, name) }
        }
        throw PackagingError(.invalidPath, what: "cannot pack `\(path)`", why: "the path is too long for the archive")
    }
}
