// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#endif

/// An IP address of somebody whom a connection may lead to.
package struct PeerAddress: Sendable, Hashable, CustomStringConvertible {
    /// 4 bytes of IPv4 or 16 of IPv6, most significant first.
    package let bytes: [UInt8]

    /// The address that a text stands for, in the one way that the standards write it; nil for any other text.
    ///
    /// A zone behind `%` is passed over.
    package init?(_ text: String) {
        let text =
            text.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false).first.map(String.init) ?? ""
        var four = in_addr()
        var six = in6_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            bytes = withUnsafeBytes(of: &four) { Array($0) }
        } else if inet_pton(AF_INET6, text, &six) == 1 {
            bytes = withUnsafeBytes(of: &six) { Array($0) }
        } else {
            return nil
        }
    }

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    package var description: String {
        if bytes.count == 4 { return bytes.map { "\($0)" }.joined(separator: ".") }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let isWritten = bytes.withUnsafeBytes {
            inet_ntop(AF_INET6, $0.baseAddress, &text, socklen_t(text.count)) != nil
        }
        return isWritten ? String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) : "?"
    }

    /// Whether the address is one of the public internet, and no machine, network or service of one's own.
    ///
    /// An IPv6 address that carries one of IPv4 (mapped, 6to4, NAT64) is what that one is.
    ///
    /// - Source: IANA's registries of special-purpose addresses (RFC 6890 and its updates); multicast is not public either.
    package var isPublic: Bool {
        if let inner = embeddedIPv4 { return inner.isPublic }
        let special = bytes.count == 4 ? Self.specialIPv4 : Self.specialIPv6
        return Self.publicIPv4.contains { $0.holds(self) } || !special.contains { $0.holds(self) }
    }

    private var embeddedIPv4: PeerAddress? {
        guard bytes.count == 16 else { return nil }
        if Block("::ffff:0:0", 96).holds(self) || Block("64:ff9b::", 96).holds(self) {
            return PeerAddress(Array(bytes[12...]))
        }
        return Block("2002::", 16).holds(self) ? PeerAddress(Array(bytes[2..<6])) : nil
    }

    /// All addresses that begin with the same bits.
    private struct Block: Sendable {
        let start: [UInt8]
        let bits: Int

        init(_ text: String, _ bits: Int) {
            start = PeerAddress(text)?.bytes ?? []
            precondition(!start.isEmpty, "\(text) is no address")
            self.bits = bits
        }

        func holds(_ address: PeerAddress) -> Bool {
            guard address.bytes.count == start.count else { return false }
            let whole = bits / 8
            guard address.bytes[..<whole] == start[..<whole] else { return false }
            guard bits % 8 > 0 else { return true }
            let mask = UInt8(truncatingIfNeeded: 0xFF00 >> (bits % 8))
            return address.bytes[whole] & mask == start[whole] & mask
        }
    }

    private static let specialIPv4 = [
        Block("0.0.0.0", 8), Block("10.0.0.0", 8), Block("100.64.0.0", 10), Block("127.0.0.0", 8),
        Block("169.254.0.0", 16), Block("172.16.0.0", 12), Block("192.0.0.0", 24), Block("192.0.2.0", 24),
        Block("192.168.0.0", 16), Block("198.18.0.0", 15), Block("198.51.100.0", 24), Block("203.0.113.0", 24),
        Block("224.0.0.0", 3),
    ]
    private static let publicIPv4 = [Block("192.0.0.9", 32), Block("192.0.0.10", 32)]
    private static let specialIPv6 = [
        Block("::", 96), Block("64:ff9b:1::", 48), Block("100::", 64), Block("2001::", 23), Block("2001:db8::", 32),
        Block("3fff::", 20), Block("5f00::", 16), Block("fc00::", 7), Block("fe80::", 9), Block("ff00::", 8),
    ]
}
