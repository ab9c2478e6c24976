// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText
import SnapshotTesting
import SystemPackage
import Testing

/// What a person sees who asks for help, or types something wrong.
@Suite(.fewAtATime, .timeLimit(.minutes(10)))
struct CommandLineTests {
    /// The verbs, as `gyre --help` lists them.
    static let verbs = [
        "init", "add", "checkout", "status", "repro", "runs", "experiments", "promote", "models", "build", "up",
        "serve",
        "errors", "retrain", "lineage", "doctor", "demo", "sync", "import", "export",
        "commit", "data", "diff", "unprotect", "config", "remote", "root", "push", "pull", "fetch", "gc",
        "exp", "queue", "notebook", "hooks", "get", "update", "cache",
        "dag", "stage", "freeze", "unfreeze", "metrics", "params", "plots",
    ]

    /// The verbs of verbs, as the help of each lists them.
    static let subverbs = [
        "stage": ["add", "list"], "metrics": ["show", "diff"], "params": ["diff"],
        "plots": ["show", "diff", "modify", "templates"],
        "import": ["data", "mlflow", "sacred", "tensorboard"],
        "exp": [
            "run", "show", "list", "diff", "apply", "branch", "rename", "remove", "clean", "save", "push", "pull",
        ],
        "queue": ["start", "status", "stop", "remove", "logs", "kill"],
        "hooks": ["install", "uninstall", "show"], "cache": ["dir", "pack", "export", "show"],
        "runs": ["list", "show", "compare", "search", "watch", "set-tag", "delete", "restore"],
        "experiments": ["list", "show", "search", "create", "rename", "delete", "restore"],
        "models": [
            "list", "show", "search", "versions", "download", "alias", "delete-alias", "describe", "delete",
        ],
    ]

    @Test func `the version is one line`() async throws {
        try await Program.inEmptyFolder { gyre in
            let answer = try await gyre.run("--version")
            #expect(answer.code == 0)
            #expect(answer.output == "gyre 0.1.0\n")
        }
    }

    @Test func `the help lists every verb, and each verb's own ends with an example of it`() async throws {
        try await Program.inEmptyFolder { gyre in
            let help = try await gyre.run("--help")
            #expect(help.code == 0 && help.error.isEmpty)
            let listed = help.output.split(separator: "\n").filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") }
                .compactMap { $0.split(separator: " ").first.map(String.init) }.filter { $0.allSatisfy(\.isLetter) }
            #expect(Set(Self.verbs).isSubset(of: listed), "\(listed)")
            #expect(Set(listed).subtracting(Self.verbs).subtracting(["gyre", "See"]).isEmpty, "\(listed)")
            for verb in Self.verbs {
                let own = try await gyre.run(verb, "--help")
                #expect(own.code == 0 && own.error.isEmpty)
                let example = own.output.split(separator: "Example:\n").last?.prefix { $0 != "\n" } ?? ""
                #expect(example.hasPrefix("  ") && example.contains("gyre \(verb)"), "\(own.output)")
            }
        }
    }

    @Test(arguments: subverbs.keys.sorted())
    func `the help of a verb lists its verbs, each with a help that ends with an example`(verb: String) async throws {
        try await Program.inEmptyFolder { gyre in
            // The parser breaks lines at the width that it finds.
            let width = ["COLUMNS": "100"]
            var text = try await gyre.run([verb, "--help"], environment: width).output
            let listed = try #require(text.split(separator: "SUBCOMMANDS:\n").last).split(separator: "\n")
                .prefix { $0.hasPrefix("  ") }.filter { !$0.hasPrefix("   ") }
            // A verb that has a second name stands before a comma.
            let names = listed.compactMap { $0.split(separator: " ").first.map { String($0.prefix { $0 != "," }) } }
                .filter { $0 != "See" }
            #expect(names == Self.subverbs[verb])
            for name in names {
                let own = try await gyre.run([verb, name, "--help"], environment: width)
                #expect(own.code == 0 && own.error.isEmpty)
                let example = own.output.split(separator: "Example:\n").last?.prefix { $0 != "\n" } ?? ""
                #expect(example.hasPrefix("  gyre \(verb) \(name) "), "\(own.output)")
                text += "\n" + own.output
            }
            try Snapshot.expect(text, named: "help-\(verb)")
        }
    }

    @Test(arguments: [
        ("rerpo", "gyre repro"), ("lineag", "gyre lineage"), ("promot", "gyre promote"), ("dcotor", "gyre doctor"),
    ])
    func `an unknown verb suggests the nearest`(typed: String, meant: String) async throws {
        try await Program.inEmptyFolder { gyre in
            for arguments in [[typed], ["help", typed]] {
                let answer = try await gyre.shell("$GYRE \(arguments.joined(separator: " "))")
                #expect(answer.code == 2)
                #expect(answer.output.isEmpty)
                #expect(answer.error.contains("there is no verb `\(typed)`"))
                #expect(answer.error.contains("did you mean `\(meant)`?"))
            }
        }
    }

    @Test(arguments: [
        ("up", "--prot", "--port"), ("repro", "--froce", "--force"), ("runs", "--filtr", "--filter"),
        ("promote", "--bset", "--best"), ("init", "--exmaple", "--example"), ("demo", "--pyton", "--python"),
        ("doctor", "--fxi", "--fix"), ("status", "--jsn", "--json"), ("serve", "--hosst", "--host"),
    ])
    func `an unknown flag suggests the nearest`(verb: String, typed: String, meant: String) async throws {
        try await Program.inEmptyFolder { gyre in
            let answer = try await gyre.run(verb, typed, "x")
            #expect(answer.code == 2)
            #expect(answer.output.isEmpty)
            #expect(answer.error.contains("did you mean `\(meant)`?"), "\(answer.error)")
        }
    }

