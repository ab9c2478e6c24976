// SPDX-License-Identifier: Apache-2.0

import CZlib
import Files
import Synchronization
import SystemPackage

/// A ZIP archive whose entries are written one behind the other, compressed as they come.
///
/// - Source: PKWARE's APPNOTE.TXT 6.3.10; sizes stand behind the data (bit 3 of the flags), names are UTF-8 (bit 11).
final class ZipFile: Sendable {
    private struct Entry {
        let name: [UInt8]
        let offset: UInt32
        var crc: UInt32 = 0
        var packed: UInt64 = 0
        var size: UInt64 = 0
    }

    private struct State: ~Copyable {
        var writer: AtomicFileWriter?
        var entries: [Entry] = []
        var stream: OpaquePointer?

        init(_ writer: consuming AtomicFileWriter) { self.writer = consume writer }

        deinit { if let stream { gyre_gzip_free(stream) } }
    }

    private static let flags: UInt16 = 1 << 3 | 1 << 11
    /// 1980-01-01, the first day that the format knows: equal tables give equal files.
    private static let date: UInt16 = 1 << 5 | 1

    private let state: Mutex<State>
    private let path: FilePath

    init(_ path: FilePath) throws(FilesError) {
        self.path = path
        let writer = try AtomicFileWriter(replacing: path)
        state = Mutex(State(consume writer))
    }

    /// Begins an entry; the one before ends.
    func begin(_ name: String) async throws {
        try await onPool { state in
            try self.endEntry(&state)
            let entry = Entry(name: Array(name.utf8), offset: try self.small(UInt64(state.writer?.count ?? 0)))
            var header = Bytes()
            header.add(0x0403_4B50 as UInt32)
            header.add(20 as UInt16, Self.flags, 8, 0, Self.date)
            header.add(0 as UInt32, 0, 0)
            header.add(UInt16(entry.name.count), 0)
            try state.writer?.append(header.bytes + entry.name)
            guard let stream = gyre_deflate_begin(6) else {
                throw TransferError(.failed, what: "cannot write `\(self.path)`", why: "no memory is left")
            }
            state.stream = stream
            state.entries.append(entry)
        }
    }

    /// Adds bytes to the entry.
    func append(_ bytes: [UInt8]) async throws {
        try await onPool { state in try self.step(bytes, ends: false, &state) }
    }

    /// Ends the archive and puts it into its place.
    func commit() async throws {
        try await onPool { state in
            try self.endEntry(&state)
            let start = try self.small(UInt64(state.writer?.count ?? 0))
            for entry in state.entries {
                var header = Bytes()
                header.add(0x0201_4B50 as UInt32)
                header.add(20 as UInt16, 20, Self.flags, 8, 0, Self.date)
                header.add(entry.crc, try self.small(entry.packed), try self.small(entry.size))
                header.add(UInt16(entry.name.count), 0, 0, 0, 0)
                header.add(0 as UInt32, entry.offset)
                try state.writer?.append(header.bytes + entry.name)
            }
            var end = Bytes()
            let size = try self.small(UInt64(state.writer?.count ?? 0)) - start
            end.add(0x0605_4B50 as UInt32)
            end.add(0 as UInt16, 0, UInt16(state.entries.count), UInt16(state.entries.count))
            end.add(size, start)
            end.add(0 as UInt16)
            try state.writer?.append(end.bytes)
            try state.writer.take()?.commit()
        }
    }

    private func onPool(_ body: @escaping @Sendable (inout State) throws -> Void) async throws {
        try await BlockingPool.shared.run { [self] in try state.withLock { state in try body(&state) } }
    }

    private func step(_ bytes: [UInt8], ends: Bool, _ state: inout State) throws {
        guard let stream = state.stream, let index = state.entries.indices.last else { return }
        var output = [UInt8](repeating: 0, count: 1 << 16)
        var rest = bytes[...]
        while true {
            var used = rest.count
            var made = output.count
            let status = rest.withUnsafeBytes { input in
                output.withUnsafeMutableBytes { output in
                    gyre_gzip_step(stream, input.baseAddress, &used, output.baseAddress, &made, ends)
                }
            }
            guard status >= 0 else {
                throw TransferError(.failed, what: "cannot write `\(path)`", why: "zlib refuses")
            }
            if made > 0 { try state.writer?.append(Array(output[..<made])) }
            state.entries[index].packed += UInt64(made)
            rest = rest.dropFirst(used)
            if status == 0, rest.isEmpty { break }
        }
        state.entries[index].size += UInt64(bytes.count)
        state.entries[index].crc = bytes.withUnsafeBytes {
            gyre_crc32(state.entries[index].crc, $0.baseAddress, $0.count)
        }
        _ = try small(state.entries[index].size)
    }

    private func endEntry(_ state: inout State) throws {
        guard state.stream != nil, let index = state.entries.indices.last else { return }
        try step([], ends: true, &state)
        if let stream = state.stream { gyre_gzip_free(stream) }
        state.stream = nil
        let entry = state.entries[index]
        var descriptor = Bytes()
        descriptor.add(0x0807_4B50 as UInt32)
        descriptor.add(entry.crc, try small(entry.packed), try small(entry.size))
        try state.writer?.append(descriptor.bytes)
    }

    /// A size as the format has it, which ends below 4 GiB.
    private func small(_ size: UInt64) throws(TransferError) -> UInt32 {
        guard let size = UInt32(exactly: size), size < .max else {
            throw TransferError(
                .tooLarge,
                what: "cannot write `\(path)`",
                why: "a workbook's sheet would have more than 4 GiB",
                next: "export to `.parquet` or `.csv`, or choose fewer runs by `--filter`"
            )
        }
        return size
    }
}

/// Little-endian numbers behind each other.
private struct Bytes {
    private(set) var bytes: [UInt8] = []

    mutating func add<Number: FixedWidthInteger>(_ numbers: Number...) {
        for number in numbers { withUnsafeBytes(of: number.littleEndian) { bytes += $0 } }
    }
}
