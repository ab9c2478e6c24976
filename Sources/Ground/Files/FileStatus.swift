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

    /// How many names it has.
    package let linkCount: UInt64

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
        linkCount = UInt64(status.st_nlink)
    }
}

/// One line of a folder.
package struct FolderEntry: Sendable {
    /// What a name stands for.
    package enum Kind: Sendable {
        /// An ordinary file.
        case file
        /// A folder.
        case folder
        /// A symbolic link.
        case link
        /// A pipe, a socket or a device.
        case other

        init(_ status: FileStatus) {
            self = status.isDirectory ? .folder : status.isRegular ? .file : status.isSymlink ? .link : .other
        }
    }

    /// The name as the system has it, which may be no UTF-8.
    package let component: FilePath.Component
    /// What it stands for; links are not followed.
    package let kind: Kind

    /// The name as text; nil if it is not UTF-8.
    package var name: String? { component.withPlatformString { String(validatingCString: $0) } }
}
