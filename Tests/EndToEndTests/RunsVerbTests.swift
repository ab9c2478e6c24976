// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText
import SnapshotTesting
import Subprocess
import SystemPackage
import Testing

/// `gyre runs`: what people see of runs, and what programs read of them.
@Suite(.fewAtATime, .timeLimit(.minutes(10)))
struct RunsVerbTests {
    /// Command lines with the snapshot of what each prints.
    static let lines: [(line: [String], snapshot: String)] = [
        (["runs"], "runs"), (["runs", "list", "--json", "-n", "1", "--order", "metrics.recall ASC"], "runs-list-json"),
        (["runs", "--columns", "name,experiment,status,params.depth,metrics.loss,tags.team"], "runs-columns"),
        (["runs", "show", "first"], "runs-show"), (["runs", "show", "first", "--json"], "runs-show-json"),
        (["runs", "compare", "first", "second", "third"], "runs-compare"),
        (["runs", "compare", "first", "second", "--all"], "runs-compare-all"),
        (["runs", "compare", "first", "second", "--json"], "runs-compare-json"),
        (["runs", "search", "metrics.recall > 0.82", "--columns", "name,started"], "runs-search"),
        (["runs", "delete", "first", "second", "--dry-run"], "runs-delete"),
        (["runs", "delete", "first", "--dry-run", "--json"], "runs-delete-json"),
    ]

    @Test(arguments: lines)
    func `tables and documents are as they were reviewed`(line: [String], snapshot: String) async throws {
        let project = try await TrackedProject.shared
        let answer = try await Program(folder: project.folder).run(line)
        #expect(answer.code == 0 && answer.error.isEmpty, "\(answer.error)")
        try Snapshot.expect(project.steady(answer.output), named: snapshot)
    }

    @Test func `beside a running server the answers are the same`() async throws {
        try await TrackedProject.copied { gyre, _ in
            let alone = try await gyre.run("runs", "list", "--json").output
            try await gyre.up { _ in
                let beside = try await gyre.run("runs", "list", "--json")
                #expect(beside.output == alone)
                #expect(try await gyre.run("runs", "set-tag", "first", "seen=yes").code == 0)
                #expect(try await gyre.json("runs", "--filter", "tags.seen = 'yes'").count == 1)
            }
        }
    }

    // MARK: Naming a run

    @Test func `a run is named by its id, the beginning of its id, or its name`() async throws {
        let project = try await TrackedProject.shared
        let gyre = Program(folder: project.folder)
        let id = project.runs[1]
        for name in [id, String(id.prefix(9)), id.uppercased(), "second"] {
            #expect(try await gyre.json("runs", "show", name)["run_id"]?.string == id)
        }
        // Without a name it is the newest.
        #expect(try await gyre.json("runs", "show")["run_id"]?.string == project.runs[2])
    }

