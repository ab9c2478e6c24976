// SPDX-License-Identifier: Apache-2.0

package import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// Lists all files below a folder with what the system says of them, with one call a file; blocks.
///
/// Links to files count as files, with the status of what they lead to; links to folders are left out.
package struct FolderScan {
    /// Whether something is taken.
    package enum Choice: Sendable {
        /// It is, and a folder with all in it that is taken.
        case take
        /// Neither it nor what lies in it.
        case leaveOut
    }

    /// Is asked for each name; the path is from the folder.
    package typealias Chooser = (_ path: UnsafeBufferPointer<UInt8>, _ kind: FolderEntry.Kind) throws -> Choice

    /// One name of a folder that is being read.
    private struct Item {
        let start: Int
        let length: Int
        var isFolder: Bool
        var status = stat()
    }

    private let root: FilePath
    private let descriptor: Int32
    private let flag: CancellationFlag
    private let choose: Chooser
    private var table = FileTable()

    /// The files below `root`, in the order of their paths' bytes.
    ///
    /// - Throws: ``FilesError`` `.notFound` for a link to nothing, `.wrongKind` for a pipe, socket or device,
    ///   `.invalidContent` for a name that is not UTF-8; what `choose` throws.
    package static func files(
        below root: FilePath,
        _ flag: CancellationFlag,
        choosing choose: @escaping Chooser
    ) throws -> FileTable {
        try scanning(root, flag, choose) { scan in
            try scan.folder([])
            return scan.table
        }
    }

    /// The files below `root`, in the order of their paths' bytes, looked at by several threads.
    ///
    /// - Throws: As ``files(below:_:choosing:)``, and `CancellationError`.
    package static func files(
        below root: FilePath,
        choosing choose: @escaping @Sendable (UnsafeBufferPointer<UInt8>, FolderEntry.Kind) throws -> Choice
    ) async throws -> FileTable {
        let parts = try await BlockingPool.shared.run(cancellable: { flag in
            try scanning(root, flag, choose) { try $0.parts() }
        })
        let size = max(parts.count / 32, 1)
        let starts = Array(stride(from: 0, to: parts.count, by: size))
        var tables = try await BlockingPool.shared.map(starts, atOnce: 4) { start, flag in
            try scanning(root, flag, choose) { scan in
                for part in parts[start..<min(start + size, parts.count)] {
                    switch part {
                    case .files(let files): scan.table.append(contentsOf: files)
                    case .folder(let prefix): try scan.folder(prefix)
                    }
                }
                return scan.table
            }
        }
        guard tables.count != 1 else { return tables[0] }
        var result = FileTable()
        for index in tables.indices {
            result.append(contentsOf: tables[index])
            tables[index] = FileTable()
        }
        return result
    }

    private static func scanning<T>(
        _ root: FilePath,
        _ flag: CancellationFlag,
        _ choose: @escaping Chooser,
        _ body: (inout FolderScan) throws -> T
    ) throws -> T {
        let descriptor = open(root.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FilesError(Errno(rawValue: errno), "list", root) }
        defer { close(descriptor) }
        var scan = FolderScan(root: root, descriptor: descriptor, flag: flag, choose: choose)
        return try body(&scan)
    }

    /// A part of what lies below, in its order.
    private enum Part: Sendable {
        /// Files that were looked at.
        case files(FileTable)
        /// A folder that was not, by its path and a slash.
        case folder([UInt8])
    }

    /// Goes down from the root until there are folders for several threads, or none.
    private mutating func parts() throws -> [Part] {
        var parts: [Part] = [.folder([])]
        var folders = 1
        while folders > 0, folders < 16 {
            var next: [Part] = []
            folders = 0
            for part in parts {
                guard case .folder(let prefix) = part else {
                    next.append(part)
                    continue
                }
                try items(prefix) { scan, path, item in
                    guard item.isFolder else { return scan.append(path, item) }
                    if scan.table.count > 0 { next.append(.files(scan.table)) }
                    scan.table = FileTable()
                    next.append(.folder(path + [UInt8(ascii: "/")]))
                    folders += 1
                }
                if table.count > 0 { next.append(.files(table)) }
                table = FileTable()
            }
            parts = next
        }
        return parts
    }

    private init(root: FilePath, descriptor: Int32, flag: CancellationFlag, choose: @escaping Chooser) {
        self.root = root
        self.descriptor = descriptor
        self.flag = flag
        self.choose = choose
    }

    /// Takes a folder by its path from the root, which ends with a slash unless it is empty.
    private mutating func folder(_ prefix: [UInt8]) throws {
        try items(prefix) { scan, path, item in
            if item.isFolder { try scan.folder(path + [UInt8(ascii: "/")]) } else { scan.append(path, item) }
        }
    }

    private mutating func append(_ path: [UInt8], _ item: Item) {
        path.withUnsafeBufferPointer { table.append($0) }
        table.rows[table.count - 1].set(item.status)
    }

    /// Calls `body` for what is taken of a folder, in its order.
    private mutating func items(
        _ prefix: [UInt8],
        _ body: (_ scan: inout FolderScan, _ path: [UInt8], _ item: Item) throws -> Void
    ) throws {
        try flag.check()
        var names: [UInt8] = []
        var items: [Item] = []
        guard try read(prefix, &names, &items) else { return }
        names.withUnsafeBufferPointer { names in items.sort { Self.isOrdered($0, $1, names) } }
        var path = prefix
        for item in items {
            path.replaceSubrange(prefix.count..., with: names[item.start..<(item.start + item.length)])
            try body(&self, path, item)
        }
    }

    /// Reads the names of a folder that are taken; false if it is a repository of its own.
    private func read(_ prefix: [UInt8], _ names: inout [UInt8], _ items: inout [Item]) throws -> Bool {
        let opened = Self.withCString(prefix.isEmpty ? [UInt8(ascii: ".")] : prefix) {
            openat(descriptor, $0, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
        guard opened >= 0, let stream = fdopendir(opened) else {
            let error = Errno(rawValue: errno)
            if opened >= 0 { close(opened) }
            throw FilesError(error, "list", place(prefix))
        }
        defer { closedir(stream) }
        var path = prefix
        while true {
            // The end and an error both come as nil.
            errno = 0
            guard let entry = readdir(stream) else { break }
            let kind = entry.pointee.d_type
            let isTaken = try withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                try pointer.withMemoryRebound(to: UInt8.self, capacity: 256) { name -> Bool? in
                    let length = strlen(UnsafeRawPointer(name).assumingMemoryBound(to: CChar.self))
                    if name[0] == UInt8(ascii: "."), length == 1 || length == 2 && name[1] == UInt8(ascii: ".") {
                        return true
                    }
                    if !prefix.isEmpty, Int32(kind) == Int32(DT_DIR), length == 4, memcmp(name, ".dvc", 4) == 0 {
                        return nil
                    }
                    path.replaceSubrange(prefix.count..., with: UnsafeBufferPointer(start: name, count: length))
                    let name = UnsafeRawPointer(name).assumingMemoryBound(to: CChar.self)
                    if let item = try item(name, length, Int32(kind), path, in: opened, names.count) {
                        items.append(item)
                        names.append(contentsOf: path[prefix.count...])
                    }
                    return true
                }
            }
            if isTaken == nil { return false }
        }
        guard errno == 0 else { throw FilesError(Errno(rawValue: errno), "list", place(prefix)) }
        return true
    }

    private func item(
        _ name: UnsafePointer<CChar>,
        _ length: Int,
        _ type: Int32,
        _ path: [UInt8],
        in folder: Int32,
        _ start: Int
    ) throws -> Item? {
        var item = Item(start: start, length: length, isFolder: type == Int32(DT_DIR))
        var kind = FolderEntry.Kind.other
        switch type {
        case Int32(DT_DIR): kind = .folder
        case Int32(DT_REG): kind = .file
        case Int32(DT_LNK): kind = .link
        case Int32(DT_UNKNOWN):
            guard fstatat(folder, name, &item.status, AT_SYMLINK_NOFOLLOW) == 0 else { throw failure(path) }
            kind = FolderEntry.Kind(FileStatus(item.status))
            item.isFolder = kind == .folder
        default: break
        }
        guard try path.withUnsafeBufferPointer({ try choose($0, kind) }) == .take else { return nil }
        guard Self.isUTF8(path) else {
            throw FilesError(
                .invalidContent,
                place(path),
                what: "cannot list `\(place(path))`",
                why: "its name is not UTF-8",
                next: "rename it"
            )
        }
        if item.isFolder { return item }
        guard fstatat(folder, name, &item.status, 0) == 0 else { throw failure(path) }
        let isFolder = item.status.st_mode & S_IFMT == S_IFDIR
        if kind == .link, isFolder { return nil }
        guard item.status.st_mode & S_IFMT == S_IFREG else {
            throw FilesError(
                .wrongKind,
                place(path),
                what: "cannot list `\(place(path))`",
                why: "it is neither a file nor a folder",
                next: "remove it, or have it ignored"
            )
        }
        return item
    }

    private func failure(_ path: [UInt8]) -> FilesError { FilesError(Errno(rawValue: errno), "read", place(path)) }

    private func place(_ path: [UInt8]) -> FilePath {
        root.pushing(FilePath(String(decoding: path, as: UTF8.self)))
    }

    /// Files and folders as their full paths are ordered: behind the name of a folder there is a slash.
    private static func isOrdered(_ left: Item, _ right: Item, _ names: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let base = names.baseAddress else { return false }
        let shared = min(left.length, right.length)
        let order = memcmp(base + left.start, base + right.start, shared)
        if order != 0 { return order < 0 }
        func next(_ item: Item) -> Int {
            if item.length > shared { return Int(base[item.start + shared]) }
            return item.isFolder ? Int(UInt8(ascii: "/")) : -1
        }
        return next(left) < next(right)
    }

    private static func isUTF8(_ bytes: [UInt8]) -> Bool {
        if bytes.allSatisfy({ $0 < 0x80 }) { return true }
        return String(validating: bytes, as: UTF8.self) != nil
    }

    private static func withCString<T>(_ bytes: [UInt8], _ body: (UnsafePointer<CChar>) -> T) -> T {
        (bytes + [0]).withUnsafeBytes { body($0.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: CChar.self)) }
    }
}
