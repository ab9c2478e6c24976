// SPDX-License-Identifier: Apache-2.0

package import Files
import Synchronization
package import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// Contents by their MD5, laid out as DVC's cache: `ab/cdef…`, write-protected once they are whole.
///
/// All calls block. An object appears only when it is complete, synced, and has the hash that it is named by. As in DVC the write protection
/// says that somebody checked it: an object that can be written is hashed before it is trusted.
package struct ContentCache: Sendable {
    /// The folder of the cache as the settings name it: `.dvc/cache`.
    package let base: FilePath
    /// The folder that holds the objects.
    package let folder: FilePath
    /// The folder that holds those of DVC 2, which hashed texts without their carriage returns.
    package var legacyFolder: FilePath { base }
    /// The ways to have an object in the work tree, the first that works.
    package let links: [FileCopy.Method]
    /// Whether a group of users shares it.
    package let isShared: Bool

    static let protected: FilePermissions = [.ownerRead, .groupRead, .otherRead]

    /// A cache in a folder such as `.dvc/cache`.
    package init(base: FilePath, links: [FileCopy.Method] = [.reflink, .copy], isShared: Bool = false) {
        self.base = base
        // DVC's own choice where none is made.
        self.links = links.isEmpty ? [.reflink, .copy] : links
        self.isShared = isShared
        folder = base.appending("files").appending("md5")
    }

    /// Where the content with an MD5 is kept.
    package func object(_ md5: String, isLegacy: Bool = false) -> FilePath {
        (isLegacy ? legacyFolder : folder).appending(String(md5.prefix(2))).appending(String(md5.dropFirst(2)))
    }

    /// Whether there is an object of that name; it may be damaged.
    package func holds(_ md5: String, isLegacy: Bool = false) -> Bool {
        FileSystem.exists(object(md5, isLegacy: isLegacy))
    }

    /// Whether there is an object, and its bytes have the hash.
    package func isWhole(_ md5: String, _ flag: CancellationFlag) throws -> Bool {
        guard holds(md5) else { return false }
        return try Self.digest(of: object(md5), flag).md5 == md5.prefix(32)
    }

    /// Takes bytes in memory.
    func keep(_ bytes: [UInt8], as md5: String, _ flag: CancellationFlag) throws {
        if try isTrusted(md5, size: Int64(bytes.count), flag) { return }
        try AtomicFile.write(bytes, to: try place(for: md5), permissions: Self.protected)
    }

    /// Whether there is an object that nobody may write to, or whose bytes have the hash; the latter is protected then.
    func isTrusted(_ md5: String, size: Int64?, _ flag: CancellationFlag) throws -> Bool {
        // What has no status is not there.
        guard let status = try? FileSystem.status(of: object(md5)), status.isRegular, status.size == size ?? status.size
        else { return false }
        if status.permissions.isDisjoint(with: [.ownerWrite, .groupWrite, .otherWrite]) { return true }
        guard try isWhole(md5, flag) else { return false }
        try FileSystem.setPermissions(Self.protected, of: object(md5))
        return true
    }

    /// Where an object is to be written, in a folder that is there.
    func place(for md5: String) throws -> FilePath {
        try makeFolders()
        let parent = object(md5).removingLastComponent()
        if !FileSystem.exists(parent) {
            try FileSystem.createDirectory(parent, permissions: FilePermissions(rawValue: 0o777))
            if isShared { try share(parent) }
            try FileSystem.syncDirectory(folder)
        }
        return object(md5)
    }

    /// The files of a folder.
    ///
    /// - Throws: ``DataVersionsError`` `.corruptContent` if the object is damaged, `.missingContent`.
    func listing(_ md5: String, name: String, isLegacy: Bool = false) throws -> FileTable {
        let object = object(md5, isLegacy: isLegacy)
        guard FileSystem.exists(object) else { throw missing(md5, name) }
        let bytes = try FileReader.bytes(of: object, limit: 1 << 30)
        guard FileHashing.digest(of: bytes, .md5).hex == md5.prefix(32) else {
            throw damaged(md5, name, isLegacy: isLegacy)
        }
        return try ListingText.table(bytes, name: name)
    }

    /// The MD5 and size of a file.
    static func digest(of path: FilePath, _ flag: CancellationFlag) throws -> (md5: String, size: Int64) {
        var hasher = MD5Hasher()
        var size: Int64 = 0
        try FileReader.chunks(of: path) { chunk in
            try flag.check()
            hasher.update(chunk)
            size += Int64(chunk.count)
        }
        return (hasher.finish().hex, size)
    }

    /// Makes the folders of the cache.
    func makeFolders() throws {
        guard !FileSystem.isDirectory(folder) else { return }
        let new = [base, folder.removingLastComponent(), folder].filter { !FileSystem.isDirectory($0) }
        try FileSystem.createDirectory(folder, permissions: FilePermissions(rawValue: 0o777))
        if isShared { for path in new { try share(path) } }
    }

    /// Lets all of a group write into a folder, whatever this user's mask says.
    func share(_ path: FilePath) throws {
        try FileSystem.setPermissions(FilePermissions(rawValue: 0o2775), of: path)
    }

    /// An object that is not there.
    func missing(_ md5: String, _ name: String) -> DataVersionsError {
        DataVersionsError(
            .missingContent,
            what: "cannot restore `\(name)`",
            why: "the cache has no content with the hash \(md5)",
            next: "fetch it by `gyre pull`"
        )
    }

    /// An object with other bytes than its name says, which is no longer trusted from now on.
    func damaged(_ md5: String, _ name: String, isLegacy: Bool = false) -> DataVersionsError {
        // Without its protection it is looked at again and replaced by the next `add` or `pull`, of Gyre or of DVC; if
        // that cannot be changed the message is still true.
        let object = object(md5, isLegacy: isLegacy)
        try? FileSystem.setPermissions([.ownerReadWrite, .groupRead, .otherRead], of: object)
        return DataVersionsError(
            .corruptContent,
            what: "cannot restore `\(name)`",
            why: "the cache's object \(md5) is damaged: its bytes have another hash",
            next: "fetch it again by `gyre pull`, or run `gyre add` where the data is still whole"
        )
    }
}

