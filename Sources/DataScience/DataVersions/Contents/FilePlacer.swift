// SPDX-License-Identifier: Apache-2.0

import Files
import Synchronization
import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// Puts objects of the cache into the work tree, each at once: whole or not at all.
///
/// May be used from several threads. What is copied is hashed on its way. Of what is linked the write protection is trusted, as DVC does. Nothing is synced: the
/// content stays in the cache.
final class FilePlacer: Sendable {
    private let cache: ContentCache
    private let isLegacy: Bool
    private let objects: OpenFolder
    private let staging: StagingFolder
    private let target: OpenFolder
    /// The number of the first of the cache's ways that works here.
    private let way = Atomic(0)

    /// A placer of files below `target`.
    init(_ cache: ContentCache, isLegacy: Bool, target: OpenFolder, root: FilePath) throws {
        self.cache = cache
        self.isLegacy = isLegacy
        self.target = target
        objects = try OpenFolder(isLegacy ? cache.legacyFolder : cache.folder)
        staging = try StagingFolder.make(in: root.appending(".dvc").appending("tmp"))
    }

    /// Puts the content with the hash of a row at a path.
    ///
    /// - Parameters:
    ///   - path: The place below the target, where no folder is.
    ///   - isExecutable: Whether its owner may run it.
    ///   - row: Has the hash, and gets what the system says of the new file.
    ///   - name: The data, for the words of errors.
    ///   - buffer: The thread's own.
    ///   - flag: Tells to stop.
    /// - Throws: ``DataVersionsError`` `.missingContent`, `.corruptContent`; then what was there stays.
    func place(
        _ path: UnsafePointer<CChar>,
        isExecutable: Bool,
        _ row: inout FileTable.Row,
        name: String,
        _ buffer: ReadBuffer,
        _ flag: CancellationFlag
    ) throws {
        let digest = row.digest
        guard var object = digest.withObjectPath({ objects.status($0) }) else {
            let code = errno
            if code == ENOENT { throw cache.missing(digest.hex, name) }
            throw FilesError(Errno(rawValue: code), "read", cache.object(digest.hex, isLegacy: isLegacy))
        }
        if object.st_mode & 0o222 != 0 {
            try verify(digest, name, buffer, flag)
            object.st_mode = S_IFREG | 0o444
        }
        if !isExecutable, linksAtOnce(digest, object, path) {
            object.st_nlink += 1
            row.set(object)
            return
        }
        let number = try stage(digest, object, isExecutable, name, buffer, flag)
        let mayBeLink = cache.links.contains(.hardlink)
        var code = staging.move(number, to: path, of: target.descriptor, isLink: mayBeLink)
        if code == ENOENT {
            target.makeFolders(above: path)
            code = staging.move(number, to: path, of: target.descriptor, isLink: mayBeLink)
        }
        if code == EXDEV {
            staging.remove(number)
            _ = try FileCopy.place(
                cache.object(digest.hex, isLegacy: isLegacy),
                at: target.place(path),
                trying: cache.links,
                permissions: isExecutable ? FilePermissions(rawValue: 0o744) : FilePermissions(rawValue: 0o644)
            )
        } else if code != 0 {
            staging.remove(number)
            throw FilesError(Errno(rawValue: code), "write", target.place(path))
        }
        guard let status = target.status(path) else {
            throw FilesError(Errno(rawValue: errno), "read", target.place(path))
        }
        row.set(status)
    }

    /// Makes the object's second name in its place, which is one step if nothing is there; false if that is not the way.
    private func linksAtOnce(_ digest: MD5Digest, _ object: stat, _ path: UnsafePointer<CChar>) -> Bool {
        let position = way.load(ordering: .relaxed)
        guard position < cache.links.count, cache.links[position] == .hardlink, object.st_size > 0 else { return false }
        func link() -> Int32 { digest.withObjectPath { target.link($0, of: objects, at: path) } }
        var code = link()
        if code == ENOENT {
            target.makeFolders(above: path)
            code = link()
        }
        return code == 0
    }

    /// Hashes an object that anybody may write to; it is protected if it is right.
    private func verify(_ digest: MD5Digest, _ name: String, _ buffer: ReadBuffer, _ flag: CancellationFlag) throws {
        let found = try digest.withObjectPath { path in
            try OpenFile(path, of: objects).digest(buffer, flag, isLegacy: isLegacy)
        }
        guard found == digest else { throw cache.damaged(digest.hex, name, isLegacy: isLegacy) }
        digest.withObjectPath { _ = fchmodat(objects.descriptor, $0, 0o444, 0) }
    }

    private func stage(
        _ digest: MD5Digest,
        _ object: stat,
        _ isExecutable: Bool,
        _ name: String,
        _ buffer: ReadBuffer,
        _ flag: CancellationFlag
    ) throws -> UInt64 {
        var position = way.load(ordering: .relaxed)
        while position < cache.links.count {
            let number = staging.next()
            let works: Bool
            switch cache.links[position] {
            case .hardlink:
                // All empty files would be one, so DVC copies them.
                if object.st_size == 0 { return try copy(digest, isExecutable, name, buffer, flag) }
                works = digest.withObjectPath { staging.link($0, of: objects.descriptor, as: number) }
            case .symlink:
                works = staging.symlink(to: cache.object(digest.hex, isLegacy: isLegacy), as: number)
            case .reflink: works = try clone(digest, isExecutable, number)
            case .copy: return try copy(digest, isExecutable, name, buffer, flag)
            }
            if works {
                let isLink = cache.links[position] != .reflink
                if isExecutable, isLink { digest.withObjectPath { _ = fchmodat(objects.descriptor, $0, 0o544, 0) } }
                return number
            }
            position += 1
            way.store(position, ordering: .relaxed)
        }
        return try copy(digest, isExecutable, name, buffer, flag)
    }

    private func clone(_ digest: MD5Digest, _ isExecutable: Bool, _ number: UInt64) throws -> Bool {
        let source = try digest.withObjectPath { try OpenFile($0, of: objects) }
        let file = try staging.create(number, mode: isExecutable ? 0o766 : 0o666, exactly: false)
        defer { close(file) }
        if FileCopy.clone(source.descriptor, to: file) { return true }
        staging.remove(number)
        return false
    }

    private func copy(
        _ digest: MD5Digest,
        _ isExecutable: Bool,
        _ name: String,
        _ buffer: ReadBuffer,
        _ flag: CancellationFlag
    ) throws -> UInt64 {
        let source = try digest.withObjectPath { try OpenFile($0, of: objects) }
        let number = staging.next()
        let file = try staging.create(number, mode: isExecutable ? 0o766 : 0o666, exactly: false)
        do throws(any Error) {
            defer { close(file) }
            var hasher = MD5Hasher()
            while true {
                try flag.check()
                let bytes = try buffer.fill(from: source.descriptor, cache.object(digest.hex, isLegacy: isLegacy))
                if isLegacy { LegacyHash.update(&hasher, bytes) } else { hasher.update(bytes) }
                try CacheFiller.write(bytes, to: file, staging.path)
                if bytes.count < ReadBuffer.size { break }
            }
            guard hasher.finish() == digest else { throw cache.damaged(digest.hex, name, isLegacy: isLegacy) }
        } catch {
            staging.remove(number)
            throw error
        }
        return number
    }
}
