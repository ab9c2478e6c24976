// SPDX-License-Identifier: Apache-2.0

import Files
import ProjectTesting
import Synchronization
import SystemPackage
import Testing

@testable import DataVersions

#if canImport(Glibc)
import Glibc
#endif

struct AddTests {
    @Test func `a path outside of the project is refused`() async throws {
        let (project, other) = (try await TestProject(), try TestFolder())
        let outside = try other.write("x", to: "x")
        try FileSystem.symlink(other.path, at: project.root.appending("link"))
        for path in [outside, project.root.pushing("../x"), project.root, project.root.pushing("link/x")] {
            let error = try await #require(throws: DataVersionsError.self) { try await project.data.add([path]) }
            #expect(error.code == .invalidPath)
        }
        #expect(try other.contents() == ["x": Array("x".utf8)])
        #expect(try await project.git("status", "--porcelain").output == "?? link\n")
    }

    @Test(arguments: [
        ("nowhere", "there is no such file"), (".git/config", "`.git` holds no data"),
        ("x.dvc", "git holds such files"),
        ("dvc.yaml", "git holds such files"), ("linked", "it is a link"),
        ("over", "versions a part of it"), ("tracked", "git tracks `tracked/by.git`"), ("left-out", "`.dvcignore`"),
        ("new\nline", "git cannot ignore"), ("nested", "`nested/.dvcignore` lies inside"), ("dead", "leads nowhere"),
        ("pipes", "neither file nor folder"), ("pipe", "neither a file nor a folder"),
    ])
    func `what cannot be versioned is refused, with the reason`(name: String, reason: String) async throws {
        let project = try await TestProject()
        let folder = project.folder
        try folder.write("left-out\n", to: ".dvcignore")
        for file in [
            "x.dvc", "dvc.yaml", "folder/part", "over/part", "tracked/by.git", "left-out", "new\nline", "nested/x",
        ] {
            try folder.write("x: 1", to: file)
        }
        try folder.write("y", to: "nested/.dvcignore")
        try folder.write("y", to: "dead/y")
        try FileSystem.symlink("nothing", at: project.root.pushing("dead/link"))
        try FileSystem.symlink("tracked", at: project.root.appending("linked"))
        try FileSystem.createDirectory(project.root.appending("pipes"))
        try #require(mkfifo(project.root.pushing("pipes/p").string, 0o600) == 0)
        try #require(mkfifo(project.root.appending("pipe").string, 0o600) == 0)
        try await project.add("folder")
        try await project.add("over/part")
        try await project.git("add", "tracked")
        let before = try folder.contents(skipping: [".git", "tmp"])
        let error = try await #require(throws: DataVersionsError.self) { try await project.add(name) }
        #expect(error.code == .invalidPath)
        #expect(error.why.contains(reason), "\(error.why)")
        #expect(try folder.contents(skipping: [".git", "tmp"]) == before, "nothing is written")
    }

    @Test func `one bad path of several keeps all from being added`() async throws {
        let project = try await TestProject()
        try project.folder.write("1", to: "good")
        await #expect(throws: DataVersionsError.self) { try await project.add("good", "bad") }
        #expect(!project.folder.holds("good.dvc") && !project.folder.holds(".gitignore"))
    }

    @Test func `git ignores the data once, in the words that are there`() async throws {
        let project = try await TestProject()
        try project.folder.write("*.log", to: "data/.gitignore")
        for name in ["data/a", "data/b", "data/old.log", ":(top)x"] { try project.folder.write(name, to: name) }
        for _ in 0..<2 { try await project.add("data/a", "data/b", "data/old.log", ":(top)x") }
        #expect(try project.folder.text("data/.gitignore") == "*.log\n/a\n/b\n")
        try await project.git("add", "-A")
        let staged = try await project.git("diff", "--cached", "--name-only").output
        #expect(staged == ".gitignore\n:(top)x.dvc\ndata/.gitignore\ndata/a.dvc\ndata/b.dvc\ndata/old.log.dvc\n")
    }

    @Test func `data can be versioned before there is a repository`() async throws {
        let folder = try TestFolder()
        let data = try DataRepository.initialize(at: folder.path)
        let pointers = try await data.add([try folder.write("1", to: "a")])
        #expect(pointers.map(\.path) == ["a"])
        #expect(try folder.text(".gitignore") == "/a\n", "the repository that comes later must not hold it")
    }

    @Test func `a folder without .dvc says how to get one`() throws {
        let folder = try TestFolder()
        let error = try #require(throws: DataVersionsError.self) { try DataRepository.open(at: folder.path) }
        #expect(error.code == .notARepository && error.next?.contains("gyre init") == true)
    }

