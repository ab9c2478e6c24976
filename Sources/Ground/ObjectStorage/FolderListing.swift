// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage

/// Lists the objects below a folder in the order of their keys.
///
/// It enters only folders that can hold what is asked for and stops when the page is full, so that the cost of a page is that
/// of the folders on its way, and memory that of the largest one.
struct FolderListing {
    private let recursive: Bool
    private let after: [UInt8]?
    private let limit: Int
    private var entries: [ObjectEntry] = []
    private var cursors: [String] = []
    /// What it cost, for tests.
    private(set) var foldersRead = 0

    /// A listing of at most `limit` entries behind `after`.
    init(recursive: Bool, after: String?, limit: Int) {
        self.recursive = recursive
        self.after = after.map { Array($0.utf8) }
        self.limit = max(0, limit)
    }

    /// The page of the objects below `folder`, whose keys begin with `prefix`.
    mutating func page(of folder: FilePath, _ prefix: String) throws(FilesError) -> ObjectPage {
        try walk(folder, prefix.isEmpty ? "" : prefix + "/")
        // One more than asked for says that there is a next page.
        let hasMore = entries.count > limit && limit > 0
        return ObjectPage(entries: Array(entries.prefix(limit)), next: hasMore ? cursors[limit - 1] : nil)
    }

    private var isFull: Bool { entries.count > limit }

    /// One name of a folder, before anything was asked about it.
    struct Line: Sendable {
        let name: String
        /// With a slash behind a folder: its objects sort as their keys do.
        let order: [UInt8]
        let entry: FolderEntry
    }

    private mutating func walk(_ folder: FilePath, _ prefix: String) throws(FilesError) {
        for line in try lines(of: folder, prefix) {
            if isFull { return }
            if recursive, line.entry.kind == .folder {
                try walk(folder.appending(line.entry.component), prefix + line.name + "/")
            } else if let entry = try entry(of: line, in: folder, prefix) {
                add(entry, line)
            }
        }
    }

    /// What a listing of one level says of a line; nil if it is no object and holds none.
    mutating func entry(of line: Line, in folder: FilePath, _ prefix: String) throws(FilesError) -> ObjectEntry? {
        let path = folder.appending(line.entry.component)
        guard line.entry.kind == .folder else { return try info(path, prefix + line.name).map { .object($0) } }
        return try holdsObject(path, prefix + line.name + "/") ? .folder(prefix + line.name) : nil
    }

    private mutating func add(_ entry: ObjectEntry, _ line: Line) {
        entries.append(entry)
        cursors.append(String(decoding: line.order, as: UTF8.self))
    }

    /// The lines of a folder that can hold something behind `after`, in order.
    mutating func lines(of folder: FilePath, _ prefix: String) throws(FilesError) -> [Line] {
        var lines: [Line] = []
        for entry in try entries(of: folder) {
            guard let name = entry.name else { continue }
            let order = Array((prefix + name + (entry.kind == .folder ? "/" : "")).utf8)
            if let after {
                let isBehind = after.lexicographicallyPrecedes(order)
                guard isBehind || (recursive && entry.kind == .folder && after.starts(with: order)) else { continue }
            }
            lines.append(Line(name: name, order: order, entry: entry))
        }
        return lines.sorted { $0.order.lexicographicallyPrecedes($1.order) }
    }

    /// Files and folders whose names can be parts of a key; none if the folder is gone by now.
    private mutating func entries(of folder: FilePath) throws(FilesError) -> [FolderEntry] {
        foldersRead += 1
        do {
            return try FileSystem.entries(of: folder).filter { entry in
                guard entry.kind == .file || entry.kind == .folder, let name = entry.name else { return false }
                return !name.utf8.contains(UInt8(ascii: "\\")) && !TemporaryName.isOne(name)
            }
        } catch {
            guard error.code == .notFound || error.code == .wrongKind else { throw error }
            return []
        }
    }

    private mutating func holdsObject(_ folder: FilePath, _ prefix: String) throws(FilesError) -> Bool {
        let entries = try entries(of: folder)
        for entry in entries where entry.kind == .file {
            if let name = entry.name, Self.key(prefix + name) != nil { return true }
        }
        for entry in entries where entry.kind == .folder {
            if try holdsObject(folder.appending(entry.component), prefix + (entry.name ?? "") + "/") { return true }
        }
        return false
    }

    /// What is said of a file; nil if it is gone by now.
    private func info(_ path: FilePath, _ text: String) throws(FilesError) -> ObjectInfo? {
        guard let key = Self.key(text) else { return nil }
        do {
            return ObjectInfo(key, try FileSystem.status(of: path, followingLinks: false))
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }

    /// A file whose path is too long for a key cannot be asked for, so it is none of the objects.
    private static func key(_ text: String) -> ObjectKey? { try? ObjectKey(text) }
}

extension ObjectInfo {
    init(_ key: ObjectKey, _ status: FileStatus) {
        self.init(key: key, sizeInBytes: status.size, modifiedMs: status.mtimeNs / 1_000_000)
    }
}
