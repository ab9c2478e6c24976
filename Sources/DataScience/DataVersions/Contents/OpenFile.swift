// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// A file that is being read.
final class OpenFile {
    let descriptor: Int32
    let status: stat
    private let place: FilePath

    init(_ path: UnsafePointer<CChar>, of folder: OpenFolder) throws(FilesError) {
        let opened = openat(folder.descriptor, path, O_RDONLY | O_CLOEXEC)
        guard opened >= 0 else { throw FilesError(Errno(rawValue: errno), "read", folder.place(path)) }
        var status = stat()
        guard fstat(opened, &status) == 0 else {
            let error = Errno(rawValue: errno)
            close(opened)
            throw FilesError(error, "read", folder.place(path))
        }
        descriptor = opened
        self.status = status
        // Small files are read in one piece, whose errors name no path worth its price.
        place = status.st_size < ReadBuffer.size ? folder.path : folder.place(path)
    }

    deinit { close(descriptor) }

    /// The hash of what is left to read.
    func digest(
        _ buffer: ReadBuffer,
        _ flag: CancellationFlag,
        isLegacy: Bool = false
    ) throws -> MD5Digest {
        var hasher = MD5Hasher()
        while true {
            let bytes = try buffer.fill(from: descriptor, place)
            if isLegacy { LegacyHash.update(&hasher, bytes) } else { hasher.update(bytes) }
            if bytes.count < ReadBuffer.size { return hasher.finish() }
            try flag.check()
        }
    }
}

/// DVC 2's hash: the MD5 of texts without the carriage returns of their line ends, and of other content as it is.
///
/// - Source: dvc-data 3.18, `md5-dos2unix`: text is what has no zero and at most 30 % of other than printable ASCII in the first 512
///   bytes, seen anew for each mebibyte, across whose ends no `\r\n` is found.
enum LegacyHash {
    /// Takes the next mebibyte.
    static func update(_ hasher: inout MD5Hasher, _ bytes: UnsafeRawBufferPointer) {
        guard isText(bytes.prefix(512)), bytes.contains(13) else { return hasher.update(bytes) }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        for index in bytes.indices {
            if bytes[index] == 13, index + 1 < bytes.count, bytes[index + 1] == 10 { continue }
            result.append(bytes[index])
        }
        result.withUnsafeBytes { hasher.update($0) }
    }

    private static func isText(_ block: Slice<UnsafeRawBufferPointer>) -> Bool {
        guard !block.contains(0) else { return false }
        let others = block.count { byte in
            !(32..<127 ~= byte || byte == 10 || byte == 13 || byte == 9 || byte == 12 || byte == 8)
        }
        return others * 10 <= block.count * 3
    }
}
