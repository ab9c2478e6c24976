// SPDX-License-Identifier: Apache-2.0

import Files
import FilesTesting
import SystemPackage
import Testing

struct FileSystemTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func `a folder is made with those above it, once or twice`() throws {
        let path = folder.path.appending("a/b/c")
        for _ in 0..<2 { try FileSystem.createDirectory(path) }
        #expect(FileSystem.isDirectory(path))
    }

    @Test(.timeLimit(.minutes(5)))
    func `many may make the same folders at once`() async throws {
        let path = folder.path.appending("a/b/c/d")
        let pool = BlockingPool(threads: 8)
        for _ in 0..<20 {
            try await withThrowingTaskGroup { group in
                for _ in 0..<8 { group.addTask { try await pool.run { try FileSystem.createDirectory(path) } } }
                try await group.waitForAll()
            }
            try FileSystem.removeTree(folder.path.appending("a"))
        }
    }

    @Test func `a file in the way of a folder is an error`() throws {
        let file = try folder.file("f", "x")
        let taken = try #require(throws: FilesError.self) { try FileSystem.createDirectory(file) }
        #expect(taken.code == .alreadyExists)
        let through = try #require(throws: FilesError.self) { try FileSystem.createDirectory(file.appending("d")) }
        #expect(through.code == .wrongKind)
    }

    @Test func `a tree is removed without what its links lead to`() throws {
        let outside = try TemporaryFolder()
        let kept = try outside.file("kept", "x")
        _ = try folder.file("d/e/f", "x")
        try FileSystem.symlink(outside.path, at: folder.path.appending("d/link"))
        try FileSystem.symlink("nowhere", at: folder.path.appending("d/dangling"))
        try FileSystem.removeTree(folder.path.appending("d"))
        #expect(try folder.names() == [])
        #expect(FileSystem.exists(kept))
        try FileSystem.removeTree(folder.path.appending("d"))
    }

    @Test(.timeLimit(.minutes(5)))
    func `two may remove the same tree`() async throws {
        let pool = BlockingPool(threads: 2)
        let tree = folder.path.appending("d")
        for _ in 0..<10 {
            for number in 0..<60 { _ = try folder.file("d/\(number % 5)/\(number)", "x") }
            async let first: Void = pool.run { try FileSystem.removeTree(tree) }
            async let second: Void = pool.run { try FileSystem.removeTree(tree) }
            _ = try await (first, second)
            #expect(!FileSystem.exists(tree))
        }
    }

    @Test func `names are listed in the order of their bytes`() throws {
        for name in ["b", "a", "B", "ä", ".h", "a b"] { _ = try folder.file(name, "x") }
        #expect(try folder.names() == [".h", "B", "a", "a b", "b", "ä"])
    }

    @Test func `what a folder holds is told by kind`() throws {
        _ = try folder.file("f", "x")
        _ = try folder.file("d/x", "x")
        try FileSystem.symlink("f", at: folder.path.appending("l"))
        let kinds = try FileSystem.entries(of: folder.path).map { "\($0.name ?? "?"):\($0.kind)" }.sorted()
        #expect(kinds == ["d:folder", "f:file", "l:link"])
    }

    @Test func `a link to nothing does not exist, and is not followed where nobody asks for it`() throws {
        let link = folder.path.appending("l")
        try FileSystem.symlink("nowhere", at: link)
        #expect(!FileSystem.exists(link))
        #expect(try FileSystem.status(of: link, followingLinks: false).isSymlink)
        #expect(throws: FilesError.self) { try FileSystem.status(of: link) }
    }

    @Test func `renaming replaces a file and not a full folder`() throws {
        let file = try folder.file("f", "new")
        try FileSystem.rename(file, to: try folder.file("g", "old"))
        #expect(try FileReader.text(of: folder.path.appending("g")) == "new")
        _ = try folder.file("d/x", "x")
        _ = try folder.file("e/x", "x")
        let error = try #require(throws: FilesError.self) {
            try FileSystem.rename(folder.path.appending("e"), to: folder.path.appending("d"))
        }
        #expect(error.code == .alreadyExists)
    }

    @Test func `temporary folders are this user's alone and each is new`() throws {
        let first = try FileSystem.temporaryDirectory(prefix: "gyre")
        let second = try FileSystem.temporaryDirectory(prefix: "gyre")
        defer { for path in [first, second] { try? FileSystem.removeTree(path) } }
        #expect(first != second)
        #expect(try FileSystem.status(of: first).permissions == .ownerReadWriteExecute)
    }
}
