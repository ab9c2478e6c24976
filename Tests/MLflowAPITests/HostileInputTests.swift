// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import NIOCore
import Testing

/// Requests that no client of MLflow sends: each gets a 4xx in MLflow's shape, and none a 5xx.
struct HostileInputTests {
    static let posts = [
        "experiments/create", "experiments/update", "experiments/delete", "experiments/restore", "experiments/search",
        "experiments/set-experiment-tag", "experiments/delete-experiment-tag", "runs/create", "runs/update",
        "runs/delete", "runs/restore", "runs/search", "runs/set-tag", "runs/delete-tag", "runs/log-batch",
        "runs/log-metric", "runs/log-parameter", "runs/log-inputs", "runs/outputs", "runs/log-model", "logged-models",
        "logged-models/search", "logged-models/$MODEL/params", "registered-models/create", "registered-models/rename",
        "registered-models/set-tag", "registered-models/alias", "registered-models/get-latest-versions",
        "model-versions/create", "model-versions/transition-stage", "model-versions/set-tag",
    ]

    static let broken = [
        "{nope", "[1]", "5", "\"text\"", "null", "{\"name\":", "\u{FEFF}{}", "{\"a\":1}{\"b\":2}",
        String(repeating: "[", count: 100_000), String(repeating: "{\"a\":", count: 1_000),
    ]

    @Test(arguments: broken)
    func `a broken body is refused by every call in MLflow's shape`(body: String) async throws {
        try await World.run { world in
            for path in Self.posts {
                let answer = try await world.server.call(.post, world.filled(path), body)
                #expect(answer.status == 400, "\(path)")
                #expect(answer.code == "INVALID_PARAMETER_VALUE", "\(path)")
                #expect(answer.message.contains("body"), "\(path)")
            }
        }
    }

