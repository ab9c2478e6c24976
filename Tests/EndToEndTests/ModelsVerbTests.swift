// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText
import SnapshotTesting
import SystemPackage
import Testing

/// `gyre models`: the registry on the command line.
@Suite(.fewAtATime, .timeLimit(.minutes(10)))
struct ModelsVerbTests {
    @Test(arguments: [
        (["models"], "models"), (["models", "list", "--json"], "models-json"),
        (["models", "show", "churn"], "models-show"),
        (["models", "show", "churn", "--json"], "models-show-json"),
        (["models", "versions", "churn"], "models-versions"),
        (["models", "search", "tags.team = 'risk'", "--json"], "models-search-json"),
        (["models", "delete", "churn", "--dry-run"], "models-delete"),
        (["models", "delete", "churn/2", "--dry-run", "--json"], "models-delete-json"),
    ])
    func `tables and documents are as they were reviewed`(line: [String], snapshot: String) async throws {
        let project = try await TrackedProject.shared
        let answer = try await Program(folder: project.folder).run(line)
        #expect(answer.code == 0 && answer.error.isEmpty, "\(answer.error)")
        try Snapshot.expect(project.steadyTable(answer.output), named: snapshot)
    }

    @Test(arguments: [
        ("models show chrun", 1, "did you mean `churn`?"), ("models versions nobody", 1, "see `gyre models`"),
        ("models shwo churn", 2, "did you mean `gyre models show`?"),
        ("models download churn out", 2, "NAME/VERSION or NAME@ALIAS"),
        ("models download churn@chalenger out", 1, "did you mean `churn@challenger`?"),
        ("models download churn/9 out", 1, "see `gyre models versions churn`"),
        ("models download churn/x out", 2, "NAME/VERSION or NAME@ALIAS"),
        ("models alias churn champion 1", 3, "run `gyre promote`"), ("models alias churn x 9", 1, "version 9"),
        ("models alias churn latest 1", 1, "neither `latest`"), ("models alias churn x one", 2, "`one`"),
        ("models delete-alias churn chalenger", 1, "did you mean"),
        ("models describe chrun x", 1, "did you mean `churn`?"),
        ("models delete churn", 2, "--yes"), ("models search 'nmae = 1'", 1, "did you mean `name`?"),
    ])
    func `what cannot be done is told, with the nearest that can`(line: String, code: Int, words: String) async throws {
        let gyre = Program(folder: try await TrackedProject.shared.folder)
        let answer = try await gyre.shell("$GYRE \(line)")
        #expect(answer.code == Int32(code) && answer.output.isEmpty, "\(answer.code) \(answer.output)")
        #expect(answer.error.contains(words), "\(answer.error)")
        #expect(!FileSystem.exists(gyre.folder.appending("out")))
    }

    @Test func `aliases and descriptions change, beside a server too`() async throws {
        try await TrackedProject.copied { gyre, _ in
            try await gyre.up { server in
                let moved = try await gyre.run("models", "alias", "churn", "challenger", "1")
                #expect(moved.output == "churn@challenger is version 1, before 2\n", "\(moved.error)")
                #expect(try await gyre.run("models", "describe", "churn@challenger", "the old one").code == 0)
                let version = try await server.json(
                    "/api/2.0/mlflow/registered-models/alias?name=churn&alias=challenger"
                )
                #expect(version["model_version"]?["version"]?.string == "1")
                #expect(version["model_version"]?["description"]?.string == "the old one")
            }
            #expect(try await gyre.run("models", "delete-alias", "churn", "challenger").code == 0)
            #expect(try await gyre.json("models", "show", "churn")["aliases"]?.count == 0)
        }
    }

    @Test func `a version goes after a yes, a model with all of them`() async throws {
        try await TrackedProject.copied { gyre, _ in
            #expect(try await gyre.run("models", "delete", "churn@challenger", in: .init(answer: "no")).code == 1)
            #expect(try await gyre.run("models", "delete", "churn@challenger", in: .init(answer: "yes")).code == 0)
            let left = try await gyre.json("models", "versions", "churn").elements.map { $0["version"]?.int64 }
            #expect(left == [1])
            #expect(try await gyre.run("models", "delete", "churn", "--yes").code == 0)
            #expect(try await gyre.run("models").output.hasPrefix("no registered models yet"))
            #expect(try await gyre.run("models", "search", "name = 'x'").output.hasPrefix("no registered models yet"))
        }
    }

    @Test func `a download brings all files, or nothing`() async throws {
        try await TrackedProject.copied { gyre, _ in
            let answer = try await gyre.run("models", "download", "churn@challenger", "deep/model")
            #expect(answer.code == 0 && answer.output.contains("churn/2 is in"), "\(answer.error)")
            let folder = gyre.folder.appending("deep").appending("model")
            #expect(try FileSystem.list(folder) == ["MLmodel", "model.pkl"])
            #expect(try FileReader.text(of: folder.appending("model.pkl")).count == 20_000)
            #expect(try FileSystem.list(folder.removingLastComponent()) == ["model"])

            let again = try await gyre.run("models", "download", "churn/1", "deep/model")
            #expect(again.code == 1 && again.error.contains("not empty: it holds `MLmodel`"), "\(again.error)")

            let store = try await gyre.shell("rm .gyre/artifacts/1/*/artifacts/model/model.pkl && mkdir -p empty")
            #expect(store.code == 0)
            let empty = try await gyre.json("models", "download", "churn/1", "empty")
            #expect(empty["files"]?.int64 == 1 && empty["size_in_bytes"]?.int64 == 7)

            #expect(try await gyre.shell("rm -r .gyre/artifacts/1/*/artifacts/model").code == 0)
            let gone = try await gyre.run("models", "download", "churn/1", "none")
            #expect(gone.code == 1 && gone.error.contains("no files"), "\(gone.error)")
            #expect(!FileSystem.exists(gyre.folder.appending("none")))
            #expect(try FileSystem.list(gyre.folder).allSatisfy { !$0.hasSuffix(".gyre-part") })
        }
    }
}

/// What `gyre models` tells of a gate that has spoken.
@Suite(.afterTheDemo, .timeLimit(.minutes(10)))
struct ModelVerdictTests {
    @Test func `the verdict stands at each version, the champion's requirement by requirement`() async throws {
        try await DemoProject.copied { gyre in
            let text = try await gyre.run("models", "show", "breast-cancer").output
            #expect(text.contains(/2 +champion +None +[0-9a-f]{32} +.* +passed/), "\(text)")
            #expect(text.contains("gate of breast-cancer/2"))
            #expect(text.contains(/recall >= 0\.90 +0\.\d{4} +0\.9000 +met/), "\(text)")
            let versions = try await gyre.json("models", "versions", "breast-cancer").elements
            #expect(versions.compactMap { $0["verdict"]?["passed"]?.bool } == [true, true])
            #expect(versions.allSatisfy { $0["verdict"]?["report"]?["requirements"] != nil })
            let back = try await gyre.run("models", "alias", "breast-cancer", "champion", "1")
            #expect(back.code == 0 && back.output.contains("version 1, before 2"), "\(back.error)")
        }
    }
}
