// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText
import SystemPackage
import Testing

/// `gyre exp` as people use it; the real dvc reads what comes out.
@Suite(.fewAtATime, .timeLimit(.minutes(5)))
struct ExpVerbTests {
    @Test func `an experiment in the work tree changes it, is tracked, and dvc lists it`() async throws {
        try await ExpProject.with { project in
            let answer = try await project.run("exp", "run", "-S", "a=2", "-n", "two", "-m", "my words")
            #expect(answer.code == 0, "\(answer.error)")
            #expect(
                answer.output
                    == "Ran experiment(s): two\nExperiment results have been applied to your workspace.\n"
            )
            #expect(try project.text("params.yaml") == "# mine\na: 2\nb: x\n")
            #expect(try project.text("report") == "2\n2\n")
            let runs = try await project.gyre.json("runs", "search", "tags.`gyre.experiment` = 'two'")
            #expect(runs["status"]?.string == "FINISHED")
            let listed = try await project.gyre.run("exp", "list").output
            #expect(try await project.dvc("exp", "list") == listed)
            #expect(listed.hasPrefix("main:\n\t") && listed.hasSuffix(" [two]\n"))
            let commit = try await project.gyre.shell("git log -1 --format=%s $($GYRE exp list --sha-only)").output
            #expect(commit == "my words\n")
        }
    }

    @Test func `a sweep runs side by side and leaves the work tree and the index alone`() async throws {
        try await ExpProject.with { project in
            try AtomicFile.write("changed\n", to: project.folder.appending("in"))
            _ = try await project.gyre.shell("git add notes.txt; echo more >> notes.txt; echo u > untracked")
            let before = try await project.state()
            let answer = try await project.run("exp", "run", "-S", "a=range(2,4),13", "-j", "2", "-n", "bad")
            #expect(answer.code == 2, "a range among others is no value: \(answer.output)")
            let ended = try await project.run("exp", "run", "-S", "a=2,13,4", "-n", "s", "-j", "2", "--json")
            #expect(ended.code == 1)
            let list = Array(try JSONDocument(ended.output).root.elements)
            #expect(list.map { $0["name"]?.string } == ["s-1", "s-2", "s-3"])
            #expect(list.map { $0["status"]?.string } == ["success", "failed", "success"])
            #expect(ended.error.contains("s-2 failed: cannot run stage `train`: it ended with exit code 3: unlucky"))
            #expect(ended.error.contains("s-1 | train | training 2"))
            #expect(try await project.state() == before)
            #expect(
                try await project.leftovers().split(separator: "\n").allSatisfy { $0.hasPrefix("refs/gyre/queue/") }
            )
            // One run above them.
            let parent = try #require(list[0]["parent_run_id"]?.string)
            #expect(list.allSatisfy { $0["parent_run_id"]?.string == parent })
            let run = try await project.gyre.json("runs", "show", parent)
            #expect(run["status"]?.string == "FAILED")
            let children = try await project.gyre.shell(
                "$GYRE runs search --json \"tags.\\`mlflow.parentRunId\\` = '\(parent)'\" | wc -l"
            )
            #expect(children.output.contains("3"))
            // DVC brings it over.
            _ = try await project.gyre.shell("git reset -q --hard; rm untracked")
            _ = try await project.dvc("exp", "apply", "s-3")
            #expect(try project.text("report") == "4\n4\n")
            #expect(try project.text("in") == "changed\n")
        }
    }

    @Test func `the table and its documents agree with those of dvc`() async throws {
        try await ExpProject.with { project in
            _ = try await project.run("exp", "run", "--temp", "-S", "a=2", "-n", "two")
            _ = try await project.run("exp", "run", "--temp", "-S", "a=3", "-S", "b=y", "-n", "three")
            _ = try await project.run("queue", "remove", "--all")
            for arguments in [["exp", "show", "--csv"], ["exp", "show", "--csv", "--only-changed"]] {
                let ours = try await project.gyre.run(arguments).output
                let theirs = try await project.dvc(arguments)
                #expect(rows(ours) == rows(theirs), "\(ours)\n\(theirs)")
            }
            let ours = try await project.gyre.json("exp", "show")
            let theirs = try JSONDocument(try await project.dvc("exp", "show", "--json")).root
            for (mine, other) in zip(ours.elements, theirs.elements) {
                #expect(mine["rev"]?.string == other["rev"]?.string)
                #expect(mine["name"]?.string == other["name"]?.string)
                for key in ["params", "metrics", "deps", "outs", "timestamp"] {
                    #expect(text(mine["data"]?[key]) == text(other["data"]?[key]), "\(key)")
                }
                #expect(names(mine) == names(other))
            }
            for arguments in [["exp", "diff", "two", "three"], ["exp", "diff", "two", "three", "--param-deps"]] {
                let mine = try await project.gyre.run(arguments + ["--json"])
                let other = try await project.dvc(arguments + ["--json"])
                #expect(text(try JSONDocument(mine.output).root) == text(try JSONDocument(other).root))
            }
            let table = try await project.gyre.run("exp", "show", "--sort-by", "a", "--sort-order", "asc").output
            let order = table.split(separator: "\n").compactMap { $0.firstMatch(of: /\[(\w+)\]/)?.1 }
            #expect(order == ["two", "three"])
        }
    }

    /// Lines as sets of cells: DVC orders columns of what stages read as it likes.
    private func rows(_ csv: String) -> [[String]] {
        csv.split(separator: "\r\n").map {
            $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init).sorted()
        }
        .sorted { $0.lexicographicallyPrecedes($1) }
    }

    private func names(_ group: JSONElement) -> [String] {
        (group["experiments"]?.elements.compactMap { $0["name"]?.string } ?? []).sorted()
    }

    /// A document with its keys in order.
    private func text(_ element: JSONElement?) -> String {
        guard let element else { return "-" }
        let members = element.members.map { "\($0.0):\(text($0.1))" }.sorted()
        if !members.isEmpty { return "{\(members.joined(separator: ","))}" }
        let items = element.elements.map { text($0) }
        if !items.isEmpty { return "[\(items.joined(separator: ","))]" }
        return element.string ?? element.double.map { "\($0)" } ?? element.bool.map { "\($0)" } ?? "null"
    }

    @Test func `apply brings one over and refuses to lose what is saved nowhere`() async throws {
        try await ExpProject.with { project in
            _ = try await project.run("exp", "run", "--temp", "-S", "a=2", "-n", "two")
            try AtomicFile.write("a: 77\nb: x\n", to: project.folder.appending("params.yaml"))
            let before = try await project.state()
            let refused = try await project.run("exp", "apply", "two")
            #expect(refused.code == 1 && refused.error.contains("`params.yaml` holds changes that would be lost"))
            #expect(try await project.state() == before)
            let applied = try await project.run("exp", "apply", "two", "--force")
            #expect(applied.output == "Changes for experiment 'two' have been applied to your current workspace.\n")
            #expect(try project.text("params.yaml") == "# mine\na: 2\nb: x\n")
            #expect(try project.text("report") == "2\n2\n")
            let status = try await project.dvc("status")
            #expect(status.contains("up to date"), "\(status)")
            // And one that DVC made.
            _ = try await project.dvc("exp", "run", "-S", "a=5", "-n", "theirs")
            _ = try await project.run("exp", "apply", "two")
            #expect(try project.text("report") == "2\n2\n")
            _ = try await project.run("exp", "apply", "theirs")
            #expect(try project.text("report") == "5\n5\n")
            #expect(try await project.gyre.run("exp", "list", "--name-only").output.contains("theirs"))
        }
    }

    @Test func `experiments are renamed, removed, and become branches`() async throws {
        try await ExpProject.with { project in
            _ = try await project.run("exp", "run", "--temp", "-S", "a=2", "-n", "two")
            _ = try await project.run("exp", "run", "--temp", "-S", "a=3", "-n", "three")
            #expect(try await project.run("exp", "rename", "two", "three").code == 1)
            #expect(try await project.run("exp", "rename", "two", "a/b").code == 2)
            #expect(try await project.run("exp", "rename", "two", "zwei").code == 0)
            #expect(try await project.run("exp", "branch", "zwei").code == 0)
            #expect(try await project.gyre.shell("git show zwei-branch:params.yaml").output == "# mine\na: 2\nb: x\n")
            #expect(try await project.run("exp", "branch", "zwei").code == 1)
            #expect(try await project.run("exp", "rename", "zwei", "three", "-f").code == 0)
            #expect(try await project.dvc("exp", "list", "--name-only") == "three\n")
            let gone = try await project.run("exp", "rm", "thre")
            #expect(gone.error.contains("did you mean `three`?") && gone.code != 0)
            #expect(try await project.run("exp", "rm", "three").output == "Removed experiments: 'three'\n")
            #expect(try await project.dvc("exp", "list", "--name-only").isEmpty)
        }
    }

    @Test func `a name that is taken needs force, which runs all again and replaces`() async throws {
        try await ExpProject.with { project in
            #expect(try await project.run("exp", "run", "--temp", "-S", "a=2", "-n", "two").code == 0)
            let first = try await project.run("exp", "list", "--sha-only").output
            let taken = try await project.run("exp", "run", "--temp", "-S", "a=3", "-n", "two")
            #expect(taken.code == 1 && taken.error.contains("another of this commit has that name"))
            #expect(try await project.run("exp", "run", "-S", "a=3", "-n", "two").code == 1)
            #expect(try project.text("params.yaml") == "# mine\na: 1\nb: x\n")
            #expect(try await project.run("exp", "list", "--sha-only").output == first)
            #expect(try await project.run("exp", "run", "--temp", "-S", "a=3", "-n", "two", "-f").code == 0)
            #expect(try await project.run("exp", "list", "--sha-only").output != first)
            #expect(try await project.run("exp", "list", "--name-only").output == "two\n")
        }
    }

    @Test func `stages are chosen, and untracked files go along, as said`() async throws {
        try await ExpProject.with { project in
            let alone = try await project.run("exp", "run", "--temp", "-s", "train", "-S", "a=2", "-n", "alone")
            #expect(alone.error.contains("stage train runs") && !alone.error.contains("stage report"))
            let below = try await project.run("exp", "run", "--temp", "--downstream", "report", "-n", "below", "-f")
            #expect(below.error.contains("stage report runs") && !below.error.contains("stage train"))
            try AtomicFile.write("more\n", to: project.folder.appending("extra"))
            _ = try await project.run("exp", "run", "--temp", "-S", "a=3", "-n", "plain")
            _ = try await project.run("exp", "run", "--temp", "-S", "a=4", "-n", "copied", "-C", "extra")
            _ = try await project.run("exp", "apply", "plain")
            #expect(try project.text("model") == "3\n")
            _ = try await project.run("exp", "apply", "copied")
            #expect(try project.text("model") == "4\nmore\n")
        }
    }

    @Test(arguments: [
        ("exp run -S zz=1", 1, "`params.yaml` has no such parameter"), ("exp run -S a", 2, "cannot set `a`"),
        ("exp run -S nothing.yaml:a=1", 1, "nothing.yaml"), ("exp run --queue -S zz=1", 1, "no such parameter"),
        ("exp run -n a/b --temp", 2, "cannot call an experiment"),
        ("exp apply nothing", 1, "cannot find the experiment"),
        ("exp run --temp nothing", 1, "nothing"), ("queue logs nothing", 1, "cannot find `nothing` in the queue"),
        ("queue kill nothing", 1, "cannot find `nothing`"), ("exp show --sort-by nothing", 2, "cannot sort by"),
        ("repro -S 'a=range(1'", 2, "cannot set"), ("repro -S zz=1", 1, "no such parameter"),
        ("exp save -n a/b", 2, "cannot call an experiment"), ("exp save -I nothing", 2, "there is no such file"),
        ("exp push nowhere -A", 1, "nowhere"), ("exp pull nowhere -A", 1, "nowhere"),
        ("exp run --temp --pull", 2, "`--pull` is not supported"),
    ])
    func `what cannot be says why and changes nothing`(line: String, code: Int32, words: String) async throws {
        try await ExpProject.with { project in
            let before = try await project.state()
            let answer = try await project.gyre.shell("$GYRE \(line)")
            #expect(answer.code == code, "\(answer.error)")
            #expect(answer.error.contains(words), "\(answer.error)")
            #expect(try await project.state() == before)
            #expect(try await project.gyre.run("exp", "list").output.isEmpty)
            #expect(try await project.gyre.shell("git for-each-ref refs/exps").output.isEmpty)
        }
    }

    @Test func `a look ahead tells each stage once, and changes nothing`() async throws {
        try await ExpProject.with { project in
            let before = try await project.state()
            let ahead = try await project.run("exp", "run", "--dry", "-S", "a=2,3", "--json")
            let stages = Array(try JSONDocument(ahead.output).root.elements)
            #expect(stages.map { $0["stage"]?.string } == ["train", "report"], "\(ahead.output)")
            #expect(stages.allSatisfy { $0["would_run"]?.bool == true })
            let same = try await project.run("exp", "run", "--dry", "-S", "a=1").output
            #expect(same.contains("stage train would be skipped"), "\(same)")
            #expect(try await project.state() == before)
        }
    }

    @Test func `repro sets parameters by the same grammar, and looks ahead with them`() async throws {
        try await ExpProject.with { project in
            let ahead = try await project.run("repro", "--dry", "-S", "a=2")
            #expect(ahead.output.contains("stage train would run: "), "\(ahead.output)")
            #expect(try project.text("params.yaml") == "# mine\na: 1\nb: x\n")
            #expect(try await project.run("repro", "-S", "a=range(2,4)", "-S", "b=z").code == 0)
            #expect(try project.text("params.yaml") == "# mine\na: 3\nb: z\n")
            let runs = try await project.gyre.run("runs", "search", "tags.`gyre.stage` = 'train'", "--json").output
            #expect(runs.split(separator: "\n").count == 3)
        }
    }
}
