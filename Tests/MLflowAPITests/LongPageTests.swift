// SPDX-License-Identifier: Apache-2.0

import JSONText
import Testing
import Tracking

/// Long pages come in parts, and are the same text as one.
@Suite(.timeLimit(.minutes(5)))
struct LongPageTests {
    @Test func `a page in parts holds each run once, in order, and ends as a page does`() async throws {
        try await TestServer.run { server in
            let count = 251 + 250
            for number in 0..<count {
                let run = try await server.tracking.createRun(
                    RunDraft(experimentID: "0", name: "run \(number)", startMs: Int64(number))
                )
                let metric = Metric(key: "m", value: number == 3 ? .nan : Double(number), timestampMs: 1)
                try await server.tracking.log(.init(metrics: [metric]), run: run.id)
            }
            func names(_ limit: Int, _ token: String = "") async throws -> (names: [String], next: String?) {
                let body = #"{"experiment_ids":["0"],"max_results":\#(limit),"page_token":"\#(token)"}"#
                let answer = try await server.post("runs/search", body)
                let runs = try #require(answer["runs"]).elements
                return (runs.compactMap { $0["info"]?["run_name"]?.string }, answer["next_page_token"]?.string)
            }
            let expected = (0..<count).reversed().map { "run \($0)" }
            let whole = try await names(50_000)
            #expect(whole.names == expected)
            #expect(whole.next == nil)
            let first = try await names(300)
            #expect(first.names == Array(expected.prefix(300)))
            let rest = try await names(300, try #require(first.next))
            #expect(rest.names == Array(expected.dropFirst(300)))
            #expect(rest.next == nil)
            #expect(try await names(250).names == Array(expected.prefix(250)))
        }
    }

    @Test func `a long page of nothing is an empty list`() async throws {
        try await TestServer.run { server in
            let answer = try await server.post("runs/search", #"{"experiment_ids":["0"],"max_results":5000}"#)
            #expect(answer.json == #"{"runs":[]}"#)
        }
    }
}
