// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemPackage

/// Sockets on this machine.
package enum Loopback {
    /// Whether somebody listens and answers `/health` with 200.
    package static func isHealthy(_ port: Int) throws -> Bool {
        guard let descriptor = try? connected(to: port) else { return false }
        defer { close(descriptor) }
        var answer: [UInt8] = Array(repeating: 0, count: 64)
        let request = "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        _ = request.withCString { send(descriptor, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
        _ = recv(descriptor, &answer, answer.count, 0)
        return String(decoding: answer, as: UTF8.self).hasPrefix("HTTP/1.1 200")
    }

    /// A port that nobody listens on.
    package static func freePort() throws -> Int {
        let descriptor = try opened()
        defer { close(descriptor) }
        guard at(0, { bind(descriptor, $0, $1) }) == 0 else { throw Problem("no free port") }
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    /// A socket that listens on a port; the caller closes it.
    package static func listening(on port: Int) throws -> Int32 {
        let descriptor = try opened()
        guard at(port, { bind(descriptor, $0, $1) }) == 0, listen(descriptor, 16) == 0 else {
            let reason = Errno(rawValue: errno)
            close(descriptor)
            throw Problem("cannot listen on port \(port): \(reason)")
        }
        return descriptor
    }

    /// The next connection to a socket that listens, which sends small messages at once; the caller closes it.
    package static func accepted(by listener: Int32) throws -> Int32 {
        let descriptor = accept(listener, nil, nil)
        guard descriptor >= 0 else { throw Problem("cannot accept: \(Errno(rawValue: errno))") }
        sendAtOnce(descriptor)
        return descriptor
    }

    /// A connection to a port, which sends small messages at once; the caller closes it.
    package static func connected(to port: Int) throws -> Int32 {
        let descriptor = try opened()
        guard at(port, { connect(descriptor, $0, $1) }) == 0 else {
            let reason = Errno(rawValue: errno)
            close(descriptor)
            throw Problem("cannot connect to port \(port): \(reason)")
        }
        sendAtOnce(descriptor)
        return descriptor
    }

    private static func sendAtOnce(_ descriptor: Int32) {
        var yes: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
    }

    private static func opened() throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Problem("no socket: \(Errno(rawValue: errno))") }
        return descriptor
    }

    private static func at(_ port: Int, _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                call($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
