// SPDX-License-Identifier: Apache-2.0

import Files
import ProjectTesting
import SystemPackage
import Testing

@testable import DataVersions

/// Data that links to the cache, as `cache.type` says.
struct LinkTests {
    /// What a name is: its permissions, how many names its file has, and where it points to, from the cache.
    private struct Kind: Equatable, CustomTestStringConvertible {
        var testDescription: String { "\(permissions) \(links) \(isLink)" }

        let permissions: FilePermissions
        let links: UInt64
        let isLink: Bool
    }

    private func kinds(_ project: TestProject) throws -> [String: Kind] {
        var result: [String: Kind] = [:]
        for name in ["data/a", "data/sub/b", "data/nothing", "file", "tool"] {
            let status = try FileSystem.status(of: project.root.pushing(FilePath(name)), followingLinks: false)
            let permissions = status.isSymlink ? [] : status.permissions
            result[name] = Kind(permissions: permissions, links: status.linkCount, isLink: status.isSymlink)
        }
        return result
    }

    private func fill(_ project: TestProject) throws {
        try project.folder.write("a", to: "data/a")
        try project.folder.write("b", to: "data/sub/b")
        try project.folder.write("", to: "data/nothing")
        try project.folder.write("f", to: "file")
        try FileSystem.setPermissions(
            [.ownerReadWriteExecute, .groupRead, .otherRead],
            of: try project.folder.write("#!", to: "tool")
        )
    }

    private func set(_ name: String, _ value: String, in project: TestProject) throws -> DataRepository {
        let editor = ConfigEditor(folder: project.root.appending(".dvc"))
        try editor.set(try #require(ConfigName(name)), to: value, .repo, in: project.root)
        return try DataRepository.open(at: project.root)
    }

    @Test(arguments: ["hardlink", "symlink", "hardlink,symlink", "copy", "reflink,copy"])
    func `add and checkout make the links that dvc makes`(type: String) async throws {
        let (ours, theirs, aside) = try await (TestProject(), TestProject(), TestFolder())
        let dvc = Tool.dvc(state: aside.path)
        for project in [ours, theirs] { try fill(project) }
        let data = try set("cache.type", type, in: ours)
        _ = try set("cache.type", type, in: theirs)
        _ = try await data.add(["data", "file", "tool"].map(ours.root.appending))
        try await dvc.run(["add", "-q", "data", "file", "tool"], in: theirs.root)
        #expect(try kinds(ours) == kinds(theirs), "after add")

        for project in [ours, theirs] { for name in ["data", "file", "tool"] { try project.folder.remove(name) } }
        #expect(try await data.checkout(data.pointers()) == ["data", "file", "tool"])
        try await dvc.run(["checkout", "-q"], in: theirs.root)
        #expect(try kinds(ours) == kinds(theirs), "after checkout")
        #expect(try ours.folder.text("data/a") == "a" && ours.folder.text("tool") == "#!")
        #expect(try await ours.dvc("status", "--json").output == "{}\n")
        #expect(try await data.checkout(data.pointers()) == [])
    }

    @Test func `relink turns copies into links, and unprotect turns them back`() async throws {
        let project = try await TestProject()
        try fill(project)
        try await project.add("data", "file")
        let data = try set("cache.type", "hardlink", in: project)
        _ = try await data.checkout(data.pointers(), CheckoutOptions(relink: true))
        #expect(try FileSystem.status(of: project.root.pushing("data/a")).linkCount == 2)
        let object = data.cache.object(FileHashing.digest(of: Array("a".utf8), .md5).hex)
        #expect(try await data.unprotect(data.outputs()) == 3)
        let file = project.root.pushing("data/a")
        #expect(try FileSystem.status(of: file).linkCount == 1)
        try AtomicFile.write("changed", to: file)
        #expect(try FileReader.text(of: object) == "a", "the cache keeps what it has")
    }

    @Test func `a cache that a group shares can be written by all of it`() async throws {
        let project = try await TestProject()
        try fill(project)
        let data = try set("cache.shared", "group", in: project)
        let pointer = try #require(try await data.add([project.root.appending("file")]).first)
        let object = data.cache.object(pointer.md5)
        #expect(try FileSystem.status(of: object).permissions == [.ownerRead, .groupRead, .otherRead])
        let folder = try FileSystem.status(of: object.removingLastComponent()).permissions
        #expect(folder.isSuperset(of: [.groupReadWriteExecute, .setGroupID]))
    }
}