    @Test func `a damaged object is replaced by whole data`() async throws {
        let project = try await TestProject()
        try project.folder.write("content", to: "a")
        let pointer = try #require(try await project.add("a").first)
        let object = project.data.cache.object(pointer.md5)
        // Cut off by something that knows nothing of caches.
        try AtomicFile.write("cont", to: object, permissions: [.ownerRead])
        try await project.add("a")
        #expect(try FileReader.text(of: object) == "content")
        // As long as it was, but no longer write-protected: somebody has changed it.
        try AtomicFile.write("CONTENT", to: object, permissions: [.ownerReadWrite])
        try await project.add("a")
        #expect(try FileReader.text(of: object) == "content")
        #expect(try FileSystem.status(of: object).permissions == [.ownerRead, .groupRead, .otherRead])
    }

    @Test func `a whole object that lost its protection is kept and protected`() async throws {
        let project = try await TestProject()
        try project.folder.write("content", to: "a")
        let pointer = try #require(try await project.add("a").first)
        let object = project.data.cache.object(pointer.md5)
        try FileSystem.setPermissions([.ownerReadWrite], of: object)
        let inode = try FileSystem.status(of: object).inode
        try await project.add("a")
        #expect(try FileSystem.status(of: object).inode == inode)
        #expect(try FileSystem.status(of: object).permissions == [.ownerRead, .groupRead, .otherRead])
    }

    @Test func `a cache that cannot be written fails before the pointer is written`() async throws {
        let project = try await TestProject()
        try project.folder.write("a file where the cache should be", to: ".dvc/cache")
        try project.folder.write("1", to: "a")
        let error = try await #require(throws: FilesError.self) { try await project.add("a") }
        #expect(error.code == .wrongKind)
        #expect(!project.folder.holds("a.dvc"))
    }

    @Test(.disabled(if: geteuid() == 0, "root may write everywhere"))
    func `a folder that takes no pointer says so`() async throws {
        let project = try await TestProject()
        try project.folder.write("1", to: "locked/a")
        let locked = project.root.appending("locked")
        try FileSystem.setPermissions([.ownerRead, .ownerExecute], of: locked)
        defer { chmod(locked.string, 0o700) }
        let error = try await #require(throws: FilesError.self) { try await project.add("locked/a") }
        #expect(error.code == .permissionDenied)
    }

    @Test func `data in a read-only folder is versioned`() async throws {
        let project = try await TestProject()
        let file = try project.folder.write("1", to: "data/part")
        try FileSystem.setPermissions([.ownerRead], of: file)
        try FileSystem.setPermissions([.ownerRead, .ownerExecute], of: file.removingLastComponent())
        defer { chmod(file.removingLastComponent().string, 0o700) }
        let pointer = try #require(try await project.add("data").first)
        #expect(pointer.fileCount == 1 && pointer.size == 1)
    }

    @Test(.timeLimit(.minutes(2)), arguments: [200_000, 40_000_000])
    func `data that changes while it is read is not versioned`(size: Int) async throws {
        let project = try await TestProject()
        let file = try project.folder.write(String(repeating: "x", count: size), to: "data/part")
        // As long as it is read somebody writes, so the times before and after differ.
        let isOver = Mutex(false)
        async let writing: Void = BlockingPool(threads: 1).run {
            let descriptor = open(file.string, O_WRONLY)
            defer { close(descriptor) }
            while !isOver.withLock({ $0 }) { _ = pwrite(descriptor, "y", 1, 0) }
        }
        var changed: DataVersionsError?
        // A small file may be read between two ticks of the clock that stamps it.
        while changed == nil {
            try await Task.sleep(for: .milliseconds(1))
            do { try await project.add("data") } catch let error as DataVersionsError { changed = error }
        }
        isOver.withLock { $0 = true }
        try await writing
        #expect(changed?.code == .changed)
        #expect(
            try FileSystem.entries(of: project.data.cache.base.appending("files")).count == 1,
            "nothing half-written stays"
        )
        try await project.add("data")
        #expect(try await project.dvc("status", "--json").output == "{}\n")
    }

    @Test(.timeLimit(.minutes(5))) func `a cancelled add ends early and leaves no pointer`() async throws {
        let project = try await TestProject()
        let file = try project.folder.write("", to: "huge")
        // A hole: it takes no space, and minutes to hash.
        try #require(truncate(file.string, 1 << 40) == 0)
        let adding = Task { try await project.add("huge") }
        adding.cancel()
        await #expect(throws: CancellationError.self) { try await adding.value }
        #expect(!project.folder.holds("huge.dvc"))
    }
}
