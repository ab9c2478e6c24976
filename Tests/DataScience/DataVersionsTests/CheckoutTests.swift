// SPDX-License-Identifier: Apache-2.0

import Files
import ProjectTesting
import SystemPackage
import Testing

@testable import DataVersions

struct CheckoutTests {
    @Test func `another commit brings its own bytes back`() async throws {
        let project = try await TestProject()
        try project.folder.write("one", to: "a.csv")
        try project.folder.write("1", to: "data/x")
        try project.folder.write("same", to: "data/same")
        try await project.add("a.csv", "data")
        let first = try await project.commit("One")
        try project.folder.write("two", to: "a.csv")
        try project.folder.write("2", to: "data/x")
        try project.folder.write("new", to: "data/sub/new")
        try await project.add("a.csv", "data")
        let second = try await project.commit("Two")
        let kept = try FileSystem.status(of: project.root.pushing("data/same"))

        try await project.git("checkout", "-q", first)
        #expect(try await project.checkout() == ["a.csv", "data"])
        #expect(try project.folder.text("a.csv") == "one")
        #expect(try project.folder.contents(of: "data") == ["x": Array("1".utf8), "same": Array("same".utf8)])
        #expect(try FileSystem.status(of: project.root.pushing("data/same")) == kept, "what is right is not touched")
        #expect(try await project.checkout() == [])

        try await project.git("checkout", "-q", second)
        #expect(try await project.checkout() == ["a.csv", "data"])
        #expect(try project.folder.text("a.csv") == "two")
        #expect(try project.folder.text("data/sub/new") == "new")
    }

    @Test(arguments: ["a.csv", "data"])
    func `content that is in no version is not overwritten without force`(name: String) async throws {
        let project = try await TestProject()
        let file = name == "data" ? "data/part" : name
        try project.folder.write("versioned", to: file)
        try project.folder.write("other", to: "data/other")
        try await project.add(name)
        try project.folder.write("the user's own", to: file)
        let error = try await #require(throws: DataVersionsError.self) { try await project.checkout() }
        #expect(error.code == .wouldOverwrite)
        #expect(error.next?.contains("gyre add \(name)") == true)
        #expect(try project.folder.text(file) == "the user's own")
        #expect(try await project.checkout(force: true) == [name])
        #expect(try project.folder.text(file) == "versioned")
    }

    @Test func `a file that the data does not have is not removed without force`() async throws {
        let project = try await TestProject()
        try project.folder.write("1", to: "data/a")
        try await project.add("data")
        try project.folder.write("mine", to: "data/notes.txt")
        let error = try await #require(throws: DataVersionsError.self) { try await project.checkout() }
        #expect(error.code == .wouldOverwrite && error.why.contains("data/notes.txt"))
        #expect(try project.folder.text("data/notes.txt") == "mine")
        #expect(try await project.checkout(force: true) == ["data"])
        #expect(!project.folder.holds("data/notes.txt"))
    }

    @Test func `one path that would be lost keeps all others from changing`() async throws {
        let project = try await TestProject()
        for name in ["a", "b"] { try project.folder.write("old", to: name) }
        try await project.add("a", "b")
        try project.folder.remove("a")
        try project.folder.write("mine", to: "b")
        await #expect(throws: DataVersionsError.self) { try await project.checkout() }
        #expect(!project.folder.holds("a"))
    }

    @Test func `what .dvcignore leaves out of a folder stays there`() async throws {
        let project = try await TestProject()
        try project.folder.write("*.tmp\n", to: ".dvcignore")
        try project.folder.write("1", to: "data/a")
        try project.folder.write("mine", to: "data/x.tmp")
        try await project.add("data")
        try project.folder.write("2", to: "data/a")
        try await project.add("data")
        let older = DataPointer(path: "data", md5: try await listing(["a": "1"], in: project), size: 1, fileCount: 1)
        #expect(try await project.data.checkout([older]) == ["data"])
        #expect(try project.folder.text("data/a") == "1")
        #expect(try project.folder.text("data/x.tmp") == "mine")
        // A file where the folder is: the note inside is nobody's but the user's.
        let file = DataPointer(path: "data", md5: FileHashing.digest(of: Array("2".utf8), .md5).hex, size: 1)
        let error = try await #require(throws: DataVersionsError.self) { try await project.data.checkout([file]) }
        #expect(error.code == .wouldOverwrite)
        #expect(try project.folder.text("data/x.tmp") == "mine")
    }

