// SPDX-License-Identifier: Apache-2.0

import Files
package import SystemPackage

/// Finds the shared libraries that a program needs, so that an image needs no base.
package struct LibraryClosure: Sendable {
    private let folders: [FilePath]

    /// A search in these folders, besides those that a file names itself.
    package init(folders: [FilePath] = Self.systemFolders) { self.folders = folders }

    /// Where this machine keeps its libraries.
    package static let systemFolders: [FilePath] = [
        "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu",
        "/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib",
    ]

    /// The files of programs and all libraries below them, as files of an image.
    ///
    /// - Parameter programs: Paths on this machine with their paths in the image; programs, and libraries that are
    ///   opened later.
    /// - Returns: Each file once: programs at their targets, loaders where the programs name them, libraries in
    ///   `/usr/lib`.
    /// - Throws: ``PackagingError`` `.missingLibrary` if a needed library is in none of the folders, `.invalidProgram`
    ///   if a file is no 64-bit little-endian ELF file; ``FilesError`` if one cannot be read.
    package func files(for programs: [(source: FilePath, target: String)]) throws -> [ImageFile] {
        var files: [ImageFile] = []
        var seen: Set<String> = []
        var open: [(FilePath, [FilePath])] = []
        func take(_ source: FilePath, _ target: String, mode: UInt32) throws {
            guard seen.insert(target).inserted else { return }
            let elf = try ELFFile(source)
            files.append(ImageFile(path: target, content: .file(try FileSystem.realPath(source)), mode: mode))
            if let loader = elf.loader, seen.insert(loader).inserted {
                files.append(
                    ImageFile(path: loader, content: .file(try FileSystem.realPath(FilePath(loader))), mode: 0o755)
                )
            }
            let origin = source.removingLastComponent()
            let own = elf.searchPath.map { path in
                FilePath(path.replacing("${ORIGIN}", with: origin.string).replacing("$ORIGIN", with: origin.string))
            }
            for name in elf.needed { open.append((FilePath(name), own)) }
        }
        for program in programs { try take(program.source, program.target, mode: 0o755) }
        while let (name, own) = open.popLast() {
            guard let path = (own + folders).map({ $0.pushing(name) }).first(where: FileSystem.exists) else {
                throw PackagingError(
                    .missingLibrary,
                    what: "cannot pack the program",
                    why: "it needs `\(name)`, which is in none of this machine's library folders",
                    next: "install the package that holds it"
                )
            }
            // The loader of the image looks in `/lib` of its kind; one folder holds them all.
            try take(path, "/usr/lib/\(name)", mode: 0o644)
        }
        return files
    }
}

/// What an ELF file says of the libraries it needs.
struct ELFFile {
    /// The names of needed libraries.
    private(set) var needed: [String] = []
    /// Folders of `RUNPATH` or `RPATH`.
    private(set) var searchPath: [String] = []
    /// The program that loads it; nil for a library.
    private(set) var loader: String?

    init(_ path: FilePath) throws {
        func invalid(_ why: String) -> PackagingError {
            PackagingError(.invalidProgram, what: "cannot read `\(path)`", why: why)
        }
        let bytes = try FileReader.bytes(of: path, limit: 1 << 30)
        try bytes.withUnsafeBytes { bytes in
            guard bytes.count >= 64, bytes.prefix(4).elementsEqual([0x7F, 0x45, 0x4C, 0x46]), bytes[4] == 2,
                bytes[5] == 1
            else {
                throw invalid("it is no 64-bit little-endian ELF file")
            }
            func number<Number: FixedWidthInteger>(_ offset: Int, _: Number.Type) throws -> Int {
                guard offset >= 0, offset + MemoryLayout<Number>.size <= bytes.count else {
                    throw invalid("it is cut off")
                }
                return Int(
                    truncatingIfNeeded: Number(
                        littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Number.self)
                    )
                )
            }
            func text(_ offset: Int) throws -> String {
                guard offset >= 0, offset < bytes.count else { throw invalid("it is cut off") }
                return String(decoding: bytes[offset...].prefix { $0 != 0 }, as: UTF8.self)
            }
            let table = try number(32, UInt64.self)
            let size = try number(54, UInt16.self)
            let count = try number(56, UInt16.self)
            var loads: [(address: Int, offset: Int, size: Int)] = []
            var dynamic: (offset: Int, size: Int)?
            for index in 0..<count {
                let entry = table + index * size
                let offset = try number(entry + 8, UInt64.self)
                switch try number(entry, UInt32.self) {
                case 1: loads.append((try number(entry + 16, UInt64.self), offset, try number(entry + 32, UInt64.self)))
                case 2: dynamic = (offset, try number(entry + 32, UInt64.self))
                case 3: loader = try text(offset)
                default: break
                }
            }
            guard let dynamic else { return }
            var names: [Int] = []
            var paths: [Int] = []
            var strings = 0
            for entry in stride(from: dynamic.offset, to: dynamic.offset + dynamic.size, by: 16) {
                let value = try number(entry + 8, UInt64.self)
                switch try number(entry, UInt64.self) {
                case 1: names.append(value)
                case 15, 29: paths.append(value)
                case 5: strings = value
                default: break
                }
            }
            // The dynamic section speaks of addresses; segments say where these are in the file.
            guard let load = loads.first(where: { ($0.address..<($0.address + $0.size)).contains(strings) }) else {
                throw invalid("its string table lies in no segment")
            }
            let base = strings - load.address + load.offset
            needed = try names.map { try text(base + $0) }
            searchPath = try paths.flatMap { try text(base + $0).split(separator: ":").map(String.init) }
        }
    }
}
