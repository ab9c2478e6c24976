// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import JSONText
import Testing

/// `metrics/get-history` and its two relatives for many runs; the samples are those of MLflow 3.17's own server.
@Suite(.timeLimit(.minutes(5)))
struct HistoryRouteTests {
    /// A run whose metric `m` has a point at each step below `count`, with its step as value.
    private func run(_ count: Int, _ server: TestServer) async throws -> String {
        let run = try #require(
            try await server.post("runs/create", #"{"experiment_id":"0"}"#)["run"]?["info"]?["run_id"]?.string
        )
        let metrics = (0..<count).map { #"{"key":"m","value":\#($0),"timestamp":\#(100 + $0),"step":\#($0)}"# }
        try await server.post(
            "runs/log-batch",
            #"{"run_id":"\#(run)","metrics":[\#(metrics.joined(separator: ","))]}"#
        )
        return run
    }

    private func points(_ answer: JSONElement) throws -> [String] {
        try #require(answer["metrics"]).elements.map { point in
            "\(point["run_id"]?.string?.prefix(2) ?? "?") \(point["key"]?.string ?? "?") \(point["step"]?.json ?? "?")"
        }
    }

    @Test func `the histories of several runs come run by run, up to a limit for all`() async throws {
        try await TestServer.run { server in
            let runs = [try await run(3, server), try await run(2, server)].sorted()
            let query = "run_id=\(runs[1])&run_id=\(runs[0])&run_id=none&metric_key=m"
            let all = try #require(try await server.get("metrics/get-history-bulk?\(query)")["metrics"])
            #expect(all.count == 5)
            let ids = all.elements.compactMap { $0["run_id"]?.string }
            #expect(ids == ids.sorted())
            #expect(Set(ids) == Set(runs))
            let two = try #require(try await server.get("metrics/get-history-bulk?\(query)&max_results=2")["metrics"])
            #expect(two.json == "[\(all.elements.prefix(2).map(\.json).joined(separator: ","))]")
        }
    }

    @Test func `a sample is spread over each run, between steps if they are given`() async throws {
        try await TestServer.run { server in
            let id = try await run(100, server)
            func steps(_ query: String) async throws -> [Int64] {
                let path = "metrics/get-history-bulk-interval?run_ids=\(id)&metric_key=m\(query)"
                return try #require(try await server.get(path)["metrics"]).elements.compactMap { $0["step"]?.int64 }
            }
            #expect(try await steps("&max_results=4") == [0, 25, 50, 99])
            #expect(try await steps("&max_results=3&start_step=10&end_step=20") == [10, 14, 20])
            #expect(try await steps("").count == 100)
            #expect(try await steps("&max_results=1") == [99])
            #expect(try await steps("&max_results=4&sampling=extremes") == [0, 49, 50, 99])
        }
    }

    @Test(
        arguments: [
            "get-history-bulk?metric_key=m", "get-history-bulk?run_id=r", "get-history-bulk-interval?metric_key=m",
            "get-history-bulk-interval?run_ids=r", "get-history-bulk-interval?run_ids=r&metric_key=m&max_results=0",
            "get-history-bulk-interval?run_ids=r&metric_key=m&max_results=2501",
            "get-history-bulk-interval?run_ids=r&metric_key=m&max_results=x",
            "get-history-bulk-interval?run_ids=r&metric_key=m&start_step=1",
            "get-history-bulk-interval?run_ids=r&metric_key=m&end_step=1",
            "get-history-bulk-interval?run_ids=r&metric_key=m&start_step=2&end_step=1",
            "get-history-bulk-interval?run_ids=r&metric_key=m&sampling=best",
            "get-history-bulk?metric_key=m&" + (0..<101).map { "run_id=r\($0)" }.joined(separator: "&"),
        ]
    )
    func `a request that cannot be read is refused by its field`(path: String) async throws {
        try await TestServer.run { server in
            let answer = try await server.call(.get, "metrics/" + path)
            #expect(answer.status == 400)
            #expect(answer.code == "INVALID_PARAMETER_VALUE")
        }
    }
}
