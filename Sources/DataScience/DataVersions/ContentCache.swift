// SPDX-License-Identifier: Apache-2.0

package import Files
package import SystemPackage

/// Contents by their MD5, laid out as DVC's cache: `ab/cdef…`, write-protected once they are whole.
///
/// All calls block. An object appears only when it is complete, synced, and has the hash that it is named by. As in DVC the write protection
/// says that somebody checked it: an object that can be written is hashed before it is trusted.
package struct ContentCache: Sendable {
    /// The folder that holds the objects.
    package let folder: FilePath

    private static let protected: FilePermissions = [.ownerRead, .groupRead, .otherRead]

    /// Where the content with an MD5 is kept.
    package func object(_ md5: String) -> FilePath {
        folder.appending(String(md5.prefix(2))).appending(String(md5.dropFirst(2)))
    }

    /// Whether there is an object of that name; it may be damaged.
    package func holds(_ md5: String) -> Bool { FileSystem.exists(object(md5)) }

    /// Whether there is an object, and its bytes have the hash.
    package func isWhole(_ md5: String, _ flag: CancellationFlag) throws -> Bool {
        guard holds(md5) else { return false }
        return try Self.digest(of: object(md5), flag).md5 == md5.prefix(32)
    }

    /// Takes the content of a file, whose MD5 is known; one that is there already and whole is kept.
    ///
    /// - Throws: ``DataVersionsError`` `.changed` if the file's content is no longer that.
    func keep(_ path: FilePath, as md5: String, size: Int64, name: String, _ flag: CancellationFlag) throws {
        guard try !isTrusted(md5, size, flag) else { return }
        let object = try place(for: md5)
        guard try Self.copy(path, to: object, expecting: md5, Self.protected, flag) else {
            throw DataVersionsError(
                .changed,
                what: "cannot version `\(name)`",
                why: "it changed while it was read",
                next: "do it again when nothing writes there"
            )
        }
    }

    /// Takes bytes in memory.
    func keep(_ bytes: [UInt8], as md5: String, _ flag: CancellationFlag) throws {
        guard try !isTrusted(md5, Int64(bytes.count), flag) else { return }
        try AtomicFile.write(bytes, to: try place(for: md5), permissions: Self.protected)
    }

    /// Puts a content at a place of the work tree, replacing the file there at once.
    ///
    /// - Throws: ``DataVersionsError`` `.corruptContent` if the object is damaged; the file stays as it was.
    func restore(_ md5: String, to target: FilePath, isExecutable: Bool, name: String, _ flag: CancellationFlag) throws
    {
        var permissions: FilePermissions = [.ownerReadWrite, .groupRead, .otherRead]
        if isExecutable { permissions.formUnion([.ownerExecute, .groupExecute, .otherExecute]) }
        guard try Self.copy(object(md5), to: target, expecting: md5, permissions, flag) else {
            throw damaged(md5, name)
        }
    }

    /// The listing of a folder.
    func listing(_ md5: String, name: String) throws -> DirectoryListing {
        let bytes = try FileReader.bytes(of: object(md5), limit: 1 << 30)
        guard FileHashing.digest(of: bytes, .md5).hex == md5.prefix(32) else { throw damaged(md5, name) }
        return try DirectoryListing(bytes: bytes, name: name)
    }

    /// The MD5 and size of a file.
    static func digest(of path: FilePath, _ flag: CancellationFlag) throws -> (md5: String, size: Int64) {
        var hasher = StreamingHasher(.md5)
        var size: Int64 = 0
        try FileReader.chunks(of: path) { chunk in
            try flag.check()
            hasher.update(chunk)
            size += Int64(chunk.count)
        }
        return (hasher.finish().hex, size)
    }

    private func isTrusted(_ md5: String, _ size: Int64, _ flag: CancellationFlag) throws -> Bool {
        // What has no status is not there.
        guard let status = try? FileSystem.status(of: object(md5)), status.isRegular, status.size == size else {
            return false
        }
        if status.permissions.isDisjoint(with: [.ownerWrite, .groupWrite, .otherWrite]) { return true }
        guard try isWhole(md5, flag) else { return false }
        try FileSystem.setPermissions(Self.protected, of: object(md5))
        return true
    }

    private func place(for md5: String) throws -> FilePath {
        let object = object(md5)
        let parent = object.removingLastComponent()
        if !FileSystem.exists(parent) {
            try FileSystem.createDirectory(parent)
            try FileSystem.syncDirectory(folder)
        }
        return object
    }

    private func damaged(_ md5: String, _ name: String) -> DataVersionsError {
        // Without its protection it is looked at again and replaced by the next `add` or `pull`, of Gyre or of DVC; if
        // that cannot be changed the message is still true.
        try? FileSystem.setPermissions([.ownerReadWrite, .groupRead, .otherRead], of: object(md5))
        return DataVersionsError(
            .corruptContent,
            what: "cannot restore `\(name)`",
            why: "the cache's object \(md5) is damaged: its bytes have another hash",
            next: "fetch it again, for example by `dvc pull`, or run `gyre add` where the data is still whole"
        )
    }

    /// Copies a file by sharing its blocks, or else piece by piece, and hashes what arrives.
    ///
    /// - Returns: Whether the copy has the hash; if not, the target stays as it was.
    private static func copy(
        _ source: FilePath,
        to target: FilePath,
        expecting md5: String,
        _ permissions: FilePermissions,
        _ flag: CancellationFlag
    ) throws -> Bool {
        let name = ".\(target.lastComponent?.string.prefix(100) ?? "content").\(UInt64.random(in: .min ... .max))"
        let temporary = target.removingLastComponent().appending(name)
        guard try clone(source, to: temporary, permissions) else {
            return try copyBytes(source, to: target, expecting: md5, permissions, flag)
        }
        let arrived = Result { try digest(of: temporary, flag).md5 }
        guard case .success(let found) = arrived, found == md5.prefix(32) else {
            try FileSystem.remove(temporary)
            _ = try arrived.get()
            return false
        }
        try FileSystem.rename(temporary, to: target)
        try FileSystem.syncDirectory(target.removingLastComponent())
        return true
    }

    /// Shares a file's blocks; false where the file system cannot, as most.
    private static func clone(_ source: FilePath, to target: FilePath, _ permissions: FilePermissions) throws -> Bool {
        do {
            _ = try FileCopy.place(source, at: target, trying: [.reflink], permissions: permissions)
            return true
        } catch {
            guard error.code == .ioFailed else { throw error }
            return false
        }
    }

    private static func copyBytes(
        _ source: FilePath,
        to target: FilePath,
        expecting md5: String,
        _ permissions: FilePermissions,
        _ flag: CancellationFlag
    ) throws -> Bool {
        var writer = try AtomicFileWriter(replacing: target, permissions: permissions)
        var hasher = StreamingHasher(.md5)
        try FileReader.chunks(of: source) { chunk in
            try flag.check()
            hasher.update(chunk)
            try writer.append(chunk)
        }
        guard hasher.finish().hex == md5.prefix(32) else { return false }
        try writer.commit()
        return true
    }
}
