// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Files
import FilesTesting
import SystemPackage
import Testing

struct FileReaderTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func `a file at its limit is read and one byte more is not`() throws {
        let file = try folder.file("f", "12345")
        #expect(try FileReader.bytes(of: file, limit: 5).count == 5)
        let error = try #require(throws: FilesError.self) { try FileReader.bytes(of: file, limit: 4) }
        #expect(error.code == .tooLarge)
        #expect(error.kind == .tooLarge)
    }

    @Test func `a file without an end is refused at the limit`() throws {
        let error = try #require(throws: FilesError.self) { try FileReader.bytes(of: "/dev/zero", limit: 3 << 20) }
        #expect(error.code == .tooLarge)
    }

    @Test(arguments: [[0xC3, 0x28], [0xFF], [0x61, 0xE2, 0x82], [0xED, 0xA0, 0x80]] as [[UInt8]])
    func `bytes that are no UTF-8 are no text`(bytes: [UInt8]) throws {
        let file = folder.path.appending("f")
        try AtomicFile.write(bytes, to: file)
        let error = try #require(throws: FilesError.self) { try FileReader.text(of: file) }
        #expect(error.code == .invalidContent)
        #expect(try FileReader.bytes(of: file) == bytes)
    }

    @Test func `text comes back to the last byte`() throws {
        let text = "ä\r\n漢\u{0}😀\n\n"
        #expect(try FileReader.text(of: try folder.file("f", text)) == text)
    }

    @Test func `a file is handed over in pieces of the asked size`() throws {
        let file = try folder.file("f", "abcdefgh")
        var pieces: [String] = []
        try FileReader.chunks(of: file, size: 3) { pieces.append(String(decoding: $0, as: UTF8.self)) }
        #expect(pieces == ["abc", "def", "gh"])
    }

    @Test func `an error of the reader's body ends the reading and comes through`() throws {
        struct Enough: Error {}
        let file = try folder.file("f", "abcdefgh")
        var count = 0
        #expect(throws: Enough.self) {
            try FileReader.chunks(of: file, size: 1) { _ in
                count += 1
                if count == 2 { throw Enough() }
            }
        }
        #expect(count == 2)
    }

    @Test func `a folder is no file`() throws {
        let error = try #require(throws: FilesError.self) { try FileReader.bytes(of: folder.path) }
        #expect(error.code == .wrongKind)
    }
}
