// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText
import SystemPackage
import Testing

/// Experiments that are saved without a run, and that go from one repository to another; the real dvc is the other side.
@Suite(.fewAtATime, .timeLimit(.minutes(5)))
struct ExpShareTests {
    /// Calls `body` with a project that has a git remote `origin` and a data remote beside it, and two experiments; and with a clone.
    private func withOrigin(_ body: (ExpProject, ExpProject) async throws -> Void) async throws {
        try await ExpProject.with { project in
            let made = try await project.gyre.shell(
                """
                set -e
                git init -q --bare -b main ../origin.git; git remote add origin ../origin.git
                "$GYRE" remote add -q -d store "$(realpath ..)/store"; git commit -qam remote; git push -q origin main
                "$GYRE" exp run -q --temp -S a=2 -n two; "$GYRE" exp run -q --temp -S a=3 -n three
                git clone -q ../origin.git ../clone; cd ../clone
                git config user.name C; git config user.email c@localhost; git remote set-url origin ../origin.git
                """
            )
            try #require(made.code == 0, "\(made.error)")
            let clone = project.folder.removingLastComponent().appending("clone")
            try await body(project, ExpProject(gyre: Program(folder: clone)))
        }
    }

    /// The experiments of the remote.
    private func names(_ project: ExpProject) async throws -> [String] {
        try await project.gyre.shell("git ls-remote -q origin 'refs/exps/*' | sed 's,.*/,,' | sort").output
            .split(separator: "\n").map(String.init)
    }

    @Test func `dvc pulls what was pushed, with its data, and Gyre too`() async throws {
        try await withOrigin { project, clone in
            let pushed = try await project.run("exp", "push", "origin", "two")
            #expect(pushed.code == 0, "\(pushed.error)")
            #expect(pushed.output == "Pushed experiment 'two' to Git remote 'origin'.\n2 files pushed\n")
            let again = try await project.run("exp", "push", "origin", "--json")
            let document = try JSONDocument(again.output).root
            #expect(document["experiments"]?.elements.map(\.string) == ["three"])
            #expect(document["up_to_date"]?.elements.map(\.string) == ["two"])
            #expect(document["data"]?["pushed"]?.int64 == 2)
            let listed = try await project.run("exp", "list", "origin")
            // DVC's order has no meaning.
            let theirs = try await project.dvc("exp", "list", "origin")
            #expect(Set(theirs.split(separator: "\n")) == Set(listed.output.split(separator: "\n")))
            #expect(listed.output == "main:\n\tthree\n\ttwo\n", "\(listed.error)")
            // The other side.
            _ = try await clone.dvc("exp", "pull", "origin", "two")
            _ = try await clone.dvc("exp", "apply", "two")
            #expect(try clone.text("report") == "2\n2\n")
            let pulled = try await clone.run("exp", "pull", "origin", "three")
            #expect(pulled.code == 0, "\(pulled.error)")
            #expect(pulled.output == "Pulled experiment 'three' from Git remote 'origin'.\n2 files fetched\n")
            let applied = try await clone.run("exp", "apply", "three")
            #expect(applied.code == 0, "\(applied.error)")
            #expect(try clone.text("report") == "3\n3\n")
            #expect(try await clone.run("exp", "pull", "origin", "three").output.contains("up to date"))
        }
    }

    @Test func `what dvc pushed is pulled, and what it pulls was sent`() async throws {
        try await withOrigin { project, clone in
            _ = try await project.dvc("exp", "push", "origin", "-A")
            let pulled = try await clone.run("exp", "pull", "origin", "-A")
            #expect(pulled.code == 0, "\(pulled.error)")
            #expect(pulled.output.hasPrefix("Pulled experiments 'three', 'two' from Git remote 'origin'.\n"))
            let listed = try await clone.run("exp", "list")
            let theirs = try await clone.dvc("exp", "list")
            #expect(Set(theirs.split(separator: "\n")) == Set(listed.output.split(separator: "\n")))
            #expect(try await clone.run("exp", "apply", "two").code == 0)
            #expect(try clone.text("report") == "2\n2\n")
        }
    }

