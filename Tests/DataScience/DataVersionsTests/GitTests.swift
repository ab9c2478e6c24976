// SPDX-License-Identifier: Apache-2.0

import Files
import ProjectTesting
import Subprocess
import SystemPackage
import Testing

@testable import DataVersions

struct GitTests {
    @Test func `a hook that refuses leaves what is staged as it was, and one that agrees has its say`() async throws {
        let project = try await TestProject()
        func hook(_ name: String, _ text: String) throws {
            let file = try project.folder.write("#!/bin/sh\n\(text)\n", to: ".git/hooks/\(name)")
            try FileSystem.setPermissions([.ownerReadWriteExecute], of: file)
        }
        let git = Git(root: project.root)
        try project.folder.write("1", to: "staged")
        try await project.git("add", "staged")
        try project.folder.write("2", to: "staged")
        try project.folder.write("3", to: "other")
        let before = try await project.git("status", "--porcelain").output
        let head = try await git.head()
        try hook("pre-commit", "echo not today; exit 3")
        let error = try await #require(throws: DataVersionsError.self) { try await git.commitAll("no") }
        #expect(error.code == .git && error.why.contains("not today"))
        #expect(try await project.git("status", "--porcelain").output == before)
        #expect(try await git.head() == head && !project.folder.holds(".git/index.before-gyre"))

        try hook("pre-commit", "exit 0")
        try hook("commit-msg", #"echo "$(cat "$1"), says the hook" > "$1""#)
        #expect(try await git.commitAll("yes") == git.head())
        #expect(try await project.git("log", "-1", "--format=%s").output == "yes, says the hook\n")
        #expect(try await project.git("status", "--porcelain").output == "")
        #expect(try await git.commitAll("nothing") == git.head(), "nothing changed, nothing is committed")
    }

    @Test func `a folder outside of a repository says what to do`() async throws {
        let folder = try TestFolder()
        let git = Git(root: folder.path)
        #expect(try await !git.isRepository())
        let error = try await #require(throws: DataVersionsError.self) { try await git.head() }
        #expect(error.code == .git && error.why.contains("not a git repository"))
        #expect(error.next?.contains("git init") == true)
    }

    @Test func `a repository without a commit says what to do`() async throws {
        let folder = try TestFolder()
        let git = Git(root: folder.path)
        try await git.initialize()
        #expect(try await git.isRepository())
        #expect(try await git.commitIfAny() == nil)
        #expect(try await git.branch() == "main")
        let error = try await #require(throws: DataVersionsError.self) { try await git.head() }
        #expect(error.why == "there is no commit yet")
        try folder.write("1", to: "a")
        #expect(try await git.commit("First", files: ["a"]).count == 40, "the first commit needs no name of a person")
    }

    @Test func `a missing git is named`() async throws {
        let program = GitProgram(root: "/", executable: .name("git-that-is-not-there"))
        let error = try await #require(throws: DataVersionsError.self) { try await program.run(["status"]) }
        #expect(error.code == .git && error.next?.contains("install git") == true)
    }

    @Test func `an answer beyond the limit is an error of its own`() async throws {
        let project = try await TestProject()
        let program = GitProgram(root: project.root)
        let error = try await #require(throws: DataVersionsError.self) {
            try await program.run(["help", "-a"], limit: 10)
        }
        #expect(error.code == .tooLarge)
    }

    @Test(.timeLimit(.minutes(5))) func `a cancelled call ends its process, which leaves no lock behind`() async throws
    {
        let project = try await TestProject()
        // A commit that waits for its hook, and holds the index meanwhile.
        let hook = try project.folder.write(
            "#!/bin/sh\ntouch hook-began\nexec tail -f /dev/null\n",
            to: ".git/hooks/pre-commit"
        )
        try FileSystem.setPermissions([.ownerReadWriteExecute], of: hook)
        try project.folder.write("1", to: "a")
        let git = Git(root: project.root)
        let call = Task { try await git.commit("Never", files: ["a"]) }
        while !project.folder.holds("hook-began") { await Task.yield() }
        call.cancel()
        await #expect(throws: CancellationError.self) { try await call.value }
        #expect(try !FileSystem.list(project.root.appending(".git")).contains { $0.hasSuffix(".lock") })
        try FileSystem.remove(hook)
        #expect(try await git.commit("Now", files: ["a"]).count == 40)
    }

