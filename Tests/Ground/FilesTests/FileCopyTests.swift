// SPDX-License-Identifier: Apache-2.0

import Files
import FilesTesting
import SystemPackage
import Testing

struct FileCopyTests {
    private let folder: TemporaryFolder
    private let source: FilePath

    init() throws {
        folder = try TemporaryFolder()
        source = try folder.file("source", "content")
    }

    @Test(arguments: FileCopy.Method.allCases)
    func `a method replaces what is there, or says that it cannot and leaves it`(method: FileCopy.Method) throws {
        let target = try folder.file("target", "old")
        do {
            #expect(try FileCopy.place(source, at: target, trying: [method]) == method)
            #expect(try FileReader.text(of: target) == "content")
        } catch {
            // Only some file systems share blocks.
            #expect(method == .reflink)
            #expect(error.code == .ioFailed)
            #expect(try FileReader.text(of: target) == "old")
        }
        #expect(try folder.names() == ["source", "target"])
    }

    @Test func `what the file system refuses is passed over`() throws {
        let target = folder.path.appending("target")
        let method = try FileCopy.place(source, at: target, trying: [.reflink, .hardlink, .copy])
        #expect(method == .reflink || method == .hardlink)
        #expect(try FileReader.text(of: target) == "content")
    }

    @Test(.enabled(if: SmallDisk.isPossible, "only root may mount a second disk"))
    func `another disk gets a copy where a second name is impossible`() throws {
        let disk = try SmallDisk(kibibytes: 64)
        let target = disk.path.appending("target")
        #expect(try FileCopy.place(source, at: target, trying: [.reflink, .hardlink, .copy]) == .copy)
        #expect(try FileReader.text(of: target) == "content")
        #expect(try FileSystem.list(disk.path) == ["target"])
    }

    @Test(.enabled(if: SmallDisk.isPossible, "only root may mount a small disk"))
    func `a copy that does not fit leaves nothing`() throws {
        let disk = try SmallDisk(kibibytes: 64)
        try disk.fill()
        try AtomicFile.write(Array(repeating: 1, count: 20_000), to: source)
        let error = try #require(throws: FilesError.self) {
            try FileCopy.place(source, at: disk.path.appending("target"), trying: [.copy])
        }
        #expect(error.code == .diskFull)
        #expect(try FileSystem.list(disk.path) == ["filler"])
    }

    @Test func `links share the content and a copy does not`() throws {
        for method in [FileCopy.Method.hardlink, .symlink, .copy] {
            let target = folder.path.appending(method.rawValue)
            _ = try FileCopy.place(source, at: target, trying: [method])
            let isShared = try FileSystem.status(of: target).inode == FileSystem.status(of: source).inode
            #expect(isShared == (method != .copy))
        }
    }

    @Test func `a second name over a second name of the same file leaves no third`() throws {
        let target = folder.path.appending("target")
        for _ in 0..<2 { _ = try FileCopy.place(source, at: target, trying: [.hardlink]) }
        #expect(try folder.names() == ["source", "target"])
    }

    @Test func `a copy has the permissions that were asked for`() throws {
        let target = folder.path.appending("target")
        _ = try FileCopy.place(source, at: target, trying: [.copy], permissions: [.ownerRead, .groupRead])
        #expect(try FileSystem.status(of: target).permissions == [.ownerRead, .groupRead])
    }

    @Test func `a link from a relative path leads to the file`() throws {
        let here = FileSystem.currentDirectory
        let up = String(repeating: "../", count: here.components.count)
        let relative = FilePath(up + source.string.dropFirst())
        let target = try folder.file("deep/er/target")
        _ = try FileCopy.place(relative, at: target, trying: [.symlink])
        #expect(try FileReader.text(of: target) == "content")
    }

    @Test(arguments: FileCopy.Method.allCases)
    func `a missing source is an error of every method`(method: FileCopy.Method) throws {
        let target = folder.path.appending("target")
        let error = try #require(throws: FilesError.self) {
            try FileCopy.place(folder.path.appending("no"), at: target, trying: [method, .copy])
        }
        #expect(error.code == .notFound)
        #expect(try folder.names() == ["source"])
    }

    @Test(arguments: FileCopy.Method.allCases)
    func `a folder is no source`(method: FileCopy.Method) throws {
        let error = try #require(throws: FilesError.self) {
            try FileCopy.place(folder.path, at: folder.path.appending("target"), trying: [method])
        }
        #expect(error.code == .wrongKind)
    }
}