    static let wrongKinds = [
        #"{"run_id":{},"name":{},"experiment_id":{},"experiment_ids":{},"model_id":{},"key":{},"filter":{}}"#,
        #"{"run_id":[],"name":true,"experiment_id":1.5,"experiment_ids":[{}],"order_by":[],"key":-1,"filter":1}"#,
        #"""
        {"run_id":"$RUN","name":"m1","experiment_id":"$EXPERIMENT","metrics":[[]],"params":[null],"tags":["x"],
        "datasets":[5],"models":[5],"stages":[5],"key":5,"version":{},"order_by":[5],"new_name":5,"model_json":5,
        "experiment_ids":[5],"status":[],"filter":{}}
        """#,
    ]

    @Test(arguments: wrongKinds)
    func `fields of wrong kinds never make a call fail on our side`(body: String) async throws {
        try await World.run { world in
            for path in Self.posts {
                let answer = try await world.server.call(.post, world.filled(path), world.filled(body))
                #expect(answer.status < 500, "\(path): \(answer.message)")
                #expect(answer.status == 200 || answer.message.contains("'"), "\(path): \(answer.message)")
            }
        }
    }

    @Test(
        arguments: [
            ("runs/log-batch", #"{"run_id":5}"#, "'run_id'"),
            ("runs/log-batch", #"{"run_id":"r","metrics":{}}"#, "'metrics'"),
            ("runs/log-batch", #"{"run_id":"r","metrics":[{"key":"a","value":1,"timestamp":1},5]}"#, "'metrics[1]'"),
            ("runs/log-batch", #"{"run_id":"r","metrics":[{"key":5,"value":1,"timestamp":1}]}"#, "'metrics[0].key'"),
            (
                "runs/log-batch", #"{"run_id":"r","metrics":[{"key":"a","value":true,"timestamp":1}]}"#,
                "'metrics[0].value'"
            ),
            (
                "runs/log-batch", #"{"run_id":"r","metrics":[{"key":"a","value":"abc","timestamp":1}]}"#,
                "'metrics[0].value'"
            ),
            (
                "runs/log-batch", #"{"run_id":"r","metrics":[{"key":"a","value":1,"timestamp":1.5}]}"#,
                "'metrics[0].timestamp'"
            ),
            (
                "runs/log-batch", #"{"run_id":"r","metrics":[{"key":"a","value":1,"timestamp":1,"step":1e30}]}"#,
                "'metrics[0].step'"
            ), ("runs/log-batch", #"{"run_id":"r","params":[{"key":"a","value":5}]}"#, "'params[0].value'"),
            ("runs/log-batch", #"{"run_id":"r","tags":[{"key":"a","value":[]}]}"#, "'tags[0].value'"),
            ("runs/log-inputs", #"{"run_id":"r","datasets":[{"tags":[]}]}"#, "'datasets[0].dataset'"),
            ("runs/log-inputs", #"{"run_id":"r","datasets":[{"dataset":{"name":5}}]}"#, "'datasets[0].dataset.name'"),
            (
                "runs/log-inputs",
                #"{"run_id":"r","datasets":[{"dataset":{"name":"n","digest":"d","source_type":"s","source":"s"},"tags":[{"key":5}]}]}"#,
                "'datasets[0].tags[0].key'"
            ), ("runs/search", #"{"experiment_ids":["0",5]}"#, "'experiment_ids[1]'"),
            ("runs/search", #"{"experiment_ids":["0"],"run_view_type":"NOPE"}"#, "'run_view_type'"),
            ("runs/search", #"{"experiment_ids":["0"],"max_results":"many"}"#, "'max_results'"),
            ("runs/update", #"{"run_id":"r","status":"BOGUS"}"#, "'status'"),
            ("runs/update", #"{"run_id":"r","end_time":"late"}"#, "'end_time'"),
            ("experiments/create", #"{"name":null}"#, "'name'"),
            ("registered-models/alias", #"{"name":"m1","alias":"a","version":"x"}"#, "'version'"),
            (
                "model-versions/transition-stage",
                #"{"name":"m1","version":"1","stage":"None","archive_existing_versions":5}"#,
                "'archive_existing_versions'"
            ),
            (
                "logged-models/search", #"{"experiment_ids":["0"],"order_by":[{"ascending":true}]}"#,
                "'order_by[0].field_name'"
            ),
        ]
    )
    func `a wrong or missing field is named`(path: String, body: String, field: String) async throws {
        try await TestServer.run { server in
            let answer = try await server.call(.post, path, body)
            #expect(answer.status == 400)
            #expect(answer.code == "INVALID_PARAMETER_VALUE")
            #expect(answer.message.contains(field), "\(answer.message)")
        }
    }

    @Test func `a body beyond the limit is refused before it is read whole`() async throws {
        try await TestServer.run { server in
            let body = ByteBuffer(repeating: UInt8(ascii: " "), count: 21 << 20)
            let answer = try await server.send(.post, "/api/2.0/mlflow/runs/log-batch", body: body)
            #expect(answer.status == 413)
            #expect(answer.code == "INVALID_PARAMETER_VALUE")
        }
    }

    @Test(
        arguments: [
            (HTTPRequest.Method.get, "/api/2.0/mlflow/nope", 404), (.post, "/api/2.0/mlflow/nope", 404),
            (.put, "/api/2.0/mlflow/nope", 404), (.patch, "/api/2.0/mlflow/nope", 404),
            (.delete, "/api/2.0/mlflow/nope", 404), (.get, "/api/3.0/mlflow/traces/x", 404),
            (.post, "/ajax-api/2.0/mlflow/nope", 404), (.post, "/api/2.0/mlflow/databricks/x/../y", 404),
            (.get, "/api/2.0/mlflow/runs/create", 405), (.post, "/api/2.0/mlflow/runs/get", 405),
            (.put, "/api/2.0/mlflow/registered-models/alias", 405), (.post, "/graphql", 404), (.get, "/graphql", 404),
            (.post, "/api/3.0/mlflow/datasets/create", 404), (.get, "/api/3.0/mlflow/datasets/d-1/records", 404),
            (.post, "/ajax-api/3.0/mlflow/traces/search", 404), (.post, "/api/2.0/mlflow-artifacts/artifacts/x", 405),
            (.get, "/api/2.0/mlflow-artifacts/mpu/create/0", 405), (.get, "/api/2.0mlflow/nope", 404),
            (.get, "/ajax-api/2.0/mlflow/upload-artifact", 405),
        ]
    )
    func `an unknown route or method is told in MLflow's shape`(
        method: HTTPRequest.Method,
        uri: String,
        status: Int
    ) async throws {
        try await TestServer.run { server in
            let answer = try await server.send(method, uri, body: ByteBuffer(string: "{}"))
            #expect(answer.status == status)
            #expect(answer.code == "ENDPOINT_NOT_FOUND")
            #expect(answer.message.contains(uri.split(separator: "?").first ?? ""))
        }
    }

    @Test(arguments: [
        "experiments/get?experiment_id=%zz", "runs/get?run_id=%ff%fe", "runs/get?run_id=%", "logged-models/%zz",
    ])
    func `a URL that is not percent-encoded UTF-8 is refused`(path: String) async throws {
        try await TestServer.run { server in
            let answer = try await server.call(.get, path)
            #expect(answer.status == 400)
            #expect(answer.code == "INVALID_PARAMETER_VALUE")
        }
    }
}
