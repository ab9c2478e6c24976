// SPDX-License-Identifier: Apache-2.0

import Crypto
package import SystemPackage

/// The name of a content: a hash function and its value.
package struct ContentDigest: Hashable, Sendable, CustomStringConvertible {
    /// A hash function.
    package enum Algorithm: String, Sendable, CaseIterable {
        /// MD5 of RFC 1321, which DVC names content by; it protects from accidents, not from attacks.
        case md5
        /// SHA-256, which OCI names content by.
        case sha256

        /// Length of the value in hexadecimal digits.
        package var digits: Int { self == .md5 ? 32 : 64 }
    }

    /// The hash function.
    package let algorithm: Algorithm
    /// The value in lower-case hexadecimal.
    package let hex: String

    /// A digest from its hexadecimal value; nil unless it has the right length and only lower-case digits.
    package init?(_ algorithm: Algorithm, hex: String) {
        guard hex.utf8.count == algorithm.digits,
            hex.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) })
        else { return nil }
        self.algorithm = algorithm
        self.hex = hex
    }

    init(_ algorithm: Algorithm, bytes: some Sequence<UInt8>) {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        self.algorithm = algorithm
        hex = String(decoding: text, as: UTF8.self)
    }

    /// `sha256:…`, as OCI writes it.
    package var description: String { "\(algorithm.rawValue):\(hex)" }
}

/// Hashes content as it streams by.
package struct StreamingHasher {
    private enum Function {
        case md5(Insecure.MD5)
        case sha256(SHA256)
    }

    private var function: Function

    /// A hasher of nothing yet.
    package init(_ algorithm: ContentDigest.Algorithm) {
        function = algorithm == .md5 ? .md5(Insecure.MD5()) : .sha256(SHA256())
    }

    /// Takes the next bytes.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        switch function {
        case .md5(var hash):
            hash.update(bufferPointer: bytes)
            function = .md5(hash)
        case .sha256(var hash):
            hash.update(bufferPointer: bytes)
            function = .sha256(hash)
        }
    }

    /// Takes the next bytes.
    package mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    /// The digest of what was taken.
    package func finish() -> ContentDigest {
        switch function {
        case .md5(let hash): ContentDigest(.md5, bytes: hash.finalize())
        case .sha256(let hash): ContentDigest(.sha256, bytes: hash.finalize())
        }
    }
}

/// Hashes files, a mebibyte at a time.
package enum FileHashing {
    /// The digest of a file; blocks while it is read.
    package static func digest(
        of path: FilePath,
        _ algorithm: ContentDigest.Algorithm
    ) throws(FilesError) -> ContentDigest {
        try explaining("hash", path) {
            var hasher = StreamingHasher(algorithm)
            try FileReader.chunks(of: path) { hasher.update($0) }
            return hasher.finish()
        }
    }

    /// The digest of bytes in memory.
    package static func digest(of bytes: [UInt8], _ algorithm: ContentDigest.Algorithm) -> ContentDigest {
        var hasher = StreamingHasher(algorithm)
        hasher.update(bytes)
        return hasher.finish()
    }

    /// The digests of files, in their order, several at a time on the pool's threads; ends early if the task is cancelled.
    package static func digests(
        of paths: [FilePath],
        _ algorithm: ContentDigest.Algorithm,
        pool: BlockingPool = .shared
    ) async throws -> [ContentDigest] {
        try await pool.map(paths) { path, flag in
            var hasher = StreamingHasher(algorithm)
            try FileReader.chunks(of: path) { chunk in
                try flag.check()
                hasher.update(chunk)
            }
            return hasher.finish()
        }
    }
}
