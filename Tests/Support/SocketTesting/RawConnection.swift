// SPDX-License-Identifier: Apache-2.0

import Files
import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// A connection to this machine that sends exactly the bytes it is told to, as no well-behaved client would.
package final class RawConnection: Sendable {
    /// Nobody listens.
    package struct Refused: Error {}

    private static let pool = BlockingPool(threads: 32)
    private let descriptor: Int32

    /// Connects to a port of this machine.
    package init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        // A test that waits for bytes that never come shall fail, not hang.
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
        }
        guard status == 0 else { throw Refused() }
    }

    deinit { close(descriptor) }

    /// Sends text whole; blocks for as long as the other side does not take it.
    package func send(_ text: String) throws {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { throw Errno(rawValue: errno) }
            rest = rest.dropFirst(count)
        }
    }

    /// Sends the beginning of a request, and returns once the server has it: behind a whole one in the same bytes, whose
    /// answer is read.
    package func begin(_ request: String) async throws {
        try send("GET /health HTTP/1.1\r\nHost: x\r\n\r\n" + request)
        _ = try await answer()
    }

    /// One answer with a `Content-Length`, or as much of it as came before the connection ended.
    package func answer() async throws -> String {
        try await Self.pool.run { [self] in
            var text = ""
            while !Self.isWhole(text), let more = try receive() { text += more }
            return text
        }
    }

    /// Everything until the server closes the connection.
    package func rest() async throws -> String {
        try await Self.pool.run { [self] in
            var text = ""
            while let more = try receive() { text += more }
            return text
        }
    }

    /// Some bytes; nil at the end.
    private func receive() throws -> String? {
        var bytes: [UInt8] = Array(repeating: 0, count: 4_096)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        if count < 0, errno != ECONNRESET { throw Errno(rawValue: errno) }
        return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
    }

    /// Whether the text is an answer with all of its body.
    package static func isWhole(_ text: String) -> Bool {
        guard let end = text.range(of: "\r\n\r\n"),
            let field = text.lowercased().range(of: "content-length: ")
        else { return false }
        let length = Int(text[field.upperBound...].prefix { $0.isNumber }) ?? 0
        return text[end.upperBound...].utf8.count >= length
    }
}

extension String {
    fileprivate func range(of part: String) -> Range<Index>? { ranges(of: part).first }
}