    @Test func `a commit takes the pointers and leaves the user's changes alone`() async throws {
        let project = try await TestProject()
        let git = Git(root: project.root)
        for name in ["staged.py", "edited.py"] { try project.folder.write("1", to: name) }
        try await project.commit("Code")
        try project.folder.write("2", to: "staged.py")
        try await project.git("add", "staged.py")
        try project.folder.write("3", to: "staged.py")
        try project.folder.write("2", to: "edited.py")
        try project.folder.write("1", to: "new.py")
        try project.folder.write("data", to: "da ta/a*[b].csv")
        try project.folder.write("data", to: "da ta/axb.csv.dvc")
        let pointers = try await project.add("da ta/a*[b].csv")
        let before = try await git.head()
        let commit = try await git.commit("Data", files: project.data.gitFiles(of: pointers))
        #expect(commit != before)
        let shown = try await project.git("-c", "core.quotePath=false", "show", "--format=%s", "--name-only").output
        #expect(shown == "Data\n\nda ta/.gitignore\nda ta/a*[b].csv.dvc\n")
        let status = try await project.git("status", "--porcelain", "-z").output.split(separator: "\0")
        #expect(status.sorted() == [" M edited.py", "?? da ta/axb.csv.dvc", "?? new.py", "MM staged.py"])
        #expect(try await git.commit("Again", files: project.data.gitFiles(of: pointers)) == commit)
    }

    @Test func `changes hold what a clone needs to be the same, and leave the index alone`() async throws {
        let project = try await TestProject()
        let git = Git(root: project.root)
        let (scratch, clone) = (try TestFolder(), try TestFolder())
        for name in ["edited", "removed", "staged"] { try project.folder.write("old \(name)\n", to: name) }
        try project.folder.write(Array(repeating: 0, count: 100), to: "binary")
        try await project.commit("One")
        #expect(try await git.changes(scratch: scratch.path).isDirty == false)
        try await Tool.git.run(["clone", "-q", project.root.string, "."], in: clone.path)
        try project.folder.write("new\n", to: "edited")
        try project.folder.remove("removed")
        try project.folder.write("staged\n", to: "staged")
        try project.folder.write([0, 1, 2, 255], to: "binary")
        try await project.git("add", "staged")
        try project.folder.write("brand new\n", to: "sub/new.py")
        try project.folder.write("ignored", to: ".dvc/tmp/x")
        let status = try await project.git("status", "--porcelain").output
        let changes = try await git.changes(scratch: scratch.path)
        #expect(changes.isDirty)
        let patch = try #require(changes.patch)
        try await Tool.git.run(["apply", "-"], in: clone.path, input: patch)
        let skipped: Set = [".git", ".dvc"]
        #expect(try clone.contents(skipping: skipped) == project.folder.contents(skipping: skipped))
        #expect(try await project.git("status", "--porcelain").output == status)
        #expect(try scratch.contents().isEmpty)
    }

    @Test func `a patch beyond the limit is left out, and the tree is dirty all the same`() async throws {
        let project = try await TestProject()
        try project.folder.write(String(repeating: "x\n", count: 1_000), to: "new")
        let scratch = try TestFolder()
        let changes = try await Git(root: project.root).changes(scratch: scratch.path, limit: 100)
        #expect(changes.isDirty && changes.patch == nil)
    }

    @Test(arguments: ["--output=stolen", "-p", "nowhere", "", "HEAD:.dvc/config", "HEAD\0x"])
    func `a name that is no commit finds none and does nothing`(name: String) async throws {
        let project = try await TestProject()
        #expect(try await Git(root: project.root).commit(named: name) == nil)
        #expect(try await project.git("status", "--porcelain").output.isEmpty)
    }

    @Test func `a commit is found by a part of its id and by its branch`() async throws {
        let project = try await TestProject()
        let git = Git(root: project.root)
        let head = try await git.head()
        for name in [head, String(head.prefix(8)), "main"] {
            let found = try #require(try await git.commit(named: name))
            #expect(found.id == head && found.subject == "Begin")
        }
    }