    @Test func `a checkout that was cut off goes on without force`() async throws {
        let project = try await TestProject()
        for name in ["a", "b", "c"] { try project.folder.write("old \(name)", to: "data/\(name)") }
        try await project.add("data")
        let first = try await project.commit("One")
        for name in ["a", "b", "d"] { try project.folder.write("new \(name)", to: "data/\(name)") }
        try project.folder.remove("data/c")
        try await project.add("data")
        try await project.commit("Two")
        try await project.git("checkout", "-q", first)
        // As after a crash in the middle: old and new side by side, in no listing.
        try project.folder.write("old a", to: "data/a")
        try project.folder.remove("data/d")
        #expect(try await project.checkout() == ["data"])
        let expected = ["a": "old a", "b": "old b", "c": "old c"].mapValues { Array($0.utf8) }
        #expect(try project.folder.contents(of: "data") == expected)
    }

    @Test func `a damaged object is found, nothing is replaced by it, and adding again heals it`() async throws {
        let project = try await TestProject()
        try project.folder.write("good", to: "a")
        let pointer = try #require(try await project.add("a").first)
        let object = project.data.cache.object(pointer.md5)
        try AtomicFile.write("evil", to: object, permissions: [.ownerRead, .groupRead, .otherRead])
        try project.folder.remove("a")
        let error = try await #require(throws: DataVersionsError.self) { try await project.checkout() }
        #expect(error.code == .corruptContent && error.why.contains(pointer.md5))
        #expect(!project.folder.holds("a"))
        try project.folder.write("good", to: "a")
        try await project.add("a")
        try project.folder.remove("a")
        #expect(try await project.checkout() == ["a"])
        #expect(try project.folder.text("a") == "good")
    }

    @Test func `the only whole copy is not given up for a damaged one`() async throws {
        let project = try await TestProject()
        try project.folder.write("other", to: "a")
        let other = try #require(try await project.add("a").first)
        try project.folder.write("good", to: "a")
        let good = try #require(try await project.add("a").first)
        try AtomicFile.write("evil", to: project.data.cache.object(good.md5), permissions: [.ownerRead])
        let error = try await #require(throws: DataVersionsError.self) { try await project.data.checkout([other]) }
        #expect(error.code == .wouldOverwrite)
        #expect(try project.folder.text("a") == "good")
    }

    @Test(arguments: [
        "not JSON", "{}", #"[{"md5": "0123456789abcdef0123456789abcdef"}]"#, #"[{"relpath": "a", "md5": "x"}]"#,
        #"[{"md5": "0123456789abcdef0123456789abcdef", "relpath": "../a"}]"#,
        #"[{"md5": "0123456789abcdef0123456789abcdef", "relpath": "/a"}]"#,
        #"[{"md5": "0123456789abcdef0123456789abcdef", "relpath": "a//b"}]"#,
    ])
    func `a listing that cannot be right is refused whole`(text: String) async throws {
        let project = try await TestProject()
        let md5 = try await object(text, ".dir", in: project)
        let pointer = DataPointer(path: "data", md5: md5, size: 0, fileCount: 1)
        let error = try await #require(throws: DataVersionsError.self) { try await project.data.checkout([pointer]) }
        #expect(error.code == .invalidFile)
        #expect(!project.folder.holds("data"))
    }

