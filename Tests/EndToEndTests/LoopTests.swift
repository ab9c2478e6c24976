// SPDX-License-Identifier: Apache-2.0

import Files
import HTTPTransport
import JSONText
import Subprocess
import SystemPackage
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// The loop beside the server, when the server is stopped in the middle of a turn.
@Suite(.afterTheDemo, .timeLimit(.minutes(10)))
struct LoopTests {
    @Test func `a turn that is interrupted is noted so, and begins anew with the next start`() async throws {
        try await DemoProject.copied { gyre in
            let settings = try FileReader.text(of: gyre.folder.appending("gyre.yaml"))
            let eager = settings.replacing("errors.new >= 8", with: "errors.new >= 1")
            try AtomicFile.write(eager, to: gyre.folder.appending("gyre.yaml"))
            var run = ""
            let end = try await gyre.up(endingBy: nil) { server in
                try await server.await200("/v2/health/ready")
                let answer = try JSONDocument(
                    try await server.send("POST", "/invocations", try await ShutdownTests.scoring(server)).body
                ).root
                let id = try #require(answer["prediction_ids"]?.elements.first { _ in true }?.string)
                let label = try #require(answer["predictions"]?.elements.first { _ in true }?.int64) == 1 ? 0 : 1
                let body = #"{"labels": [{"prediction_id": "\#(id)", "truth": \#(label)}]}"#
                #expect(try await server.send("POST", "/api/gyre/v1/labels", body).status == 202)
                // The training has begun.
                run = try await newestRun(server, named: "retrain-2")
                kill(server.process, SIGTERM)
            }
            #expect(end.code == 0, "\(end.log)")
            #expect(try await gyre.processesThatStay().isEmpty)
            let turn = try #require(try await gyre.json("status", "--overview")["turns"]?.elements.first { _ in true })
            #expect(turn["state"]?.string == "interrupted")
            #expect(try await gyre.rows("SELECT status FROM tracking_runs WHERE id = '\(run)'") == ["KILLED"])
            try await gyre.up { server in
                let again = try await endedTurn(server, after: 2)
                #expect(["promoted", "refused"].contains(again["state"]?.string), "\(again["note"]?.string ?? "")")
                #expect(again["errors"]?.int64 == 1)
            }
            // The user's own work tree was not touched.
            let status = try await gyre.tool("git", "status", "--porcelain").output
            #expect(status == " M gyre.yaml\n", "\(status)")
        }
    }

    private func newestRun(_ server: RunningServer, named name: String) async throws -> String {
        let search = #"{"experiment_ids": ["1"], "filter": "attributes.run_name = '\#(name)'"}"#
        for _ in 0..<1_200 {
            let answer = try await server.send("POST", "/api/2.0/mlflow/runs/search", search)
            let runs = try JSONDocument(answer.body).root["runs"]
            if let id = runs?.elements.first(where: { _ in true })?["info"]?["run_id"]?.string { return id }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("no run `\(name)` began within a minute")
        return ""
    }

    private func endedTurn(_ server: RunningServer, after number: Int64) async throws -> JSONElement {
        for _ in 0..<1_200 {
            let turns = try await server.json("/api/gyre/v1/status")["turns"]
            if let turn = turns?.elements.first(where: { _ in true }), (turn["turn"]?.int64 ?? 0) > number,
                turn["state"]?.string != "running"
            {
                return turn
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw CancellationError()
    }
}
