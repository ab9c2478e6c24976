// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Files
import ProjectTesting
import SystemPackage
import Testing

@testable import DataRemotes

/// Stages whose names, folders and paths are made of templates, as the real dvc runs them.
@Suite(.timeLimit(.minutes(5)))
struct TemplateTests {
    private static let pipeline = """
        vars:
        - name: model
        - where: deep/er
        stages:
          make:
            wdir: ${where}
            cmd: echo 1 > ../../${name} && echo 2 > ${name}-here && mkdir -p ${name}-list && echo 3 > ${name}-list/x
            outs:
            - ../../${name}
            - ${name}-here:
                push: false
            - ${name}-list:
                cache: false
          each:
            foreach:
            - a
            - b
            do:
              cmd: echo ${item} > out-${item}
              outs:
              - out-${item}:
                  remote: side
          grid:
            matrix:
              x: [1, 2]
            cmd: echo m${item.x} > grid-${item.x}
            deps:
            - out-a
            metrics:
            - grid-${item.x}
        """

    private func project() async throws -> SharedProject {
        let shared = try await SharedProject(.folder)
        try shared.project.folder.write(Self.pipeline, to: "dvc.yaml")
        try FileSystem.createDirectory(shared.project.root.appending("deep/er"))
        try await shared.project.dvc("remote", "add", "-q", "-d", "r", shared.settings.url)
        try await shared.project.dvc("remote", "add", "-q", "side", shared.aside.path.appending("side").string)
        try await shared.project.dvc("repro", "-q")
        return shared
    }

    /// The hashes of what the cache has.
    private func objects(_ shared: SharedProject) throws -> Set<String> {
        Set(try shared.project.folder.contents(of: ".dvc/cache/files/md5").keys.map { $0.replacing("/", with: "") })
    }

    @Test func `paths and flags are those that templates make`() async throws {
        let shared = try await project()
        let outputs = try await shared.outputs().map(\.output)
        func paths(where isWanted: (UsedOutput) -> Bool) -> [String] { outputs.filter(isWanted).map(\.path).sorted() }
        let all = [
            "deep/er/model-here", "deep/er/model-list", "grid-1", "grid-2", "model", "out-a", "out-b",
        ]
        #expect(paths { _ in true } == all)
        #expect(paths { !$0.isPushed } == ["deep/er/model-here"])
        #expect(paths { !$0.isCached } == ["deep/er/model-list"])
        #expect(paths { $0.remote == "side" } == ["out-a", "out-b"])
        #expect(paths { $0.kind == .metrics } == ["grid-1", "grid-2"])
        let made = try await shared.outputs(["grid@1"]) { $0.hasDependencies = true }
        #expect(made.map(\.output.path) == ["grid-1", "out-a"])
        // To each remote goes what dvc sends there.
        _ = try await shared.push(["model", "grid"])
        try await shared.project.dvc("push", "-q", "out-a", "out-b")
        #expect(try await shared.project.dvc("push").output.contains("Everything is up to date"))
    }

    @Test func `collecting keeps what stages made, now and in any commit`() async throws {
        let shared = try await project()
        let folder = shared.project.folder
        let first = try await shared.project.commit("First")
        let old = try objects(shared)
        // Only the template changes: what the stage made under the old name is still what it made last.
        try folder.write(Self.pipeline.replacing("name: model", with: "name: other"), to: "dvc.yaml")
        // The listing of what is not cached is nowhere, which is told once its name has changed.
        let collector = GarbageCollector(shared.cache) { _ in }
        func removed(_ commits: [String]) async throws -> Set<String> {
            var scope = DataScope()
            scope.commits = commits
            let needed = try await collector.needed(try await shared.reader.kept(scope), remote: nil)
            return Set(try await collector.unneeded(needed).objects.map(\.md5))
        }
        #expect(try await removed([]) == [])
        try folder.write(Self.pipeline.replacing("echo 1", with: "echo 7"), to: "dvc.yaml")
        try await shared.project.dvc("repro", "-q")
        // The output that lies above the stage's own folder.
        let gone = try await removed([])
        #expect(gone == ["b026324c6904b2a9cb4b88d6d61c81d1"])
        #expect(gone.isSubset(of: old))
        #expect(try await removed([first]) == [])
    }

    @Test func `what cannot be read stops collecting, unless its commit is given up`() async throws {
        let shared = try await SharedProject(.folder)
        let folder = shared.project.folder
        try folder.write("x", to: "a")
        try await shared.project.add("a")
        let whole = try await shared.project.commit("Whole")
        try folder.write("outs: [", to: "b.dvc")
        let broken = try await shared.project.commit("Broken")
        try folder.remove("b.dvc")
        var scope = DataScope()
        scope.commits = [whole, broken]
        let reader = ScopeReader(shared.project.data, []) { _ in }
        await #expect(throws: (any Error).self) { _ = try await reader.kept(scope) }
        #expect(try await reader.kept(scope, skipsFailed: true).map(\.output.path) == ["a"])
        // The work tree is never given up.
        try folder.write("outs: [", to: "b.dvc")
        await #expect(throws: (any Error).self) { _ = try await reader.kept(scope, skipsFailed: true) }
    }
}
