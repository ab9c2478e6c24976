// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage

/// Writes a POSIX archive that depends on nothing but its content: no times, owner 0.
///
/// Headers are `ustar`; what does not fit into them (long paths and links, files of 8 GiB and more) stands in a `pax` record
/// before them.
///
/// - Source: IEEE Std 1003.1-2017, `pax`, sections "pax Interchange Format" and "ustar Interchange Format".
struct TarWriter {
    private static let block = 512
    private let sink: any ByteSink
    private let flag: CancellationFlag

    init(to sink: any ByteSink, flag: CancellationFlag = CancellationFlag()) {
        self.sink = sink
        self.flag = flag
    }

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
        let status = try FileSystem.status(of: source)
        guard status.isRegular else {
            throw PackagingError(.invalidPath, what: "cannot pack `\(source)`", why: "it is no ordinary file")
        }
        try header(path, size: status.size, mode: mode, kind: "0")
        var written: Int64 = 0
        try FileReader.chunks(of: source) { chunk in
            try flag.check()
            written += Int64(chunk.count)
            guard written <= status.size else { throw Self.changed(source) }
            try sink.write(chunk)
        }
        guard written == status.size else { throw Self.changed(source) }
        try pad(status.size)
    }

    /// Ends the archive.
    func finish() throws { try sink.write(Array(repeating: 0, count: 2 * Self.block)) }

    private static func changed(_ source: FilePath) -> PackagingError {
        PackagingError(
            .failed,
            what: "cannot pack `\(source)`",
            why: "it changed while it was read",
            next: "build again"
        )
    }

    private func pad(_ size: Int64) throws {
        let rest = Int(size % Int64(Self.block))
        if rest > 0 { try sink.write(Array(repeating: 0, count: Self.block - rest)) }
    }

    private func header(_ path: String, size: Int64, mode: UInt32, kind: Unicode.Scalar, link: String = "") throws {
        try flag.check()
        let place = Self.split(path)
        var records = ""
        if place == nil { records += Self.record("path", path) }
        if link.utf8.count > 100 { records += Self.record("linkpath", link) }
        if size >= 1 << 33 { records += Self.record("size", String(size)) }
        if !records.isEmpty {
            try ustar(("", "PaxHeader"), size: Int64(records.utf8.count), mode: 0o644, kind: "x", link: [])
            try sink.write(Array(records.utf8))
            try pad(Int64(records.utf8.count))
        }
        // Readers take the record's values; these are for those that know no records.
        let short = place ?? ("", String(decoding: path.utf8.suffix(100), as: UTF8.self).filter { $0 != "\u{FFFD}" })
        try ustar(short, size: size < 1 << 33 ? size : 0, mode: mode, kind: kind, link: Array(link.utf8.prefix(100)))
    }

    /// `length key=value`, where the length counts itself.
    private static func record(_ key: String, _ value: String) -> String {
        let rest = " \(key)=\(value)\n"
        var length = rest.utf8.count
        while true {
            let total = rest.utf8.count + String(length).utf8.count
            if total == length { return "\(length)\(rest)" }
            length = total
        }
    }

    private func ustar(
        _ place: (prefix: String, name: String),
        size: Int64,
        mode: UInt32,
        kind: Unicode.Scalar,
        link: [UInt8]
    ) throws {
        var block: [UInt8] = Array(repeating: 0, count: Self.block)
        func put(_ bytes: some Collection<UInt8>, at offset: Int) {
            block.replaceSubrange(offset..<(offset + bytes.count), with: bytes)
        }
        func octal(_ value: Int64, _ digits: Int) -> String.UTF8View {
            let text = String(value, radix: 8)
            return (String(repeating: "0", count: max(0, digits - text.count)) + text).utf8
        }
        put(place.name.utf8, at: 0)
        put(octal(Int64(mode & 0o7777), 7), at: 100)
        put(octal(0, 7), at: 108)
        put(octal(0, 7), at: 116)
        put(octal(size, 11), at: 124)
        put(octal(0, 11), at: 136)
        put("        ".utf8, at: 148)
        block[156] = UInt8(ascii: kind)
        put(link, at: 157)
        put("ustar\u{0}00".utf8, at: 257)
        put(place.prefix.utf8, at: 345)
        let sum = block.reduce(0) { $0 + Int64($1) }
        put(octal(sum, 6), at: 148)
        put([0, UInt8(ascii: " ")], at: 154)
        try sink.write(block)
    }

    /// A path in the header's two fields: at most 155 bytes, a slash, and at most 100; nil if it does not fit.
    private static func split(_ path: String) -> (prefix: String, name: String)? {
        if path.utf8.count <= 100 { return ("", path) }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        for count in 1..<max(parts.count, 2) {
            let prefix = parts.prefix(count).joined(separator: "/")
            let name = parts.dropFirst(count).joined(separator: "/")
            if prefix.utf8.count <= 155, name.utf8.count <= 100, !name.isEmpty { return (prefix, name) }
        }
        return nil
    }
}
