// SPDX-License-Identifier: Apache-2.0

import Files
import HTTPTransport
import JSONText
import SocketTesting
import Subprocess
import Synchronization
import SystemPackage
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// What an interrupted server owes: a whole answer or none at all, and everything that it answered.
@Suite(.afterTheDemo, .timeLimit(.minutes(10)))
struct ShutdownTests {
    @Test(arguments: [Signal.terminate, .interrupt])
    func `requests in flight get a whole answer or none, and all that was answered is kept`(signal: Signal) async throws
    {
        try await DemoProject.copied { gyre in
            let load = Load()
            let upload = Upload()
            var run = ""
            let end = try await gyre.up(endingBy: nil) { server in
                try await server.await200("/v2/health/ready")
                run = try await server.makeRun()
                let body = try await Self.scoring(server)
                try upload.begin(server.port, run: run)
                let port = server.port
                let id = run
                async let metrics: Void = load.send(port, connections: 3) { connection, number in
                    (Self.logBatch, Self.batch(id, connection: connection, number: number))
                }
                async let predictions: Void = load.send(port, connections: 3) { _, _ in ("/invocations", body) }
                try await load.awaitAnswers(100)
                try await load.awaitAnswers(50, to: Self.logBatch)
                kill(server.process, signal.rawValue)
                // Sent to its end only after the server was asked to stop.
                try await upload.finish()
                _ = try await (metrics, predictions)
            }
            #expect(end.code == 0, "\(end.log)")
            #expect(!end.log.contains(" error "), "\(end.log)")
            #expect(load.broken.isEmpty, "half answers: \(load.broken)")
            #expect(load.answers.allSatisfy { $0.status == 200 })
            try await Self.expectKept(load, upload, run: run, in: gyre)
        }
    }

    @Test func `nothing answered is lost when the server is killed`() async throws {
        try await DemoProject.copied { gyre in
            let load = Load()
            var (run, prediction, version, labels) = ("", "", "", Int64(0))
            let end = try await gyre.up(endingBy: nil) { server in
                try await server.await200("/v2/health/ready")
                run = try await server.makeRun()
                let answer = try await server.send("POST", "/invocations", try await Self.scoring(server))
                let ids = try JSONDocument(answer.body).root["prediction_ids"]
                prediction = try #require(ids?.elements.first { _ in true }?.string)
                // This call answers once the prediction is on disk.
                #expect(try await server.send("GET", "/api/gyre/v1/predictions/\(prediction)").status == 200)
                let label = #"{"labels": [{"prediction_id": "\#(prediction)", "truth": 0}]}"#
                #expect(try await server.send("POST", "/api/gyre/v1/labels", label).status == 202)
                labels = try #require(try await server.json("/api/gyre/v1/status")["labels"]?.int64)
                let source = "mlflow-artifacts:/0/\(run)/artifacts/model"
                let draft = #"{"name": "breast-cancer", "source": "\#(source)", "run_id": "\#(run)"}"#
                let made = try await server.send("POST", "/api/2.0/mlflow/model-versions/create", draft)
                version = try #require(try JSONDocument(made.body).root["model_version"]?["version"]?.string)
                let tag = #"{"name": "breast-cancer", "version": "\#(version)", "key": "seen", "value": "yes"}"#
                #expect(try await server.send("POST", "/api/2.0/mlflow/model-versions/set-tag", tag).status == 200)
                let path = "/api/2.0/mlflow-artifacts/artifacts/0/\(run)/artifacts/kept.txt"
                #expect(try await server.send("PUT", path, "kept").status == 200)
                let (port, id) = (server.port, run)
                async let metrics: Void = load.send(port, connections: 4) { connection, number in
                    (Self.logBatch, Self.batch(id, connection: connection, number: number))
                }
                try await load.awaitAnswers(100, to: Self.logBatch)
                kill(server.process, SIGKILL)
                try await metrics
            }
            #expect(end.code == -1)
            try await gyre.up { server in
                try await Self.expectMetrics(load, run: run, server)
                #expect(try await server.send("GET", "/api/gyre/v1/predictions/\(prediction)").status == 200)
                #expect(try await server.json("/api/gyre/v1/status")["labels"]?.int64 == labels)
                let path = "/api/2.0/mlflow/model-versions/get?name=breast-cancer&version=\(version)"
                #expect(try await server.send("GET", path).text.contains("\"seen\""))
                let file = "/api/2.0/mlflow-artifacts/artifacts/0/\(run)/artifacts/kept.txt"
                #expect(try await server.send("GET", file).text == "kept")
            }
        }
    }

    @Test func `a client that never ends its request does not hold the end up for good`() async throws {
        try await Program.inProject { gyre in
            let end = try await gyre.up("--grace", "1", endingBy: nil) { server in
                let half = "POST /api/2.0/mlflow/runs/create HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{"
                let connection = try RawConnection(port: server.port)
                try await connection.begin(half)
                kill(server.process, SIGTERM)
                let rest = try await connection.rest()
                #expect(!rest.hasPrefix("HTTP/1.1 200"))
            }
            #expect(end.code == 0, "\(end.log)")
            #expect(!FileSystem.exists(gyre.folder.appending(".gyre/server.json")))
        }
    }