    @Test func `hooks do not run in work trees of our own`() async throws {
        let project = try await TestProject()
        let git = Git(root: project.root)
        for hook in ["post-checkout", "pre-commit", "post-commit"] {
            let file = try project.folder.write(
                "#!/bin/sh\ntouch \(project.root)/hook-ran\nexit 1\n",
                to: ".git/hooks/\(hook)"
            )
            try FileSystem.setPermissions([.ownerReadWriteExecute], of: file)
        }
        let place = try TestFolder()
        let tree = place.path.appending("tree")
        // What lies there, and is registered there, of an earlier time makes way; a branch does not.
        try await git.worktreeAdd(tree, branch: "gyre/w", from: try await git.head())
        await #expect(throws: DataVersionsError.self) {
            try await git.worktreeAdd(tree, branch: "gyre/w", from: try await git.head())
        }
        try await git.worktreeAdd(tree, branch: "gyre/x", from: try await git.head())
        #expect(try await git.branches("gyre/") == ["gyre/w", "gyre/x"])
        let inside = Git(root: tree)
        try AtomicFile.write("1", to: tree.appending("new"))
        try await inside.addAll()
        let commit = try await inside.commit("New")
        #expect(!project.folder.holds("hook-ran"))
        try await git.worktreeRemove(tree)
        #expect(!FileSystem.exists(tree))
        #expect(try await git.commit(named: "gyre/x")?.id == commit)
        #expect(try await git.isAncestor(try await git.head(), of: commit))
        #expect(try await !git.isAncestor(commit, of: try await git.head()))
    }

    @Test(arguments: [
        ("https://user:secret@host/x.git", "https://host/x.git"), ("https://host/a@b.git", "https://host/a@b.git"),
        ("git@host:x.git", "git@host:x.git"), ("https://u@x:p@host/x", "https://host/x"),
    ])
    func `the remote is told without its secrets`(address: String, told: String) async throws {
        let project = try await TestProject()
        #expect(try await Git(root: project.root).remote() == nil)
        try await project.git("remote", "add", "origin", address)
        #expect(try await Git(root: project.root).remote() == told)
    }

    @Test func `history knows which data was named when`() async throws {
        let project = try await TestProject()
        let git = Git(root: project.root)
        try project.folder.write("1", to: "sub/a.csv")
        let first = try #require(try await project.add("sub/a.csv").first)
        let one = try await project.commit("One")
        try project.folder.write("2", to: "sub/a.csv")
        let second = try #require(try await project.add("sub/a.csv").first)
        let two = try await project.commit("Two")
        #expect(try await git.hashes(in: "sub/a.csv.dvc", historyOf: two) == [second.md5, first.md5])
        #expect(try await git.hashes(in: "sub/a.csv.dvc", historyOf: one) == [first.md5])
        #expect(try await git.hashes(in: "nothing.dvc", historyOf: one) == [])
        #expect(try await git.data(of: two).map { "\($0.file) \($0.md5)" } == ["sub/a.csv.dvc \(second.md5)"])
        #expect(try await git.data(of: "\(two)~2").isEmpty)
        // Where it came and where it went.
        #expect(try await git.commits(naming: first.md5).map(\.id) == [two, one])
        #expect(try await git.commits(naming: second.md5).map(\.subject) == ["Two"])
    }

    @Test func `what git ignores is asked in one call, whatever the names are`() async throws {
        let project = try await TestProject()
        let git = Git(root: project.root)
        try project.folder.write("/data\n*.bin\n", to: ".gitignore")
        try project.folder.write("1", to: "data/a b\nc")
        let paths = ["data", "data/a b\nc", "x.bin", "x.txt", "--help", "ü.bin"]
        #expect(try await git.ignored(paths) == ["data", "data/a b\nc", "x.bin", "ü.bin"])
        #expect(try await git.ignored([]) == [])
        #expect(try await git.ignored(["x.txt"]) == [])
        #expect(try await Git(root: "/").ignored(["x.bin"]) == [])
    }

    @Test func `a commit's files are read in one call, from a folder below the repository too`() async throws {
        let project = try await TestProject()
        let files = ["a": "1\n2\n", "sub/b": "", "sub/ü c": "three", "sub/line\nend": "four"]
        for (path, text) in files { try project.folder.write(text, to: path) }
        let commit = try await project.commit("All")
        try project.folder.write("later", to: "a")
        let git = Git(root: project.root)
        #expect(Set(files.keys).isSubset(of: try await git.files(at: commit)))
        let found = try await git.contents(of: ["a", "no\nthing", "sub", "sub/line\nend", "sub/b"], at: commit)
        #expect(
            found.mapValues { String(decoding: $0, as: UTF8.self) } == [
                "a": "1\n2\n", "sub/line\nend": "four", "sub/b": "",
            ]
        )
        let below = Git(root: project.root.appending("sub"))
        #expect(try await below.files(at: commit).sorted() == ["b", "line\nend", "ü c"])
        #expect(try await below.contents(of: ["ü c", "../a"], at: "HEAD").keys.sorted() == ["../a", "ü c"])
        await #expect(throws: DataVersionsError.self) { try await git.files(at: "nothing") }
        #expect(try await git.contents(of: ["a"], at: "nothing").isEmpty)
    }
}
