// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText
import ProjectTesting
import SystemPackage
import Testing

@testable import DataVersions

/// What changed in data, in DVC's words.
struct StatusTests {
    private func ours(_ project: TestProject) async throws -> [String: String] {
        let status = try await project.data.status(of: project.data.outputs())
        return Dictionary(status.compactMap { one in one.change.map { (one.output.path, $0.rawValue) } }) { $1 }
    }

    private func theirs(_ project: TestProject) async throws -> [String: String] {
        let root = try JSONDocument(Array(try await project.dvc("status", "--json").output.utf8)).root
        var result: [String: String] = [:]
        for (_, changes) in root.members {
            for change in changes.elements {
                guard let outs = change["changed outs"] else { continue }
                for (path, word) in outs.members { result[path] = word.string }
            }
        }
        return result
    }

    @Test func `dvc says the same of what changed, went away, or is not in the cache`() async throws {
        let project = try await TestProject()
        for name in ["same", "changed", "gone", "uncached"] { try project.folder.write("content of \(name)", to: name) }
        for name in ["data", "other", "lost"] {
            try project.folder.write("1", to: "\(name)/a")
            try project.folder.write(name, to: "\(name)/b")
        }
        let pointers = try await project.add("same", "changed", "gone", "uncached", "data", "other", "lost")
        #expect(try await ours(project) == [:])
        try project.folder.write("other content", to: "changed")
        try project.folder.remove("gone")
        try project.folder.write("new", to: "data/new")
        try project.folder.remove("other/a")
        try FileSystem.remove(project.data.cache.object(try #require(pointers.first { $0.path == "uncached" }).md5))
        try FileSystem.remove(project.data.cache.object(FileHashing.digest(of: Array("lost".utf8), .md5).hex))
        let expected = [
            "changed": "modified", "gone": "deleted", "uncached": "not in cache", "data": "modified",
            "other": "modified", "lost": "not in cache",
        ]
        #expect(try await ours(project) == expected)
        #expect(try await theirs(project) == expected)
    }

    // MARK: What DVC 2 made

    @Test func `what DVC 2 made is known, restored, and stays as it is until it changes`() async throws {
        let project = try await TestProject()
        let text = "a\r\nb\r\n"
        // DVC 2's hash is that of the text without carriage returns; the object has them.
        let hash = FileHashing.digest(of: Array("a\nb\n".utf8), .md5).hex
        let binary = [UInt8](0...255) + Array("\r\n".utf8)
        let other = FileHashing.digest(of: binary, .md5).hex
        let listing = Array(#"[{"md5": "\#(other)", "relpath": "bin"}, {"md5": "\#(hash)", "relpath": "text"}]"#.utf8)
        let top = FileHashing.digest(of: listing, .md5).hex + ".dir"
        for (md5, bytes) in [(hash, Array(text.utf8)), (other, binary), (top, listing)] {
            let path = ".dvc/cache/\(md5.prefix(2))/\(md5.dropFirst(2))"
            let object = try project.folder.write(bytes, to: path)
            try FileSystem.setPermissions([.ownerRead, .groupRead, .otherRead], of: object)
        }
        try project.folder.write("outs:\n- md5: \(hash)\n  size: 6\n  path: a.txt\n", to: "a.txt.dvc")
        try project.folder.write("outs:\n- md5: \(top)\n  size: 264\n  nfiles: 2\n  path: old\n", to: "old.dvc")
        #expect(try await project.checkout() == ["a.txt", "old"])
        #expect(try project.folder.text("a.txt") == text && project.folder.text("old/text") == text)
        #expect(try await ours(project) == [:])
        #expect(try await project.dvc("status", "--json").output == "{}\n")
        #expect(try await project.data.commit(project.data.outputs()) == [], "DVC leaves it so too")

        try project.folder.write("a\nb\n", to: "a.txt")
        #expect(try await ours(project) == [:], "the same to DVC 2")
        try project.folder.write("more", to: "a.txt")
        #expect(try await ours(project) == ["a.txt": "modified"])
        #expect(try await project.data.commit(project.data.outputs()) == ["a.txt"])
        #expect(try project.folder.text("a.txt.dvc")?.hasSuffix("  path: a.txt\n  hash: md5\n") == true)
        #expect(try await project.dvc("status", "--json").output == "{}\n")
    }

    // MARK: Both locks

    @Test func `paths that dvc uses are not changed, and those of dead processes are free`() async throws {
        let project = try await TestProject()
        try project.folder.write("1", to: "data/a")
        try project.folder.write("1", to: "b")
        func hold(_ pid: Int32) throws {
            let path = project.root.appending("data").string
            try project.folder.write(
                #"{"write": {"\#(path)": {"pid": \#(pid), "cmd": "dvc repro"}}, "read": {}}"#,
                to: ".dvc/tmp/rwlock"
            )
        }
        // Process 1 lives as long as the machine.
        try hold(1)
        let error = try await #require(throws: DataVersionsError.self) { try await project.add("data") }
        #expect(error.code == .locked && error.why.contains("dvc repro"))
        try await project.add("b")
        try hold(0x3FFF_FFFF)
        try await project.add("data")
        #expect(try project.folder.text(".dvc/tmp/rwlock") == "{}")
    }

    @Test func `dvc waits for a path that gyre uses`() async throws {
        let project = try await TestProject()
        try project.folder.write("1", to: "data/a")
        let lock = try project.data.lock(writing: ["data"])
        let text = try #require(try project.folder.text(".dvc/tmp/rwlock"))
        // As DVC would see it while we run a stage without the first lock.
        lock.release()
        try project.folder.write(text, to: ".dvc/tmp/rwlock")
        let answer = try await project.dvc("add", "data", expecting: nil)
        #expect(answer.code != 0 && answer.error.contains("is busy"), "\(answer)")
    }
}
