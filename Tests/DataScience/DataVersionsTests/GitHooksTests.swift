// SPDX-License-Identifier: Apache-2.0

import Files
import ProjectTesting
import SystemPackage
import Testing

@testable import DataVersions

struct GitHooksTests {
    private let project: TestProject
    private let hooks: GitHooks

    init() async throws {
        project = try await TestProject()
        hooks = try await GitHooks(root: project.root)
    }

    /// A program in place of `gyre`, which writes down how it is called.
    private func recorder() throws -> FilePath {
        let file = try project.folder.write("#!/bin/sh\necho \"$@\" >> '\(project.root)/.git/calls'\n", to: ".git/rec")
        try FileSystem.setPermissions([.ownerReadWriteExecute], of: file)
        return file
    }

    private func hook(_ name: String, _ text: String) throws {
        let file = try project.folder.write(text, to: ".git/hooks/\(name)")
        try FileSystem.setPermissions([.ownerReadWriteExecute], of: file)
    }

    private func calls() throws -> [String] {
        (try project.folder.text(".git/calls") ?? "").split(separator: "\n").map(String.init)
    }

    @Test func `switching a branch checks its data out, and restoring a file does not`() async throws {
        _ = try hooks.install(program: try recorder())
        try await project.git("switch", "-q", "-c", "other")
        #expect(try calls() == ["checkout --quiet"])
        try project.folder.write("changed", to: ".dvcignore")
        try await project.git("checkout", "-q", "--", ".dvcignore")
        #expect(try calls().count == 1)
    }

    @Test func `a rebase is left alone`() async throws {
        try await project.git("switch", "-q", "-c", "other")
        try project.folder.write("a", to: "a.txt")
        try await project.git("add", "-A")
        try await project.git("commit", "-q", "-m", "a")
        try await project.git("switch", "-q", "main")
        try project.folder.write("b", to: "b.txt")
        try await project.git("add", "-A")
        try await project.git("commit", "-q", "-m", "b")
        try await project.git("switch", "-q", "other")
        _ = try hooks.install(program: try recorder())
        try await project.git("rebase", "-q", "main")
        #expect(try !calls().contains { $0.hasPrefix("checkout") })
    }

    @Test func `a hook that was there runs first, and its refusal counts`() async throws {
        try hook("pre-commit", "#!/bin/sh\necho foreign >> .git/calls\n[ ! -e stop ]\n")
        let states = try hooks.install(program: try recorder())
        #expect(states.map(\.state) == [.installed, .chained, .installed])
        try project.folder.write("a", to: "a.txt")
        try await project.git("add", "-A")
        try await project.git("commit", "-q", "-m", "a")
        #expect(try calls() == ["foreign", "status"])
        try project.folder.write("", to: "stop")
        try await project.git("add", "-A")
        #expect(try await project.git("commit", "-q", "-m", "b", expecting: nil).code == 1)
        #expect(try calls() == ["foreign", "status", "foreign"])
    }

    @Test func `uninstalling puts back what was there, byte for byte`() throws {
        try hook("pre-push", "#!/bin/sh\nexit 0\n")
        let before = try project.folder.contents(of: ".git/hooks")
        _ = try hooks.install(program: "/gyre")
        _ = try hooks.install(program: "/gyre")
        #expect(try hooks.states().map(\.state) == [.installed, .installed, .chained])
        #expect(try hooks.uninstall().count == 3)
        #expect(try project.folder.contents(of: ".git/hooks") == before)
        #expect(try hooks.uninstall().isEmpty)
    }

    @Test func `a hook before a push gets what git says to it`() async throws {
        try hook("pre-push", "#!/bin/sh\ncat > .git/refs-seen\n")
        _ = try hooks.install(program: try recorder())
        try await project.git("init", "-q", "--bare", ".git/there")
        try await project.git("push", "-q", ".git/there", "main")
        #expect(try project.folder.text(".git/refs-seen")?.contains("refs/heads/main") == true)
        #expect(try calls().map { $0.split(separator: " ").first } == ["push"])
    }

    @Test func `hooks of all repositories are refused`() async throws {
        let aside = try TestFolder()
        try await project.git("config", "core.hooksPath", aside.path.string)
        let error = await #expect(throws: DataVersionsError.self) { _ = try await GitHooks(root: project.root) }
        #expect(error?.code == .git && error?.why.contains("core.hooksPath") == true)
    }

    @Test func `a project in a subfolder is checked out there`() async throws {
        try project.folder.write("", to: "sub dir/.dvc/config")
        try await project.git("add", "-A")
        try await project.git("commit", "-q", "-m", "sub")
        let hooks = try await GitHooks(root: project.root.appending("sub dir"))
        let program = try recorder()
        try project.folder.write("#!/bin/sh\npwd > '\(project.root)/.git/where'\n", to: ".git/rec")
        try FileSystem.setPermissions([.ownerReadWriteExecute], of: program)
        _ = try hooks.install(program: program)
        try await project.git("switch", "-q", "-c", "other")
        #expect(try project.folder.text(".git/where") == "\(project.root)/sub dir\n")
    }
}
