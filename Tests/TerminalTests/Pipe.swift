// SPDX-License-Identifier: Apache-2.0

import Terminal

#if canImport(Glibc)
import Glibc
#endif

/// What was written to a stream that is no terminal.
final class Pipe: Sendable {
    private let reader: Int32
    private let writer: Int32
    private let variables: [String: String]

    init(_ variables: [String: String] = [:]) {
        var ends: [Int32] = [-1, -1]
        precondition(pipe(&ends) == 0, "no pipe can be made")
        (reader, writer) = (ends[0], ends[1])
        self.variables = variables
        _ = fcntl(reader, F_SETFL, O_NONBLOCK)
    }

    deinit {
        close(reader)
        close(writer)
    }

    /// The stream, which keeps the pipe open.
    var stream: TextStream { TextStream(descriptor: writer) { self.variables[$0] } }

    /// What was written since the last look.
    var text: String { read(from: reader) }
}

/// A terminal, as a person's window is one.
final class PseudoTerminal: Sendable {
    private let master: Int32
    private let terminal: Int32
    private let variables: [String: String]

    init(_ variables: [String: String] = ["TERM": "xterm-256color"], columns: UInt16 = 80) {
        // Linux's own requests: the C library's functions for this are not among those that Swift sees.
        let (getNumber, setLock): (UInt, UInt) = (0x8004_5430, 0x4004_5431)
        master = open("/dev/ptmx", O_RDWR | O_NOCTTY)
        var (locked, number): (Int32, UInt32) = (0, 0)
        precondition(ioctl(master, setLock, &locked) == 0 && ioctl(master, getNumber, &number) == 0, "no terminal")
        terminal = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
        precondition(terminal >= 0, "no terminal can be opened")
        self.variables = variables
        var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(terminal, UInt(TIOCSWINSZ), &size)
        _ = fcntl(master, F_SETFL, O_NONBLOCK)
    }

    deinit {
        close(terminal)
        close(master)
    }

    /// The stream, which keeps the terminal open.
    var stream: TextStream { TextStream(descriptor: terminal) { self.variables[$0] } }

    /// What was written since the last look; the terminal ends lines by a return and a line feed.
    var text: String { read(from: master).replacing("\r\n", with: "\n") }
}

private func read(from descriptor: Int32) -> String {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = read(descriptor, &buffer, buffer.count)
        guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
        bytes += buffer[..<count]
    }
}
