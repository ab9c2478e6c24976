// SPDX-License-Identifier: Apache-2.0

import Files
import HTTPTransport
import JSONText
import SystemPackage
import Testing

/// What may become the champion, and how its service changes over.
@Suite(.afterTheDemo, .timeLimit(.minutes(10)))
struct PromotionTests {
    @Test func `no request fails while the champion changes over and back`() async throws {
        try await DemoProject.copied { gyre in
            let load = Load()
            try await gyre.up { server in
                try await server.await200("/v2/health/ready")
                let body = try await ShutdownTests.scoring(server)
                let port = server.port
                async let requests: Void = load.send(port, connections: 4) { _, _ in ("/invocations", body) }
                for version in ["1", "2", "1"] {
                    let alias = #"{"name": "breast-cancer", "alias": "champion", "version": "\#(version)"}"#
                    let moved = try await server.send("POST", "/api/2.0/mlflow/registered-models/alias", alias)
                    #expect(moved.status == 200, "\(moved.text)")
                    try await server.await200("/v2/models/breast-cancer/versions/\(version)")
                    try await load.awaitAnswers(load.answers.count + 50)
                }
                load.stop()
                try await requests
            }
            #expect(load.broken.isEmpty)
            #expect(load.answers.allSatisfy { $0.status == 200 })
            let versions = Set(try load.answers.map { try JSONDocument($0.body).root["model_version"]?.string })
            #expect(versions == ["1", "2"])
        }
    }

    @Test func `a version that did not pass never serves, whoever asks`() async throws {
        try await DemoProject.copied { gyre in
            let weak = try #require(
                try await gyre.json("runs", "--filter", "params.C = '0.001'").elements.first { _ in true }?["run_id"]?
                    .string
            )
            let refused = try await gyre.run("promote", weak)
            #expect(refused.code == 3, "\(refused.error)")
            #expect(refused.output.contains("is refused") && refused.error.isEmpty)
            try await gyre.up { server in
                let client = """
                    import mlflow, sys
                    mlflow.set_tracking_uri(sys.argv[1])
                    client = mlflow.MlflowClient()
                    version = client.create_model_version("breast-cancer", f"runs:/{sys.argv[2]}/model", run_id=sys.argv[2])
                    client.set_registered_model_alias("breast-cancer", "champion", version.version)
                    """
                let answer = try await gyre.python(client, server.url, weak)
                #expect(answer.code == 1)
                #expect(answer.error.contains("PERMISSION_DENIED"), "\(answer.error)")
                #expect(answer.error.contains("gyre promote"))
                #expect(try await server.send("GET", "/v2/models/breast-cancer/versions/2").status == 200)
            }
        }
    }

    @Test func `a champion whose files changed after it passed does not go live`() async throws {
        try await DemoProject.copied { gyre in
            let models = try await gyre.shell("find .gyre/artifacts -name MLmodel | xargs -n 1 dirname").output
            for model in models.split(separator: "\n") {
                try AtomicFile.write(
                    "tampered\n",
                    to: gyre.folder.pushing(FilePath(String(model))).appending("new.txt")
                )
            }
            try await gyre.up { server in
                try await server.awaitLog("its files changed after it was judged")
                #expect(try await server.send("POST", "/invocations", "{}").status == 503)
            }
        }
    }
}