    @Test(arguments: [
        "up --port 99999", "up --grace -1", "runs -n 0", "errors -n 5000", "runs surplus", "promote --check --build",
        "promote", "promote abc --best recall", "repro -S novalue", "runs --color often", "demo --port -1", "--bogus",
        "add", "lineage", "runs show a b", "runs compare one", "runs watch --interval 0", "runs delete",
        "runs set-tag x",
        "runs search -n 0", "runs list --columns nmae", "runs delete x y --dryrun", "models show", "models alias a b",
        "models alias a b two", "models download churn", "models versions churn -n 0", "models verzions churn",
        "experiments create", "experiments rename a", "experiments create a --tag b", "experiments list -n 2000",
        "experiments deleet a", "repro --jobs 0", "repro -k --ignore-errors", "repro --interactive", "cache migrate",
        "dag --outs --collapse-foreach-matrix", "stage add -n a --run echo", "plots show --show-vega",
        "plots show --template nothing", "freeze", "metrics dif",
        "exp run -S novalue", "exp run -S 'a=range(1'", "exp run -j 0", "exp run --run-all -S a=1",
        "exp run --interactive",
        "exp run --queue --keep-going", "exp run -C nothing", "exp remove", "exp save -I nothing", "exp push",
        "exp pull origin a -A", "exp show --csv --md", "exp remove -g origin --queue", "exp rename a", "queue remove",
        "queue kill",
        "queue start -j 0", "exp aply x",
    ])
    func `a wrong use is told in three sentences, with exit code 2`(line: String) async throws {
        try await Program.inProject { gyre in
            let answer = try await gyre.shell("$GYRE \(line)")
            #expect(answer.code == 2, "\(answer.error)")
            #expect(answer.output.isEmpty)
            let lines = answer.error.split(separator: "\n")
            #expect(lines.count == 3, "\(answer.error)")
            #expect(lines.first?.hasPrefix("error: cannot ") == true)
            #expect(lines.dropFirst().first?.hasPrefix("  why: ") == true)
            #expect(lines.last?.hasPrefix("  next: ") == true)
            #expect(lines.allSatisfy { !$0.hasSuffix(".") })
        }
    }

    @Test(arguments: [
        "runs", "up", "repro", "build", "errors", "status", "add x", "checkout", "promote x", "retrain", "serve",
        "lineage x", "runs show", "runs search", "runs watch", "models", "models show x", "experiments",
        "experiments create x",
    ])
    func `a folder that is no project says how to make one`(line: String) async throws {
        try await Program.inEmptyFolder { gyre in
            let answer = try await gyre.shell("$GYRE \(line)")
            #expect(answer.code == 1)
            #expect(answer.output.isEmpty)
            let isAboutData = ["status", "add", "checkout"].contains { line.hasPrefix($0) }
            #expect(
                answer.error.hasPrefix(
                    isAboutData ? "error: cannot version data in `" : "error: cannot find a project\n"
                )
            )
            #expect(answer.error.contains("next: run `gyre init`"))
            #expect(try FileSystem.list(gyre.folder).isEmpty)
        }
    }

    @Test func `with --json a failure is one JSON object on standard error`() async throws {
        try await Program.inEmptyFolder { gyre in
            for line in ["runs --json", "runs --json --bogus", "rerpo --json"] {
                let answer = try await gyre.shell("$GYRE \(line)")
                #expect(answer.output.isEmpty)
                let error = try JSONDocument(answer.error).root["error"]
                #expect(error?["code"]?.string != nil && error?["why"]?.string != nil)
            }
        }
    }

    @Test func `init twice changes nothing, and an unknown example suggests the nearest`() async throws {
        try await Program.inEmptyFolder { gyre in
            #expect(try await gyre.run("init", "--example", "breast-cancer").code == 0)
            try AtomicFile.write("mine\n", to: gyre.folder.appending("train.py"))
            #expect(try await gyre.run("init", "--example", "breast-cancer").output.contains("nothing to write"))
            #expect(try FileReader.text(of: gyre.folder.appending("train.py")) == "mine\n")
            let answer = try await gyre.run("init", "--example", "brest-cancer")
            #expect(answer.error.contains("did you mean `breast-cancer`?"))
        }
    }

    @Test(arguments: [">&-", "| head -0", ">&- 2>&-", "<&-"])
    func `a stream that the caller closed does no harm`(redirection: String) async throws {
        try await Program.inProject { gyre in
            let answer = try await gyre.shell("$GYRE runs \(redirection)")
            #expect(answer.code == 0, "\(answer.error)")
            #expect(answer.error.isEmpty)
            // Had the database got the number of standard output, the result would stand in it.
            #expect(try await gyre.run("runs").code == 0)
            #expect(try await gyre.rows("PRAGMA integrity_check") == ["ok"])
        }
    }

    @Test(arguments: ["runs", "runs --json", "--help", "--version", "init", "experiments", "experiments search --json"])
    func `a result that cannot be written is a failure`(line: String) async throws {
        try await Program.inProject { gyre in
            let answer = try await gyre.shell("$GYRE \(line) >/dev/full")
            #expect(answer.code == 1)
            #expect(answer.error.contains("cannot print the result"), "\(answer.error)")
        }
    }
}
