// SPDX-License-Identifier: Apache-2.0

import Files
import HTTPTransport
import JSONText
import SystemPackage
import Testing
import WebhookTesting

#if canImport(Glibc)
import Glibc
#endif

/// Events of the program itself: nothing acknowledged is lost, whatever ends it.
@Suite(.fewAtATime, .timeLimit(.minutes(5)))
struct WebhookTests {
    private static let open: [String: String?] = [
        "MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "https,http", "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true",
    ]

    @discardableResult
    private static func hook(_ receiver: Receiver, _ server: RunningServer) async throws -> String {
        let body = """
            {"name": "hook", "url": "\(receiver.url)", "secret": "very-secret", "run_events": ["CREATED", "FINISHED"],
             "events": [{"entity": "REGISTERED_MODEL", "action": "CREATED"}]}
            """
        let answer = try await server.send("POST", "/api/2.0/mlflow/webhooks", body)
        try #require(answer.status == 200, "\(answer.text)")
        return try #require(try JSONDocument(answer.body).root["webhook"]?["webhook_id"]?.string)
    }

    @Test func `what was acknowledged before a kill is delivered after it, and nothing else`() async throws {
        try await Program.inProject { gyre in
            var acknowledged: Set<String> = []
            var hook = ""
            // Nothing is answered before the kill, so that every delivery is under way or waits then.
            let (port, sent) = try await Receiver.run(reacting: { _, _ in .silence }) { mute in
                let end = try await gyre.up(endingBy: nil, environment: Self.open) { server in
                    hook = try await Self.hook(mute, server)
                    for number in 0..<30 {
                        let body = #"{"name": "model-\#(number)"}"#
                        let path = "/api/2.0/mlflow/registered-models/create"
                        let status = try await server.send("POST", path, body).status
                        if status == 200 { acknowledged.insert("model-\(number)") }
                    }
                    await mute.wait(for: 1)
                    kill(server.process, SIGKILL)
                }
                #expect(end.code == -1)
                return (mute.port, Set(mute.arrivals.map(\.delivery)))
            }
            #expect(acknowledged.count == 30)
            let id = hook
            let arrivals = try await Receiver.run(port: port) { receiver in
                try await gyre.up(environment: Self.open) { server in
                    try await server.awaitDelivered(30, of: id)
                }
                return receiver.arrivals
            }
            let names = try arrivals.map { try JSONDocument($0.body).root["data"]?["name"]?.string ?? "" }
            #expect(Set(names) == acknowledged)
            #expect(arrivals.count == 30)
            // What the first process had sent comes again under the same id.
            #expect(!sent.isEmpty)
            #expect(sent.isSubset(of: arrivals.map(\.delivery)))
        }
    }

    @Test func `what the real client does is told, and no secret is in a log or file`() async throws {
        try await Receiver.run { receiver in
            try await Program.inProject { gyre in
                let train = """
                    import mlflow
                    with mlflow.start_run():
                        mlflow.log_metric("auc", 0.5)
                    """
                try AtomicFile.write(train, to: gyre.folder.appending("train.py"))
                let end = try await gyre.up("-v", environment: Self.open) { server in
                    try await Self.hook(receiver, server)
                    let variables: [String: String?] = ["MLFLOW_TRACKING_URI": server.url]
                    let trained = try await gyre.shell("\(Program.python) train.py", environment: variables)
                    #expect(trained.code == 0, "\(trained.error)")
                    await receiver.wait(for: 2)
                }
                #expect(end.code == 0)
                #expect(!end.log.contains("very-secret"))
                #expect(receiver.arrivals.map { $0.body.contains(#""action":"created""#) } == [true, false])
                #expect(receiver.arrivals.allSatisfy { $0.headers["x-mlflow-signature"]?.hasPrefix("v1,") == true })
                let found = try await gyre.shell("grep -rl very-secret .gyre")
                #expect(found.output.isEmpty)
            }
        }
    }

    @Test func `a server whose receiver hangs ends at once`() async throws {
        try await Receiver.run(reacting: { _, _ in .silence }) { receiver in
            try await Program.inProject { gyre in
                // An end that waited for the receiver, or for the grace, would be ended by the limit of the test.
                let patient = Self.open.merging(["MLFLOW_WEBHOOK_REQUEST_TIMEOUT": "3600"]) { $1 }
                let end = try await gyre.up("--grace", "3600", environment: patient) { server in
                    try await Self.hook(receiver, server)
                    let body = #"{"experiment_id": "0"}"#
                    #expect(try await server.send("POST", "/api/2.0/mlflow/runs/create", body).status == 200)
                    await receiver.wait(for: 1)
                }
                #expect(end.code == 0, "\(end.log)")
            }
        }
    }

    @Test func `without leave the own machine is not told, and a variable that cannot be used stops the start`()
        async throws
    {
        try await Program.inProject { gyre in
            try await gyre.up { server in
                for url in ["http://127.0.0.1:9/", "https://127.0.0.1:9/", "https://169.254.169.254/latest"] {
                    let body = #"{"name": "x", "url": "\#(url)", "run_events": ["CREATED"]}"#
                    let answer = try await server.send("POST", "/api/2.0/mlflow/webhooks", body)
                    #expect(answer.status == 400)
                }
            }
            let bad = try await gyre.run("up", "--port", "0", environment: ["MLFLOW_WEBHOOK_REQUEST_TIMEOUT": "soon"])
            #expect(bad.code == 2)
            #expect(bad.error.hasPrefix("error: cannot use `soon` as the variable `MLFLOW_WEBHOOK_REQUEST_TIMEOUT`"))
        }
    }
}

extension RunningServer {
    /// Waits until so many deliveries of a webhook were taken.
    fileprivate func awaitDelivered(_ count: Int, of hook: String) async throws {
        for _ in 0..<1_200 {
            let list = try await json("/api/2.0/mlflow/webhooks/\(hook)/deliveries?max_results=1000")["deliveries"]
            let delivered = list?.elements.filter { $0["state"]?.string == "delivered" } ?? []
            if delivered.count >= count { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("not delivered within a minute")
    }
}
