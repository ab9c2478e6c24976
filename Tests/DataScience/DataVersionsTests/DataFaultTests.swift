// SPDX-License-Identifier: Apache-2.0

import Files
import FilesTesting
import ProjectTesting
import SystemPackage
import Testing

@testable import DataVersions

/// What goes wrong around data costs nobody anything but the message.
struct DataFaultTests {
    private func data(of project: TestProject, cacheIn folder: FilePath) throws -> DataRepository {
        let editor = ConfigEditor(folder: project.root.appending(".dvc"))
        let name = try #require(ConfigName("cache.dir"))
        try editor.set(name, to: folder.appending("cache").string, .local, in: project.root)
        return try DataRepository.open(at: project.root)
    }

    @Test(.enabled(if: SmallDisk.isPossible, "only root may mount file systems"))
    func `a full disk fails the add, leaves nothing behind, and the next add works`() async throws {
        let (project, disk) = try await (TestProject(), SmallDisk(kibibytes: 1_024))
        for number in 0..<40 {
            try project.folder.write(String(repeating: "\(number)", count: 20_000), to: "data/\(number)")
        }
        let data = try data(of: project, cacheIn: disk.path)
        try disk.fill()
        let error = try await #require(throws: FilesError.self) { try await data.add([project.root.appending("data")]) }
        #expect(error.code == .diskFull)
        #expect(!project.folder.holds("data.dvc"))
        try disk.empty()
        // Not enough for all: some files are written before the disk is full.
        try disk.fill("half")
        try disk.empty("half")
        _ = try await data.add([project.root.appending("data/1")])
        for number in 0..<4 {
            try project.folder.write(String(repeating: "x\(number)", count: 200_000), to: "more/\(number)")
        }
        let second = try await #require(throws: FilesError.self) {
            try await data.add([project.root.appending("more")])
        }
        #expect(second.code == .diskFull)
        #expect(try FileSystem.list(disk.path.pushing("cache/files")) == ["md5"], "nothing half-written stays")
        #expect(try await data.status(of: data.outputs()).allSatisfy { $0.change == nil })
    }

    @Test(.enabled(if: SmallDisk.isPossible, "only root may mount file systems"))
    func `a cache that takes no changes gives its content, and says that it takes none`() async throws {
        let (project, disk) = try await (TestProject(), SmallDisk(kibibytes: 1_024))
        try project.folder.write("1", to: "data/a")
        let data = try data(of: project, cacheIn: disk.path)
        _ = try await data.add([project.root.appending("data")])
        try disk.setReadOnly(true)
        defer { try? disk.setReadOnly(false) }
        try project.folder.remove("data")
        #expect(try await data.checkout(data.pointers()) == ["data"])
        try project.folder.write("2", to: "data/a")
        let error = try await #require(throws: FilesError.self) { try await data.add([project.root.appending("data")]) }
        #expect(error.code == .readOnly)
        #expect(try await data.status(of: data.outputs()).map(\.change) == [.modified])
    }

    @Test(.timeLimit(.minutes(5))) func `two adds at once both succeed`() async throws {
        let project = try await TestProject()
        for number in 0..<100 {
            try project.folder.write("\(number % 10)", to: "one/\(number)")
            try project.folder.write("\(number % 20)", to: "two/\(number)")
        }
        // One waits for the other; on a machine that is slow enough it gives up, says so, and can do it again.
        @Sendable func add(_ name: String) async throws {
            while true {
                do {
                    try await project.add(name)
                    return
                } catch let error as DataVersionsError where error.code == .locked {
                    continue
                }
            }
        }
        async let one: Void = add("one")
        async let two: Void = add("two")
        _ = try await (one, two)
        #expect(try await project.dvc("status", "--json").output == "{}\n")
    }

    @Test func `a link to itself is named`() async throws {
        let project = try await TestProject()
        try project.folder.write("1", to: "data/a")
        try FileSystem.symlink("loop", at: project.root.pushing("data/loop"))
        let error = try await #require(throws: DataVersionsError.self) { try await project.add("data") }
        #expect(error.code == .invalidPath && error.why.contains("data/loop"))
    }

    @Test(arguments: [(".", "the repository itself"), ("lost", "leads to no file"), ("one", "leads to no file")])
    func `what is no data is refused for what it is`(path: String, why: String) async throws {
        let project = try await TestProject()
        try FileSystem.symlink("nowhere", at: project.root.appending("lost"))
        try FileSystem.symlink("two", at: project.root.appending("one"))
        try FileSystem.symlink("one", at: project.root.appending("two"))
        let error = try await #require(throws: DataVersionsError.self) { try await project.add(path) }
        #expect(error.code == .invalidPath && error.why.contains(why), "\(error)")
    }

    @Test func `a path of nearly 4,096 bytes is versioned and restored`() async throws {
        let project = try await TestProject()
        let name = String(repeating: "ü", count: 100)
        let path = "data/" + Array(repeating: name, count: 19).joined(separator: "/") + "/file"
        try project.folder.write("deep", to: path)
        try await project.add("data")
        try project.folder.remove("data")
        #expect(try await project.checkout() == ["data"])
        #expect(try project.folder.text(path) == "deep")
    }

    @Test func `one missing content keeps only its own data from coming back`() async throws {
        let project = try await TestProject()
        for name in ["a", "b"] { try project.folder.write(name, to: name) }
        let pointers = try await project.add("a", "b")
        try FileSystem.remove(project.data.cache.object(pointers[0].md5))
        for name in ["a", "b"] { try project.folder.remove(name) }
        let report = try await project.data.checkout(pointers, CheckoutOptions(allowsMissing: true))
        #expect(report.missing == ["a"] && report.changes.map(\.path) == ["b"])
    }

    @Test func `data that a commit no longer names goes, and what changed stays`() async throws {
        let project = try await TestProject()
        let first = "HEAD~1"
        try project.folder.write("1", to: "data/a")
        try project.folder.write("1", to: "kept")
        try project.folder.write("1", to: "file")
        try await project.add("data", "kept", "file")
        try await project.commit("Data")
        try await project.git("checkout", "-q", first)
        try project.folder.write("changed", to: "kept")
        let report = try await project.data.removeUnnamed(besides: project.data.outputs())
        #expect(Set(report.changes.map(\.path)) == ["data", "file"])
        #expect(!project.folder.holds("data") && !project.folder.holds("file") && project.folder.holds("kept"))
    }

    @Test func `move and remove leave what dvc leaves`() async throws {
        let (ours, theirs, aside) = try await (TestProject(), TestProject(), TestFolder())
        let dvc = Tool.dvc(state: aside.path)
        for project in [ours, theirs] {
            try project.folder.write("1", to: "data/a")
            try project.folder.write("1", to: "b c")
            try FileSystem.createDirectory(project.root.appending("sub"))
            _ = try await project.add("data", "b c")
        }
        #expect(try await ours.data.move("data", to: "sub") == "sub/data")
        try await dvc.run(["move", "data", "sub"], in: theirs.root)
        #expect(try await ours.data.move("b c", to: "new name") == "new name")
        try await dvc.run(["move", "b c", "new name"], in: theirs.root)
        let skipped: Set = [".git", "tmp"]
        #expect(try ours.folder.contents(skipping: skipped) == theirs.folder.contents(skipping: skipped))
        _ = try await ours.data.remove(["sub/data.dvc"], withData: false)
        try await dvc.run(["remove", "sub/data.dvc"], in: theirs.root)
        _ = try await ours.data.remove(["new name.dvc"], withData: true)
        try await dvc.run(["remove", "new name.dvc", "--outs"], in: theirs.root)
        #expect(try ours.folder.contents(skipping: skipped) == theirs.folder.contents(skipping: skipped))
    }
}
