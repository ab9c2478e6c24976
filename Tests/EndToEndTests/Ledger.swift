// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import JSONText
import SocketTesting
import Synchronization
import Testing

/// What a server was asked to keep, and what of that it said it has kept.
final class Ledger: Sendable {
    /// One request that changes a run, and what must be there once it is answered.
    struct Entry: Sendable {
        let run: String
        let method: String
        let path: String
        let body: String
        /// Points of metrics, by `key:step`.
        var points: [String: Double] = [:]
        var params: [String: String] = [:]
        var tags: [String: String] = [:]
        /// Whether the body is a file that lies at the path afterwards.
        var isFile = false
    }

    private struct State {
        var acknowledged: [Entry] = []
        /// Sent without an answer: kept whole or not at all.
        var open: [Entry] = []
        var runs: [String] = []
        var refusals: [String] = []
        /// How many requests each connection has begun.
        var numbers: [Int: Int] = [:]
    }

    private let state = Mutex(State())

    /// How many requests were answered.
    var count: Int { state.withLock { $0.acknowledged.count + $0.runs.count } }
    /// Answers other than 200.
    var refusals: [String] { state.withLock { $0.refusals } }

    /// Sends one request after the other on a connection, until the server is gone.
    func write(_ port: UInt16, connection: Int, _ entry: (_ number: Int) -> Entry) async throws {
        // A server that is killed at once has no time to accept.
        guard let socket = try? RawConnection(port: port) else { return }
        while true {
            let number = state.withLock { state in
                state.numbers[connection, default: 0] += 1
                return state.numbers[connection, default: 0]
            }
            let entry = entry(number)
            let head = "\(entry.method) \(entry.path) HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            let text = "\(head)Content-Length: \(entry.body.utf8.count)\r\n\r\n\(entry.body)"
            // What was sent in part may have come whole.
            let isSent = (try? socket.send(text)) != nil
            let answer = isSent ? try await socket.answer() : ""
            guard RawConnection.isWhole(answer) else { return state.withLock { $0.open.append(entry) } }
            state.withLock { state in
                guard answer.hasPrefix("HTTP/1.1 200") else { return state.refusals.append(answer) }
                guard entry.path.hasSuffix("runs/create") else { return state.acknowledged.append(entry) }
                let body = answer.split(separator: "\r\n\r\n", maxSplits: 1).last ?? ""
                let id = try? JSONDocument(String(body)).root["run"]?["info"]?["run_id"]?.string
                state.runs.append(id ?? "a run without an id")
            }
        }
    }

    /// Waits until so many requests were answered.
    func await(_ count: Int) async throws {
        for _ in 0..<30_000 {
            if self.count >= count { return }
            try await Task.sleep(for: .milliseconds(2))
        }
        Issue.record("\(count) answers did not come within a minute")
    }

    /// Holds a server to all that was answered about some runs.
    func check(_ server: RunningServer, runs wanted: Set<String>, _ comment: Comment) async throws {
        let (acknowledged, open, made) = state.withLock { state in
            (
                state.acknowledged.filter { wanted.contains($0.run) }, state.open.filter { wanted.contains($0.run) },
                state.runs
            )
        }
        #expect(refusals.isEmpty, comment)
        for run in wanted {
            let kept = try await Kept(server, run: run, keys: keys(in: acknowledged + open, run: run))
            for entry in acknowledged where entry.run == run && !entry.isFile {
                #expect(kept.share(of: entry) == 1, "\(comment): lost \(entry.path) \(entry.body.prefix(300))")
            }
            // Nobody knows the id of a run whose making was not answered.
            for entry in open where entry.run == run && !entry.isFile && !entry.path.hasSuffix("runs/create") {
                let share = kept.share(of: entry)
                #expect(share == 0 || share == 1, "\(comment): \(share) of \(entry.path) \(entry.body.prefix(300))")
            }
        }
        for entry in acknowledged where entry.isFile {
            let answer = try await server.send("GET", entry.path)
            #expect(answer.status == 200 && answer.text == entry.body, "\(comment): \(entry.path)")
        }
        for entry in open where entry.isFile {
            let answer = try await server.send("GET", entry.path)
            #expect(answer.status == 404 || answer.text == entry.body, "\(comment): half of \(entry.path)")
        }
        for run in made {
            let status = try await server.send("GET", "/api/2.0/mlflow/runs/get?run_id=\(run)").status
            #expect(status == 200, "\(comment): run \(run)")
        }
    }

    /// Forgets runs that were made and looked for, so that the next look is short.
    func forgetMadeRuns() { state.withLock { $0.runs = [] } }

    private func keys(in entries: [Entry], run: String) -> Set<String> {
        var keys: Set<String> = []
        for entry in entries where entry.run == run {
            for point in entry.points.keys { keys.insert(String(point.prefix { $0 != ":" })) }
        }
        return keys
    }
}

/// What a server has of a run.
private struct Kept {
    private var points: [String: Double] = [:]
    private var params: [String: String] = [:]
    private var tags: [String: String] = [:]

    init(_ server: RunningServer, run: String, keys: Set<String>) async throws {
        for key in keys {
            let path = "/api/2.0/mlflow/metrics/get-history?run_id=\(run)&metric_key=\(key)"
            var token: String?
            repeat {
                let page = try await server.json(path + (token.map { "&page_token=\($0)" } ?? ""))
                page["metrics"]?.elements.forEach { point in
                    points["\(key):\(point["step"]?.int64 ?? -1)"] = point["value"]?.double
                }
                token = page["next_page_token"]?.string
            } while token?.isEmpty == false
        }
        let data = try await server.json("/api/2.0/mlflow/runs/get?run_id=\(run)")["run"]?["data"]
        params = Self.pairs(data?["params"])
        tags = Self.pairs(data?["tags"])
    }

    private static func pairs(_ list: JSONElement?) -> [String: String] {
        var result: [String: String] = [:]
        for pair in list?.elements.map({ $0 }) ?? [] { result[pair["key"]?.string ?? ""] = pair["value"]?.string }
        return result
    }

    /// How much of a request's content is there.
    func share(of entry: Ledger.Entry) -> Double {
        let hits =
            entry.points.count { points[$0.key] == $0.value } + entry.params.count { params[$0.key] == $0.value }
            + entry.tags.count { tags[$0.key] == $0.value }
        return Double(hits) / Double(entry.points.count + entry.params.count + entry.tags.count)
    }
}
