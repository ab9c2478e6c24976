// SPDX-License-Identifier: Apache-2.0

import Registry
import Tracking

/// A server with something in it, so that calls have something to be about.
struct World: Sendable {
    let server: TestServer
    private let names: [(word: String, id: String)]

    static func run<Result: Sendable>(
        _ body: @escaping @Sendable (World) async throws -> Result
    ) async throws -> Result {
        try await TestServer.run { server in try await body(try await World(server)) }
    }

    private init(_ server: TestServer) async throws {
        self.server = server
        let tracking = server.tracking
        let experiment = try await tracking.createExperiment(name: "churn")
        let gone = try await tracking.createExperiment(name: "gone")
        try await tracking.setExperiment(id: gone, stage: .deleted)
        let run = try await tracking.createRun(RunDraft(experimentID: experiment, name: "one", startMs: 10)).id
        let batch = TrackingService.Batch(
            metrics: [Metric(key: "m", value: 1.5, timestampMs: 5, step: 1)],
            params: [KeyValue("p", "1")],
            tags: [KeyValue("t", "x")]
        )
        try await tracking.log(batch, run: run)
        let deleted = try await tracking.createRun(RunDraft(experimentID: experiment)).id
        try await tracking.setRun(id: deleted, stage: .deleted)
        let draft = LoggedModelDraft(experimentID: experiment, name: "model", params: [KeyValue("a", "1")])
        let model = try await tracking.createModel(draft).id
        _ = try await server.registry.createModel(name: "m1", tags: [KeyValue("a", "b")])
        for _ in 0..<2 {
            _ = try await server.registry.createVersion(VersionDraft(model: "m1", source: "s3://b/x", runID: run))
        }
        try await server.registry.setAlias(model: "m1", alias: "best", version: 1)
        names = [
            ("EXPERIMENT", experiment), ("GONE", gone), ("RUN", run), ("DELETED", deleted), ("MODEL", model),
            ("NOBODY", String(repeating: "0", count: 32)), ("LONG", String(repeating: "x", count: 6_001)),
        ]
    }

    /// The text with ids for `$RUN` and the like.
    func filled(_ text: String) -> String {
        names.reduce(text) { $0.replacing("$" + $1.word, with: $1.id) }
    }
}
