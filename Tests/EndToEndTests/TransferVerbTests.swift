// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText
import SystemPackage
import Testing

/// `gyre import` and `gyre export` as people and scripts run them.
@Suite(.fewAtATime, .timeLimit(.minutes(5)))
struct TransferVerbTests {
    private static let fixtures = Program.package.appending("Tests/TransferTests/Fixtures")

    /// A project without examples.
    private static func inProject(_ body: (Program) async throws -> Void) async throws {
        try await Program.inEmptyFolder { gyre in
            try AtomicFile.write("project: moved\n", to: gyre.folder.appending("gyre.yaml"))
            try await body(gyre)
        }
    }

    @Test func `an import tells what came, and the second time that nothing is new`() async throws {
        try await Self.inProject { gyre in
            let store = Self.fixtures.appending("mlflow-3.17/mlruns").string
            let look = try await gyre.run("import", "mlflow", store, "--dry-run")
            #expect(look.code == 0)
            #expect(look.output.hasPrefix("would come"))
            let first = try await gyre.run("import", "mlflow", store)
            #expect(first.code == 0, "\(first.error)")
            #expect(first.output.contains("metric points"))
            #expect(first.error.contains("importing runs: 5 in"))
            let second = try await gyre.json("import", "mlflow", store)
            #expect(second["runs"]?["new"]?.int64 == 0)
            #expect(second["runs"]?["unchanged"]?.int64 == 5)
            #expect(second["metric_points"]?["unchanged"]?.int64 == 12)
            #expect(second["dry_run"]?.bool == false)
            let runs = try await gyre.run("runs")
            #expect(runs.output.contains("parent"))
        }
    }

    @Test func `what stayed behind and needs a look makes exit code 1, with the reason`() async throws {
        try await Self.inProject { gyre in
            _ = try await gyre.run("import", "mlflow", Self.fixtures.appending("mlflow-3.17/mlruns").string)
            let logs = gyre.folder.appending("logs")
            try FileSystem.createDirectory(logs)
            try AtomicFile.write("no events, but long enough for a record", to: logs.appending("x.tfevents.1"))
            let broken = try await gyre.run("import", "tensorboard", logs.string)
            #expect(broken.code == 1)
            #expect(broken.output.contains("skipped folder `logs`"))
            #expect(broken.output.contains("checksum"))
        }
    }

    @Test(
        arguments: [
            ("mlflow postgresql://u:secret@db/x", Int32(2)), ("mlflow nowhere", 1), ("sacred .", 1),
            ("tensorboard nowhere", 1), ("mlflow http://127.0.0.1:1", 1), ("mlflow", 2), ("mongo x", 1),
        ]
    )
    func `what cannot be imported is told in three sentences`(arguments: String, code: Int32) async throws {
        try await Self.inProject { gyre in
            let answer = try await gyre.shell("\"$GYRE\" import \(arguments)")
            #expect(answer.code == code)
            #expect(answer.error.contains("error: cannot"))
            #expect(answer.error.contains("why: "))
            #expect(!answer.error.contains("secret"))
            #expect(answer.output.isEmpty)
        }
    }

    @Test func `an export is one line, and replaces nothing unasked`() async throws {
        try await Self.inProject { gyre in
            _ = try await gyre.run("import", "sacred", Self.fixtures.appending("sacred-0.8/files").string)
            let first = try await gyre.run("export", "runs.csv", "--filter", "metrics.result > 0.4")
            #expect(first.code == 0, "\(first.error)")
            #expect(first.output == "wrote 1 run to runs.csv\n")
            let text = try FileReader.text(of: gyre.folder.appending("runs.csv"))
            #expect(text.hasPrefix("id,name,experiment,status,start,end,duration,user,params."))
            #expect(text.contains("tuning-1"))
            #expect(!text.contains("tuning-2"))
            let again = try await gyre.run("export", "runs.csv")
            #expect(again.code == 2)
            #expect(again.error.contains("--force"))
            #expect(try FileReader.text(of: gyre.folder.appending("runs.csv")) == text)
            let forced = try await gyre.json("export", "runs.csv", "--force")
            #expect(forced["runs"]?.int64 == 2)
            #expect(forced["format"]?.string == "csv")
            #expect(try await gyre.run("export", "runs.doc").code == 2)
            #expect(try await gyre.run("export", "book.xlsx", "--metrics").output.contains("and 11 points"))
        }
    }
}
