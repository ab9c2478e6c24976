// SPDX-License-Identifier: Apache-2.0

import Crypto

/// An MD5 in sixteen bytes, for tables of a million of them.
package struct MD5Digest: Hashable, Sendable, BitwiseCopyable {
    /// The first eight bytes, the first being the highest.
    package let high: UInt64
    /// The last eight bytes.
    package let low: UInt64

    /// The value of what is not hashed.
    package static let none = MD5Digest(high: 0, low: 0)

    /// A digest of its halves.
    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Reads 32 lower-case hexadecimal digits; nil for anything else.
    package init?(hex digits: UnsafeBufferPointer<UInt8>) {
        guard digits.count == 32 else { return nil }
        var halves: (UInt64, UInt64) = (0, 0)
        for index in 0..<32 {
            let digit = digits[index]
            let value: UInt64
            switch digit {
            case 48...57: value = UInt64(digit - 48)
            case 97...102: value = UInt64(digit - 87)
            default: return nil
            }
            if index < 16 { halves.0 = halves.0 << 4 | value } else { halves.1 = halves.1 << 4 | value }
        }
        (high, low) = halves
    }

    /// Reads 32 lower-case hexadecimal digits; nil for anything else.
    package init?(hex text: String) {
        var text = text
        guard let digest = text.withUTF8({ MD5Digest(hex: $0) }) else { return nil }
        self = digest
    }

    /// The digest of bytes in memory.
    package static func of(_ bytes: UnsafeRawBufferPointer) -> MD5Digest {
        var hasher = MD5Hasher()
        hasher.update(bytes)
        return hasher.finish()
    }

    /// The value in lower-case hexadecimal.
    package var hex: String {
        String(unsafeUninitializedCapacity: 32) { buffer in
            writeHex(to: buffer.baseAddress.unsafelyUnwrapped)
            return 32
        }
    }

    /// Writes 32 digits.
    package func writeHex(to target: UnsafeMutablePointer<UInt8>) {
        for index in 0..<16 {
            let shift = UInt64(60 - 4 * index)
            target[index] = Self.digit(UInt8(truncatingIfNeeded: high >> shift & 15))
            target[index + 16] = Self.digit(UInt8(truncatingIfNeeded: low >> shift & 15))
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 87 + value }
}

/// An MD5 under way.
package struct MD5Hasher: Sendable {
    private var function = Insecure.MD5()

    /// A hasher of nothing yet.
    package init() {}

    /// Takes the next bytes.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) { function.update(bufferPointer: bytes) }

    /// The digest of what was taken.
    package func finish() -> MD5Digest {
        function.finalize().withUnsafeBytes { bytes in
            MD5Digest(
                high: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
    }
}
