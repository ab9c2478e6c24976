// SPDX-License-Identifier: Apache-2.0

import Files
import HTTPTransport
import JSONText
import Subprocess
import SystemPackage
import Testing

/// `gyre up`, with the unmodified mlflow client and a real browser.
@Suite(.timeLimit(.minutes(3)))
struct UpTests {
    /// Logs a run of three hundred metrics, and prints each as it was acknowledged.
    private static let logging = """
        import mlflow, sys
        mlflow.set_tracking_uri(sys.argv[1])
        mlflow.set_experiment("durability")
        with mlflow.start_run(run_name="acknowledged") as run:
            print(run.info.run_id, flush=True)
            for step in range(300):
                mlflow.log_metric("loss", 1.0 / (step + 1), step=step)
                print(step, flush=True)
        """

    @Test func `what the mlflow client logged is on the page and in the commands`() async throws {
        try await Program.inEmptyFolder { gyre in
            #expect(try await gyre.run("init").code == 0)
            let code = try await gyre.up { url in
                let logged = try await gyre.python(Self.logging, url)
                try #require(logged.code == 0, "\(logged.error)")
                let runs = try await gyre.run("runs", "--json")
                #expect(runs.output.contains("acknowledged"))
                let page = try await Subprocess.run(
                    .name("chromium"),
                    arguments: [
                        "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=4000", "--dump-dom", url,
                    ],
                    output: .string(limit: 4 << 20),
                    error: .discarded
                ).standardOutput
                #expect(page.contains("durability"))
                #expect(page.contains("acknowledged"))
            }
            #expect(code == 0)
            #expect(!FileSystem.exists(gyre.folder.appending(".gyre/server.json")))
        }
    }

    @Test func `nothing acknowledged is lost when the server is killed`() async throws {
        try await Program.inEmptyFolder { gyre in
            #expect(try await gyre.run("init").code == 0)
            var lines: [Substring] = []
            try await gyre.up(endingBy: .kill) { url in
                // Killed after a part of the metrics: the client is cut off in the middle.
                let cut = Self.logging.replacing(
                    "print(step, flush=True)",
                    with: "print(step, flush=True)\n        if step == 120: break"
                )
                let logged = try await gyre.python(
                    cut.replacing(
                        "with mlflow.start_run(run_name=\"acknowledged\") as run:",
                        with: "run = mlflow.start_run(run_name=\"acknowledged\")\nif True:"
                    ) + "\nimport os\nos._exit(0)",
                    url
                )
                lines = logged.output.split(separator: "\n").filter {
                    $0.first?.isNumber == true || $0.first?.isLetter == true
                }
            }
            let run = String(try #require(lines.first))
            let last = Int(try #require(lines.last)) ?? 0
            #expect(last == 120)
            try await gyre.up { url in
                let client = HTTPTransportClient()
                let path = "/api/2.0/mlflow/metrics/get-history?run_id=\(run)&metric_key=loss"
                let answer = try await client.send("GET", url + path)
                let steps =
                    try JSONDocument(answer.body).root["metrics"]?.elements.compactMap { $0["step"]?.int64 } ?? []
                #expect(steps.sorted() == Array(0...Int64(last)))
                await client.shutdown()
            }
        }
    }

    @Test func `a second server on the project is refused and names the first one's process`() async throws {
        try await Program.inEmptyFolder { gyre in
            #expect(try await gyre.run("init").code == 0)
            try await gyre.up { _ in
                let second = try await gyre.run("up", "--port", "0")
                #expect(second.code == 1)
                #expect(second.error.contains("gyre server (process "), "\(second.error)")
            }
        }
    }

    @Test func `a port in use is one clear error`() async throws {
        try await Program.inEmptyFolder { gyre in
            #expect(try await gyre.run("init").code == 0)
            try await gyre.up { url in
                let port = String(url.split(separator: ":").last ?? "")
                try await Program.inEmptyFolder { other in
                    #expect(try await other.run("init").code == 0)
                    let answer = try await other.run("up", "--port", port)
                    #expect(answer.code == 1)
                    #expect(answer.error.contains("cannot listen on 127.0.0.1:\(port)"), "\(answer.error)")
                    #expect(answer.error.contains("--port"))
                }
            }
        }
    }

    @Test(arguments: [
        ("POST", "/invocations", "{}", 503), ("GET", "/v2/health/ready", "", 503), ("GET", "/v2/models/none", "", 503),
        ("POST", "/api/gyre/v1/labels", "{", 400), ("POST", "/api/gyre/v1/labels", #"{"labels": 1}"#, 400),
        ("POST", "/api/gyre/v1/labels", #"{"labels": [{"truth": 1}]}"#, 400),
        ("POST", "/api/gyre/v1/feedback", "[]", 400), ("GET", "/api/gyre/v1/errors?kind=nothing", "", 400),
        ("GET", "/api/gyre/v1/errors?page=x", "", 400), ("GET", "/api/gyre/v1/lineage/nothing", "", 404),
        ("GET", "/api/gyre/v1/predictions/nothing", "", 404), ("GET", "/nothing", "", 404),
        ("GET", "/runs/nothing", "", 404),
        ("POST", "/api/2.0/mlflow/runs/create", "{", 400), ("GET", "/api/2.0/mlflow/runs/get?run_id=nothing", "", 404),
        ("POST", "/api/2.0/mlflow/experiments/create", "{}", 400), ("POST", "/api/2.0/mlflow/nothing", "{}", 404),
        ("GET", "/api/2.0/mlflow-artifacts/artifacts/..%2f..%2fgyre.db", "", 400),
        ("GET", "/health", "", 200), ("GET", "/metrics", "", 200), ("GET", "/version", "", 200),
    ])
    func `bad input is answered by its own error and never by a 5xx of ours`(
        method: String,
        path: String,
        body: String,
        status: Int
    ) async throws {
        try await Program.inEmptyFolder { gyre in
            #expect(try await gyre.run("init").code == 0)
            try await gyre.up { url in
                let client = HTTPTransportClient()
                let answer = try await client.send(method, url + path, body: body.isEmpty ? nil : Array(body.utf8))
                #expect(answer.status == status, "\(answer.text)")
                #expect(try await client.send("GET", url + "/health").status == 200)
                await client.shutdown()
            }
        }
    }
}
