// SPDX-License-Identifier: Apache-2.0

import FilesTesting
import Glibc
import SystemPackage
import Testing

@testable import Files

/// What the machine does to writers: killing them, and disks that take no more.
struct FaultTests {
    @Test(.enabled(if: SecondProcess.isThis, "it is the second process of the next test"))
    func `a second process that never commits`() throws {
        let parts = try #require(SecondProcess.argument).split(separator: "|").map(String.init)
        let file = FilePath(parts[0])
        var writer = try AtomicFileWriter(replacing: file, permissions: nil, needsName: parts[1] == "true")
        try writer.append(Array(repeating: 1, count: 3 << 20))
        SecondProcess.say("half")
        pause()
        try writer.commit()
    }

    @Test(.disabled(if: SecondProcess.isThis), .timeLimit(.minutes(5)), arguments: [false, true])
    func `a writer killed in the middle leaves the old file whole, and the next one works`(needsName: Bool) async throws
    {
        let folder = try TemporaryFolder()
        let file = try folder.file("f", "old")
        let child = try SecondProcess("FilesTests.*second process that never commits", argument: "\(file)|\(needsName)")
        #expect(try await child.heard() == "half")
        _ = try await child.killed()
        #expect(try FileReader.text(of: file) == "old")
        // Without a name nothing is left; with one it is known as what it is.
        let left = try folder.names().filter { $0 != "f" }
        #expect(left.count == (needsName ? 1 : 0))
        #expect(left.allSatisfy(TemporaryName.isOne))
        try AtomicFile.write("new", to: file)
        #expect(try FileReader.text(of: file) == "new")
    }

    @Test(.enabled(if: SmallDisk.isPossible, "only root may mount a small disk"))
    func `a full disk is named, leaves the old file, and is no trouble once there is space`() throws {
        let disk = try SmallDisk(kibibytes: 256)
        let file = disk.path.appending("f")
        try AtomicFile.write("old", to: file)
        let large = Array(repeating: UInt8(1), count: 200 << 10)
        try disk.fill()
        let error = try #require(throws: FilesError.self) { try AtomicFile.write(large, to: file) }
        #expect(error.code == .diskFull)
        #expect(error.next != nil)
        #expect(try FileReader.text(of: file) == "old")
        #expect(try FileSystem.list(disk.path) == ["f", "filler"])
        try disk.empty()
        try AtomicFile.write(large, to: file)
        #expect(try FileReader.bytes(of: file) == large)
    }

    @Test(.enabled(if: SmallDisk.isPossible, "only root may mount a small disk"))
    func `a disk that takes no changes is told apart from a missing permission`() throws {
        let disk = try SmallDisk(kibibytes: 64)
        let file = disk.path.appending("f")
        try AtomicFile.write("old", to: file)
        try disk.setReadOnly(true)
        #expect(throws: FilesError.self) { try AtomicFile.write("new", to: file) }
        let error = try #require(throws: FilesError.self) { try AtomicFile.write("new", to: file) }
        #expect(error.code == .readOnly)
        #expect(try FileReader.text(of: file) == "old")
        try disk.setReadOnly(false)
        try AtomicFile.write("new", to: file)
    }

    @Test(.enabled(if: getuid() != 0, "root may write everywhere"))
    func `a folder of others is a missing permission`() throws {
        let folder = try TemporaryFolder()
        let file = try folder.file("d/f", "old")
        try FileSystem.setPermissions([.ownerRead, .ownerExecute], of: file.removingLastComponent())
        defer { try? FileSystem.setPermissions(.ownerReadWriteExecute, of: file.removingLastComponent()) }
        let error = try #require(throws: FilesError.self) { try AtomicFile.write("new", to: file) }
        #expect(error.code == .permissionDenied)
        #expect(try FileReader.text(of: file) == "old")
    }
}
