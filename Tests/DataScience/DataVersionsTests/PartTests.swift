// SPDX-License-Identifier: Apache-2.0

import Files
import ProjectTesting
import SystemPackage
import Testing

@testable import DataVersions

/// Parts of folders that are data already; the real dvc is the judge.
struct PartTests {
    private func pair() async throws -> (ours: TestProject, theirs: TestProject) {
        let (ours, theirs) = (try await TestProject(), try await TestProject())
        for project in [ours, theirs] {
            for name in ["a", "b", "sub/s", "sub-2"] { try project.folder.write(name, to: "data/\(name)") }
        }
        try await theirs.dvc("add", "-q", "data")
        try await ours.add("data")
        return (ours, theirs)
    }

    private func expectSame(
        _ ours: TestProject,
        _ theirs: TestProject,
        _ place: SourceLocation = #_sourceLocation
    ) throws {
        let skipped: Set = [".git", "tmp"]
        let (left, right) = try (ours.folder.contents(skipping: skipped), theirs.folder.contents(skipping: skipped))
        #expect(Set(left.keys) == Set(right.keys), sourceLocation: place)
        for (name, bytes) in right { #expect(left[name] == bytes, "\(name)", sourceLocation: place) }
    }

    /// What is done to both, and the parts that are added then.
    private static let steps: [(change: @Sendable (TestFolder) throws -> Void, part: String)] = [
        ({ try $0.write("new", to: "data/new") }, "data/new"),
        ({ try $0.write("other a", to: "data/a") }, "data/a"),
        (
            {
                try $0.write("d", to: "data/sub/deep/d"); try $0.write("ss", to: "data/sub/s")
            }, "data/sub"
        ),
        ({ try $0.remove("data/new") }, "data/new"),
        ({ try $0.write("ü", to: "data/Ünï cødé") }, "data/Ünï cødé"),
        ({ _ in }, "data/a"),
    ]

    @Test func `what is new, changed or gone has the bytes that dvc writes, step by step`() async throws {
        let (ours, theirs) = try await pair()
        for project in [ours, theirs] { try project.folder.write("changed, but not added", to: "data/b") }
        for (change, part) in Self.steps {
            for project in [ours, theirs] { try change(project.folder) }
            try await theirs.dvc("add", "-q", part)
            #expect(try await ours.add(part).map(\.path) == ["data"])
            try expectSame(ours, theirs)
        }
        #expect(
            try await ours.data.status(of: ours.data.outputs()).map(\.change) == [.modified],
            "`b` is still another"
        )
        try await theirs.dvc("add", "-q", "data")
        try await ours.add("data")
        try expectSame(ours, theirs)
    }

    @Test func `the other files are not read`() async throws {
        let (ours, _) = try await pair()
        try ours.folder.write("new", to: "data/new")
        // Whoever read this would fail.
        try ours.folder.remove("data/b")
        try FileSystem.symlink("nowhere", at: ours.root.pushing("data/b"))
        #expect(try await ours.add("data/new").map(\.fileCount) == [5])
        await #expect(throws: DataVersionsError.self) { try await ours.add("data") }
    }

    @Test func `a part that is neither there nor recorded is refused, and nothing changes`() async throws {
        let (ours, theirs) = try await pair()
        let before = try ours.folder.text("data.dvc")
        try ours.folder.write("new", to: "data/new")
        let error = try await #require(throws: DataVersionsError.self) {
            try await ours.add("data/new", "data/nothing")
        }
        #expect(error.code == .invalidPath)
        #expect(try ours.folder.text("data.dvc") == before)
        try await theirs.dvc("add", "data/nothing", expecting: 1)
    }
}
