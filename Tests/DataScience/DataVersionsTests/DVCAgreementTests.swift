// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Files
import ProjectTesting
import SystemPackage
import Testing

/// The real dvc is the specification, in both directions.
struct DVCAgreementTests {
    /// Names that YAML, git or the shell could misread.
    private static let names = [
        "plain.csv", "a b", "it's", "x: y", "#h", "a #b", "123", "1_000", "2020-01-01", "-x", "ü", "🦆", "null", "No",
        "tab\tx", "@x", "a,b", "[x]", "k:", "*g?[!", "!neg", "a\\b", "say \"hi\"", ".5", "= ", "--- x", "e\u{301}",
        "a rather long name with many spaces in it that goes on and on until it is longer than eighty columns.csv",
        "a-name-without-a-single-space-that-is-longer-than-eighty-columns-and-cannot-be-broken.csv",
    ]

    /// Data of every kind; the same again for each project.
    private func fill(_ folder: TestFolder) throws {
        for name in Self.names { try folder.write("content of \(name)", to: name) }
        try FileSystem.setPermissions([.ownerReadWriteExecute], of: try folder.write("#!/bin/sh\n", to: "run.sh"))
        try folder.write("", to: "nothing")
        try folder.write("a\r\nb\r\n", to: "data/lines.csv")
        try folder.write("", to: "data/empty")
        try folder.write("1", to: "data/Ünï cødé/🦆 b")
        try folder.write("2", to: "data/Ünï cødé.txt")
        try folder.write("3", to: "data/quote\" and \\ and \u{7F}\u{8}\u{C}\n")
        try folder.write("4", to: "data/sub/deep/x")
        try folder.write("5", to: "data/sub-2")
        try FileSystem.setPermissions([.ownerReadWriteExecute], of: try folder.write("6", to: "data/tool"))
        try FileSystem.createDirectory(folder.path.pushing("data/empty-folder"))
        try FileSystem.createDirectory(folder.path.appending("hollow"))
        try FileSystem.symlink("lines.csv", at: folder.path.pushing("data/link"))
        try FileSystem.symlink("../hollow", at: folder.path.pushing("data/link-to-folder"))
        try folder.write("/data/*.skip\n", to: ".dvcignore")
        try folder.write("left out", to: "data/x.skip")
    }

    private static let paths = names + ["run.sh", "nothing", "data", "hollow"]

    /// What no listing tells: ignored files, empty folders, and that something was a link.
    private static let untold: Set = ["x.skip", "empty-folder", "link", "link-to-folder"]

    @Test func `add makes what dvc add makes, byte by byte`() async throws {
        let (ours, theirs) = try await (TestProject(), TestProject())
        try fill(ours.folder)
        try fill(theirs.folder)
        let pointers = try await ours.data.add(Self.paths.map { ours.root.appending($0) })
        #expect(pointers.map(\.path) == Self.paths)
        let aside = try TestFolder()
        let dvc = Tool.dvc(state: aside.path)
        try await dvc.run(["add", "-q", "--"] + Self.paths.map { "./" + $0 }, in: theirs.root)

        let skipped: Set = [".git", "tmp", "link", "link-to-folder"]
        let (left, right) = try (ours.folder.contents(skipping: skipped), theirs.folder.contents(skipping: skipped))
        // DVC forgets that git drops a space at the end of a line.
        let ignored = right.merging([".gitignore": right[".gitignore"].map(Self.escapingLastSpace) ?? []]) { $1 }
        #expect(Set(left.keys) == Set(ignored.keys))
        for (name, bytes) in ignored {
            #expect(left[name] == bytes, "\(name): \(String(decoding: left[name] ?? [], as: UTF8.self))")
        }
        for name in left.keys where name.hasPrefix(".dvc/cache/files/md5/") && !name.hasSuffix("/") {
            let status = try FileSystem.status(of: ours.root.pushing(FilePath(name)))
            #expect(status.permissions == [.ownerRead, .groupRead, .otherRead], "\(name)")
        }
    }

    private static func escapingLastSpace(_ bytes: [UInt8]) -> [UInt8] {
        Array(String(decoding: bytes, as: UTF8.self).replacing("/= \n", with: "/=\\ \n").utf8)
    }

    @Test func `dvc init has nothing to add to what initialize makes`() async throws {
        let (ours, theirs, aside) = try (TestFolder(), TestFolder(), TestFolder())
        _ = try DataRepository.initialize(at: ours.path)
        try await Tool.git.run(["init", "-q"], in: theirs.path)
        try await Tool.dvc(state: aside.path).run(["init", "-q"], in: theirs.path)
        #expect(try ours.contents() == theirs.contents(skipping: [".git", "tmp"]))
    }

