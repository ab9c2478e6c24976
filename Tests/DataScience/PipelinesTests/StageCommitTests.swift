// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Files
import ProjectTesting
import Subprocess
import SystemPackage
import Testing

@testable import Pipelines

/// Recording stages without running them; the real dvc is the judge.
struct StageCommitTests {
    private static let pipeline = """
        stages:
          one:
            cmd: cp in z && cp in b && mkdir -p dd && cp in dd/x && echo '{"a":1}' > m.json
            deps: [in]
            params: [a]
            outs: [z, b, dd]
            metrics: [{m.json: {cache: false}}]
          two:
            cmd: cat z dd/x > two
            deps: [z, dd]
            outs: [two]
          always:
            cmd: echo hi
        """

    /// The same project twice, as dvc left it after it ran the stages.
    private func pair() async throws -> (ours: TestProject, theirs: TestProject) {
        let (ours, theirs) = (try await TestProject(), try await TestProject())
        for project in [ours, theirs] {
            try project.folder.write(Self.pipeline, to: "dvc.yaml")
            try project.folder.write("a: 1\n", to: "params.yaml")
            try project.folder.write("1", to: "in")
        }
        try await theirs.dvc("repro", "-q")
        for name in try FileSystem.list(theirs.root) where name != ".git" {
            try await Tool(.name("cp")).run(
                ["-a", theirs.root.appending(name).string, ours.root.string],
                in: ours.root
            )
        }
        return (ours, theirs)
    }

    private func change(_ project: TestProject) throws {
        try project.folder.write("2", to: "in")
        try project.folder.write("a: 5\n", to: "params.yaml")
        try project.folder.write("other", to: "z")
        try project.folder.write("more", to: "dd/new")
        try FileSystem.setPermissions([.ownerReadWriteExecute], of: project.root.appending("b"))
    }

    private func record(_ targets: [String], in project: TestProject, withDeps: Bool = false) async throws -> [String] {
        let found = try await TrackedTargets.find(targets, of: project.data, from: project.root, withDeps: withDeps)
        return try await StageCommit(found, of: project.data).record(AddOptions())
    }

    private func expectSame(_ ours: TestProject, _ theirs: TestProject) throws {
        let skipped: Set = [".git", "tmp"]
        let (left, right) = try (ours.folder.contents(skipping: skipped), theirs.folder.contents(skipping: skipped))
        #expect(Set(left.keys) == Set(right.keys))
        for (name, bytes) in right { #expect(left[name] == bytes, "\(name)") }
    }

    @Test func `all stages as they are now have the bytes that dvc commit writes`() async throws {
        let (ours, theirs) = try await pair()
        for project in [ours, theirs] { try change(project) }
        try await theirs.dvc("commit", "-f")
        #expect(try await record([], in: ours) == ["one", "two"])
        try expectSame(ours, theirs)
        #expect(try await record([], in: ours) == [], "nothing is left to record")
        // Without a lock all are new, in the order of the file.
        for project in [ours, theirs] { try project.folder.remove("dvc.lock") }
        try await theirs.dvc("commit", "-f")
        #expect(try await record([], in: ours) == ["one", "two", "always"])
        try expectSame(ours, theirs)
    }

    @Test func `a stage alone, or with what it is made of`() async throws {
        let (ours, theirs) = try await pair()
        for project in [ours, theirs] { try change(project) }
        try await theirs.dvc("commit", "-f", "two")
        #expect(try await record(["two"], in: ours) == ["two"])
        try expectSame(ours, theirs)
        try await theirs.dvc("commit", "-f", "-d", "two")
        #expect(try await record(["two"], in: ours, withDeps: true) == ["one"])
        try expectSame(ours, theirs)
        #expect(try await record(["dd/new"], in: ours) == [], "a part of an output names its stage")
    }

    @Test func `what differs is told, and a missing output is recorded by nobody`() async throws {
        let (ours, theirs) = try await pair()
        try ours.folder.write("2", to: "in")
        let found = try await TrackedTargets.find([], of: ours.data, from: ours.root)
        #expect(try await StageCommit(found, of: ours.data).differences().map(\.address) == ["one"])
        let before = try ours.folder.text("dvc.lock")
        try ours.folder.remove("two")
        let error = try await #require(throws: PipelinesError.self) { try await record(["two"], in: ours) }
        #expect(error.code == .missingOutput)
        try theirs.folder.remove("two")
        try await theirs.dvc("commit", "-f", "two", expecting: 1)
        #expect(try ours.folder.text("dvc.lock") == before)
    }
}
