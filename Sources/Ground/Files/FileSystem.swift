// SPDX-License-Identifier: Apache-2.0

import CPlatform
package import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// Calls on paths.
///
/// All block; call them from ``BlockingPool`` where an answer can take long.
package enum FileSystem {
    /// Whether something is at the path; a link that points nowhere is nothing.
    package static func exists(_ path: FilePath) -> Bool { access(path.string, F_OK) == 0 }

    /// Whether the path is a folder.
    package static func isDirectory(_ path: FilePath) -> Bool {
        // What has no status is no folder.
        (try? status(of: path))?.isDirectory ?? false
    }

    /// The status of a path.
    package static func status(of path: FilePath, followingLinks: Bool = true) throws(FilesError) -> FileStatus {
        var result = stat()
        let code = followingLinks ? stat(path.string, &result) : lstat(path.string, &result)
        guard code == 0 else { throw FilesError(Errno(rawValue: errno), "read", path) }
        return FileStatus(result)
    }

    /// The status of an open file, whatever its path names by now; `path` is for the words of an error.
    package static func status(ofOpen descriptor: Int32, _ path: FilePath) throws(FilesError) -> FileStatus {
        var result = stat()
        guard fstat(descriptor, &result) == 0 else { throw FilesError(Errno(rawValue: errno), "read", path) }
        return FileStatus(result)
    }

    /// Makes a folder and those above it; one that exists is fine, and one that others remove meanwhile is made again.
    package static func createDirectory(
        _ path: FilePath,
        permissions: FilePermissions = [.ownerReadWriteExecute, .groupReadExecute, .otherReadExecute]
    ) throws(FilesError) {
        var last = Errno.noSuchFileOrDirectory
        for _ in 0..<100 {
            if mkdir(path.string, permissions.rawValue) == 0 { return }
            last = Errno(rawValue: errno)
            var status = stat()
            switch last {
            case .fileExists where isDirectory(path): return
            case .fileExists where lstat(path.string, &status) != 0: continue
            case .noSuchFileOrDirectory where path.lastComponent != nil && path.folder != path && path.folder != ".":
                try createDirectory(path.folder, permissions: permissions)
            default: throw FilesError(last, "make the folder", path)
            }
        }
        throw FilesError(last, "make the folder", path)
    }

    /// Removes a file, link or empty folder.
    package static func remove(_ path: FilePath) throws(FilesError) {
        guard Glibc.remove(path.string) == 0 else { throw FilesError(Errno(rawValue: errno), "remove", path) }
    }

    /// Removes a folder with all in it, or a file; links are removed, not followed.
    ///
    /// What is not there is fine.
    package static func removeTree(_ path: FilePath) throws(FilesError) {
        var kind = stat()
        guard path.withPlatformString({ lstat($0, &kind) }) == 0 else {
            if errno == ENOENT { return }
            throw FilesError(Errno(rawValue: errno), "remove", path)
        }
        if kind.st_mode & S_IFMT == S_IFDIR {
            do {
                for entry in try entries(of: path) { try removeTree(path.appending(entry.component)) }
            } catch  where error.code == .notFound {
                // Somebody else removes it too.
            }
        }
        guard path.withPlatformString({ Glibc.remove($0) }) == 0 || errno == ENOENT else {
            throw FilesError(Errno(rawValue: errno), "remove", path)
        }
    }

    /// Renames, replacing a file at the new place.
    ///
    /// Both must be on one file system.
    package static func rename(_ old: FilePath, to new: FilePath) throws(FilesError) {
        guard Glibc.rename(old.string, new.string) == 0 else {
            throw FilesError(Errno(rawValue: errno), "rename `\(old)` to", new)
        }
    }

    /// The names in a folder, sorted by their bytes; bytes that are not UTF-8 become U+FFFD.
    package static func list(_ path: FilePath) throws(FilesError) -> [String] {
        try entries(of: path).map(\.component.string).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// What is in a folder, in no order.
    package static func entries(of path: FilePath) throws(FilesError) -> [FolderEntry] {
        guard let folder = path.withPlatformString({ opendir($0) }) else {
            throw FilesError(Errno(rawValue: errno), "list", path)
        }
        defer { closedir(folder) }
        var entries: [FolderEntry] = []
        while true {
            // The end and an error both come as nil.
            errno = 0
            guard let entry = readdir(folder) else { break }
            let component = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { FilePath.Component(platformString: $0) }
            }
            guard let component, component.kind == .regular else { continue }
            let kind: FolderEntry.Kind =
                switch Int32(entry.pointee.d_type) {
                case Int32(DT_DIR): .folder
                case Int32(DT_REG): .file
                case Int32(DT_LNK): .link
                case Int32(DT_UNKNOWN):
                    FolderEntry.Kind(try status(of: path.appending(component), followingLinks: false))
                default: .other
                }
            entries.append(FolderEntry(component: component, kind: kind))
        }
        guard errno == 0 else { throw FilesError(Errno(rawValue: errno), "list", path) }
        return entries
    }

    /// Makes `link` point to `target`.
    package static func symlink(_ target: FilePath, at link: FilePath) throws(FilesError) {
        guard Glibc.symlink(target.string, link.string) == 0 else {
            throw FilesError(Errno(rawValue: errno), "link", link)
        }
    }

    /// Sets permission bits.
    package static func setPermissions(_ permissions: FilePermissions, of path: FilePath) throws(FilesError) {
        guard chmod(path.string, permissions.rawValue) == 0 else {
            throw FilesError(Errno(rawValue: errno), "set the permissions of", path)
        }
    }

    /// Makes the content of a file that others wrote survive a crash of the machine.
    package static func syncFile(_ path: FilePath) throws(FilesError) {
        let descriptor = open(path.string, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FilesError(Errno(rawValue: errno), "sync", path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw FilesError(Errno(rawValue: errno), "sync", path) }
    }

    /// Makes a rename or a new file in the folder survive a crash of the machine.
    package static func syncDirectory(_ path: FilePath) throws(FilesError) {
        let descriptor = open(path.isEmpty ? "." : path.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FilesError(Errno(rawValue: errno), "sync", path) }
        defer { close(descriptor) }
        // Some network file systems cannot sync folders and say so; they order renames themselves.
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw FilesError(Errno(rawValue: errno), "sync", path) }
    }

    /// A new folder of its own below the system's temporary folder; the caller removes it.
    package static func temporaryDirectory(prefix: String) throws(FilesError) -> FilePath {
        let base = getenv("TMPDIR").map { FilePath(String(cString: $0)) } ?? "/tmp"
        var template = Array(base.appending("\(prefix).XXXXXX").string.utf8CString)
        guard let result = mkdtemp(&template) else {
            throw FilesError(Errno(rawValue: errno), "make a folder in", base)
        }
        return FilePath(String(cString: result))
    }

    /// The folder that relative paths start at.
    package static var currentDirectory: FilePath {
        guard let buffer = getcwd(nil, 0) else { return "/" }
        defer { free(buffer) }
        return FilePath(String(cString: buffer))
    }

    /// The path without links, `.` and `..`.
    package static func realPath(_ path: FilePath) throws(FilesError) -> FilePath {
        guard let buffer = realpath(path.string, nil) else { throw FilesError(Errno(rawValue: errno), "find", path) }
        defer { free(buffer) }
        return FilePath(String(cString: buffer))
    }
}

extension FilePath {
    /// The folder that the path is in; `.` for a bare name.
    var folder: FilePath {
        let folder = removingLastComponent()
        return folder.isEmpty ? "." : folder
    }
}
