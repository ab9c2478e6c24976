// SPDX-License-Identifier: Apache-2.0

import CPlatform
package import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// Replaces files whole: whoever reads sees the old content or the new, never a half, even after a crash of the machine.
package enum AtomicFile {
    /// Writes bytes to `path`.
    package static func write(
        _ bytes: [UInt8],
        to path: FilePath,
        permissions: FilePermissions = [.ownerReadWrite, .groupRead, .otherRead]
    ) throws(FilesError) {
        var writer = try AtomicFileWriter(replacing: path, permissions: permissions)
        try writer.append(bytes)
        try writer.commit()
    }

    /// Writes text to `path` as UTF-8.
    package static func write(
        _ text: String,
        to path: FilePath,
        permissions: FilePermissions = [.ownerReadWrite, .groupRead, .otherRead]
    ) throws(FilesError) {
        try write(Array(text.utf8), to: path, permissions: permissions)
    }
}

/// A file under construction beside the one that it will replace.
///
/// Without ``commit()`` nothing of it remains. Writing blocks.
package struct AtomicFileWriter: ~Copyable {
    private let target: FilePath
    private let temporary: FilePath
    private let descriptor: Int32
    /// Bytes written so far.
    package private(set) var count: Int64 = 0

    /// Begins a replacement of `path`; its folder must exist.
    package init(
        replacing path: FilePath,
        permissions: FilePermissions = [.ownerReadWrite, .groupRead, .otherRead]
    ) throws(FilesError) {
        let name = path.lastComponent?.string ?? "file"
        var template = Array(path.removingLastComponent().appending(".\(name.prefix(100)).XXXXXX").string.utf8CString)
        let opened = mkstemp(&template)
        guard opened >= 0 else { throw FilesError(Errno(rawValue: errno), "write", path) }
        _ = fcntl(opened, F_SETFD, FD_CLOEXEC)
        // On Linux a file's owner may always set its permissions.
        _ = fchmod(opened, permissions.rawValue)
        target = path
        descriptor = opened
        temporary = FilePath(String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }

    deinit {
        close(descriptor)
        unlink(temporary.string)
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

    /// Takes the whole content of an open file by sharing its blocks.
    borrowing func clone(from source: Int32) throws(FilesError) {
        let code = gyre_clone_file(source, descriptor)
        guard code == 0 else { throw FilesError(Errno(rawValue: code), "clone", target) }
    }

    /// Syncs the file and puts it in its place.
    package consuming func commit() throws(FilesError) {
        guard fsync(descriptor) == 0 else { throw FilesError(Errno(rawValue: errno), "write", target) }
        guard Glibc.rename(temporary.string, target.string) == 0 else {
            throw FilesError(Errno(rawValue: errno), "write", target)
        }
        try FileSystem.syncDirectory(target.removingLastComponent())
    }

    /// Gives up; nothing remains.
    package consuming func discard() {}
}