    @Test func `an experiment whose data cannot be sent is not sent`() async throws {
        try await withOrigin { project, _ in
            try FileSystem.removeTree(project.folder.appending(".dvc/cache"))
            let refused = try await project.run("exp", "push", "origin", "two")
            #expect(refused.code == 1 && refused.error.contains("neither the cache nor the remote has its content"))
            #expect(try await names(project).isEmpty)
            let sent = try await project.run("exp", "push", "origin", "two", "--no-cache")
            #expect(sent.code == 0 && sent.output.contains("without `--no-cache`"), "\(sent.error)")
            #expect(try await names(project) == ["two"])
            let none = try await project.run("exp", "push", "nowhere", "two", "--no-cache")
            #expect(none.code == 1 && none.error.contains("nowhere"), "\(none.error)")
            let unknown = try await project.run("exp", "pull", "origin", "four")
            #expect(unknown.code == 1 && unknown.error.contains("cannot find the experiment `four`"))
        }
    }

    @Test func `another of the same name stays unless force replaces it, on both sides`() async throws {
        try await withOrigin { project, clone in
            _ = try await project.run("exp", "push", "origin", "two", "three")
            _ = try await clone.run("exp", "pull", "origin", "-A")
            _ = try await clone.run("exp", "run", "--temp", "-S", "a=7", "-n", "two", "-f")
            let before = try await clone.gyre.shell("git ls-remote origin").output
            let refused = try await clone.run("exp", "push", "origin", "-A")
            #expect(refused.code == 1 && refused.error.contains("`origin` has another experiment `two`"))
            #expect(refused.output.contains("'three' is up to date"))
            #expect(try await clone.gyre.shell("git ls-remote origin").output == before)
            let kept = try await clone.run("exp", "pull", "origin", "-A")
            #expect(kept.code == 1 && kept.error.contains("there is another experiment `two`"), "\(kept.error)")
            #expect(try await clone.run("exp", "push", "origin", "-A", "-f").code == 0)
            #expect(try await project.run("exp", "pull", "origin", "two", "-f").code == 0)
            _ = try await project.run("exp", "apply", "two")
            #expect(try project.text("report") == "7\n7\n")
            let removed = try await project.run("exp", "remove", "-g", "origin", "two")
            #expect(removed.output == "Removed experiments: 'two'\n", "\(removed.error)")
            #expect(try await names(project) == ["three"])
            #expect(try await project.run("exp", "list", "-A", "--name-only").output.contains("two"))
        }
    }

    @Test func `the work tree is saved as it is, and dvc applies it`() async throws {
        try await ExpProject.with { project in
            _ = try await project.gyre.shell("echo 9 > model; echo 99 > report; echo mine > memo; echo left > other")
            let saved = try await project.run("exp", "save", "-n", "hand", "-I", "memo", "-m", "by hand")
            #expect(saved.code == 0, "\(saved.error)")
            #expect(saved.output == "Experiment has been saved as: hand\n")
            #expect(saved.error.contains("git does not track `other`"))
            let refused = try await project.run("exp", "save", "-n", "hand")
            #expect(refused.code == 1 && refused.error.contains("another of this commit has that name"))
            let files = try await project.gyre.shell(
                "git show --format=%s --name-only \"$($GYRE exp list --sha-only)\""
            )
            #expect(files.output == "by hand\n\ndvc.lock\nmemo\n", "\(files.output)")
            _ = try await project.gyre.shell("git reset -q --hard; rm memo other; $GYRE checkout -q")
            #expect(try project.text("report") == "1\n1\n")
            _ = try await project.dvc("exp", "apply", "hand")
            #expect(try project.text("report") == "99\n")
            #expect(try project.text("memo") == "mine\n")
            #expect(try await project.dvc("status").contains("up to date"))
        }
    }

    @Test func `a save without all outputs says which is missing, and keeps nothing`() async throws {
        try await ExpProject.with { project in
            _ = try await project.gyre.shell("rm model")
            let refused = try await project.run("exp", "save")
            #expect(refused.code == 1 && refused.error.contains("`model`"), "\(refused.error)")
            #expect(try await project.gyre.shell("git for-each-ref refs/exps").output.isEmpty)
        }
    }
}