extension MD5Digest {
    /// Hands over the path of the object in a cache's folder.
    @inline(__always)
    func withObjectPath<T, Failure: Error>(_ body: (UnsafePointer<CChar>) throws(Failure) -> T) throws(Failure) -> T {
        // `ab/`, thirty digits and the zero.
        var path: (UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0)
        return try withUnsafeMutableBytes(of: &path) { (path) throws(Failure) -> T in
            let start = path.baseAddress.unsafelyUnwrapped
            let bytes = start.assumingMemoryBound(to: UInt8.self)
            writeHex(to: bytes + 1)
            bytes[0] = bytes[1]
            bytes[1] = bytes[2]
            bytes[2] = UInt8(ascii: "/")
            return try body(UnsafePointer(start.assumingMemoryBound(to: CChar.self)))
        }
    }
}

extension ContentCache {
    /// Whether there are objects for all files of a folder and for its listing, by their names alone.
    func hasAll(_ table: FileTable, _ listing: MD5Digest) async throws -> Bool {
        guard try await BlockingPool.shared.run({ FileSystem.exists(object(listing.hex + ".dir")) }) else {
            return false
        }
        let objects = try OpenFolder(folder)
        let isWhole = Atomic(true)
        try await Workers.run(table.count, make: {}) { position, _, _ in
            let row = table.rows[position]
            let status = row.digest.withObjectPath { objects.status($0) }
            if let status, Int64(status.st_size) == row.size, status.st_mode & 0o222 == 0 { return }
            isWhole.store(false, ordering: .relaxed)
        }
        return isWhole.load(ordering: .relaxed)
    }

    /// Takes the listing of a folder.
    func keepListing(_ table: FileTable, _ digest: MD5Digest, _ flag: CancellationFlag) throws {
        let name = digest.hex + ".dir"
        if try isTrusted(name, size: nil, flag) { return }
        var writer = try AtomicFileWriter(replacing: try place(for: name), permissions: Self.protected)
        try ListingText.write(table) { try writer.append($0) }
        try writer.commit()
    }
}