    @Test func `dvc accepts a repository that add made, and restores it`() async throws {
        let project = try await TestProject()
        try fill(project.folder)
        _ = try await project.data.add(Self.paths.map { project.root.appending($0) })
        #expect(try await project.dvc("status", "--json").output == "{}\n")
        let before = try project.folder.contents(of: "data", skipping: Self.untold)
        for name in Self.paths { try project.folder.remove(name) }
        try await project.dvc("checkout", "-q")
        #expect(try project.folder.contents(of: "data", skipping: Self.untold) == before)
        #expect(try project.folder.text("data/link") == "a\r\nb\r\n")
        #expect(try project.folder.text("it's") == "content of it's")
        #expect(try FileSystem.status(of: project.root.appending("run.sh")).isExecutable)
    }

    @Test func `what dvc added is read and checked out`() async throws {
        let project = try await TestProject()
        try fill(project.folder)
        let aside = try TestFolder()
        let dvc = Tool.dvc(state: aside.path)
        try await dvc.run(["add", "-q", "--"] + Self.paths.map { "./" + $0 }, in: project.root)
        let pointers = try await project.data.pointers()
        #expect(Set(pointers.map(\.path)) == Set(Self.paths))
        #expect(try await project.checkout() == [], "what dvc calls clean is clean")
        let before = try project.folder.contents(of: "data", skipping: Self.untold)
        for name in Self.paths { try project.folder.remove(name) }
        #expect(try await Set(project.checkout()) == Set(Self.paths))
        #expect(try project.folder.contents(of: "data", skipping: Self.untold) == before)
        #expect(try project.folder.contents(of: "hollow").isEmpty && project.folder.holds("hollow"))
        #expect(try project.folder.text("🦆") == "content of 🦆")
        #expect(try FileSystem.status(of: project.root.appending("run.sh")).isExecutable)
        #expect(try await project.dvc("status", "--json").output == "{}\n")
    }

    @Test func `a pointer keeps what people wrote into it`() async throws {
        let project = try await TestProject()
        try project.folder.write("old", to: "a.csv")
        try await project.add("a.csv")
        let pointer = try #require(try project.folder.text("a.csv.dvc"))
        let noted = "# from the clinic\n" + pointer + "  desc: patients   # 2024 only\nmeta:\n  owner: me\n"
        try project.folder.write(noted, to: "a.csv.dvc")
        try await project.add("a.csv")
        #expect(try project.folder.text("a.csv.dvc") == noted, "nothing changed, so nothing is written")

        let file = try project.folder.write("new content", to: "a.csv")
        try FileSystem.setPermissions([.ownerReadWriteExecute], of: file)
        let changed = try #require(try await project.add("a.csv").first)
        let text = try #require(try project.folder.text("a.csv.dvc"))
        #expect(text.hasPrefix("# from the clinic\nouts:\n- md5: \(changed.md5)\n  size: 11\n"))
        #expect(text.contains("  desc: patients   # 2024 only\n  isexec: true\nmeta:\n  owner: me\n"))
        #expect(try await project.dvc("status", "--json").output == "{}\n")

        try project.folder.remove("a.csv")
        try project.folder.write("now a folder", to: "a.csv/part")
        try await project.add("a.csv")
        #expect(try project.folder.text("a.csv.dvc")?.contains("isexec") == false)
        #expect(try project.folder.text("a.csv.dvc")?.contains("nfiles: 1") == true)
        #expect(try await project.dvc("status", "--json").output == "{}\n")
    }

    @Test func `gyre and dvc keep each other out while one changes data`() async throws {
        let project = try await TestProject()
        try project.folder.write("1", to: "a")
        let lock = try project.data.lock()
        let error = try await #require(throws: DataVersionsError.self) { try await project.add("a") }
        #expect(error.code == .locked)
        #expect(try await project.dvc("add", "a", expecting: nil).code != 0)
        lock.release()
        try await project.dvc("add", "-q", "a")
        try await project.add("a")
    }

    @Test func `dvc and gyre agree where the cache is`() async throws {
        let project = try await TestProject()
        let other = try TestFolder("cache, with # and 'quotes'")
        try await project.dvc("cache", "dir", other.path.string)
        let reopened = try DataRepository.open(at: project.root.pushing("some/folder/below"))
        #expect(reopened.root == project.root)
        #expect(reopened.cache.folder == other.path.pushing("files/md5"))

        let (tree, aside) = try (TestFolder(), TestFolder())
        try await Tool.git.run(["init", "-q"], in: tree.path)
        let shared = try DataRepository.open(at: tree.path, sharingCacheOf: project.root)
        #expect(shared.cache.folder == reopened.cache.folder)
        let answer = try await Tool.dvc(state: aside.path).run(["cache", "dir"], in: tree.path)
        #expect(answer.output == other.path.string + "\n")
    }
}
