// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText
import ProjectTesting
import SystemPackage
import Testing

/// Verbs that look at a repository and its settings, as people run them; the real dvc is the judge.
@Suite(.fewAtATime, .timeLimit(.minutes(5)))
struct DataLookTests {
    private static let data = """
        set -e
        git init -q -b main; git config user.name T; git config user.email t@localhost
        "$GYRE" init -q
        mkdir -p data/sub code/deep empty; echo a > data/a; echo b > data/sub/b; echo c > code/c.py; echo d > code/deep/d
        echo 1 > big; "$GYRE" add -q data big; git add -A; git commit -qm 1
        """

    @Test func `a tree is that of dvc`() async throws {
        try await Program.inEmptyFolder { gyre in
            let made = try await gyre.shell(Self.data)
            try #require(made.code == 0, "\(made.error)")
            let aside = try TestFolder()
            let dvc = Tool.dvc(state: aside.path)
            let ways = [
                [], ["-L", "0"], ["-L", "1"], ["-L", "2"], ["--dvc-only"], ["data"], ["code/"], ["big"], ["data/sub"],
            ]
            for way in ways {
                let ours = try await gyre.run(["list", ".", "--tree"] + way)
                let theirs = try await dvc.run(["list", "."] + way + ["--tree", "--rev", "HEAD"], in: gyre.folder)
                #expect(ours.output == theirs.output, "\(way)")
            }
            let sized = try await gyre.run("list", ".", "--tree", "--size", "--show-hash", "data")
            #expect(sized.output.contains("  │   ") == false && sized.output.contains("└── b"))
            let lone = try await gyre.run("list", ".", "-L", "2", "--rev", "HEAD")
            let theirs = try await dvc.run(["list", ".", "-L", "2", "--rev", "HEAD"], in: gyre.folder)
            #expect(lone.output == theirs.output)
        }
    }

    @Test func `a quiet listing prints nothing`() async throws {
        try await Program.inEmptyFolder { gyre in
            let made = try await gyre.shell(Self.data)
            try #require(made.code == 0, "\(made.error)")
            for way in [[], ["--tree"], ["-R"], ["--json"]] {
                let answer = try await gyre.run(["list", ".", "-q"] + way)
                #expect(answer.code == 0 && answer.output.isEmpty && answer.error.isEmpty, "\(way)")
            }
            let both = try await gyre.run("list", ".", "--tree", "--json")
            #expect(both.code == 2 && both.error.contains("--json"))
        }
    }

