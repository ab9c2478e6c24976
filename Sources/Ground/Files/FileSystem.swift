// SPDX-License-Identifier: Apache-2.0

package import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// What the system says of a file.
package struct FileStatus: Sendable, Hashable {
    /// Size in bytes.
    package let size: Int64
    /// Last change of the content, nanoseconds UTC.
    package let mtimeNs: Int64
    /// Last change of content or attributes, nanoseconds UTC.
    package let ctimeNs: Int64
    /// The inode, unique on its device.
    package let inode: UInt64
    /// The device.
    package let device: UInt64
    /// Kind and permission bits.
    package let mode: UInt32

    /// Whether it is a folder.
    package var isDirectory: Bool { mode & S_IFMT == S_IFDIR }
    /// Whether it is a symbolic link, if links were not followed.
    package var isSymlink: Bool { mode & S_IFMT == S_IFLNK }
    /// Whether it is an ordinary file.
    package var isRegular: Bool { mode & S_IFMT == S_IFREG }
    /// Whether its owner may run it.
    package var isExecutable: Bool { mode & 0o100 != 0 }
    /// The permission bits alone.
    package var permissions: FilePermissions { FilePermissions(rawValue: mode & 0o7777) }

    init(_ status: stat) {
        size = Int64(status.st_size)
        mtimeNs = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
        ctimeNs = Int64(status.st_ctim.tv_sec) * 1_000_000_000 + Int64(status.st_ctim.tv_nsec)
        inode = UInt64(status.st_ino)
        device = UInt64(status.st_dev)
        mode = status.st_mode
    }
}

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

    /// Makes a folder and those above it; one that exists is fine.
    package static func createDirectory(
        _ path: FilePath,
        permissions: FilePermissions = [.ownerReadWriteExecute, .groupReadExecute, .otherReadExecute]
    ) throws(FilesError) {
        if mkdir(path.string, permissions.rawValue) == 0 { return }
        switch Errno(rawValue: errno) {
        case .fileExists where isDirectory(path): return
        case .noSuchFileOrDirectory where !path.removingLastComponent().isEmpty && path.removingLastComponent() != path:
            try createDirectory(path.removingLastComponent(), permissions: permissions)
            if mkdir(path.string, permissions.rawValue) == 0 || (errno == EEXIST && isDirectory(path)) { return }
            throw FilesError(Errno(rawValue: errno), "make the folder", path)
        case let error: throw FilesError(error, "make the folder", path)
        }
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
        guard lstat(path.string, &kind) == 0 else {
            if errno == ENOENT { return }
            throw FilesError(Errno(rawValue: errno), "remove", path)
        }
        if kind.st_mode & S_IFMT == S_IFDIR {
            for name in try list(path) { try removeTree(path.appending(name)) }
        }
        try remove(path)
    }

    /// Renames, replacing a file at the new place.
    ///
    /// Both must be on one file system.
    package static func rename(_ old: FilePath, to new: FilePath) throws(FilesError) {
        guard Glibc.rename(old.string, new.string) == 0 else {
            throw FilesError(Errno(rawValue: errno), "rename `\(old)` to", new)
        }
    }

    /// The names in a folder, sorted by their bytes.
    package static func list(_ path: FilePath) throws(FilesError) -> [String] {
        guard let folder = opendir(path.string) else { throw FilesError(Errno(rawValue: errno), "list", path) }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
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
