// SPDX-License-Identifier: Apache-2.0

import BenchmarkSupport

/// All parts against one server.
struct Measurement {
    /// A part's figure.
    struct Figure {
        let part: String
        let unit: String
        /// The figure itself: a rate, of which more is better, or seconds.
        let value: Double
        /// Whether more is better.
        let isRate: Bool
        /// The server's CPU time for one of them, seconds.
        let cpu: Double
    }

    private let peer: Peer
    private let load: Load
    private let child: Child
    private let options: Options

    init(_ peer: Peer, _ port: Int, _ child: Child, _ options: Options) {
        self.peer = peer
        load = Load(port: port)
        self.child = child
        self.options = options
    }

    private static let api = "/api/2.0/mlflow/"

    /// Measures what is asked for.
    func all() throws -> (peer: Peer, figures: [Figure], resident: Int) {
        var figures: [Figure] = []
        let parts: [(String, () throws -> [Figure])] = [
            ("batch", { [try batches("log-batch 10 keys x 100", keys: 10, steps: 100)] }),
            ("wide", { [try batches("log-batch 1000 keys x 1", keys: 1_000, steps: 1)] }),
            ("metric", { [try metrics("log-metric, 1 connection", connections: 1)] }),
            ("group", { [try metrics("log-metric, 16 connections", connections: 16)] }),
            ("search", search),
            ("history", history),
            ("many", many),
        ]
        for (name, measure) in parts where options.has(name) { figures += try measure() }
        return (peer, figures, child.footprint().resident)
    }

    private func newRun(in experiment: String = "0") throws -> String {
        let answer = try load.send(
            "POST",
            Self.api + "runs/create",
            #"{"experiment_id":"\#(experiment)","start_time":1}"#
        )
        return try Self.field("run_id", answer)
    }

    private static func field(_ name: String, _ json: String) throws -> String {
        let mark = "\"\(name)\""
        var rest = json[...]
        while !rest.isEmpty, !rest.hasPrefix(mark) { rest = rest.dropFirst() }
        guard !rest.isEmpty else { throw Problem("no \(name) in \(json.prefix(300))") }
        return String(rest.dropFirst(mark.count).drop { $0 != "\"" }.dropFirst().prefix { $0 != "\"" })
    }

    private func figure(
        _ part: String,
        _ unit: String,
        isRate: Bool,
        _ measure: () throws -> (value: Double, count: Double)
    ) throws -> Figure {
        let before = child.footprint().cpu
        let result = try measure()
        let cpu = (child.footprint().cpu - before) / result.count
        return Figure(part: part, unit: unit, value: result.value, isRate: isRate, cpu: cpu)
    }

    // MARK: Logging

    private func batches(_ part: String, keys: Int, steps: Int) throws -> Figure {
        let runs = try (0..<8).map { _ in try newRun() }
        return try figure(part, "metrics/s", isRate: true) {
            let result = try load.run(connections: 8, seconds: options.seconds) { connection, place, _ in
                let body = Bodies.batch(run: runs[connection], keys: keys, steps: steps, from: place * steps)
                return Load.request("POST", Self.api + "runs/log-batch", body)
            }
            let count = Double(result.latencies.count * keys * steps)
            return (count / result.wall, count)
        }
    }

    private func metrics(_ part: String, connections: Int) throws -> Figure {
        let runs = try (0..<connections).map { _ in try newRun() }
        let isAlone = connections == 1
        return try figure(part, isAlone ? "p50" : "requests/s", isRate: !isAlone) {
            let result = try load.run(connections: connections, seconds: options.seconds) { connection, place, _ in
                Load.request("POST", Self.api + "runs/log-metric", Bodies.metric(run: runs[connection], step: place))
            }
            return (isAlone ? Figures.median(result.latencies) : result.rate, Double(result.latencies.count))
        }
    }

    // MARK: Searching