    @Test func `check-ignore names the patterns that dvc names`() async throws {
        try await Program.inEmptyFolder { gyre in
            let made = try await gyre.shell(
                """
                set -e
                git init -q; "$GYRE" init -q; mkdir -p s/t dd "s o"
                printf '*.tmp\\n*.tm?\\n!keep.tmp\\n/only\\n# c\\n\\n  dd/  \\na?c\\nab*\\nx/\\n' > .dvcignore
                printf '\\n*.log\\n!x.log\\n/in\\n' > s/.dvcignore; printf '*.q' > "s o/.dvcignore"
                touch a.tmp keep.tmp abc s/x.log s/y.log s/in s/t/in s/t/z.log dd/x "s o/a.q" x
                """
            )
            try #require(made.code == 0, "\(made.error)")
            let aside = try TestFolder()
            let dvc = Tool.dvc(state: aside.path)
            let paths = [
                "a.tmp", "keep.tmp", "abc", "s/x.log", "s/y.log", "s/in", "s/t/in", "s/t/z.log", "dd/x", "dd", "dd/",
                "only",
                "none", ".git", ".dvc/x", "s o/a.q", "x", ".", "../out", gyre.folder.appending("a.tmp").string,
            ]
            let ways: [(flags: [String], input: String)] = [
                (paths, ""), (["-d"] + paths, ""), (["-d", "-n"] + paths, ""), (["-d", "-n", "-a"] + paths, ""),
                (["none"], ""), (["-d", "keep.tmp"], ""), (["keep.tmp"], ""), (["-q", "a.tmp"], ""),
                (["--stdin"], "a.tmp\nnone\n\nabc\n"), (["--stdin", "-d", "-n"], "a.tmp\nnone"), (["--stdin"], ""),
            ]
            for (flags, input) in ways {
                let quoted = flags.map { "'\($0)'" }.joined(separator: " ")
                let ours = try await gyre.shell("printf '\(input)' | \"$GYRE\" check-ignore \(quoted)")
                let theirs = try await dvc.run(["check-ignore"] + flags, in: gyre.folder, expecting: nil, input: input)
                #expect(ours.output == theirs.output && ours.code == theirs.code, "\(flags) \(ours.error)")
            }
            for wrong in [[], ["-n", "a"], ["-a", "a"], ["-d", "-q", "a"], ["--stdin", "a"]] {
                #expect(try await gyre.run(["check-ignore"] + wrong).code == 2, "\(wrong)")
            }
            let answer = try await gyre.json("check-ignore", "-d", "a.tmp", "keep.tmp", "none")
            #expect(answer["ignored"]?.elements.compactMap(\.string) == ["a.tmp"])
            #expect(
                answer["details"]?.elements.compactMap { $0["rule"]?.string } == [
                    ".dvcignore:1:*.tmp", ".dvcignore:3:!keep.tmp",
                ]
            )
        }
    }

    @Test func `cache dir reads and writes the settings as dvc does`() async throws {
        try await Program.inEmptyFolder { gyre in
            let made = try await gyre.shell("git init -q; \"$GYRE\" init -q; mkdir sub aside; cp -a .dvc aside/.dvc")
            try #require(made.code == 0, "\(made.error)")
            let state = try TestFolder()
            let dvc = Tool.dvc(state: state.path)
            let (here, there) = (gyre.folder, gyre.folder.appending("aside"))
            let steps = [
                [], ["cc"], [], ["--local"], ["--local", "/abs/x"], ["--local"], [], ["-u", "--local"],
                ["-u", "--local"],
                ["-q"], ["--unset"], ["--unset"], [],
            ]
            for step in steps {
                let ours = try await gyre.run(["cache", "dir"] + step)
                let theirs = try await dvc.run(["cache", "dir"] + step, in: there, expecting: nil)
                #expect(ours.output == theirs.output.replacing(there.string, with: here.string), "\(step)")
                #expect((ours.code == 0) == (theirs.code == 0), "\(step) \(ours.error)")
                for name in ["config", "config.local"] {
                    let files = try [here, there].map { folder in
                        let file = folder.appending(".dvc").appending(name)
                        return FileSystem.exists(file) ? try FileReader.text(of: file) : ""
                    }
                    #expect(files[0] == files[1], "\(step)")
                }
            }
        }
    }

    private static let templated = """
        vars:
        - place: east
        - ../conf.yaml
        stages:
          each:
            foreach: [west, east]
            do:
              wdir: ${item}
              cmd: echo ${item} > each-${item}.txt
              outs: ["each-${item}.txt"]
          one:
            wdir: ${place}/../${other}
            cmd: echo 1 > one.txt
            outs: [one.txt]
          cross:
            matrix: {p: [west, east], n: [1, 2]}
            wdir: ${item.p}
            cmd: echo ${item.n} > m${item.n}.txt
            outs: ["m${item.n}.txt"]

        """

    @Test func `outputs of stages in folders that templates name are found from outside`() async throws {
        try await Program.inEmptyFolder { gyre in
            let source = gyre.folder.appending("source")
            for folder in ["pipe/west", "pipe/east"] {
                try FileSystem.createDirectory(source.appending("pipe"))
                try FileSystem.createDirectory(source.pushing(FilePath(folder)))
                try AtomicFile.write("", to: source.pushing(FilePath(folder)).appending(".keep"))
            }
            try AtomicFile.write(Self.templated, to: source.appending("pipe").appending("dvc.yaml"))
            try AtomicFile.write("other: west\n", to: source.appending("conf.yaml"))
            let state = try TestFolder()
            let dvc = Tool.dvc(state: state.path)
            try await Tool.git.run(["init", "-q"], in: source)
            for call in [["init", "-q"], ["repro", "-q", "pipe/dvc.yaml"]] { try await dvc.run(call, in: source) }
            for call in [["add", "-A"], ["commit", "-qm", "1"]] { try await Tool.git.run(call, in: source) }
            let flags = ["list", "source", "--rev", "HEAD", "-R", "--dvc-only"]
            let theirs = try await dvc.run(flags, in: gyre.folder).output
            #expect(theirs.split(separator: "\n").count == 7)
            #expect(try await gyre.run(flags).output == theirs)
            let got = try await gyre.run("get", "source", "pipe/east/m2.txt", "-o", "got")
            #expect(got.code == 0, "\(got.error)")
            #expect(try FileReader.text(of: gyre.folder.appending("got")) == "2\n")
        }
    }

    @Test func `an import from a database is refused by name`() async throws {
        try await Program.inEmptyFolder { gyre in
            let answer = try await gyre.run("import-db", "--sql", "SELECT 1", "--conn", "warehouse")
            #expect(answer.code == 2 && answer.output.isEmpty)
            #expect(answer.error.contains("imports from databases are not supported"))
            #expect(answer.error.contains("dvc import-db"))
        }
    }
}
