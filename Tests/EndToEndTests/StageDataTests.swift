// SPDX-License-Identifier: Apache-2.0

import JSONText
import ProjectTesting
import SystemPackage
import Testing

/// The data verbs know what stages write, as DVC's do.
@Suite(.fewAtATime, .timeLimit(.minutes(5)))
struct StageDataTests {
    /// A repository of DVC, without a `gyre.yaml`, whose two stages ran.
    private func inPipeline(_ body: (Program) async throws -> Void) async throws {
        try await Program.inEmptyFolder { gyre in
            let answer = try await gyre.shell(
                """
                set -e
                git init -q -b main; git config user.name T; git config user.email t@localhost
                mkdir .dvc; : > .dvc/config
                cat > dvc.yaml <<'STAGES'
                stages:
                  copy:
                    cmd: cp in out
                    deps: [in]
                    params: [a]
                    outs: [out]
                  twice:
                    cmd: cat out out > two
                    deps: [out]
                    outs: [two]
                STAGES
                echo 'a: 1' > params.yaml; echo 1 > in; echo d > data
                "$GYRE" add -q data
                "$GYRE" repro -q
                """
            )
            try #require(answer.code == 0, "\(answer.error)")
            try await body(gyre)
        }
    }

    @Test func `outputs of stages come back from the cache, and stay where they are`() async throws {
        try await inPipeline { gyre in
            let both = try await gyre.shell("rm out two; $GYRE checkout; cat out two")
            #expect(both.output == "A       out\nA       two\n1\n1\n1\n")
            let named = try await gyre.shell("rm two data; $GYRE checkout two")
            #expect(named.output == "A       two\n")
            // All that is named stays, whoever names it.
            let rest = try await gyre.shell("$GYRE checkout; ls data out two")
            #expect(rest.output == "A       data\ndata\nout\ntwo\n")
        }
    }

    @Test func `stages in a circle are named, not drawn or run`() async throws {
        try await Program.inEmptyFolder { gyre in
            let stages = "stages:\n  a: {cmd: cp y x, deps: [y], outs: [x]}\n  b: {cmd: cp x y, deps: [x], outs: [y]}\n"
            _ = try await gyre.shell(
                "git init -q; $GYRE init -q; printf '%s' \"$STAGES\" > dvc.yaml",
                environment: ["STAGES": stages]
            )
            for command in [["dag"], ["dag", "--mermaid"], ["repro"]] {
                let answer = try await gyre.run(command)
                #expect(answer.code == 1 && answer.error.contains("a → b → a"), "\(answer)")
            }
        }
    }

    @Test func `with core.autostage what git is to hold is staged as dvc stages it, and nothing else`() async throws {
        func index(with tool: String) async throws -> String {
            try await Program.inEmptyFolder { gyre in
                let work = """
                    set -e; TOOL=$\(tool)
                    git init -q -b main; git config user.name T; git config user.email t@localhost
                    "$DVC" init -q; "$DVC" config core.autostage true; git add -A; git commit -qm start
                    mkdir data; echo 1 > data/a; echo 2 > b; echo 3 > c; printf '{}' > mine; echo ours > code
                    "$TOOL" add -q data b c
                    "$TOOL" stage add -q -n a -d b -o sub/o -o o 'cp b o; mkdir -p sub; cp b sub/o'
                    "$TOOL" repro -q
                    "$TOOL" move -q data d2
                    git status --porcelain
                    git ls-files -s
                    """
                let answer = try await gyre.shell(work, environment: ["DVC": Tool.dvcPath.string])
                try #require(answer.code == 0, "\(answer)")
                return answer.output
            }
        }
        let (ours, theirs) = (try await index(with: "GYRE"), try await index(with: "DVC"))
        #expect(ours == theirs)
    }

    @Test func `with core.autostage also what is removed, committed or frozen is staged`() async throws {
        try await inPipeline { gyre in
            let answer = try await gyre.shell(
                """
                set -e; "$GYRE" config -q core.autostage true; echo b > b; echo code > code; "$GYRE" add -q b; git add .gitignore *.dvc dvc.*; git commit -qm all
                "$GYRE" remove -q data.dvc; echo c > b; "$GYRE" commit -q -f b.dvc; "$GYRE" freeze -q copy; "$GYRE" import-url -q code other; git status --porcelain -uno
                """
            )
            #expect(answer.output == "M  .gitignore\nM  b.dvc\nD  data.dvc\nM  dvc.yaml\nA  other.dvc\n", "\(answer)")
        }
    }

    @Test func `a quiet repro prints nothing`() async throws {
        try await inPipeline { gyre in
            let quiet = try await gyre.shell("echo 2 > in; $GYRE repro -q; cat two")
            #expect(quiet.output == "2\n2\n", "\(quiet)")
        }
    }

    @Test func `what of data and stages changed is told in DVC's words`() async throws {
        try await inPipeline { gyre in
            #expect(try await gyre.run("status", "-q").code == 0)
            _ = try await gyre.shell("echo 2 > in; echo 'a: 3' > params.yaml; echo x >> two; echo e > data")
            let status = try await gyre.run("status")
            let words = """
                data.dvc:
                \tchanged outs:
                \t\tmodified:           data
                copy:
                \tchanged deps:
                \t\tmodified:           in
                \t\tparams.yaml:
                \t\t\tmodified:           a
                twice:
                \tchanged outs:
                \t\tmodified:           two
                """
            #expect(status.output.hasPrefix(words), "\(status.output)")
            #expect(
                try await gyre.run("status", "twice").output == "twice:\n\tchanged outs:\n\t\tmodified:           two\n"
            )
            let document = try await gyre.json("status")
            for (name, output) in [("twice", "two"), ("data.dvc", "data")] {
                let changes = try #require(document[name]?.elements.first { _ in true })
                #expect(changes["changed outs"]?[output]?.string == "modified")
            }
            #expect(try await gyre.run("status", "-q").code == 1)
        }
    }
}
