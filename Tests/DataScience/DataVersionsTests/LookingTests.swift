// SPDX-License-Identifier: Apache-2.0

import Files
import ProjectTesting
import SystemPackage
import Testing

@testable import DataVersions

/// The quick ways to see what is there say the same as the slow ones.
struct LookingTests {
    // MARK: Objects of the cache

    /// Objects in a folder laid out as the cache, and files with their hashes.
    private func objects(_ count: Int, in folder: TestFolder) throws -> FileTable {
        var table = FileTable()
        for number in 0..<count {
            let digest = Array("\(number)".utf8).withUnsafeBytes { MD5Digest.of($0) }
            table.append("file-\(number)", digest: digest)
            try folder.write("", to: "objects/\(digest.hex.prefix(2))/\(digest.hex.dropFirst(2))")
        }
        return table
    }

    @Test(arguments: [10, 3_000]) func `an object that the cache lacks is found among few and many`(count: Int) throws {
        let folder = try TestFolder()
        let table = try objects(count, in: folder)
        // What else lies there is no object.
        try folder.write("", to: "objects/00/part")
        let lookup = ObjectLookup(objects: try OpenFolder(folder.path.appending("objects")))
        #expect(lookup.firstMissing(of: table.rows) == nil)
        for position in [count - 1, count / 2] {
            let hex = table.rows[position].digest.hex
            try folder.remove("objects/\(hex.prefix(2))/\(hex.dropFirst(2))")
            #expect(lookup.firstMissing(of: table.rows) == position)
        }
        #expect(lookup.firstMissing(of: table.rows, at: Array(0..<(count / 2))) == nil)
    }

    @Test func `few objects of a large cache are asked for one by one`() throws {
        let folder = try TestFolder()
        var table = try objects(3_000, in: folder)
        table.rows.removeLast(2_900)
        let lookup = ObjectLookup(objects: try OpenFolder(folder.path.appending("objects")))
        #expect(lookup.firstMissing(of: table.rows) == nil)
        try folder.remove("objects/\(table.rows[70].digest.hex.prefix(2))")
        let first = table.rows.firstIndex { $0.digest.hex.prefix(2) == table.rows[70].digest.hex.prefix(2) }
        #expect(lookup.firstMissing(of: table.rows) == first)
    }

    // MARK: Files

    @Test func `several threads list the files of a folder in their order`() async throws {
        let folder = try TestFolder()
        for name in ["a", "a.txt", "b/a", "b.a", "b-a", "é", "deep/1/2/3/4/5/6/7/8/9/last"] {
            try folder.write(name, to: "data/\(name)")
        }
        for number in 0..<40 {
            for file in 0..<3 { try folder.write("", to: "data/deep/1/2/folder-\(number)/file-\(file)") }
        }
        try folder.write("", to: "data/deep/1/2/folder-7/left-out")
        let root = folder.path.appending("data")
        let choose: @Sendable (UnsafeBufferPointer<UInt8>, FolderEntry.Kind) -> FolderScan.Choice = { path, _ in
            path.count >= 8 && path[(path.count - 8)...].elementsEqual("left-out".utf8) ? .leaveOut : .take
        }
        let one = try FolderScan.files(below: root, CancellationFlag(), choosing: choose)
        let many = try await FolderScan.files(below: root, choosing: choose)
        #expect(one.count == 127 && one.isSorted)
        #expect((0..<many.count).map { many.path($0) } == (0..<one.count).map { one.path($0) })
        #expect(many.rows.map(\.inode) == one.rows.map(\.inode))
    }

    @Test func `a folder without anything in it has no files`() async throws {
        let folder = try TestFolder()
        try FileSystem.createDirectory(folder.path.appending("data/a/b"))
        #expect(try await FolderScan.files(below: folder.path.appending("data")) { _, _ in .take }.count == 0)
    }

    // MARK: Git's index

    @Test func `git is asked about what its index may name alone`() async throws {
        let project = try await TestProject()
        try project.folder.write("1", to: "code/train.py")
        _ = try await Git(root: project.root).commit("Code", files: ["code/train.py"])
        #expect(GitIndexFile.mayName("code", of: project.root))
        #expect(GitIndexFile.mayName("code/train.py", of: project.root))
        #expect(!GitIndexFile.mayName("data", of: project.root))
        #expect(!GitIndexFile.mayName("code/train.pyc", of: project.root))
    }

    @Test(arguments: [
        ["update-index", "--index-version", "4"], ["update-index", "--split-index"],
    ]) func `an index without whole paths leaves the answer to git`(call: [String]) async throws {
        let project = try await TestProject()
        try project.folder.write("1", to: "code/train.py")
        _ = try await Git(root: project.root).commit("Code", files: ["code/train.py"])
        _ = try await GitProgram(root: project.root).checked(call, paths: .own)
        #expect(GitIndexFile.mayName("data", of: project.root))
        #expect(try await Git(root: project.root).trackedFiles(below: ["code"]) == ["code/train.py"])
    }

    @Test func `a folder of a repository that begins above leaves the answer to git`() async throws {
        let project = try await TestProject()
        #expect(GitIndexFile.mayName("data", of: project.root.appending("below")))
    }
}
