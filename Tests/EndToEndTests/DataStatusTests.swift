// SPDX-License-Identifier: Apache-2.0

import JSONText
import ProjectTesting
import SystemPackage
import Testing

/// `gyre data status`, `commit` and `init` as people run them; the real dvc is the judge.
@Suite(.fewAtATime, .timeLimit(.minutes(5)))
struct DataStatusTests {
    private static let data = """
        set -e
        git init -q -b main; git config user.name T; git config user.email t@localhost
        "$GYRE" init -q
        mkdir -p dd/s; echo 1 > a; echo 2 > b; echo x > dd/x; echo y > dd/s/y; echo 1 > gone; echo same > same
        "$GYRE" add -q a b dd gone same; git add -A; git commit -qm 1
        """

    /// The paths of a document, sorted: DVC's order is any.
    private func sorted(_ text: String) throws -> [String: [String]] {
        var result: [String: [String]] = [:]
        for (key, value) in try JSONDocument(Array(text.utf8)).root.members {
            result[key] = value.elements.compactMap(\.string).sorted()
            for (word, paths) in value.members {
                result["\(key) \(word)"] = paths.elements.map { path in
                    path.string ?? "\(path["old"]?.string ?? "") -> \(path["new"]?.string ?? "")"
                }.sorted()
            }
        }
        return result
    }

    @Test func `data status says what dvc data status says`() async throws {
        try await Program.inEmptyFolder { gyre in
            let made = try await gyre.shell(
                Self.data + """

                    echo 9 > a; "$GYRE" add -q a; echo 10 > a; echo n > dd/n; rm dd/x gone; mv b bb; echo u > untracked
                    "$GYRE" remove -q b.dvc; "$GYRE" add -q bb; echo z > new; "$GYRE" add -q new
                    """
            )
            try #require(made.code == 0, "\(made.error)")
            let aside = try TestFolder()
            let dvc = Tool.dvc(state: aside.path)
            for flags in [[], ["--granular", "--unchanged"], ["--untracked-files", "all"], ["--granular", "dd"]] {
                let ours = try await gyre.run(["data", "status", "--json"] + flags)
                let theirs = try await dvc.run(["data", "status", "--json"] + flags, in: gyre.folder)
                #expect(try sorted(ours.output) == sorted(theirs.output), "\(flags)")
            }
            let text = try await gyre.run("data", "status").output
            #expect(text.contains("        renamed: b -> bb\n") && text.contains("DVC uncommitted changes:\n"))
        }
    }

    @Test func `a hook that refuses leaves records and index as they were`() async throws {
        try await Program.inEmptyFolder { gyre in
            let made = try await gyre.shell(
                Self.data + """

                    printf '#!/bin/sh\necho not today >&2\nexit 3\n' > .git/hooks/pre-commit
                    chmod +x .git/hooks/pre-commit; echo 3 > a; echo c > code
                    """
            )
            try #require(made.code == 0, "\(made.error)")
            let before = try await gyre.shell("git status --porcelain; cat a.dvc").output
            let refused = try await gyre.run("commit", "-m", "new data")
            #expect(refused.code == 1 && refused.error.contains("not today"))
            #expect(try await gyre.shell("git status --porcelain; cat a.dvc").output == before)
            let done = try await gyre.shell(
                "rm .git/hooks/pre-commit; $GYRE commit -q -m 'new data'; git status --porcelain"
            )
            #expect(done.output == "" && done.code == 0)
        }
    }

    @Test func `init stages DVC's files, and refuses a folder inside a repository of git unless that is meant`()
        async throws
    {
        try await Program.inEmptyFolder { gyre in
            _ = try await gyre.shell("git init -q -b main; mkdir sub bare")
            let refused = try await gyre.run("init", in: gyre.folder.appending("sub"))
            #expect(refused.code == 1 && refused.error.contains("--subdir"))
            #expect(try await gyre.shell("ls -A sub").output == "", "nothing is left behind")
            #expect(try await gyre.run("init", "--subdir", in: gyre.folder.appending("sub")).code == 0)
            let staged = try await gyre.shell("git status --porcelain | grep '^A'").output
            #expect(staged == "A  sub/.dvc/.gitignore\nA  sub/.dvc/config\nA  sub/.dvcignore\n")
            _ = try await gyre.run("init", "--no-scm", in: gyre.folder.appending("bare"))
            let config = try await gyre.shell("cat bare/.dvc/config; cd bare; echo 1 > x; $GYRE add -q x; ls -A")
            #expect(config.output.hasPrefix("[core]\n    no_scm = True\n") && !config.output.contains("\n.gitignore"))
        }
    }
}
