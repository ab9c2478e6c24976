// SPDX-License-Identifier: Apache-2.0

import CPlatform
package import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// Replaces files whole: whoever reads sees the old content or the new, never a half, even after a crash of the machine.
package enum AtomicFile {
    /// Writes bytes to `path`.
    ///
    /// - Parameters:
    ///   - bytes: The new content.
    ///   - path: The file; its folder must exist.
    ///   - permissions: nil keeps those of the file that is replaced, and gives a new one what the umask leaves.
    /// - Throws: ``FilesError``, such as `.notFound` for the folder or `.diskFull`; then the old file is as it was.
    package static func write(
        _ bytes: [UInt8],
        to path: FilePath,
        permissions: FilePermissions? = nil
    ) throws(FilesError) {
        var writer = try AtomicFileWriter(replacing: path, permissions: permissions)
        try writer.append(bytes)
        try writer.commit()
    }

    /// Writes text to `path` as UTF-8, with permissions as for bytes.
    package static func write(
        _ text: String,
        to path: FilePath,
        permissions: FilePermissions? = nil
    ) throws(FilesError) {
        try write(Array(text.utf8), to: path, permissions: permissions)
    }
}

/// A file under construction for the place of another.
///
/// It has no name until ``commit()``, so that nothing of it remains without that, not even when the process is killed.
/// Where a file system knows no files without a name it has a ``TemporaryName``. Writing blocks.
package struct AtomicFileWriter: ~Copyable {
    private let target: FilePath
    /// The name that must be removed if the file does not get to its place.
    private var temporary: FilePath?
    private let isNamed: Bool
    private let descriptor: Int32
    /// Bytes written so far.
    package private(set) var count: Int64 = 0

    /// Begins a replacement of `path`; its folder must exist.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - permissions: nil keeps those of the file that is replaced, and gives a new one what the umask leaves.
    /// - Throws: ``FilesError``, such as `.notFound` for the folder.
    package init(replacing path: FilePath, permissions: FilePermissions? = nil) throws(FilesError) {
        try self.init(replacing: path, permissions: permissions, needsName: false)
    }

    /// A writer whose file has a name from the beginning if `needsName`, as on file systems that know no other.
    init(replacing path: FilePath, permissions: FilePermissions?, needsName: Bool) throws(FilesError) {
        let folder = path.folder
        // A file that has no status is not there; why not is for the attempt to write to say.
        let old = permissions == nil ? try? FileSystem.status(of: path, followingLinks: false) : nil
        let kept = old?.isRegular == true ? old?.permissions : nil
        var opened = needsName ? -EOPNOTSUPP : gyre_open_unnamed(folder.string, 0o666)
        var name: FilePath?
        if opened == -EOPNOTSUPP {
            let path = folder.appending(TemporaryName.make())
            name = path
            opened = open(path.string, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
            if opened < 0 { opened = -errno }
        }
        guard opened >= 0 else { throw FilesError(Errno(rawValue: -opened), "write", path) }
        // On Linux a file's owner may always set its permissions.
        if let wanted = permissions ?? kept { _ = fchmod(opened, wanted.rawValue & 0o777) }
        target = path
        temporary = name
        isNamed = name != nil
        descriptor = opened
    }

    deinit {
        close(descriptor)
        if let temporary { unlink(temporary.string) }
    }

    /// Adds bytes at the end.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) throws(FilesError) {
        var rest = bytes
        while let base = rest.baseAddress, !rest.isEmpty {
            let written = Glibc.write(descriptor, base, rest.count)
            if written < 0 {
                if errno == EINTR { continue }
                throw FilesError(Errno(rawValue: errno), "write", target)
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[written...])
            count += Int64(written)
        }
    }

    /// Adds bytes at the end.
    package mutating func append(_ bytes: [UInt8]) throws(FilesError) {
        try explaining("write", target) { try bytes.withUnsafeBytes { try append($0) } }
    }

    /// What the system says of the file so far.
    package borrowing func status() throws(FilesError) -> FileStatus {
        try FileSystem.status(ofOpen: descriptor, target)
    }

    /// Takes the whole content of an open file by sharing its blocks.
    borrowing func clone(from source: Int32) throws(FilesError) {
        let code = gyre_clone_file(source, descriptor)
        guard code == 0 else { throw FilesError(Errno(rawValue: code), "clone", target) }
    }

    /// Syncs the file and puts it in its place.
    package consuming func commit() throws(FilesError) {
        try syncContent()
        try place()
        try FileSystem.syncDirectory(target.folder)
    }

    /// Syncs the file and puts it in its place, although others remove the folder meanwhile.
    ///
    /// - Parameters:
    ///   - root: A folder above the file that stays; those between are made again as often as it takes.
    ///   - areNew: Whether those between have been made for this file, and must be synced too.
    /// - Throws: ``FilesError``; then the old file is as it was.
    package consuming func commit(makingFoldersBelow root: FilePath, areNew: Bool) throws(FilesError) {
        try syncContent()
        var areNew = areNew
        for attempt in 1...Self.attempts {
            do throws(FilesError) {
                if attempt > 1 {
                    areNew = true
                    try FileSystem.createDirectory(target.folder)
                }
                try place()
                break
            } catch {
                guard error.code == .notFound, attempt < Self.attempts else { throw error }
            }
        }
        // Behind the file, so that there is hardly any time in which somebody finds an empty folder to remove.
        var folder = target.folder
        do throws(FilesError) {
            try FileSystem.syncDirectory(folder)
            while areNew, folder != root, folder.removeLastComponent(), folder.starts(with: root) {
                try FileSystem.syncDirectory(folder)
            }
        } catch {
            // Then it was in its place, and somebody removed it with its folder.
            guard error.code == .notFound else { throw error }
        }
    }

    /// How often a folder is made again that others remove as often.
    private static let attempts = 100

    private borrowing func syncContent() throws(FilesError) {
        guard fsync(descriptor) == 0 else { throw FilesError(Errno(rawValue: errno), "write", target) }
    }

    private mutating func place() throws(FilesError) {
        if !isNamed {
            if try name(target) { return }
            let path = target.folder.appending(TemporaryName.make())
            guard try name(path) else { throw FilesError(.fileExists, "write", target) }
            temporary = path
        }
        guard let named = temporary else { return }
        guard Glibc.rename(named.string, target.string) == 0 else {
            throw FilesError(Errno(rawValue: errno), "write", target)
        }
        temporary = nil
    }

    /// Gives the file a name; false if it is taken.
    private borrowing func name(_ path: FilePath) throws(FilesError) -> Bool {
        let code = gyre_name_file(descriptor, path.string)
        if code == EEXIST { return false }
        guard code == 0 else { throw FilesError(Errno(rawValue: code), "write", target) }
        return true
    }

    /// Gives up; nothing remains.
    package consuming func discard() {}
}

/// Names that files have while they are made; whoever lists a folder leaves them out.
package enum TemporaryName {
    private static let suffix = ".gyre-part"

    /// A new name.
    package static func make() -> String { ".\(String(UInt64.random(in: .min ... .max), radix: 36))\(suffix)" }

    /// Whether a file of this name is being made, or was when a process ended.
    package static func isOne(_ name: String) -> Bool {
        name.utf8.first == UInt8(ascii: ".") && name.utf8.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
    }
}
