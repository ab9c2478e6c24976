// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import JSONText
import NIOCore
import Testing
import Tracking

/// What answers look like: names and kinds as MLflow's protobuf messages have them.
@Suite(.timeLimit(.minutes(5)))
struct ShapeTests {
    @Test func `an experiment has numbers for times and texts for ids`() async throws {
        try await World.run { world in
            let path = world.filled("experiments/get?experiment_id=$EXPERIMENT")
            let experiment = try #require(try await world.server.get(path)["experiment"])
            #expect(experiment["experiment_id"]?.string == world.filled("$EXPERIMENT"))
            #expect(experiment["name"]?.string == "churn")
            #expect(experiment["lifecycle_stage"]?.string == "active")
            #expect(experiment["artifact_location"]?.string == world.filled("mlflow-artifacts:/$EXPERIMENT"))
            #expect((experiment["creation_time"]?.int64 ?? 0) > 0)
            #expect((experiment["last_update_time"]?.int64 ?? 0) > 0)
        }
    }

    @Test func `a run has info, data, inputs and outputs`() async throws {
        try await World.run { world in
            let server = world.server
            let data = #"{"name":"d","digest":"g","source_type":"local","source":"{}","schema":"s"}"#
            let tags = #"[{"key":"mlflow.data.context","value":"training"}]"#
            try await server.post(
                "runs/log-inputs",
                world.filled(#"{"run_id":"$RUN","datasets":[{"dataset":\#(data),"tags":\#(tags)}]}"#)
            )
            try await server.post(
                "runs/outputs",
                world.filled(#"{"run_id":"$RUN","models":[{"model_id":"$MODEL","step":3}]}"#)
            )
            let run = try #require(try await server.get(world.filled("runs/get?run_id=$RUN"))["run"])
            #expect(run["info"]?["run_id"]?.string == world.filled("$RUN"))
            #expect(run["info"]?["run_uuid"]?.string == world.filled("$RUN"))
            #expect(run["info"]?["run_name"]?.string == "one")
            #expect(run["info"]?["status"]?.string == "RUNNING")
            #expect(run["info"]?["start_time"]?.int64 == 10)
            #expect(run["info"]?["end_time"] == nil)
            #expect(run["data"]?["params"]?.json == #"[{"key":"p","value":"1"}]"#)
            #expect(run["data"]?["metrics"]?.json == #"[{"key":"m","value":1.5,"timestamp":5,"step":1}]"#)
            let inputs = try #require(run["inputs"]?["dataset_inputs"])
            #expect(inputs.json == "[{\"tags\":\(tags),\"dataset\":\(data)}]")
            let outputs = try #require(run["outputs"]?["model_outputs"])
            #expect(outputs.json == world.filled(#"[{"model_id":"$MODEL","step":3}]"#))
        }
    }

    @Test func `numbers that JSON cannot write are protobuf's texts`() async throws {
        try await World.run { world in
            let values = [("n", "NaN"), ("i", "Infinity"), ("j", "-Infinity")]
            for (key, value) in values {
                let metric = #"{"key":"\#(key)","value":"\#(value)","timestamp":1}"#
                try await world.server.post(
                    "runs/log-batch",
                    world.filled(#"{"run_id":"$RUN","metrics":[\#(metric)]}"#)
                )
                let history = try await world.server.get(
                    world.filled("metrics/get-history?run_id=$RUN&metric_key=\(key)")
                )
                #expect(history["metrics"]?.elements.map { $0["value"]?.string } == [value])
            }
            let run = try await world.server.get(world.filled("runs/get?run_id=$RUN"))
            let metrics = run["run"]?["data"]?["metrics"]?.elements.map { $0["value"]?.string } ?? []
            #expect(metrics == ["Infinity", "-Infinity", nil, "NaN"])
        }
    }

    @Test func `pages carry a token that goes on where they ended`() async throws {
        try await TestServer.run { server in
            for index in 0..<5 {
                _ = try await server.tracking.createRun(
                    RunDraft(experimentID: "0", name: "r\(index)", startMs: Int64(index))
                )
            }
            var names: [String] = []
            var token: String?
            repeat {
                let next = token.map { #","page_token":"\#($0)""# } ?? ""
                let page = try await server.post(
                    "runs/search",
                    #"{"experiment_ids":["0"],"max_results":2,"order_by":["start_time"]\#(next)}"#
                )
                names += page["runs"]?.elements.compactMap { $0["info"]?["run_name"]?.string } ?? []
                token = page["next_page_token"]?.string
            } while token != nil
            #expect(names == ["r0", "r1", "r2", "r3", "r4"])
        }
    }

    @Test func `spaces in a query come as a plus, as the client sends them`() async throws {
        try await TestServer.run { server in
            let id = try await server.tracking.createExperiment(name: "my 1+1 exp")
            let found = try await server.get("experiments/get-by-name?experiment_name=my+1%2B1+exp")
            #expect(found["experiment"]?["experiment_id"]?.string == id)
        }
    }

    @Test func `a version has its number as text, and its stage and status as MLflow names them`() async throws {
        try await World.run { world in
            let found = try await world.server.get("model-versions/get?name=m1&version=1")
            let version = try #require(found["model_version"])
            #expect(version["version"]?.string == "1")
            #expect(version["current_stage"]?.string == "None")
            #expect(version["status"]?.string == "READY")
            #expect(version["aliases"]?.elements.compactMap(\.string) == ["best"])
            let model = try await world.server.get("registered-models/get?name=m1")
            #expect(model["registered_model"]?["aliases"]?.json == #"[{"alias":"best","version":"1"}]"#)
            #expect(model["registered_model"]?["latest_versions"]?.elements.map { $0["version"]?.string } == ["2"])
        }
    }

    @Test func `metrics of a model name their data and their run`() async throws {
        try await World.run { world in
            let metric =
                #"{"key":"f1","value":2,"timestamp":6,"model_id":"$MODEL","dataset_name":"d","dataset_digest":"g"}"#
            try await world.server.post(
                "runs/log-batch",
                world.filled(#"{"run_id":"$RUN","metrics":[\#(metric)]}"#)
            )
            let model = try await world.server.get(world.filled("logged-models/$MODEL"))
            let found = try #require(model["model"]?["data"]?["metrics"]?.elements.first { _ in true })
            #expect(found["key"]?.string == "f1")
            #expect(found["dataset_name"]?.string == "d")
            #expect(found["dataset_digest"]?.string == "g")
            #expect(found["run_id"]?.string == world.filled("$RUN"))
        }
    }

    @Test func `a tag of a model is removed by its name, whatever it holds`() async throws {
        try await World.run { world in
            let path = world.filled("logged-models/$MODEL/tags")
            let set = try await world.server.call(.patch, path, #"{"tags":[{"key":"a b%c","value":"1"}]}"#)
            #expect(set.status == 200)
            let removed = try await world.server.call(.delete, path + "/a%20b%25c")
            #expect(removed.status == 200)
            let model = try await world.server.tracking.model(id: world.filled("$MODEL"))
            #expect(model.tags.isEmpty)
        }
    }

    @Test(arguments: ["/api", "/ajax-api"])
    func `every route answers at both places`(prefix: String) async throws {
        try await TestServer.run { server in
            let answer = try await server.send(.get, prefix + "/2.0/mlflow/experiments/get?experiment_id=0")
            #expect(answer.status == 200)
            #expect(answer.headers[.contentType] == "application/json")
            #expect(try await server.send(.get, prefix + "/3.0/mlflow/server-info").status == 200)
        }
    }

    @Test func `the version is MLflow's, as plain text`() async throws {
        try await TestServer.run { server in
            let answer = try await server.send(.get, "/version")
            #expect(String(buffer: answer.body) == "3.17.0")
        }
    }
}
