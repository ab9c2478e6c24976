// SPDX-License-Identifier: Apache-2.0

import HTTPConnections
import Hummingbird
import HummingbirdTesting
import MLflowAPI
import ObjectStorage
import Registry
import Testing
import Tracking

@testable import Transfer

/// Servers that speak MLflow's REST API: a project's own, and some that should not be believed.
struct ServerImportTests {
    /// Listens for as long as `body` runs.
    private static func serve<Result: Sendable>(
        _ router: Router<BasicRequestContext>,
        _ body: @escaping @Sendable (_ url: String) async throws -> Result
    ) async throws -> Result {
        let application = Application(
            router: router,
            server: .connections(),
            configuration: .init(address: .hostname("127.0.0.1", port: 0))
        )
        return try await application.test(.live) { client in
            try await body("http://127.0.0.1:\(client.port ?? 0)")
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `a project comes from the server of another one, and nothing is new the second time`() async throws {
        try await TestProject.run { source in
            try await source.take(.mlflowFolder(Fixture.folder("mlflow-3.17/mlruns"), artifacts: nil))
            let router = Router()
            MLflowRoutes(tracking: source.tracking, registry: source.registry).add(to: router)
            try await Self.serve(router) { url in
                try await TestProject.run { project in
                    let first = try await project.take(.mlflowServer(url: url, authorization: nil))
                    #expect(first.skipped == [])
                    #expect(first[.runs].added == 5)
                    #expect(first[.points].added == 12)
                    #expect(first[.files].added == 3)
                    #expect(first[.models].added == 1)
                    #expect(first[.versions].added == 3)
                    #expect(first[.aliases].added == 2)
                    for name in ["parent", "child", "removed", "open", "lost"] {
                        let old = try #require(try await source.run(named: name))
                        let new = try #require(try await project.run(named: name))
                        #expect(new.id == old.id)
                        #expect(new.status == old.status)
                        #expect(new.startMs == old.startMs)
                        #expect(new.endMs == old.endMs)
                        #expect(new.stage == old.stage)
                        #expect(new.userID == old.userID)
                        #expect(new.params == old.params)
                        #expect(new.tags == old.tags)
                        #expect(new.inputs == old.inputs)
                        #expect(new.modelInputs == old.modelInputs)
                        #expect(new.modelOutputs.map(\.modelID) == old.modelOutputs.map(\.modelID))
                        for key in ["loss", "odd", "val/acc", "auc"] {
                            let values = try await source.values(key, of: old.id).map(\.description)
                            #expect(try await project.values(key, of: new.id).map(\.description) == values)
                        }
                    }
                    let parent = try #require(try await project.run(named: "parent"))
                    #expect(try await project.text(parent.artifactURI, "note.txt") == "a note\n")
                    let model = try await project.tracking.model(id: parent.modelOutputs[0].modelID)
                    #expect(try await project.text(model.artifactURI, "MLmodel") == "flavors: {}\n")
                    #expect(model.metrics.map(\.metric.value) == [0.875])
                    let second = try await project.take(.mlflowServer(url: url, authorization: nil))
                    for kind in TransferCounts.Kind.allCases {
                        #expect(second[kind].added == 0, "\(kind)")
                        #expect(second[kind].grown == 0, "\(kind)")
                    }
                }
            }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `names of files that lead out of the run are not stored`() async throws {
        let router = Router()
        let id = "0123456789abcdef0123456789abcdef"
        router.post("api/2.0/mlflow/experiments/search") { _, _ in
            #"{"experiments": [{"experiment_id": "0", "name": "Default", "lifecycle_stage": "active"}]}"#
        }
        router.post("api/2.0/mlflow/logged-models/search") { _, _ in "{}" }
        router.get("api/2.0/mlflow/registered-models/search") { _, _ in "{}" }
        router.post("api/2.0/mlflow/runs/search") { _, _ in
            #"{"runs": [{"info": {"run_id": "\#(id)", "status": "FINISHED", "artifact_uri": "mlflow-artifacts:/0/a"}}]}"#
        }
        router.get("api/2.0/mlflow/artifacts/list") { _, _ in
            #"{"files": [{"path": "../../../evil", "is_dir": false, "file_size": 4}, {"path": "/etc/x", "is_dir": false}, {"path": "fine", "is_dir": false}]}"#
        }
        router.get("api/2.0/mlflow-artifacts/artifacts/**") { _, _ in "evil" }
        try await Self.serve(router) { url in
            try await TestProject.run { project in
                let report = try await project.take(.mlflowServer(url: url, authorization: nil))
                #expect(report[.files].added == 1)
                #expect(report[.files].skipped == 2)
                #expect(report.problemCount == 2)
                #expect(try await project.text("mlflow-artifacts:/0/\(id)/artifacts", "fine") == "evil")
                let all = try await project.artifacts.list(prefix: "", recursive: true, after: nil, limit: 10)
                #expect(all.entries.map(\.name) == ["0/\(id)/artifacts/fine"])
            }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `models that went into a run are asked for where the search leaves them out, as MLflow's does`() async throws {
        let router = Router()
        let id = "0123456789abcdef0123456789abcdef"
        let run = #""info": {"run_id": "\#(id)", "status": "FINISHED", "artifact_uri": "s3://bucket/a"}"#
        router.post("api/2.0/mlflow/experiments/search") { _, _ in
            #"{"experiments": [{"experiment_id": "0", "name": "Default", "lifecycle_stage": "active"}]}"#
        }
        router.post("api/2.0/mlflow/logged-models/search") { _, _ in
            #"{"models": [{"info": {"model_id": "m-\#(id)", "name": "tree", "status": "LOGGED_MODEL_READY", "artifact_uri": "s3://bucket/m"}}]}"#
        }
        router.get("api/2.0/mlflow/registered-models/search") { _, _ in "{}" }
        router.post("api/2.0/mlflow/runs/search") { _, _ in #"{"runs": [{\#(run), "inputs": {}}]}"# }
        router.get("api/2.0/mlflow/runs/get") { _, _ in
            #"{"run": {\#(run), "inputs": {"model_inputs": [{"model_id": "m-\#(id)"}]}}}"#
        }
        try await Self.serve(router) { url in
            try await TestProject.run { project in
                let report = try await project.take(.mlflowServer(url: url, authorization: nil))
                #expect(report.skipped.map(\.why) == ["they stay in `s3://bucket`"])
                #expect(try await project.tracking.run(id: id).modelInputs == ["m-\(id)"])
            }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `what does not speak MLflow's API is refused, and nothing is made`() async throws {
        let router = Router()
        router.get("/") { _, _ in "hello" }
        try await Self.serve(router) { url in
            try await TestProject.run { project in
                let error = await #expect(throws: TransferError.self) {
                    try await project.take(.mlflowServer(url: url, authorization: nil))
                }
                #expect(error?.code == .wrongContent)
                let experiments = try await project.tracking.searchExperiments()
                #expect(experiments.map(\.name) == ["Default"])
            }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `a server that demands a login gets the header, and without one says so`() async throws {
        let router = Router()
        router.post("api/2.0/mlflow/experiments/search") { request, _ -> Response in
            let isKnown = request.headers[.authorization] == "Bearer secret"
            return Response(status: isKnown ? .ok : .unauthorized, body: .init(byteBuffer: .init(string: "{}")))
        }
        router.get("api/2.0/mlflow/registered-models/search") { _, _ in "{}" }
        try await Self.serve(router) { url in
            try await TestProject.run { project in
                let error = await #expect(throws: TransferError.self) {
                    try await project.take(.mlflowServer(url: url, authorization: nil))
                }
                #expect(error?.code == .refused)
                #expect(error?.next?.contains("MLFLOW_TRACKING_TOKEN") == true)
                let header = ImportAddress.authorization(in: ["MLFLOW_TRACKING_TOKEN": "secret"])
                let report = try await project.take(.mlflowServer(url: url, authorization: header))
                #expect(report[.experiments].added == 0)
            }
        }
    }
}
