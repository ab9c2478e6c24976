// SPDX-License-Identifier: Apache-2.0

import SystemPackage
import Testing

@testable import Files

struct DirectWriterTests {
    /// The folder of the tests, and one whose file system is memory.
    private static let places = ["/tmp", "/dev/shm"]

    @Test(arguments: places, [[4_096, 8_192], [1 << 20, 1 << 20, 5], [7, 4_096, 4_096], [4_096, 100, 12_288]])
    func `pieces of any length come one behind another`(place: String, lengths: [Int]) throws {
        let path = FilePath(place).appending("gyre-direct-\(UInt64.random(in: .min ... .max))")
        defer {
            // What cannot be removed lies in a temporary folder.
            try? FileSystem.remove(path)
        }
        let file = try FileDescriptor.open(path, .writeOnly, options: .create, permissions: .ownerReadWrite)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4_096)
        defer { buffer.deallocate() }
        var expected: [UInt8] = []
        try file.closeAfter {
            var writer = DirectWriter(file.rawValue, path)
            for length in lengths {
                for index in 0..<length { buffer[index] = UInt8.random(in: .min ... .max) }
                expected += buffer[..<length]
                try writer.write(UnsafeRawBufferPointer(rebasing: buffer[..<length]))
            }
        }
        #expect(try FileReader.bytes(of: path) == expected)
    }

    @Test func `a full disk is told`() throws {
        let file = try FileDescriptor.open("/dev/full", .writeOnly)
        let bytes = Array(repeating: UInt8(1), count: 4_096)
        try file.closeAfter {
            var writer = DirectWriter(file.rawValue, "/dev/full")
            let error = #expect(throws: FilesError.self) { try bytes.withUnsafeBytes { try writer.write($0) } }
            #expect(error?.code == .diskFull)
        }
    }
}