    @Test func `content that the cache lacks is named before anything changes`() async throws {
        let project = try await TestProject()
        for name in ["a", "b"] { try project.folder.write(name, to: "data/\(name)") }
        try await project.add("data")
        try FileSystem.remove(project.data.cache.object(FileHashing.digest(of: Array("b".utf8), .md5).hex))
        try project.folder.remove("data")
        let error = try await #require(throws: DataVersionsError.self) { try await project.checkout() }
        #expect(error.code == .missingContent && error.next?.contains("gyre pull") == true)
        #expect(!project.folder.holds("data"))
    }

    @Test(arguments: [
        ("path: ../escaped", "does not lie inside"), ("path: /tmp/escaped", "does not lie inside"),
        ("path: sub/../../escaped", "does not lie inside"), ("md5: ../../../../etc/passwd", "has no `md5`"),
        ("wdir: ../..", "does not lie inside"), ("outs: 1", "no list `outs`"), ("hash: sha", "not supported"),
        ("path: .git/hooks/post-checkout", "`.git` holds no data"),
    ])
    func `a pointer that leads elsewhere is refused`(change: String, reason: String) async throws {
        let project = try await TestProject()
        let md5 = try await object("payload", "", in: project)
        let values = ["md5": md5, "path": "x", "hash": "md5"]
        let parts = change.split(separator: ": ").map(String.init)
        let all = values.merging([parts[0]: parts[1]]) { $1 }
        var text = "outs:\n- md5: \(all["md5"] ?? "")\n  path: \(all["path"] ?? "")\n  hash: \(all["hash"] ?? "")\n"
        if let wdir = all["wdir"] { text += "wdir: \(wdir)\n" }
        if all["outs"] != nil { text = change }
        try project.folder.write(text, to: "x.dvc")
        let error = try await #require(throws: DataVersionsError.self) { try await project.checkout() }
        #expect([.invalidFile, .invalidPath].contains(error.code) && error.why.contains(reason), "\(error)")
    }

    @Test func `a pointer may lead to another folder of the project`() async throws {
        let project = try await TestProject()
        let md5 = try await object("payload", "", in: project)
        try project.folder.write("wdir: ../data\nouts:\n- md5: \(md5)\n  hash: md5\n  path: x\n", to: "pointers/x.dvc")
        try project.folder.write("outs:\n- md5: \(md5)\n  hash: md5\n  path: y\n  cache: false\n", to: "y.dvc")
        #expect(try await project.checkout() == ["data/x"])
        #expect(try project.folder.text("data/x") == "payload")
    }

    @Test func `nothing is written through a link`() async throws {
        let (project, elsewhere) = (try await TestProject(), try TestFolder())
        try elsewhere.write("theirs", to: "part")
        try project.folder.write("1", to: "data/sub/part")
        try project.folder.write("2", to: "file")
        try await project.add("data", "file")
        try project.folder.remove("data/sub")
        try project.folder.remove("file")
        try FileSystem.symlink(elsewhere.path, at: project.root.pushing("data/sub"))
        try FileSystem.symlink(elsewhere.path.appending("part"), at: project.root.appending("file"))
        #expect(try await project.checkout() == ["data", "file"])
        #expect(try project.folder.text("data/sub/part") == "1" && project.folder.text("file") == "2")
        try project.folder.remove("data")
        try FileSystem.symlink(elsewhere.path, at: project.root.appending("data"))
        #expect(try await project.checkout() == ["data"])
        #expect(try elsewhere.contents() == ["part": Array("theirs".utf8)])

        // A folder on the way that leads elsewhere.
        try project.folder.write("3", to: "deep/data")
        try await project.add("deep/data")
        let pointer = try project.data.pointers(file: "deep/data.dvc")
        try project.folder.remove("deep")
        try FileSystem.symlink(elsewhere.path, at: project.root.appending("deep"))
        let error = try await #require(throws: DataVersionsError.self) { try await project.data.checkout(pointer) }
        #expect(error.code == .invalidPath)
        #expect(try elsewhere.contents() == ["part": Array("theirs".utf8)])
    }

