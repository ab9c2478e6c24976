// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText
import Subprocess
import SystemPackage
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// `gyre sync` as a user drives it: a laptop's project, and the server of another one.
@Suite(.fewAtATime, .timeLimit(.minutes(10)))
struct SyncTests {
    /// Logs runs with the unmodified client: experiment, number of runs, points of each.
    private static let logging = """
        import mlflow, sys
        url, experiment, runs, points = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
        mlflow.set_tracking_uri(url)
        mlflow.set_experiment(experiment)
        client = mlflow.MlflowClient()
        for number in range(runs):
            with mlflow.start_run(run_name=f"{experiment}-{number}") as run:
                mlflow.log_params({"depth": number, "kind": "linear"})
                for start in range(0, points, 1000):
                    client.log_batch(run.info.run_id, metrics=[
                        mlflow.entities.Metric("loss", 1 / (step + 1), step, step)
                        for step in range(start, min(start + 1000, points))])
                mlflow.log_text("x" * 100_000 + str(number), "notes/big.txt")
                mlflow.log_dict({"number": number}, "facts.json")
                mlflow.set_tag("team", "risk")
        """

    /// All that the unmodified client sees of an experiment, as JSON.
    private static let reading = """
        import json, mlflow, sys
        mlflow.set_tracking_uri(sys.argv[1])
        client = mlflow.MlflowClient()
        result = []
        for name in sys.argv[2:]:
            experiment = client.get_experiment_by_name(name)
            for run in client.search_runs([experiment.experiment_id], order_by=["attributes.run_id"]):
                history = client.get_metric_history(run.info.run_id, "loss")
                files = {}
                for path in ["notes/big.txt", "facts.json"]:
                    local = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path=path)
                    files[path] = open(local).read()
                result.append([run.info.run_id, run.info.run_name, run.info.status, run.info.start_time,
                    run.info.end_time, sorted(run.data.params.items()), sorted(run.data.tags.items()),
                    [(point.step, point.timestamp, point.value) for point in history], files])
        print(json.dumps(result))
        """

    private static func log(_ gyre: Program, _ url: String, _ experiment: String, runs: Int, points: Int) async throws {
        let answer = try await gyre.python(logging, url, experiment, "\(runs)", "\(points)")
        try #require(answer.code == 0, "\(answer.error)")
    }

    private static func read(_ gyre: Program, _ url: String, _ experiments: String...) async throws -> String {
        let answer = try await gyre.python(reading, [url] + experiments)
        try #require(answer.code == 0, "\(answer.error)")
        return answer.output
    }

    private static func report(_ answer: Program.Answer) throws -> JSONElement {
        try #require(answer.code == 0, "\(answer.error)\(answer.output)")
        return try JSONDocument(answer.output).root
    }

    @Test func `runs that were logged offline are on the server, as the client sees them`() async throws {
        try await Program.inProject { laptop in
            var here = ""
            try await laptop.up { local in
                try await Self.log(laptop, local.url, "churn", runs: 3, points: 2_500)
                here = try await Self.read(laptop, local.url, "churn")
            }
            try await Program.inProject { company in
                try await company.up { server in
                    let dry = try Self.report(try await laptop.run("sync", server.url, "--dry-run", "--json"))
                    #expect(dry["runs"]?["new"]?.int64 == 3)
                    let first = try await laptop.run("sync", server.url)
                    #expect(first.code == 0, "\(first.error)")
                    #expect(first.output.contains(/runs +3 +0 +0 +0/), "\(first.output)")
                    #expect(first.error.contains("syncing runs: 3 in "), "\(first.error)")
                    #expect(try await Self.read(company, server.url, "churn") == here)
                    let settings = "project: churn\ntracking: \(server.url)\n"
                    try AtomicFile.write(settings, to: laptop.folder.appending("gyre.yaml"))
                    let second = try Self.report(try await laptop.run("sync", "--json"))
                    #expect(second["runs"]?["unchanged"]?.int64 == 3)
                    #expect(second["metric_points"]?["new"]?.int64 == 0)
                    #expect(second["artifact_bytes"]?["new"]?.int64 == 0)
                    let own = try await company.run("sync", server.url)
                    #expect(own.code == 2)
                    #expect(own.error.contains("it is the server of this very project"))
                }
            }
        }
    }

    @Test func `a sync runs while the client still logs, and the next one brings the rest`() async throws {
        try await Program.inProject { laptop in
            try await Program.inProject { company in
                try await company.up { server in
                    try await laptop.up { local in
                        async let logging: Void = Self.log(laptop, local.url, "live", runs: 3, points: 20_000)
                        try await local.await200(
                            "/api/2.0/mlflow/experiments/get-by-name?experiment_name=live"
                        )
                        for _ in 0..<3 { _ = try Self.report(try await laptop.run("sync", server.url, "--json")) }
                        try await logging
                        _ = try Self.report(try await laptop.run("sync", server.url, "--json"))
                        let here = try await Self.read(laptop, local.url, "live")
                        #expect(try await Self.read(company, server.url, "live") == here)
                    }
                }
            }
        }
    }

    @Test func `killed on either side at any moment, and run again, it is as if nothing had happened`() async throws {
        try await Program.inProject { laptop in
            var here = ""
            try await laptop.up { local in
                try await Self.log(laptop, local.url, "churn", runs: 12, points: 15_000)
                here = try await Self.read(laptop, local.url, "churn")
            }
            try await Program.inProject { company in
                for moment in [20, 60, 120, 250] {
                    // The server is killed under the sync.
                    try await company.up(endingBy: nil) { server in
                        async let answer = laptop.run("sync", server.url)
                        try await Task.sleep(for: .milliseconds(moment))
                        kill(server.process, SIGKILL)
                        let code = try await answer.code
                        #expect(code == 0 || code == 1)
                    }
                    // The sync is killed.
                    try await company.up { server in
                        let line = "$GYRE sync \(server.url) -q & sleep 0.\(moment + 100); kill -9 $!; wait"
                        _ = try await laptop.shell(line)
                    }
                }
                try await company.up { server in
                    let report = try Self.report(try await laptop.run("sync", server.url, "--json"))
                    #expect(report["conflicts"]?.count == 0)
                    #expect(try await Self.read(company, server.url, "churn") == here)
                    let again = try Self.report(try await laptop.run("sync", server.url, "--json"))
                    #expect(again["runs"]?["unchanged"]?.int64 == 12)
                }
            }
        }
    }

    @Test func `without a server it says how to name one, and who does not answer`() async throws {
        try await Program.inProject { laptop in
            let none = try await laptop.run("sync", environment: ["GYRE_TRACKING": nil])
            #expect(none.code == 2)
            #expect(none.error.contains("GYRE_TRACKING") && none.error.contains("gyre.yaml"))
            let nobody = try await laptop.run("sync", environment: ["GYRE_TRACKING": "http://127.0.0.1:1"])
            #expect(nobody.code == 1)
            #expect(nobody.error.hasPrefix("error: cannot sync with `http://127.0.0.1:1`"), "\(nobody.error)")
            try AtomicFile.write("tracking: somewhere\n", to: laptop.folder.appending("gyre.yaml"))
            let wrong = try await laptop.run("sync")
            #expect(wrong.code == 1)
            #expect(wrong.error.contains("1:11: `tracking` is `somewhere`"), "\(wrong.error)")
        }
    }
}
