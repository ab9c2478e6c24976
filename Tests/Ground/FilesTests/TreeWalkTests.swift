// SPDX-License-Identifier: Apache-2.0

import Files
import FilesTesting
import Glibc
import SystemPackage
import Testing

struct TreeWalkTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func walk(_ patterns: String = "") async throws -> [String] {
        try await TreeWalk.files(under: folder.path, ignoring: IgnorePatterns(patterns)).map(\.relativePath)
    }

    @Test func `a large tree is listed as find lists it, in the order of bytes`() async throws {
        for number in 0..<400 {
            let name = "d\(number % 7)/\(number % 3 == 0 ? "ä-e" : "e")/x\(number % 11)/f \(number)"
            _ = try folder.file(name, "\(number)")
        }
        _ = try folder.file("d1-", "sorts before what is in d1")
        let found = try Command.output("find", "-L", ".", "-type", "f", in: folder.path)
        let expected = found.split(separator: "\n").map { String($0.dropFirst(2)) }
        #expect(try await walk() == expected.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
    }

    @Test func `a file comes with its size`() async throws {
        _ = try folder.file("a/b", "four")
        let entry = try #require(try await TreeWalk.files(under: folder.path).first)
        #expect(entry.relativePath == "a/b")
        #expect(entry.status.size == 4)
    }

    @Test func `an empty folder has no files`() async throws {
        try FileSystem.createDirectory(folder.path.appending("a/b"))
        #expect(try await walk() == [])
    }

    @Test func `links are followed to files and folders, inside and outside`() async throws {
        let outside = try TemporaryFolder()
        _ = try outside.file("o/f", "outside")
        _ = try folder.file("a/f", "x")
        try FileSystem.symlink("a/f", at: folder.path.appending("file"))
        try FileSystem.symlink("a", at: folder.path.appending("near"))
        try FileSystem.symlink(outside.path, at: folder.path.appending("far"))
        #expect(try await walk() == ["a/f", "far/o/f", "file", "near/f"])
    }

    @Test(.timeLimit(.minutes(5)))
    func `links in a circle end`() async throws {
        _ = try folder.file("a/f", "x")
        _ = try folder.file("b/g", "x")
        try FileSystem.symlink("..", at: folder.path.appending("a/up"))
        try FileSystem.symlink(".", at: folder.path.appending("a/self"))
        try FileSystem.symlink("../b", at: folder.path.appending("a/b"))
        try FileSystem.symlink("../a", at: folder.path.appending("b/a"))
        #expect(try await walk() == ["a/b/g", "a/f", "b/a/f", "b/g"])
    }

    @Test func `ignored files and folders are left out, and no ignored folder is entered`() async throws {
        for name in ["a.log", "keep.log", "build/x", "src/build/y", "src/m.swift", "src/n.log"] {
            _ = try folder.file(name, "x")
        }
        // Entering it would be an error: its name cannot be listed.
        #expect(mkfifo(folder.path.appending("build/pipe").string, 0o600) == 0)
        #expect(try await walk("*.log\n!keep.log\nbuild/\n") == ["keep.log", "src/m.swift"])
    }

    @Test func `a link to nothing is an error unless it is ignored`() async throws {
        _ = try folder.file("f", "x")
        try FileSystem.symlink("nowhere", at: folder.path.appending("dangling"))
        let error = await #expect(throws: FilesError.self) { try await walk() }
        #expect(error?.code == .notFound)
        #expect(error?.why == "it is a link to nothing")
        #expect(try await walk("dangling\n") == ["f"])
    }

    @Test(.timeLimit(.minutes(5)))
    func `a pipe is an error and nobody waits for it`() async throws {
        #expect(mkfifo(folder.path.appending("pipe").string, 0o600) == 0)
        let error = await #expect(throws: FilesError.self) { try await walk() }
        #expect(error?.code == .wrongKind)
        #expect(error?.path == folder.path.appending("pipe"))
    }

    @Test func `a name that is no UTF-8 is an error, not a missing file`() async throws {
        let name = folder.path.string.utf8CString.dropLast() + [47, 0x66, CChar(bitPattern: 0xFF), 0]
        let descriptor = open(Array(name), O_CREAT | O_WRONLY, 0o600)
        #expect(descriptor >= 0)
        close(descriptor)
        let error = await #expect(throws: FilesError.self) { try await walk() }
        #expect(error?.code == .invalidContent)
        // And such a tree can be removed.
        try FileSystem.removeTree(folder.path)
        #expect(!FileSystem.exists(folder.path))
    }

    @Test func `a missing root and a file as root are told apart`() async throws {
        let missing = await #expect(throws: FilesError.self) {
            try await TreeWalk.files(under: folder.path.appending("no"))
        }
        #expect(missing?.code == .notFound)
        let file = try folder.file("f", "x")
        let wrong = await #expect(throws: FilesError.self) { try await TreeWalk.files(under: file) }
        #expect(wrong?.code == .wrongKind)
    }
}