    @Test func `two spellings of one name are two files`() async throws {
        let project = try await TestProject()
        try project.folder.write("composed", to: "data/\u{E9}")
        try project.folder.write("decomposed", to: "data/e\u{301}")
        try project.folder.write("mark", to: "data/sub/\u{301}x")
        try await project.add("data")
        let pointer = try #require(try await project.data.pointers().first)
        #expect(pointer.fileCount == 3)
        try project.folder.write("swapped", to: "data/\u{E9}")
        try await project.add("data")
        #expect(try await project.data.checkout([pointer]) == ["data"])
        #expect(try project.folder.text("data/\u{E9}") == "composed")
        #expect(try project.folder.text("data/e\u{301}") == "decomposed")
        try project.folder.remove("data")
        #expect(try await project.data.checkout([pointer]) == ["data"])
        #expect(
            try FileSystem.list(project.root.appending("data")).map { Array($0.utf8) } == [
                Array("e\u{301}".utf8), Array("sub".utf8), Array("\u{E9}".utf8),
            ]
        )
    }

    @Test func `a file becomes a folder and a folder a file`() async throws {
        let project = try await TestProject()
        try project.folder.write("file", to: "x")
        try project.folder.write("inner file", to: "data/x")
        try await project.add("x", "data")
        let first = try await project.commit("Files")
        for name in ["x", "data/x"] { try project.folder.remove(name) }
        try project.folder.write("1", to: "x/part")
        try project.folder.write("2", to: "data/x/deep/part")
        try await project.add("x", "data")
        let second = try await project.commit("Folders")
        try await project.git("checkout", "-q", first)
        #expect(try await project.checkout() == ["data", "x"])
        #expect(try project.folder.text("x") == "file" && project.folder.text("data/x") == "inner file")
        try await project.git("checkout", "-q", second)
        #expect(try await project.checkout() == ["data", "x"])
        #expect(try project.folder.text("x/part") == "1" && project.folder.text("data/x/deep/part") == "2")
    }

    @Test func `only the right to run changes`() async throws {
        let project = try await TestProject()
        let file = try project.folder.write("#!/bin/sh", to: "run.sh")
        try await project.add("run.sh")
        let plain = try project.data.pointers(file: "run.sh.dvc")
        try FileSystem.setPermissions([.ownerReadWriteExecute], of: file)
        try await project.add("run.sh")
        #expect(try await project.data.checkout(plain) == ["run.sh"])
        #expect(try !FileSystem.status(of: file).isExecutable)
    }

    @Test func `links that lead nowhere and other repositories do not disturb the search for pointers`() async throws {
        let project = try await TestProject()
        try project.folder.write("1", to: "a")
        try await project.add("a")
        try FileSystem.symlink("nowhere", at: project.root.appending("dead"))
        try FileSystem.symlink("..", at: project.root.pushing("loop"))
        try project.folder.write("not a pointer", to: "inner/.dvc/config")
        try project.folder.write("broken: [", to: "inner/b.dvc")
        try project.folder.write("broken: [", to: ".venv/c.dvc")
        try project.folder.write("broken: [", to: "left/out/d.dvc")
        try project.folder.write("out/\n", to: "left/.dvcignore")
        #expect(try await project.data.pointers().map(\.path) == ["a"])
    }

    // MARK: Parts

    private func object(_ text: String, _ suffix: String, in project: TestProject) async throws -> String {
        let md5 = FileHashing.digest(of: Array(text.utf8), .md5).hex + suffix
        try project.data.cache.keep(Array(text.utf8), as: md5, CancellationFlag())
        return md5
    }

    private func listing(_ files: [String: String], in project: TestProject) async throws -> String {
        let entries = files.map { ($0.key, FileHashing.digest(of: Array($0.value.utf8), .md5).hex) }
        let text = String(decoding: DirectoryListing(entries).bytes, as: UTF8.self)
        return try await object(text, ".dir", in: project)
    }
}
