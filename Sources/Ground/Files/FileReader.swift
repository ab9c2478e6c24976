// SPDX-License-Identifier: Apache-2.0

package import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// Reads files; all calls block.
package enum FileReader {
    /// The content of a file, at most `limit` bytes.
    ///
    /// - Throws: ``FilesError`` `.tooLarge` beyond the limit.
    package static func bytes(of path: FilePath, limit: Int = 64 << 20) throws(FilesError) -> [UInt8] {
        var result: [UInt8] = []
        try explaining("read", path) {
            try chunks(of: path) { chunk in
                guard result.count + chunk.count <= limit else {
                    throw FilesError(
                        .tooLarge,
                        path,
                        what: "cannot read `\(path)`",
                        why: "it has more than \(limit) bytes"
                    )
                }
                result.append(contentsOf: chunk)
            }
        }
        return result
    }

    /// The content of a UTF-8 file, at most `limit` bytes.
    package static func text(of path: FilePath, limit: Int = 64 << 20) throws(FilesError) -> String {
        guard let text = String(validating: try bytes(of: path, limit: limit), as: UTF8.self) else {
            throw FilesError(.invalidContent, path, what: "cannot read `\(path)`", why: "it is not UTF-8 text")
        }
        return text
    }

    /// Hands a file over in pieces of at most `size` bytes, valid only during each call.
    package static func chunks(
        of path: FilePath,
        size: Int = 1 << 20,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let descriptor = open(path.string, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FilesError(Errno(rawValue: errno), "read", path) }
        defer { close(descriptor) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 64)
        defer { buffer.deallocate() }
        while true {
            let count = read(descriptor, buffer.baseAddress, size)
            if count < 0 {
                if errno == EINTR { continue }
                throw FilesError(Errno(rawValue: errno), "read", path)
            }
            guard count > 0 else { return }
            try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }
}
