// SPDX-License-Identifier: Apache-2.0

import Files
import Glibc
package import SystemPackage

/// A file system of its own, so small that tests can fill it; only root may have one.
package final class SmallDisk: Sendable {
    /// Whether this process may mount file systems.
    package static let isPossible: Bool = {
        // Trying is the only way to know.
        (try? SmallDisk(kibibytes: 64)) != nil
    }()

    /// The mounted folder.
    package let path: FilePath

    package init(kibibytes: Int) throws {
        path = try FileSystem.realPath(FileSystem.temporaryDirectory(prefix: "gyre-disk"))
        guard mount("tmpfs", path.string, "tmpfs", 0, "size=\(kibibytes)k") == 0 else {
            let error = Errno(rawValue: errno)
            try FileSystem.remove(path)
            throw error
        }
    }

    deinit {
        umount2(path.string, Int32(MNT_DETACH))
        // An empty folder in the system's place for such things does no harm.
        try? FileSystem.remove(path)
    }

    /// Takes all space that is left, with a file of this name.
    package func fill(_ name: String = "filler") throws {
        let file = try FileDescriptor.open(
            path.appending(name),
            .writeOnly,
            options: [.create, .truncate],
            permissions: .ownerReadWrite
        )
        defer { try? file.close() }
        for size in [4_096, 1] {
            do {
                while true { _ = try file.write(UnsafeRawBufferPointer(start: Self.zeros, count: size)) }
            } catch Errno.noSpace {
                continue
            }
        }
    }

    /// Gives the space of ``fill(_:)`` back.
    package func empty(_ name: String = "filler") throws { try FileSystem.remove(path.appending(name)) }

    /// Lets nobody, not even root, change anything.
    package func setReadOnly(_ isReadOnly: Bool) throws {
        let flags = UInt(MS_REMOUNT) | (isReadOnly ? UInt(MS_RDONLY) : 0)
        guard mount("tmpfs", path.string, "tmpfs", flags, nil) == 0 else { throw Errno(rawValue: errno) }
    }

    // Never written, never freed.
    nonisolated(unsafe) private static let zeros = UnsafeRawPointer(calloc(4_096, 1))
}
