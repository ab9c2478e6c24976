// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Files
import ProjectTesting
import SystemPackage
import Testing

/// Which commits are meant by a choice.
@Suite(.timeLimit(.minutes(5)))
struct HistoryTests {
    private struct History {
        let project: TestProject
        /// In their order.
        let ids: [String]
        var git: Git { Git(root: project.root) }

        /// Three commits, of which the second changes no data; the first is tagged, and a branch leaves from there.
        init() async throws {
            project = try await TestProject()
            var ids: [String] = []
            for number in 1...3 {
                try project.folder.write("\(number)", to: number == 2 ? "code.py" : "d")
                if number != 2 { try await project.add("d") }
                ids.append(try await project.commit("\(number)"))
            }
            try await project.git("tag", "v1", ids[0])
            try await project.git("branch", "side", ids[0])
            self.ids = ids
        }

        func commits(_ change: (inout Git.CommitChoice) -> Void) async throws -> Set<String> {
            var choice = Git.CommitChoice()
            change(&choice)
            return Set(try await git.commits(choice))
        }
    }

    @Test func `branches, tags, revisions and all commits are found`() async throws {
        let history = try await History()
        let ids = history.ids
        #expect(try await history.commits { _ in } == [])
        #expect(try await history.commits { $0.branches = true } == [ids[2], ids[0]])
        #expect(try await history.commits { $0.tags = true } == [ids[0]])
        // What changed no data has that of its parent.
        #expect(try await history.commits { $0.all = true } == [ids[0], ids[2]])
        #expect(try await history.commits { $0.revision = "HEAD~1" } == [ids[1]])
        #expect(try await history.commits { ($0.revision, $0.count) = ("HEAD", 2) } == [ids[1], ids[2]])
        #expect(try await history.commits { $0.since = "2000-01-01" }.isSuperset(of: ids))
        #expect(try await history.commits { $0.since = "2099-01-01" } == [])
        let error = try #require(
            await #expect(throws: DataVersionsError.self) { _ = try await history.commits { $0.revision = "nope" } }
        )
        #expect(error.what == "cannot find `nope`")
    }

    @Test func `the upstream is known, and what it lacks`() async throws {
        let history = try await History()
        #expect(try await history.git.upstream() == nil)
        let bare = try TestFolder()
        try await history.project.git("init", "-q", "--bare", bare.path.string)
        try await history.project.git("remote", "add", "origin", bare.path.string)
        try await history.project.git("push", "-q", "origin", "\(history.ids[0]):refs/heads/main")
        try await history.project.git("branch", "-q", "--set-upstream-to=origin/main")
        #expect(try await history.git.upstream() == "origin/main")
        #expect(try await history.git.unpushed() == [history.ids[2], history.ids[1]])
        #expect(try await history.git.unpushedData() == [history.ids[2]])
        // The hook that sends data need not do it again.
        let hook = try history.project.folder.write(
            "#!/bin/sh\necho \"push: $GYRE_PUSH\" > \"$(git rev-parse --git-dir)/told\"\n",
            to: ".git/hooks/pre-push"
        )
        try FileSystem.setPermissions([.ownerReadWriteExecute], of: hook)
        try await history.git.push()
        #expect(try history.project.folder.text(".git/told") == "push: 1\n")
        #expect(try await history.git.unpushed() == [])
    }
}
