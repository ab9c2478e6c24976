// SPDX-License-Identifier: Apache-2.0

import CPlatform
package import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// Puts a file's content at a second place, as cheaply as the file system allows.
package enum FileCopy {
    /// A way to have the same content twice.
    package enum Method: String, Sendable, CaseIterable {
        /// Shared blocks, split on the first change.
        case reflink
        /// A second name of the same file; a change shows in both.
        case hardlink
        /// A pointer by path.
        case symlink
        /// The bytes again.
        case copy
    }

    /// Places the content of `source` at `target`, replacing what is there at once.
    ///
    /// - Parameters:
    ///   - source: An ordinary file.
    ///   - target: The new place; its folder must exist.
    ///   - methods: Tried in this order; what the file system refuses is passed over.
    ///   - permissions: For a reflink or a copy, as ``AtomicFileWriter`` takes them; links keep those of the source.
    /// - Returns: The method that worked.
    /// - Throws: ``FilesError`` of the last method; of an earlier one if no other could help, such as `.notFound` for
    ///   the source or `.diskFull`.
    package static func place(
        _ source: FilePath,
        at target: FilePath,
        trying methods: [Method] = [.reflink, .copy],
        permissions: FilePermissions? = nil
    ) throws(FilesError) -> Method {
        guard try FileSystem.status(of: source).isRegular else {
            throw FilesError(.wrongKind, source, what: "cannot copy `\(source)`", why: "it is no ordinary file")
        }
        for method in methods.dropLast() {
            do {
                try attempt(method, source, target, permissions)
                return method
            } catch  where [.ioFailed, .permissionDenied, .alreadyExists].contains(error.code) {
                continue
            }
        }
        guard let last = methods.last else { return .copy }
        try attempt(last, source, target, permissions)
        return last
    }

    /// Has an open file share the blocks of another; false where the file system cannot, as most.
    package static func clone(_ source: Int32, to target: Int32) -> Bool { gyre_clone_file(source, target) == 0 }

    private static func attempt(
        _ method: Method,
        _ source: FilePath,
        _ target: FilePath,
        _ permissions: FilePermissions?
    ) throws(FilesError) {
        switch method {
        case .hardlink, .symlink:
            let temporary = target.folder.appending(TemporaryName.make())
            // A link holds its text, which means another file where it begins elsewhere.
            let absolute = source.isAbsolute ? source : FileSystem.currentDirectory.pushing(source)
            let code =
                method == .hardlink
                ? link(source.string, temporary.string) : Glibc.symlink(absolute.string, temporary.string)
            guard code == 0 else { throw FilesError(Errno(rawValue: errno), "link", target) }
            guard Glibc.rename(temporary.string, target.string) == 0 else {
                let error = Errno(rawValue: errno)
                unlink(temporary.string)
                throw FilesError(error, "link", target)
            }
            // Renaming a link onto another link of the same file leaves both names.
            unlink(temporary.string)
        case .reflink:
            let input = open(source.string, O_RDONLY | O_CLOEXEC)
            guard input >= 0 else { throw FilesError(Errno(rawValue: errno), "read", source) }
            defer { close(input) }
            let writer = try AtomicFileWriter(replacing: target, permissions: permissions)
            try writer.clone(from: input)
            try writer.commit()
        case .copy:
            var writer = try AtomicFileWriter(replacing: target, permissions: permissions)
            do {
                try FileReader.chunks(of: source) { try writer.append($0) }
            } catch let error as FilesError {
                throw error
            } catch {
                throw FilesError(.ioFailed, target, what: "cannot copy to `\(target)`", why: "\(error)", cause: error)
            }
            try writer.commit()
        }
    }
}
