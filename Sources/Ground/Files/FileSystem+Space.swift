// SPDX-License-Identifier: Apache-2.0

package import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

extension FileSystem {
    /// How many bytes of the disk that a path lies on this user may still fill.
    package static func freeBytes(at path: FilePath) throws(FilesError) -> Int64 {
        var facts = statvfs()
        guard statvfs(path.string, &facts) == 0 else {
            throw FilesError(Errno(rawValue: errno), "ask the free space of", path)
        }
        let (bytes, isTooMany) = UInt64(facts.f_bavail).multipliedReportingOverflow(by: UInt64(facts.f_frsize))
        return isTooMany ? .max : Int64(clamping: bytes)
    }
}
