// SPDX-License-Identifier: Apache-2.0

import Files
import ProjectTesting
import SystemPackage
import Testing

@testable import DataVersions

struct ChunkCutterTests {
    /// A table of so many rows, the same each time.
    static func table(rows: Int) -> [UInt8] {
        var state: UInt64 = 7
        var text = "id,a,b,c\n"
        for row in 0..<rows {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            text += "\(row),\(state >> 40),\(state >> 20 & 0xFFFFF),\(state & 0xFFFFF)\n"
        }
        return Array(text.utf8)
    }

    private func pieces(_ bytes: [UInt8], reading size: Int) -> [[UInt8]] {
        var (cutter, pieces) = (ChunkCutter(), [[UInt8]]())
        for start in stride(from: 0, to: bytes.count, by: size) {
            bytes[start..<min(start + size, bytes.count)].withUnsafeBytes { bytes in
                cutter.take(bytes) { pieces.append($0) }
            }
        }
        cutter.finish { pieces.append($0) }
        return pieces
    }

    @Test(arguments: [1_000, 65_537, 1 << 20])
    func `cuts do not depend on how the bytes come`(size: Int) {
        let bytes = Self.table(rows: 60_000)
        let found = pieces(bytes, reading: size)
        #expect(found == pieces(bytes, reading: bytes.count))
        #expect(Array(found.joined()) == bytes)
        #expect(found.dropLast().allSatisfy { $0.count >= ChunkCutter.least && $0.count <= ChunkCutter.most })
        #expect(found.count > bytes.count / (160 << 10))
    }

    @Test func `an insertion moves the cuts near it alone`() {
        let bytes = Self.table(rows: 60_000)
        var edited = bytes
        edited.insert(contentsOf: Array("one more row\n".utf8), at: bytes.count / 2)
        let known = Set(pieces(bytes, reading: 1 << 20))
        #expect(pieces(edited, reading: 1 << 20).count { !known.contains($0) } <= 3)
    }

    @Test func `bytes without any change are cut at the most`() {
        let found = pieces(Array(repeating: 0, count: 1 << 20), reading: 1 << 16)
        #expect(found.allSatisfy { $0.count <= ChunkCutter.most })
    }
}

struct ChunkTests {
    private let project: TestProject
    private let old: [UInt8]

    /// Two versions of a table, of which the later is checked out, and a small file.
    init() async throws {
        project = try await TestProject()
        old = ChunkCutterTests.table(rows: 60_000)
        for version in 0..<3 {
            var bytes = old
            bytes.insert(contentsOf: Array("row \(version)\n".utf8), at: 1_000 * version)
            try project.folder.write(version == 0 ? old : bytes, to: "data/t.csv")
            try project.folder.write("\(version)", to: "data/small")
            _ = try await project.data.add([project.root.appending("data")])
            try await project.git("add", "-A")
            try await project.git("commit", "-q", "-m", "\(version)")
        }
    }

    /// The plain objects, without the folders that lost theirs.
    private func objects() throws -> [String: [UInt8]] {
        try project.folder.contents(of: ".dvc/cache/files/md5").filter { !$0.key.hasSuffix("/") }
    }

    @Test func `earlier versions share their pieces, and come back with a checkout`() async throws {
        let report = try await project.data.pack()
        #expect(report.count == 2 && report.packedCount == 2)
        // Two whole tables take little more room than one.
        #expect(report.storedSize < report.packedSize * 6 / 10)
        #expect(try await project.dvc("status", "--json").output == "{}\n")
        try await project.git("checkout", "-q", "HEAD~2")
        _ = try await project.data.checkout(try await project.data.pointers())
        #expect(try FileReader.bytes(of: project.root.appending("data/t.csv")) == old)
    }

    @Test func `an export leaves what was there before, byte for byte`() async throws {
        let before = try objects()
        _ = try await project.data.pack()
        #expect(try objects().count == before.count - 2)
        _ = try await project.data.exportChunks()
        #expect(try objects() == before)
        #expect(try project.folder.contents(of: ".dvc/cache/files/chunks").keys.allSatisfy { $0.hasSuffix("/") })
        let object = project.data.cache.object(FileHashing.digest(of: old, .md5).hex)
        #expect(try FileSystem.status(of: object).permissions == [.ownerRead, .groupRead, .otherRead])
    }

    @Test func `packing again finds nothing, and what was unpacked costs no new pieces`() async throws {
        let first = try await project.data.pack()
        #expect(try await project.data.pack().count == 0)
        try await project.git("checkout", "-q", "HEAD~2")
        _ = try await project.data.checkout(try await project.data.pointers())
        try await project.git("checkout", "-q", "main")
        _ = try await project.data.checkout(try await project.data.pointers())
        let again = try await project.data.pack()
        #expect(again.count == 1 && again.storedSize == first.storedSize)
    }

    @Test func `a damaged object is not packed, and stays`() async throws {
        let object = project.data.cache.object(FileHashing.digest(of: old, .md5).hex)
        try FileSystem.setPermissions([.ownerReadWrite], of: object)
        try AtomicFile.write(old.dropLast() + [0], to: object)
        let report = try await project.data.pack()
        #expect(report.count == 1 && report.damaged == [FileHashing.digest(of: old, .md5).hex])
        #expect(FileSystem.exists(object))
    }

    @Test func `damaged pieces are found, and the work tree stays`() async throws {
        _ = try await project.data.pack()
        let packs = project.root.appending(".dvc/cache/files/chunks/packs")
        for name in try FileSystem.list(packs) {
            var bytes = try FileReader.bytes(of: packs.appending(name))
            bytes[bytes.count / 2] ^= 1
            try AtomicFile.write(bytes, to: packs.appending(name), permissions: [.ownerReadWrite])
        }
        try await project.git("checkout", "-q", "HEAD~2")
        let error = await #expect(throws: DataVersionsError.self) {
            _ = try await project.data.checkout(try await project.data.pointers())
        }
        #expect(error?.code == .corruptContent)
        #expect(try project.folder.text("data/small") == "2")
    }
}
