// SPDX-License-Identifier: Apache-2.0

import CPlatform
package import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// Writes a large file one piece behind another, past the system's memory for files where the file system can.
///
/// For content that nobody reads soon this saves a copy of all bytes, keeps what others have in that memory, and leaves a sync at the
/// end little to wait for. Pieces should begin at multiples of 4 KiB in memory and be multiples of it long, but for the last;
/// others are written all the same, in the usual way.
package struct DirectWriter {
    private static let block = 4_096

    private let descriptor: Int32
    private let path: FilePath
    private var isDirect: Bool

    /// A writer at the place of an open file.
    ///
    /// - Parameters:
    ///   - descriptor: The file, at a multiple of 4 KiB.
    ///   - path: Its name, for the words of errors.
    package init(_ descriptor: Int32, _ path: FilePath) {
        (self.descriptor, self.path) = (descriptor, path)
        isDirect = gyre_set_direct(descriptor, 1) == 0
    }

    /// Writes a piece whole.
    ///
    /// - Throws: ``FilesError``, such as `.diskFull`.
    package mutating func write(_ bytes: UnsafeRawBufferPointer) throws(FilesError) {
        var done = 0
        while done < bytes.count {
            if isDirect, (bytes.count - done) % Self.block != 0 { endDirect() }
            let count = Glibc.write(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
            if count >= 0 {
                done += count
            } else if errno == EINVAL, isDirect {
                // Some file systems take the wish and then no such piece.
                endDirect()
            } else if errno != EINTR {
                throw FilesError(Errno(rawValue: errno), "write into", path)
            }
        }
    }

    private mutating func endDirect() {
        isDirect = false
        _ = gyre_set_direct(descriptor, 0)
    }
}
