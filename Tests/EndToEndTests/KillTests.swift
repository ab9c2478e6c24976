// SPDX-License-Identifier: Apache-2.0

import Files
import Subprocess
import SystemPackage
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// A server that is killed in the middle of its work, again and again, over the same data.
///
///     scripts/test-faults        fifty kills; GYRE_TEST_SEED=7 repeats the moments of a run
@Suite(.fewAtATime, .timeLimit(.minutes(20)))
struct KillTests {
    private static let api = "/api/2.0/mlflow/"

    private static func number(_ variable: String) -> UInt64? {
        getenv(variable).flatMap { UInt64(String(cString: $0)) }
    }

    @Test func `nothing that was answered is lost, and the database stays whole`() async throws {
        let seed = Self.number("GYRE_TEST_SEED") ?? UInt64.random(in: 0..<1_000_000)
        let rounds = Int(Self.number("GYRE_TEST_KILLS") ?? 3)
        print("\(rounds) kills, GYRE_TEST_SEED=\(seed)")
        var random = SplitMix(state: seed)
        try await Program.inProject { gyre in
            let ledger = Ledger()
            var runs: [String] = []
            for round in 1...rounds {
                let answers = Int.random(in: 50...500, using: &random)
                let pause = Duration.microseconds(Int.random(in: 0...4_000, using: &random))
                let comment = Comment("kill \(round) of seed \(seed)")
                let end = try await gyre.up(endingBy: nil) { server in
                    if let run = runs.last { try await ledger.check(server, runs: [run], comment) }
                    ledger.forgetMadeRuns()
                    // Some kills meet a run that has had several, others a young one.
                    if round % 5 == 1 { runs.append(try await server.makeRun()) }
                    let (port, run) = (server.port, try #require(runs.last))
                    try await withThrowingTaskGroup(of: Void.self) { writers in
                        for connection in 0..<10 {
                            writers.addTask {
                                try await ledger.write(port, connection: connection) {
                                    Self.entry(run, connection: connection, number: $0)
                                }
                            }
                        }
                        try await ledger.await(ledger.count + answers)
                        // Otherwise each kill would follow right behind an answer.
                        try await Task.sleep(for: pause)
                        kill(server.process, SIGKILL)
                        try await writers.waitForAll()
                    }
                }
                #expect(end.code == -1, comment)
                try await Self.checkFile(gyre, comment)
            }
            try await gyre.up { server in
                try await ledger.check(server, runs: Set(runs), "after \(rounds) kills of seed \(seed)")
            }
            print("\(ledger.count) acknowledged requests kept")
        }
    }

    /// Looks into a copy, since whoever opens the file itself recovers it in Gyre's place.
    private static func checkFile(_ gyre: Program, _ comment: Comment) async throws {
        let copied = try await gyre.shell("rm -rf copy && mkdir copy && cp .gyre/gyre.db .gyre/gyre.db-wal copy")
        try #require(copied.code == 0, "\(copied.error)")
        let program = """
            import sqlite3
            database = sqlite3.connect("copy/gyre.db")
            print([row[0] for row in database.execute("PRAGMA integrity_check")],
                  database.execute("PRAGMA foreign_key_check").fetchall())
            """
        let answer = try await gyre.python(program)
        #expect(answer.output == "['ok'] []\n", "\(comment): \(answer.output)\(answer.error)")
    }

    // MARK: What each connection writes

    private static func entry(_ run: String, connection: Int, number: Int) -> Ledger.Entry {
        switch connection {
        case 0, 1: metric(run, "single\(connection)", step: number)
        case 2: batch(run, keys: ["few"], steps: number * 10..<number * 10 + 10)
        case 3: batch(run, keys: (0..<50).map { "wide\($0)" }, steps: number * 4..<number * 4 + 4)
        // Three of these fill a block of points; two connections share the metric.
        case 4: batch(run, keys: ["long"], steps: number * 400..<number * 400 + 400)
        case 5: batch(run, keys: ["long"], steps: -number * 400..<400 - number * 400)
        case 6, 7: tag(run, "tag\(connection)_\(number)", "value \(number)")
        case 8:
            Ledger.Entry(run: run, method: "POST", path: api + "runs/create", body: #"{"experiment_id": "0"}"#)
        default: file(run, number)
        }
    }

    private static func value(_ step: Int) -> Double { Double(step) / 8 }

    private static func metric(_ run: String, _ key: String, step: Int) -> Ledger.Entry {
        let point = #""key": "\#(key)", "value": \#(value(step)), "timestamp": \#(step), "step": \#(step)"#
        let body = #"{"run_id": "\#(run)", \#(point)}"#
        var entry = Ledger.Entry(run: run, method: "POST", path: api + "runs/log-metric", body: body)
        entry.points = ["\(key):\(step)": value(step)]
        return entry
    }

    private static func batch(_ run: String, keys: [String], steps: Range<Int>) -> Ledger.Entry {
        var points: [String: Double] = [:]
        var metrics: [String] = []
        for step in steps {
            for key in keys {
                points["\(key):\(step)"] = value(step)
                metrics.append(
                    #"{"key": "\#(key)", "value": \#(value(step)), "timestamp": \#(abs(step)), "step": \#(step)}"#
                )
            }
        }
        let param = "\(keys[0])_\(steps.lowerBound)"
        let params = keys.count > 1 ? #", "params": [{"key": "\#(param)", "value": "x"}]"# : ""
        let body = #"{"run_id": "\#(run)", "metrics": [\#(metrics.joined(separator: ","))]\#(params)}"#
        var entry = Ledger.Entry(run: run, method: "POST", path: api + "runs/log-batch", body: body)
        entry.points = points
        if keys.count > 1 { entry.params = [param: "x"] }
        return entry
    }

    private static func tag(_ run: String, _ key: String, _ value: String) -> Ledger.Entry {
        let body = #"{"run_id": "\#(run)", "key": "\#(key)", "value": "\#(value)"}"#
        var entry = Ledger.Entry(run: run, method: "POST", path: api + "runs/set-tag", body: body)
        entry.tags = [key: value]
        return entry
    }

    private static func file(_ run: String, _ number: Int) -> Ledger.Entry {
        let path = "/api/2.0/mlflow-artifacts/artifacts/0/\(run)/artifacts/files/\(number).txt"
        let body = String(repeating: "\(number) ", count: 20_000)
        var entry = Ledger.Entry(run: run, method: "PUT", path: path, body: body)
        entry.isFile = true
        return entry
    }
}
