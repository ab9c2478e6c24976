// SPDX-License-Identifier: Apache-2.0

import Files
import ProjectTesting
import SystemPackage
import Testing

@testable import DataVersions

/// Contents as lists of chunks.
struct ChunkSourceTests {
    private static let bytes = ChunkCutterTests.table(rows: 200_000)
    private static let md5 = FileHashing.digest(of: bytes, .md5).hex

    private func list(_ source: ChunkSource, step: Int) throws -> ChunkList {
        var (source, list, bytes) = (source, ChunkList(), [UInt8]())
        while !source.isFinished {
            for chunk in try source.next(step, CancellationFlag()) {
                list.add(chunk.entry)
                bytes += try #require(try chunk.read())
            }
        }
        #expect(source.isWhole)
        let isSame = bytes == Self.bytes
        #expect(isSame)
        return list
    }

    @Test func `a packed content has the chunks of the plain one, however many at a time`() async throws {
        let project = try await TestProject()
        try project.folder.write(Self.bytes, to: "t")
        try await project.add("t")
        let chunks = LocalChunks(of: project.data)
        #expect(chunks.packed([Self.md5]) == [])
        let plain = try list(LocalChunks.source(Self.md5, in: project.data.cache.object(Self.md5)), step: 1_000)
        let few = try list(LocalChunks.source(Self.md5, in: project.data.cache.object(Self.md5)), step: 3)
        try project.folder.write("new", to: "t")
        try await project.add("t")
        #expect(try await project.data.pack().count == 1)
        #expect(chunks.packed([Self.md5, "00"]) == [Self.md5])
        let packed = try list(chunks.packedSource(Self.md5), step: 7)
        #expect(plain.size == Int64(Self.bytes.count))
        #expect(plain.file == few.file)
        #expect(plain.file == packed.file)
        #expect(ChunkList(plain.file)?.file == plain.file)
    }

    @Test func `a content with other bytes than its name says is not whole`() throws {
        let folder = try TestFolder()
        let file = try folder.write(Self.bytes, to: "t")
        var source = LocalChunks.source(String(repeating: "0", count: 32), in: file)
        while !source.isFinished {
            let chunks = try source.next(10, CancellationFlag())
            #expect(!chunks.isEmpty)
        }
        #expect(!source.isWhole)
    }

    @Test func `a chunk whose bytes changed is not handed over`() throws {
        let folder = try TestFolder()
        let file = try folder.write(Self.bytes, to: "t")
        var source = LocalChunks.source(Self.md5, in: file)
        let chunk = try #require(try source.next(1, CancellationFlag()).first)
        try folder.write(Array(repeating: 1, count: Self.bytes.count), to: "t")
        #expect(try chunk.read() == nil)
    }

    @Test(arguments: ["", "gyre manifest 1\n", "x 1\n"])
    func `a text that is no list is none`(text: String) {
        #expect(ChunkList(Array(text.utf8)) == nil)
    }
}
