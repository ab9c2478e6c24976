// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText
import Subprocess
import SystemPackage
import Testing

/// `gyre runs watch`, while a client logs.
@Suite(.fewAtATime, .timeLimit(.minutes(10)))
struct WatchTests {
    private func log(_ server: RunningServer, _ run: String, _ loss: Double, step: Int) async throws {
        _ = try await server.call(
            "runs/log-metric",
            #"{"run_id":"\#(run)","key":"loss","value":\#(loss),"timestamp":\#(step + 1),"step":\#(step)}"#
        )
    }

    private func end(_ server: RunningServer, _ run: String, _ status: String) async throws {
        _ = try await server.call(
            "runs/update",
            #"{"run_id":"\#(run)","status":"\#(status)","end_time":4102444800000}"#
        )
    }

    /// Calls `body` with a server and a run that goes on.
    private func withRun(_ body: (Program, RunningServer, String) async throws -> Void) async throws {
        try await Program.inProject { gyre in
            try await gyre.up { server in
                let run = try await server.call("runs/create", #"{"experiment_id":"0","run_name":"live"}"#)
                let id = try #require(run["run"]?["info"]?["run_id"]?.string)
                try await log(server, id, 2.5, step: 0)
                try await body(gyre, server, id)
            }
        }
    }

    @Test func `without a terminal each change is a line, and the end of the run ends it`() async throws {
        try await withRun { gyre, server, run in
            let answer = try await gyre.follow(
                ["runs", "watch", "--interval", "0.1"],
                steps: [
                    ("running  loss 2.5000", { try await log(server, run, 0.125, step: 1) }),
                    ("step 1  loss 0.1250", { try await end(server, run, "FINISHED") }),
                ]
            )
            #expect(answer.code == 0)
            let lines = answer.output.split(separator: "\n")
            #expect(lines.count == 4 && lines[0] == "\(run)  live", "\(answer.output)")
            #expect(lines.last?.contains("  finished  took ") == true)
            #expect(!answer.output.contains("\u{1B}"))
        }
    }

    @Test func `with --json each change is an object, and what stays NaN is none`() async throws {
        try await withRun { gyre, server, run in
            _ = try await server.call(
                "runs/log-metric",
                #"{"run_id":"\#(run)","key":"odd","value":"NaN","timestamp":1,"step":0}"#
            )
            let answer = try await gyre.follow(
                ["runs", "watch", "live", "--json", "--interval", "0.1"],
                steps: [
                    (#""value":2.5"#, { try await log(server, run, 0.125, step: 1) }),
                    (#""value":0.125"#, { try await end(server, run, "FAILED") }),
                ]
            )
            #expect(answer.code == 1)
            let changes = try answer.output.split(separator: "\n").map { try JSONDocument(String($0)).root }
            #expect(changes.map { $0["status"]?.string } == ["RUNNING", "RUNNING", "FAILED"])
            #expect(changes.map { $0["metrics"]?.count } == [2, 1, 0])
            #expect(changes.allSatisfy { $0["run_id"]?.string == run })
        }
    }

    @Test func `on a terminal the picture is drawn anew in its place and fits`() async throws {
        try await withRun { gyre, server, run in
            for index in 0..<30 {
                let body = #"{"run_id":"\#(run)","key":"m\#(index)","value":1,"timestamp":1,"step":0}"#
                _ = try await server.call("runs/log-metric", body)
            }
            let answer = try await gyre.follow(
                ["runs", "watch", "live", "--interval", "0.1", "--color", "never"],
                in: .init(columns: 50, lines: 12),
                steps: [
                    ("2.5000", { try await log(server, run, 0.125, step: 1) }),
                    ("0.1250     1  █▁", { try await end(server, run, "FINISHED") }),
                ]
            )
            #expect(answer.code == 0)
            // A frame goes up by as many lines as the one before had: all that a terminal of twelve lines can hold.
            let frames = answer.output.split(separator: "\u{1B}[11A\r")
            #expect(frames.count >= 3, "\(answer.output)")
            for frame in frames {
                let lines = frame.replacing(/\u{1B}\[[KJ]/, with: "").split(separator: "\n")
                #expect(lines.count == 11 && lines.allSatisfy { $0.count < 50 }, "\(frame)")
                #expect(lines.last == "… and 24 more metrics")
            }
            #expect(frames.last?.contains("finished after ") == true)
        }
    }

    @Test func `an interrupt ends the watching without words, and leaves the run alone`() async throws {
        try await withRun { gyre, _, run in
            let end = try await gyre.interrupt("runs", "watch", by: .interrupt, onceSaid: "2.5000")
            #expect(end.code == 130)
            #expect(!end.text.contains("error"), "\(end.text)")
            #expect(try await gyre.json("runs", "show", run)["status"]?.string == "RUNNING")
        }
    }

    @Test func `where no run goes on there is none to watch, and one that has ended is shown as it is`() async throws {
        try await withRun { gyre, server, run in
            try await end(server, run, "KILLED")
            let none = try await gyre.run("runs", "watch")
            #expect(none.code == 1 && none.error.contains("none goes on"), "\(none.error)")
            let ended = try await gyre.run("runs", "watch", "live")
            #expect(ended.code == 1 && ended.output.contains("killed") && ended.error.isEmpty, "\(ended.output)")
        }
    }
}
