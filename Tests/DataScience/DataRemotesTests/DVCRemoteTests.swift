// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Files
import ProjectTesting
import SystemPackage
import Testing

@testable import DataRemotes

/// The real dvc is the specification: what one pushes the other pulls.
@Suite(.timeLimit(.minutes(5)))
struct DVCRemoteTests {
    private func fill(_ folder: TestFolder) throws {
        for name in ["d/a", "d/sub/ü", "d/z", "f"] { try folder.write("content of \(name)", to: name) }
        try folder.write("", to: "empty")
    }

    /// A project whose default remote is that of the tests.
    private func project() async throws -> SharedProject {
        let shared = try await SharedProject(.folder)
        try await shared.project.dvc("remote", "add", "-q", "-d", "r", shared.settings.url)
        try fill(shared.project.folder)
        return shared
    }

    @Test func `a remote is laid out as dvc lays it out`() async throws {
        let (ours, theirs) = try await (project(), project())
        try await ours.project.add("d", "f", "empty")
        try await theirs.project.dvc("add", "-q", "d", "f", "empty")
        #expect(try await ours.push().moved == 6)
        try await theirs.project.dvc("push", "-q")
        let (left, right) = try (ours.aside.contents(), theirs.aside.contents())
        #expect(left == right)
        for name in left.keys {
            let (mine, other) = (ours.aside.path.pushing(FilePath(name)), theirs.aside.path.pushing(FilePath(name)))
            #expect(try FileSystem.status(of: mine).permissions == FileSystem.status(of: other).permissions)
        }
        // And dvc finds nothing more to do.
        #expect(try await ours.project.dvc("push").output.contains("Everything is up to date"))
    }

    @Test func `dvc pulls what was pushed here, and what dvc pushed is fetched`() async throws {
        let shared = try await project()
        try await shared.project.add("d", "f", "empty")
        _ = try await shared.push()
        let skipped: Set = [".git", ".dvc"]
        let before = try shared.project.folder.contents(skipping: skipped)
        for name in ["d", "f", "empty"] { try shared.project.folder.remove(name) }
        try shared.loseCache()
        try await shared.project.dvc("pull", "-q")
        #expect(try shared.project.folder.contents(skipping: skipped) == before)
        try shared.loseCache()
        #expect(try await shared.fetch().missing == [])
        #expect(try await shared.project.dvc("status", "-c").output.contains("in sync"))
    }

    @Test func `data of dvc 2 goes both ways`() async throws {
        let shared = try await project()
        let folder = shared.project.folder
        // Its hash is that of `a\nb\n`, and its bytes are those here.
        let (md5, bytes) = ("dd8c6a395b5dd36c56d23275028f526c", "a\r\nb\r\n")
        try folder.write("outs:\n- md5: \(md5)\n  size: 6\n  path: old\n", to: "old.dvc")
        let place = "\(md5.prefix(2))/\(md5.dropFirst(2))"
        let object = try folder.write(bytes, to: ".dvc/cache/\(place)")
        try FileSystem.setPermissions([.ownerRead, .groupRead, .otherRead], of: object)
        #expect(try await shared.push(["old"]).moved == 1)
        #expect(try await shared.keys() == [place])
        try shared.loseCache()
        #expect(try await shared.fetch(["old"]).moved == 1)
        #expect(try folder.text(".dvc/cache/\(place)") == bytes)
        try shared.loseCache()
        try await shared.project.dvc("fetch", "-q", "old.dvc")
        #expect(try folder.text(".dvc/cache/\(place)") == bytes)
    }

    @Test func `outputs of stages count, with what their file says of them`() async throws {
        let shared = try await project()
        let folder = shared.project.folder
        try folder.write(
            """
            stages:
              make:
                cmd: echo 1 > kept && echo 2 > unpushed && echo 3 > uncached && mkdir -p many && echo 4 > many/x
                deps: [f]
                outs:
                - kept
                - unpushed: {push: false}
                - uncached: {cache: false}
                - many
            """,
            to: "dvc.yaml"
        )
        try await shared.project.dvc("repro", "-q")
        // `kept`, and `many` with its file.
        #expect(try await shared.push().moved == 3)
        #expect(try await shared.project.dvc("push").output.contains("Everything is up to date"))
        #expect(try await shared.outputs(["make"]).count == 4)
        #expect(try await shared.outputs(["many/x"]).count == 1)
    }

    @Test func `collecting leaves what dvc leaves`() async throws {
        let (ours, theirs) = try await (project(), project())
        for shared in [ours, theirs] {
            try await shared.project.dvc("add", "-q", "d", "f")
            try await shared.project.dvc("push", "-q")
            try shared.project.folder.write("new", to: "f")
            try shared.project.folder.write("new", to: "d/a")
            try await shared.project.dvc("add", "-q", "d", "f")
            try await shared.project.dvc("push", "-q")
        }
        try await theirs.project.dvc("gc", "-q", "-w", "-c", "-f")
        let collector = GarbageCollector(ours.cache) { Issue.record("warned: \($0)") }
        let needed = try await collector.needed(try await ours.outputs(), remote: ours.remote)
        try await collector.remove(try await collector.unneeded(needed, on: ours.remote), on: ours.remote)
        try await collector.remove(try await collector.unneeded(needed))
        func files(_ folder: TestFolder, _ name: String) throws -> [String] {
            try folder.contents(of: name).keys.filter { !$0.hasSuffix("/") && !$0.hasSuffix(".unpacked") }.sorted()
        }
        #expect(try files(ours.aside, "remote") == files(theirs.aside, "remote"))
        #expect(
            try files(ours.project.folder, ".dvc/cache/files/md5")
                == files(theirs.project.folder, ".dvc/cache/files/md5")
        )
    }
}
