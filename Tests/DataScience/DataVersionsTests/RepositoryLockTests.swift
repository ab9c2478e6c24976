// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText
import ProjectTesting
import SystemPackage
import Testing

#if canImport(Glibc)
import Glibc
#endif

@testable import DataVersions

/// The locks that Gyre and dvc share.
struct RepositoryLockTests {
    /// The names of the paths that are held.
    private func held(_ key: String, _ project: TestProject) throws -> [String] {
        let root = try JSONDocument(try FileReader.bytes(of: project.root.pushing(".dvc/tmp/rwlock"))).root
        return root[key]?.members.compactMap { FilePath($0.key).lastComponent?.string } ?? []
    }

    @Test func `dvc leaves paths alone that a command of ours writes, and tells who does`() async throws {
        let project = try await TestProject()
        try project.folder.write("1", to: "data")
        try await project.dvc("add", "-q", "data")
        try project.folder.write("2", to: "data")
        let paths = try await project.data.lockPaths(reading: ["in"], writing: ["data"])
        let refused = try await project.dvc("add", "data", expecting: nil)
        #expect(refused.code != 0 && refused.error.contains("PID \(getpid())"), "\(refused.error)")
        paths.release()
        try await project.dvc("add", "-q", "data")
        #expect(try held("read", project) == [] && held("write", project) == [])
    }

    @Test func `a path that another process uses is an error that names the process`() async throws {
        let project = try await TestProject()
        let path = project.root.appending("data").string
        // The first process of the machine lives longer than any test.
        try project.folder.write(#"{"write": {"\#(path)": {"pid": 1, "cmd": "dvc repro"}}}"#, to: ".dvc/tmp/rwlock")
        let error = try await #require(throws: DataVersionsError.self) {
            try await project.data.lockPaths(reading: ["data/part"], writing: [])
        }
        #expect(error.code == .locked && error.why.contains("process 1 (`dvc repro`)"))
        // Nobody has a number like this.
        try project.folder.write(#"{"write": {"\#(path)": {"pid": 99999999, "cmd": "x"}}}"#, to: ".dvc/tmp/rwlock")
        try await project.data.lockPaths(reading: ["data"], writing: []).release()
    }

    @Test func `two commands of ours may read the same, and the first to end takes nothing from the other`()
        async throws
    {
        let project = try await TestProject()
        let first = try await project.data.lockPaths(reading: ["in"], writing: ["a"])
        let second = try await project.data.lockPaths(reading: ["in"], writing: ["b"])
        let inner = try await project.data.waitForLock(writing: ["a"])
        inner.release()
        #expect(try held("write", project) == ["a", "b"], "what was ours before stays ours")
        first.release()
        #expect(try held("read", project) == ["in"] && held("write", project) == ["b"])
        second.release()
        #expect(try held("read", project) == [] && held("write", project) == [])
    }

    @Test(.timeLimit(.minutes(1))) func `who is patient gets the lock when the other lets go`() async throws {
        let project = try await TestProject()
        let other = try project.data.lock()
        var data = project.data
        data.patience = .milliseconds(300)
        await #expect(throws: DataVersionsError.self) { _ = try await data.waitForLock() }
        data.patience = .seconds(60)
        let patient = data
        async let waiting = patient.waitForLock()
        other.release()
        try await waiting.release()
    }

    @Test(.timeLimit(.minutes(1))) func `letting go works while somebody changes the file of paths`() async throws {
        let project = try await TestProject()
        let paths = try await project.data.lockPaths(reading: [], writing: ["a"])
        let guardian = try FileLock.acquire(
            project.root.pushing(".dvc/tmp/rwlock.lock"),
            mode: .exclusive,
            owner: "test"
        )
        paths.release()
        #expect(try held("write", project) == ["a"], "it must wait, elsewhere")
        guardian.release()
        while try !held("write", project).isEmpty { await Task.yield() }
    }
}