    /// Makes an experiment with so many runs, each with 20 params, 10 metrics and 5 tags.
    private func fill(_ name: String, runs: Int) throws -> String {
        let answer = try load.send("POST", Self.api + "experiments/create", #"{"name":"\#(name)"}"#)
        let experiment = try Self.field("experiment_id", answer)
        if let filler = peer.filler(experiment: experiment, runs: runs, options) {
            try filler()
            return experiment
        }
        // Each connection makes a run and fills it in turn.
        _ = try load.run(connections: 16, seconds: 3_600, requests: runs * 2) { connection, place, answer in
            let number = place / 2 * 16 + connection
            guard number < runs else { return nil }
            guard place % 2 == 1 else {
                let start = 1_790_000_000_000 + number
                let body = #"{"experiment_id":"\#(experiment)","start_time":\#(start)}"#
                return Load.request("POST", Self.api + "runs/create", Array(body.utf8))
            }
            let id = try Self.field("run_id", String(decoding: answer.prefix(400), as: UTF8.self))
            return Load.request("POST", Self.api + "runs/log-batch", Bodies.run(id, number: number))
        }
        return experiment
    }

    private func repeated(
        _ part: String,
        _ path: String,
        method: String = "GET",
        _ body: (Int) -> String
    ) throws -> Figure {
        try figure(part, "p50", isRate: false) {
            let result = try load.run(connections: 1, seconds: options.seconds) { _, place, _ in
                Load.request(method, path, Array(body(place).utf8))
            }
            return (Figures.median(result.latencies), Double(result.latencies.count))
        }
    }

    private func search() throws -> [Figure] {
        let experiment = try fill("some", runs: options.runs)
        return [
            try repeated("search, 100 of \(options.runs) by a metric", Self.api + "runs/search", method: "POST") {
                place in
                """
                {"experiment_ids":["\(experiment)"],"order_by":["metrics.metric_\(place % 10) DESC"],"max_results":100}
                """
            }
        ]
    }

    private func many() throws -> [Figure] {
        guard peer.kind == .gyre, options.manyRuns > 0 else { return [] }
        let count = options.manyRuns
        let started = ContinuousClock.now
        let experiment = try fill("many", runs: count)
        let filled = (ContinuousClock.now - started) / .seconds(1)
        print("filled \(count) runs in \(Figures.fixed(filled, 1)) s, \(child.footprint().resident >> 20) MiB resident")
        let filter = "metrics.metric_1 > 0.9 and params.param_0 = 'b'"
        let filtered = try repeated("filter on \(count) runs", Self.api + "runs/search", method: "POST") { _ in
            #"{"experiment_ids":["\#(experiment)"],"filter":"\#(filter)","max_results":100}"#
        }
        let paged = try figure("all \(count) runs, by 1,000", "s", isRate: false) {
            let started = ContinuousClock.now
            let result = try load.run(connections: 1, seconds: 600) { _, place, answer in
                let tail = String(decoding: answer.suffix(600), as: UTF8.self)
                let token = tail.contains("next_page_token") ? try Self.field("next_page_token", tail) : nil
                if place > 0, token == nil { return nil }
                let page = token.map { #","page_token":"\#($0)""# } ?? ""
                let body = #"{"experiment_ids":["\#(experiment)"],"max_results":1000\#(page)}"#
                return Load.request("POST", Self.api + "runs/search", Array(body.utf8))
            }
            print("\(result.latencies.count) pages, \(result.received >> 20) MiB of JSON")
            return ((ContinuousClock.now - started) / .seconds(1), 1)
        }
        return [filtered, paged]
    }

    // MARK: Histories

    private func history() throws -> [Figure] {
        // As many points as the peer takes in a minute or two.
        let points = peer.kind == .gyre ? options.points : options.points / 10
        let run = try newRun()
        _ = try load.run(connections: 1, seconds: 600, requests: points / 1_000) { _, place, _ in
            let body = Bodies.batch(run: run, keys: 1, steps: 1_000, from: place * 1_000)
            return Load.request("POST", Self.api + "runs/log-batch", body)
        }
        guard peer.kind != .fasttrackml else { return [] }
        let path =
            Self.api + "metrics/get-history-bulk-interval?run_ids=\(run)&metric_key=layer_0/loss&max_results=2000"
        let sampling = peer.kind == .gyre ? "&sampling=extremes" : ""
        return [try repeated("2,000 of \(options.points) points", path + sampling) { _ in "" }]
    }
}
