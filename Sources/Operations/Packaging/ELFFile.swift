// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage

/// What an ELF file says of the libraries it needs; reads only its headers, whatever the file's size.
///
/// - Source: System V ABI, edition 4.1, chapters 4 and 5.
struct ELFFile {
    /// The names of needed libraries.
    private(set) var needed: [String] = []
    /// Folders of `RPATH`, which hold also for what its libraries need; empty beside a `RUNPATH`.
    private(set) var inheritedPath: [String] = []
    /// Folders of `RUNPATH`, which hold for its own needs alone.
    private(set) var ownPath: [String] = []
    /// The program that loads it; nil for a library.
    private(set) var loader: String?
    /// The kind of processor.
    let machine: UInt16

    init(_ path: FilePath) throws {
        let file = try Reader(path)
        let header = try file.bytes(at: 0, count: 64)
        guard header.starts(with: [0x7F, 0x45, 0x4C, 0x46]), header[4] == 2, header[5] == 1 else {
            throw file.invalid("it is no 64-bit little-endian ELF file")
        }
        machine = header.number(18)
        let table: UInt64 = header.number(32)
        let size = Int(header.number(54) as UInt16)
        let count = Int(header.number(56) as UInt16)
        guard count == 0 || size >= 56 else { throw file.invalid("its program headers are too short") }
        let entries = try file.bytes(at: table, count: size * count)
        var loads: [(address: UInt64, offset: UInt64, size: UInt64)] = []
        var dynamic: (offset: UInt64, size: UInt64)?
        for start in stride(from: 0, to: size * count, by: max(size, 1)) {
            let entry = Array(entries[start..<(start + size)])
            let offset: UInt64 = entry.number(8)
            let length: UInt64 = entry.number(32)
            switch entry.number(0) as UInt32 {
            case 1: loads.append((entry.number(16), offset, length))
            case 2: dynamic = (offset, length)
            case 3: loader = try file.text(at: offset)
            default: break
            }
        }
        guard let dynamic else { return }
        guard dynamic.size <= 1 << 20 else { throw file.invalid("its dynamic section is too long") }
        let section = try file.bytes(at: dynamic.offset, count: Int(dynamic.size))
        var names: [UInt64] = []
        var rpaths: [UInt64] = []
        var runpaths: [UInt64] = []
        var strings: UInt64 = 0
        for start in stride(from: 0, to: section.count - 15, by: 16) {
            let value: UInt64 = section.number(start + 8)
            let tag: UInt64 = section.number(start)
            if tag == 0 { break }
            switch tag {
            case 1: names.append(value)
            case 5: strings = value
            case 15: rpaths.append(value)
            case 29: runpaths.append(value)
            default: break
            }
        }
        guard !names.isEmpty else { return }
        // The dynamic section speaks of addresses; segments say where these are in the file.
        guard let load = loads.first(where: { strings >= $0.address && strings - $0.address < $0.size }) else {
            throw file.invalid("its string table lies in no segment")
        }
        let base = (strings - load.address).addingReportingOverflow(load.offset)
        func text(_ offset: UInt64) throws -> String {
            let place = base.partialValue.addingReportingOverflow(offset)
            guard !base.overflow, !place.overflow else { throw file.invalid("it is cut off") }
            return try file.text(at: place.partialValue)
        }
        func folders(_ offsets: [UInt64]) throws -> [String] {
            try offsets.flatMap { try text($0).split(separator: ":").map(String.init) }
        }
        needed = try names.map(text)
        ownPath = try folders(runpaths)
        inheritedPath = runpaths.isEmpty ? try folders(rpaths) : []
    }

    /// Reads pieces of a file.
    private struct Reader: ~Copyable {
        private let path: FilePath
        private let descriptor: FileDescriptor

        init(_ path: FilePath) throws {
            self.path = path
            do {
                descriptor = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
            } catch let error as Errno {
                throw FilesError(error, "read", path)
            }
        }

        // Nothing was written, so nothing can be lost.
        deinit { try? descriptor.close() }

        func invalid(_ why: String) -> PackagingError {
            PackagingError(.invalidProgram, what: "cannot read `\(path)`", why: why)
        }

        func bytes(at offset: UInt64, count: Int) throws -> [UInt8] {
            let bytes = try upTo(count, at: offset)
            guard bytes.count == count else { throw invalid("it is cut off") }
            return bytes
        }

        func text(at offset: UInt64) throws -> String {
            let bytes = try upTo(4_096, at: offset)
            guard let end = bytes.firstIndex(of: 0) else { throw invalid("a name in it has no end") }
            return String(decoding: bytes[..<end], as: UTF8.self)
        }

        private func upTo(_ count: Int, at offset: UInt64) throws -> [UInt8] {
            guard let start = Int64(exactly: offset), start <= .max - Int64(count) else {
                throw invalid("it is cut off")
            }
            var bytes: [UInt8] = Array(repeating: 0, count: count)
            var filled = 0
            do {
                while filled < count {
                    let read = try bytes.withUnsafeMutableBytes { buffer in
                        try descriptor.read(
                            fromAbsoluteOffset: start + Int64(filled),
                            into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
                        )
                    }
                    if read == 0 { break }
                    filled += read
                }
            } catch let error as Errno {
                throw FilesError(error, "read", path)
            }
            return Array(bytes.prefix(filled))
        }
    }
}

extension [UInt8] {
    /// A number in little-endian order; the caller knows that it is there.
    fileprivate func number<Number: FixedWidthInteger & UnsignedInteger>(_ offset: Int) -> Number {
        var value: Number = 0
        for index in 0..<MemoryLayout<Number>.size { value |= Number(self[offset + index]) << (index * 8) }
        return value
    }
}