    @Test func `a name that several runs have is refused with all of them`() async throws {
        try await TrackedProject.copied { gyre, project in
            #expect(try await gyre.run("runs", "set-tag", "second", "mlflow.runName=first").code == 0)
            let answer = try await gyre.run("runs", "show", "first")
            #expect(answer.code == 1)
            #expect(answer.error.hasPrefix("error: cannot tell which run is `first`\n  why: 2 have that name"))
            for id in project.runs.prefix(2) { #expect(answer.error.contains("`\(id.prefix(12))` (first)")) }
            #expect(answer.error.hasSuffix("next: write more of the id\n"))
        }
    }

    @Test(arguments: [
        ("runs show frist", "did you mean `first`?"), ("runs compare first secnd", "did you mean `second`?"),
        ("runs list --experiment chrun", "did you mean `churn`?"), ("runs watch nobody", "see `gyre runs`"),
        ("runs list --columns nmae", "did you mean `name`?"), ("runs delete ffffffffffff --yes", "see `gyre runs`"),
        ("runs shwo first", "did you mean `gyre runs show`?"), ("runs 0a1b2c", "did you mean `gyre runs show 0a1b2c`?"),
        ("promote thrid", "did you mean `third`?"), ("runs restore first", "it is not deleted"),
        ("runs search 'metrics.recall >'", "cannot read the filter"), ("runs set-tag first x", "`x`"),
    ])
    func `what is not there is told with the nearest that is`(line: String, words: String) async throws {
        let gyre = Program(folder: try await TrackedProject.shared.folder)
        let answer = try await gyre.shell("$GYRE \(line)")
        #expect(answer.code != 0 && answer.output.isEmpty)
        #expect(answer.error.contains(words), "\(answer.error)")
    }

    // MARK: Lists

    @Test func `an empty list says what it is empty of`() async throws {
        try await Program.inProject { gyre in
            let answer = try await gyre.run("runs")
            #expect(answer.output == "no runs yet; start one by `gyre repro`\n")
            #expect(try await gyre.run("runs", "--filter", "metrics.a > 1").output.hasPrefix("no runs yet"))
            #expect(try await gyre.run("runs", "--json").output == "[]\n")
        }
        let gyre = Program(folder: try await TrackedProject.shared.folder)
        for (line, words) in [
            ("--filter \"metrics.recall > 7\"", "no run meets `metrics.recall > 7`"),
            ("search \"metrics.recall > 7\"", "no run meets `metrics.recall > 7`"),
            ("--experiment Default", "no run of `Default`"), ("--deleted", "no deleted run"),
            ("search \"metrics.recall > 7\" --json", ""),
        ] {
            let answer = try await gyre.shell("$GYRE runs \(line)")
            #expect(answer.code == 0 && answer.output == (words.isEmpty ? "" : words + "\n"), "\(answer.output)")
        }
    }

    @Test func `a search prints all runs, page after page, and stops when nobody reads`() async throws {
        try await TrackedProject.copied { gyre, _ in
            try await gyre.up { server in
                for _ in 0..<600 { _ = try await server.call("runs/create", #"{"experiment_id":"0"}"#) }
            }
            let lines = try await gyre.run("runs", "search", "--experiment", "0", "--json").output.split(
                separator: "\n"
            )
            #expect(lines.count == 600)
            let ids = try Set(lines.map { try JSONDocument(String($0)).root["run_id"]?.string })
            #expect(ids.count == 600)
            #expect(try await gyre.run("runs", "search", "--limit", "550").output.split(separator: "\n").count == 551)
            let cut = try await gyre.shell("$GYRE runs search --json | head -n 2")
            #expect(cut.code == 0 && cut.error.isEmpty && cut.output.split(separator: "\n").count == 2)
        }
    }

    @Test func `with chosen columns an object has exactly these, with exact values`() async throws {
        let gyre = Program(folder: try await TrackedProject.shared.folder)
        let columns = "name,params.prompt,metrics.recall,duration"
        let answer = try await gyre.run("runs", "search", "run_name = 'second'", "--json", "--columns", columns)
        let run = try JSONDocument(answer.output).root
        #expect(run.members.map(\.key) == ["name", "params.prompt", "metrics.recall", "duration"])
        #expect(run["params.prompt"]?.string?.count == 6_000)
        #expect(run["metrics.recall"]?.double == 0.8 + 1.0 / 20 && run["duration"]?.double == 65)
    }

    // MARK: Deleting

    @Test func `a deletion asks, can be looked at first, and is taken back`() async throws {
        try await TrackedProject.copied { gyre, project in
            func names() async throws -> [String] {
                try await gyre.json("runs").elements.compactMap { $0["name"]?.string }
            }
            let refused = try await gyre.run("runs", "delete", "first")
            #expect(refused.code == 2 && refused.error.contains("--yes"), "\(refused.error)")
            _ = try await gyre.run("runs", "delete", "first", "--dry-run")
            let no = try await gyre.run("runs", "delete", "first", in: .init(answer: "n"))
            #expect(no.code == 1 && no.output.contains("nothing is removed"), "\(no.output)")
            #expect(try await names() == ["third", "second", "first"])

            let yes = try await gyre.run("runs", "delete", "first", in: .init(columns: 200, answer: "y"))
            #expect(yes.code == 0 && yes.output.contains("Delete the run `first`"), "\(yes.output)")
            #expect(try await gyre.run("runs", "delete", "second", project.runs[1], "--yes").code == 0)
            #expect(try await names() == ["third"])
            #expect(try await gyre.json("runs", "--deleted").count == 2)
            let again = try await gyre.run("runs", "delete", "first", "--yes")
            #expect(again.code == 1 && again.error.contains("it is deleted"), "\(again.error)")
            #expect(try await gyre.run("runs", "show", "first").output.contains("finished, deleted"))
            #expect(try await gyre.run("runs", "restore", "first", String(project.runs[1].prefix(8))).code == 0)
            #expect(try await names() == ["third", "second", "first"])
        }
    }

    @Test func `of several runs all are deleted, or none if one is not there`() async throws {
        try await TrackedProject.copied { gyre, _ in
            let refused = try await gyre.run("runs", "delete", "first", "nobody", "--yes")
            #expect(refused.code == 1)
            #expect(try await gyre.json("runs").count == 3)
        }
    }
}
