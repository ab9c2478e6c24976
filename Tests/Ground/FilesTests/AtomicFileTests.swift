// SPDX-License-Identifier: Apache-2.0

import FilesTesting
import Glibc
import Synchronization
import SystemPackage
import Testing

@testable import Files

struct AtomicFileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test(.timeLimit(.minutes(5)))
    func `a reader during many replacements sees whole contents only`() async throws {
        let file = try folder.file("f")
        @Sendable func content(_ number: Int) -> [UInt8] {
            Array(repeating: UInt8(number % 251), count: 20_000 + 7_001 * (number % 13))
        }
        try AtomicFile.write(content(0), to: file)
        let isDone = Atomic(false)
        let seenCount = Atomic(0)
        let pool = BlockingPool(threads: 2)
        async let reads: Void = pool.run {
            var seen: Set<UInt8> = []
            while !isDone.load(ordering: .acquiring) {
                let bytes = try FileReader.bytes(of: file)
                let first = try #require(bytes.first)
                #expect(bytes == content(Int(first)), "a content that nobody wrote")
                seen.insert(first)
                seenCount.store(seen.count, ordering: .relaxed)
            }
        }
        try await pool.run {
            defer { isDone.store(true, ordering: .releasing) }
            // On a busy machine the reader may begin late.
            var number = 0
            while number < 100 || (seenCount.load(ordering: .relaxed) < 5 && number < 20_000) {
                try AtomicFile.write(content(number % 251), to: file)
                number += 1
            }
        }
        try await reads
        #expect(seenCount.load(ordering: .relaxed) >= 5)
        #expect(try folder.names() == ["f"])
    }

    @Test(arguments: [false, true])
    func `a writer that is given up leaves the old file and nothing else`(needsName: Bool) throws {
        let file = try folder.file("f", "old")
        do {
            var writer = try AtomicFileWriter(replacing: file, permissions: nil, needsName: needsName)
            try writer.append(Array("half of the new".utf8))
            #expect(writer.count == 15)
            let beside = try folder.names().filter { $0 != "f" }
            #expect(beside.allSatisfy(TemporaryName.isOne))
            writer.discard()
        }
        #expect(try FileReader.text(of: file) == "old")
        #expect(try folder.names() == ["f"])
    }

    @Test(arguments: [false, true])
    func `a content of several pieces is there after the commit`(needsName: Bool) throws {
        for path in [try folder.file("f", "old"), try folder.file("g")] {
            var writer = try AtomicFileWriter(replacing: path, permissions: nil, needsName: needsName)
            for piece in ["one ", "", "two"] { try writer.append(Array(piece.utf8)) }
            try writer.commit()
            #expect(try FileReader.text(of: path) == "one two")
        }
        #expect(try folder.names() == ["f", "g"])
    }

    @Test func `a new file has the permissions that any program gives it`() throws {
        let usual = open(folder.path.appending("usual").string, O_CREAT | O_WRONLY, 0o666)
        close(usual)
        let file = try folder.file("f", "x")
        #expect(try mode("f") == mode("usual"))
        try AtomicFile.write("y", to: file, permissions: [.ownerRead, .groupRead, .otherRead])
        #expect(try mode("f") == 0o444)
    }

    @Test(arguments: [0o600, 0o640, 0o755, 0o444] as [UInt32])
    func `a replaced file keeps its permissions`(permissions: UInt32) throws {
        let file = try folder.file("secret", "old")
        try FileSystem.setPermissions(FilePermissions(rawValue: permissions), of: file)
        try AtomicFile.write("new", to: file)
        #expect(try mode("secret") == permissions)
        #expect(try FileReader.text(of: file) == "new")
    }

    @Test func `a link is replaced, and what it led to stays`() throws {
        let old = try folder.file("target", "old")
        try FileSystem.symlink("target", at: folder.path.appending("link"))
        try AtomicFile.write("new", to: folder.path.appending("link"))
        #expect(try FileReader.text(of: old) == "old")
        #expect(try FileReader.text(of: folder.path.appending("link")) == "new")
    }

    @Test(arguments: ["ü", "漢", "😀"])
    func `the longest names can be written`(character: String) throws {
        let name = String(repeating: character, count: 255 / character.utf8.count)
        try AtomicFile.write("x", to: folder.path.appending(name))
        #expect(try folder.names() == [name])
    }

    @Test(arguments: [false, true])
    func `a missing folder is named`(needsName: Bool) throws {
        let file = folder.path.appending("no").appending("f")
        let error = try #require(throws: FilesError.self) {
            _ = try AtomicFileWriter(replacing: file, permissions: nil, needsName: needsName)
        }
        #expect(error.code == .notFound)
        #expect(error.what == "cannot write `\(file)`")
    }

    @Test(arguments: [false, true])
    func `a folder is not replaced by a file`(needsName: Bool) throws {
        try FileSystem.createDirectory(folder.path.appending("d"))
        let path = folder.path.appending("d")
        let error = try #require(throws: FilesError.self) {
            try AtomicFileWriter(replacing: path, permissions: nil, needsName: needsName).commit()
        }
        #expect(error.code == .wrongKind)
        #expect(try folder.names() == ["d"])
    }

    private func mode(_ name: String) throws -> UInt32 {
        try FileSystem.status(of: folder.path.appending(name)).permissions.rawValue
    }
}
