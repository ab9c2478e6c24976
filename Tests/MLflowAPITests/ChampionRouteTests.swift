// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import JSONText
import Registry
import Testing

struct ChampionRouteTests {
    private static let champion = #"{"name":"churn","alias":"champion","version":"1"}"#

    @Test func `MLflow's API moves the champion of a guarded model only after a pass for its files`() async throws {
        try await TestServer.run(guarded: ["churn"]) { server in
            try await server.post("registered-models/create", #"{"name":"churn"}"#)
            try await server.post("model-versions/create", #"{"name":"churn","source":"s3://b/x"}"#)
            let refused = try await server.call(.post, "registered-models/alias", Self.champion)
            #expect(refused.status == 403)
            #expect(refused.code == "PERMISSION_DENIED")
            #expect(refused.message.contains("gyre promote"))
            let other = RecordedVerdict(digest: "sha256:2", passed: true, report: "{}", createdMs: 1)
            try await server.registry.record(other, model: "churn", version: 1)
            #expect(try await server.call(.post, "registered-models/alias", Self.champion).status == 403)
            #expect(try await server.registry.version(model: "churn", alias: "champion") == nil)
            #expect(server.changes.count == 0)
            let exact = RecordedVerdict(digest: "sha256:1", passed: true, report: "{}", createdMs: 2)
            try await server.registry.record(exact, model: "churn", version: 1)
            try await server.post("registered-models/alias", Self.champion)
            #expect(try await server.registry.version(model: "churn", alias: "champion")?.version == 1)
            #expect(server.changes.count == 1)
        }
    }

    @Test(
        arguments: [
            (HTTPRequest.Method.delete, "registered-models/alias", #"{"name":"churn","alias":"champion"}"#),
            (.post, "registered-models/rename", #"{"name":"churn","new_name":"other"}"#),
            (.delete, "registered-models/delete", #"{"name":"churn"}"#),
            (.delete, "model-versions/delete", #"{"name":"churn","version":"1"}"#),
        ]
    )
    func `the live service hears of what takes its model away`(
        method: HTTPRequest.Method,
        path: String,
        body: String
    ) async throws {
        try await TestServer.run { server in
            try await server.post("registered-models/create", #"{"name":"churn"}"#)
            try await server.post("model-versions/create", #"{"name":"churn","source":"s3://b/x"}"#)
            try await server.post("registered-models/alias", Self.champion)
            let before = server.changes.count
            #expect(try await server.call(method, path, body).status == 200)
            #expect(server.changes.count == before + 1)
        }
    }
}