    @Test func `a second signal ends it at once`() async throws {
        try await Program.inProject { gyre in
            let end = try await gyre.up("--grace", "3600", endingBy: nil) { server in
                let connection = try RawConnection(port: server.port)
                try await connection.begin(
                    "POST /api/2.0/mlflow/runs/create HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{"
                )
                let idle = try RawConnection(port: server.port)
                try await idle.begin("")
                kill(server.process, SIGINT)
                // Closed when the end begins.
                _ = try await idle.rest()
                // A person's second Ctrl-C comes later than the echo of the first.
                try await Task.sleep(for: .milliseconds(400))
                kill(server.process, SIGINT)
                _ = try await connection.rest()
            }
            #expect(end.code == 130)
            #expect(end.log.contains("a second signal asked to stop at once"))
        }
    }

    // MARK: What is sent, and what must be there afterwards

    private static let logBatch = "/api/2.0/mlflow/runs/log-batch"

    /// A batch of one metric, whose step says who sent it.
    private static func batch(_ run: String, connection: Int, number: Int) -> String {
        let step = connection * 100_000 + number
        return
            #"{"run_id": "\#(run)", "metrics": [{"key": "m", "value": \#(number), "timestamp": 1, "step": \#(step)}]}"#
    }

    /// A row for the live model.
    static func scoring(_ server: RunningServer) async throws -> String {
        let inputs = try #require(try await server.json("/v2/models/breast-cancer")["inputs"])
        let fields = inputs.elements.compactMap { $0["name"]?.string }.map { "\"\($0)\": 1" }
        return #"{"dataframe_records": [{\#(fields.joined(separator: ", "))}]}"#
    }

    private static func expectMetrics(_ load: Load, run: String, _ server: RunningServer) async throws {
        let path = "/api/2.0/mlflow/metrics/get-history?run_id=\(run)&metric_key=m"
        let history = try #require(try await server.json(path)["metrics"])
        let kept = Set(history.elements.compactMap { $0["step"]?.int64 })
        let answered = load.answers.filter { $0.path == logBatch }.compactMap { answer -> Int64? in
            try? JSONDocument(answer.request).root["metrics"]?.elements.first { _ in true }?["step"]?.int64
        }
        #expect(answered.count > 10)
        #expect(Set(answered).subtracting(kept).isEmpty)
    }

    private static func expectKept(_ load: Load, _ upload: Upload, run: String, in gyre: Program) async throws {
        #expect(upload.answer.hasPrefix("HTTP/1.1 200"), "\(upload.answer)")
        let artifact = gyre.folder.appending(".gyre/artifacts/0/\(run)/artifacts/slow.bin")
        #expect(try FileReader.text(of: artifact) == upload.content)
        // The log is read as it lies on disk.
        let spool = try await gyre.shell("cat .gyre/inference/spool/*").output
        let ids = try load.answers.filter { $0.path == "/invocations" }.map { answer in
            try #require(try JSONDocument(answer.body).root["prediction_ids"]?.elements.first { _ in true }?.string)
        }
        #expect(ids.count > 10)
        #expect(ids.allSatisfy(spool.contains))
        try await gyre.up { server in try await expectMetrics(load, run: run, server) }
    }
}

/// A file that takes its time.
final class Upload: Sendable {
    let content = String(repeating: "0123456789abcdef", count: 1 << 16)
    private let state = Mutex<(connection: RawConnection?, answer: String)>((nil, ""))

    /// What the server said to it.
    var answer: String { state.withLock { $0.answer } }

    /// Sends the head and half of the file.
    func begin(_ port: UInt16, run: String) throws {
        let connection = try RawConnection(port: port)
        let path = "/api/2.0/mlflow-artifacts/artifacts/0/\(run)/artifacts/slow.bin"
        let head = "PUT \(path) HTTP/1.1\r\nHost: x\r\nContent-Length: \(content.utf8.count)\r\n\r\n"
        try connection.send(head + content.prefix(content.count / 2))
        state.withLock { $0.connection = connection }
    }

    /// Sends the other half, and reads the answer.
    func finish() async throws {
        let connection = try #require(state.withLock { $0.connection })
        try connection.send(String(content.suffix(content.count / 2)))
        let answer = try await connection.answer()
        state.withLock { $0 = (nil, answer) }
    }
}

extension RunningServer {
    /// A run in the first experiment.
    func makeRun() async throws -> String {
        let answer = try await send("POST", "/api/2.0/mlflow/runs/create", #"{"experiment_id": "0"}"#)
        return try #require(try JSONDocument(answer.body).root["run"]?["info"]?["run_id"]?.string)
    }
}
