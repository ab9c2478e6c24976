// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import JSONText
import Server
import SystemPackage
import Terminal

/// The steps that the running service takes part in.
struct LiveSteps: Sendable {
    let narrator: Narrator
    let folder: FilePath
    let url: String

    func run() async throws -> Traffic.Count {
        try await HTTPTransportClient.with { client in try await run(client) }
    }

    private func run(_ client: HTTPTransportClient) async throws -> Traffic.Count {
        try await awaitModel(client)
        let patients = try HeldBack(folder).rows
        let traffic = Traffic(client: client, url: url, bodies: patients.map(\.invocation))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await traffic.run() }
            group.addTask { try await learn(client, traffic) }
            // The traffic ends when the learning has.
            _ = try await group.next()
            group.cancelAll()
        }
        try await trace(traffic.count, client)
        return traffic.count
    }

    private func learn(_ client: HTTPTransportClient, _ traffic: Traffic) async throws {
        narrator.step(8, "Held-back patients arrive, half of them from another clinic; truth and complaints come back")
        try await narrator.run(["python", "clinic.py"], environment: ["MLFLOW_TRACKING_URI": url])
        narrator.step(9, "Errors gathered; the loop makes a data version of them, retrains, compares and promotes")
        let start = ContinuousClock.now
        let turn = try await awaitTurn(client)
        narrator.say("turn \(turn.number) \(turn.state) on \(turn.errors) errors, as data version \(turn.dataVersion)")
        narrator.say(turn.note)
        narrator.say(ContinuousClock.now - start)
        try await narrator.run(["gyre", "errors"])
        try await narrator.run(["git", "log", "--oneline", "--all"])
        guard turn.state == "promoted" else {
            throw ServerError(
                .stepFailed,
                what: "cannot go on with the demo",
                why: "the loop's turn ended as \(turn.state): \(turn.note)"
            )
        }
        narrator.step(10, "The running service answers with the new version, and no request failed in between")
        for _ in 0..<400 where traffic.count.versions[turn.version, default: 0] < 20 {
            try await Task.sleep(for: .milliseconds(50))
        }
        let count = traffic.count
        let shares = count.versions.sorted { $0.key < $1.key }.map { "\($0.value) by version \($0.key)" }
        narrator.say(
            "\(count.answered) requests answered meanwhile (\(shares.joined(separator: ", "))), \(count.failed) failed"
        )
        guard count.failed == 0, count.versions[turn.version, default: 0] > 0 else {
            throw ServerError(
                .stepFailed,
                what: "cannot end the demo well",
                why:
                    "\(count.failed) requests failed, and version \(turn.version) gave \(count.versions[turn.version, default: 0]) answers"
            )
        }
    }

    private func trace(_ count: Traffic.Count, _ client: HTTPTransportClient) async throws {
        narrator.step(11, "From a prediction back to the model, the run, the data and the commit")
        guard let newest = count.versions.keys.max(by: { (Int($0) ?? 0) < (Int($1) ?? 0) }), let id = count.last[newest]
        else { return }
        // What the service logged last may still be on its way to the disk.
        for _ in 0..<100 {
            if try await client.send("GET", "\(url)/api/gyre/v1/predictions/\(id)").status == 200 { break }
            try await Task.sleep(for: .milliseconds(50))
        }
        try await narrator.run(["gyre", "lineage", id])
    }

    // MARK: Waiting

    private struct EndedTurn: Sendable {
        let number: Int64
        let state: String
        let errors: Int64
        let dataVersion: String
        let version: String
        let note: String
    }

    private func awaitModel(_ client: HTTPTransportClient) async throws {
        for _ in 0..<600 {
            if try await client.send("GET", url + "/v2/health/ready").status == 200 { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw ServerError(
            .stepFailed,
            what: "cannot go on with the demo",
            why: "the champion did not go live in 30 seconds"
        )
    }

    private func awaitTurn(_ client: HTTPTransportClient) async throws -> EndedTurn {
        for _ in 0..<1_800 {
            let root = try JSONDocument(try await client.send("GET", url + "/api/gyre/v1/status").body).root
            let turn = root["turns"].flatMap { $0.elements.first { _ in true } }
            if let turn, let state = turn["state"]?.string, state != "running" {
                return EndedTurn(
                    number: turn["turn"]?.int64 ?? 0,
                    state: state,
                    errors: turn["errors"]?.int64 ?? 0,
                    dataVersion: turn["data_version"]?.string ?? "–",
                    version: turn["version"]?.string ?? "–",
                    note: turn["note"]?.string ?? ""
                )
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw ServerError(
            .stepFailed,
            what: "cannot go on with the demo",
            why: "the loop's turn did not end in three minutes"
        )
    }
}
