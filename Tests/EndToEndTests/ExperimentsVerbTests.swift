// SPDX-License-Identifier: Apache-2.0

import JSONText
import SnapshotTesting
import Testing

/// `gyre experiments`: sets of runs on the command line.
@Suite(.fewAtATime, .timeLimit(.minutes(10)))
struct ExperimentsVerbTests {
    @Test(arguments: [
        (["experiments"], "experiments"), (["experiments", "list", "--json"], "experiments-json"),
        (["experiments", "show", "churn"], "experiments-show"),
        (["experiments", "show", "1", "--json"], "experiments-show-json"),
        (["experiments", "search", "name LIKE 'ch%'", "--json"], "experiments-search-json"),
        (["experiments", "delete", "churn", "--dry-run"], "experiments-delete"),
    ])
    func `tables and documents are as they were reviewed`(line: [String], snapshot: String) async throws {
        let project = try await TrackedProject.shared
        let answer = try await Program(folder: project.folder).run(line)
        #expect(answer.code == 0 && answer.error.isEmpty, "\(answer.error)")
        try Snapshot.expect(project.steadyTable(answer.output), named: snapshot)
    }

    @Test(arguments: [
        ("experiments show chrun", 1, "did you mean `churn`?"), ("experiments show 77", 1, "see `gyre experiments`"),
        ("experiments creat x", 2, "did you mean `gyre experiments create`?"),
        ("experiments create churn", 1, "an experiment has that name"), ("experiments create ''", 1, "error: cannot"),
        ("experiments create x --tag y", 2, "`reviewed=yes`"),
        ("experiments rename churn Default", 1, "`Default` is taken"),
        ("experiments delete churn", 2, "--yes"), ("experiments restore churn", 1, "it is not deleted"),
        ("experiments search 'nmae = 1'", 1, "did you mean `name`?"),
    ])
    func `what cannot be done is told, with the nearest that can`(line: String, code: Int, words: String) async throws {
        let gyre = Program(folder: try await TrackedProject.shared.folder)
        let answer = try await gyre.shell("$GYRE \(line)")
        #expect(answer.code == Int32(code) && answer.output.isEmpty, "\(answer.code) \(answer.output)")
        #expect(answer.error.contains(words), "\(answer.error)")
    }

    @Test func `an experiment is made, renamed, deleted with its runs, and restored`() async throws {
        try await TrackedProject.copied { gyre, _ in
            let made = try await gyre.json("experiments", "create", "fraud", "--tag", "team=risk")
            #expect(made["experiment_id"]?.string == "2" && made["tags"]?["team"]?.string == "risk")
            #expect(try await gyre.run("experiments", "search", "tags.team = 'risk'").output.contains("fraud"))
            let renamed = try await gyre.run("experiments", "rename", "2", "scams")
            #expect(renamed.output == "experiment 2 is scams, before fraud\n")

            let deleted = try await gyre.run("experiments", "delete", "churn", in: .init(columns: 200, answer: "y"))
            #expect(deleted.code == 0 && deleted.output.contains("with 3 runs"), "\(deleted.output)")
            #expect(try await gyre.json("runs").count == 0)
            let named = try await gyre.json("experiments", "list", "--deleted").elements.map { $0["name"]?.string }
            #expect(named == ["churn"])
            #expect(try await gyre.run("experiments", "restore", "churn").code == 0)
            #expect(try await gyre.json("runs", "--experiment", "churn").count == 3)
            #expect(
                try await gyre.run("experiments", "search", "name = 'x'").output == "no experiment meets `name = 'x'`\n"
            )
        }
    }
}
