// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import NIOCore
import Testing

/// Calls and the answers that MLflow 3.17's own server gave to them, read on the same requests.
struct ContractTests {
    struct Call: Sendable, CustomStringConvertible {
        let method: HTTPRequest.Method
        let path: String
        let body: String?
        let status: Int
        let code: String

        init(_ method: HTTPRequest.Method, _ path: String, _ body: String?, _ status: Int, _ code: String) {
            self.method = method
            self.path = path
            self.body = body
            self.status = status
            self.code = code
        }

        var description: String { "\(method) \(path) \(body?.prefix(80) ?? "")" }
    }

    private static let invalid = "INVALID_PARAMETER_VALUE"
    private static let missing = "RESOURCE_DOES_NOT_EXIST"
    private static let taken = "RESOURCE_ALREADY_EXISTS"

    private static func post(_ path: String, _ body: String, _ status: Int = 200, _ code: String = "") -> Call {
        Call(.post, path, body, status, code)
    }

    private static func get(_ path: String, _ status: Int = 200, _ code: String = "") -> Call {
        Call(.get, path, nil, status, code)
    }

    static let experiments: [Call] = [
        post("experiments/create", #"{"name":"new","unknown_field":1}"#),
        post("experiments/create", #"{"name":"churn"}"#, 400, taken),
        post("experiments/create", #"{"name":"gone"}"#, 400, taken),
        post("experiments/create", #"{"name":""}"#, 400, invalid),
        post("experiments/create", #"{}"#, 400, invalid),
        post("experiments/create", #"{"name":5}"#, 400, invalid),
        post("experiments/create", #"{"name":["x"]}"#, 400, invalid),
        post("experiments/create", #"{"name":"l","artifact_location":"runs:/x"}"#, 400, invalid),
        post("experiments/create", #"{"name":"t","tags":5}"#, 400, invalid),
        post("experiments/create", #"{"name":"t","tags":[{"key":"../a","value":"x"}]}"#, 400, invalid),
        get("experiments/get?experiment_id=$EXPERIMENT"), get("experiments/get?experiment_id=$GONE"),
        get("experiments/get?experiment_id=9999", 404, missing), get("experiments/get?experiment_id=abc", 400, invalid),
        get("experiments/get", 400, invalid), get("experiments/get-by-name?experiment_name=churn"),
        get("experiments/get-by-name?experiment_name=nope", 404, missing), get("experiments/get-by-name", 400, invalid),
        post("experiments/update", #"{"experiment_id":"$EXPERIMENT","new_name":"other"}"#),
        post("experiments/update", #"{"experiment_id":"$EXPERIMENT"}"#, 400, invalid),
        post("experiments/update", #"{"experiment_id":"9999","new_name":"q"}"#, 404, missing),
        post("experiments/set-experiment-tag", #"{"experiment_id":"$EXPERIMENT","key":"k","value":"v"}"#),
        post("experiments/set-experiment-tag", #"{"experiment_id":"$EXPERIMENT","key":"k"}"#),
        post("experiments/set-experiment-tag", #"{"experiment_id":"$EXPERIMENT","value":"v"}"#, 400, invalid),
        post(
            "experiments/set-experiment-tag",
            #"{"experiment_id":"$EXPERIMENT","key":"/a","value":"v"}"#,
            400,
            invalid
        ),
        post("experiments/set-experiment-tag", #"{"experiment_id":"$GONE","key":"k","value":"v"}"#, 400, invalid),
        post("experiments/delete-experiment-tag", #"{"experiment_id":"$EXPERIMENT","key":"k"}"#, 404, missing),
        post("experiments/delete", #"{"experiment_id":"$EXPERIMENT"}"#),
        post("experiments/delete", #"{"experiment_id":"$GONE"}"#, 404, missing),
        post("experiments/restore", #"{"experiment_id":"$GONE"}"#),
        post("experiments/restore", #"{"experiment_id":"$EXPERIMENT"}"#, 404, missing),
        post("experiments/search", #"{"max_results":5,"filter":"name LIKE 'ch%'","order_by":["name DESC"]}"#),
        get("experiments/search?max_results=5&filter=name+%3D+%27churn%27&order_by=name&order_by=creation_time+DESC"),
        post("experiments/search", #"{"max_results":0}"#, 400, invalid),
        post("experiments/search", #"{"max_results":-1}"#, 400, invalid),
        post("experiments/search", #"{"max_results":50001}"#, 400, invalid),
        post("experiments/search", #"{"max_results":5,"page_token":"zzz"}"#, 400, invalid),
        post("experiments/search", #"{"max_results":5,"filter":"bogus = 'x'"}"#, 400, invalid),
        post("experiments/search", #"{"max_results":5,"order_by":["bogus"]}"#, 400, invalid),
    ]

    static let runs: [Call] = [
        post("runs/create", #"{"experiment_id":"$EXPERIMENT","start_time":1000,"tags":[{"key":"a","value":"b"}]}"#),
        post("runs/create", #"{"experiment_id":"$EXPERIMENT","start_time":"12"}"#),
        post("runs/create", #"{"experiment_id":"$EXPERIMENT","start_time":"abc"}"#, 400, invalid),
        post("runs/create", #"{"experiment_id":"9999"}"#, 404, missing),
        post("runs/create", #"{"experiment_id":"abc"}"#, 400, invalid),
        post("runs/create", #"{"experiment_id":0}"#, 400, invalid),
        post("runs/create", #"{"experiment_id":"$GONE"}"#, 400, invalid),
        post(
            "runs/create",
            #"{"experiment_id":"$EXPERIMENT","run_name":"x","tags":[{"key":"mlflow.runName","value":"y"}]}"#,
            400,
            invalid
        ),
        get("runs/get?run_id=$RUN"), get("runs/get?run_uuid=$RUN"), get("runs/get?run_id=$DELETED"),
        get("runs/get?run_id=$NOBODY", 404, missing), get("runs/get", 400, invalid),
        post("runs/update", #"{"run_id":"$RUN","status":"FINISHED","end_time":2000,"run_name":"nn"}"#),
        post("runs/update", #"{"run_id":"$RUN","status":3}"#), post("runs/update", #"{"run_id":"$RUN"}"#),
        post("runs/update", #"{"run_id":"$NOBODY","status":"FINISHED"}"#, 404, missing),
        post("runs/update", #"{"run_id":"$DELETED","status":"FINISHED"}"#, 400, invalid),
        post("runs/delete", #"{"run_id":"$RUN"}"#), post("runs/delete", #"{"run_id":"$DELETED"}"#),
        post("runs/delete", #"{"run_id":"$NOBODY"}"#, 404, missing), post("runs/restore", #"{"run_id":"$DELETED"}"#),
        post("runs/restore", #"{"run_id":"$RUN"}"#), post("runs/set-tag", #"{"run_id":"$RUN","key":"k","value":"v"}"#),
        post("runs/set-tag", #"{"run_id":"$RUN","key":"k"}"#),
        post("runs/set-tag", #"{"run_id":"$RUN","value":"v"}"#, 400, invalid),
        post("runs/set-tag", #"{"run_id":"$RUN","key":"","value":"v"}"#, 400, invalid),
        post("runs/set-tag", #"{"run_id":"$DELETED","key":"k","value":"v"}"#, 400, invalid),
        post("runs/delete-tag", #"{"run_id":"$RUN","key":"t"}"#),
        post("runs/delete-tag", #"{"run_id":"$RUN","key":"none"}"#, 404, missing),
        post("runs/log-parameter", #"{"run_id":"$RUN","key":"p","value":"1"}"#),
        post("runs/log-parameter", #"{"run_id":"$RUN","key":"p","value":"2"}"#, 400, invalid),
        post("runs/log-parameter", #"{"run_id":"$RUN","key":"q"}"#),
        post("runs/log-parameter", #"{"run_id":"$RUN","key":"q","value":3}"#, 400, invalid),
        post("runs/log-parameter", #"{"run_id":"$RUN","key":"q","value":"$LONG"}"#),
        post("runs/log-metric", #"{"run_id":"$RUN","key":"s","value":1,"timestamp":1}"#),
        post("runs/log-metric", #"{"run_id":"$RUN","key":"s","value":1}"#, 400, invalid),
        post("runs/log-metric", #"{"run_id":"$RUN","key":"s","timestamp":1}"#, 400, invalid),
        post("runs/log-metric", #"{"run_id":"$RUN","value":1,"timestamp":1}"#, 400, invalid),
        post("runs/log-metric", #"{"run_id":"$RUN","key":"s","value":"x","timestamp":1}"#, 400, invalid),
        post("runs/log-metric", #"{"run_id":"$DELETED","key":"s","value":1,"timestamp":1}"#, 400, invalid),
    ]

    static let batches: [Call] = [
        post("runs/log-batch", #"{"run_id":"$RUN"}"#), post("runs/log-batch", #"{"metrics":[]}"#, 400, invalid),
        post("runs/log-batch", #"{"run_id":"$NOBODY","metrics":[]}"#, 404, missing),
        post("runs/log-batch", #"{"run_id":"$RUN","params":[{"key":"p","value":"2"}]}"#, 400, invalid),
        post("runs/log-batch", #"{"run_id":"$RUN","params":[{"key":"q"},{"key":"q"}]}"#, 400, invalid),
        post("runs/log-batch", #"{"run_id":"$RUN","params":[{"key":"q"}]}"#),
        post("runs/log-batch", #"{"run_id":"$RUN","params":[{"value":"q"}]}"#, 400, invalid),
        post("runs/log-batch", #"{"run_id":"$RUN","metrics":[{"key":"a","value":1,"timestamp":1}]}"#),
        post("runs/log-batch", #"{"run_id":"$RUN","metrics":[{"key":"a","value":"1.5","timestamp":"1","step":"3"}]}"#),
        post("runs/log-batch", #"{"run_id":"$RUN","metrics":[{"key":"a","value":1,"timestamp":1,"step":2.0}]}"#),
        post("runs/log-batch", #"{"run_id":"$RUN","metrics":[{"key":"a","value":"NaN","timestamp":1}]}"#),
        post("runs/log-batch", #"{"run_id":"$RUN","metrics":[{"key":"a","value":"-Infinity","timestamp":1}]}"#),
        post("runs/log-batch", #"{"run_id":"$RUN","metrics":[{"key":"a","timestamp":1}]}"#, 400, invalid),
        post("runs/log-batch", #"{"run_id":"$RUN","metrics":[{"key":"a","value":null,"timestamp":1}]}"#, 400, invalid),
        post("runs/log-batch", #"{"run_id":"$RUN","metrics":[{"key":"a","value":1}]}"#, 400, invalid),
        post("runs/log-batch", #"{"run_id":"$RUN","metrics":[{"value":1,"timestamp":1}]}"#, 400, invalid),
        post("runs/log-batch", #"{"run_id":"$RUN","metrics":[{"key":"a","value":1,"timestamp":-1}]}"#, 400, invalid),
        post("runs/log-batch", #"{"run_id":"$RUN","metrics":[{"key":"a#b","value":1,"timestamp":1}]}"#, 400, invalid),
        post("runs/log-batch", #"{"run_id":"$RUN","metrics":{"key":"a"}}"#, 400, invalid),
        post("runs/log-inputs", #"{"run_id":"$RUN","datasets":5}"#, 400, invalid),
        post("runs/log-inputs", #"{"run_id":"$DELETED","datasets":[]}"#, 400, invalid),
        post("runs/log-inputs", #"{"run_id":"$RUN","models":[{"model_id":"$MODEL"}]}"#),
        post("runs/outputs", #"{"run_id":"$RUN","models":[{"model_id":"$MODEL","step":"3"}]}"#),
        post("runs/log-model", #"{"run_id":"$RUN","model_json":"{nope"}"#, 400, invalid),
        post("runs/log-model", #"{"run_id":"$RUN","model_json":"{}"}"#, 400, invalid),
        get("metrics/get-history?run_id=$RUN&metric_key=m"), get("metrics/get-history?run_id=$RUN&metric_key=none"),
        get("metrics/get-history?run_id=$RUN&metric_key=m&max_results=25001"),
        get("metrics/get-history?run_id=$RUN&metric_key=m&max_results=0", 400, invalid),
        get("metrics/get-history?run_id=$RUN&metric_key=m&max_results=-1", 400, invalid),
        get("metrics/get-history?run_id=$RUN&metric_key=m&page_token=junk", 400, invalid),
        get("metrics/get-history?run_id=$RUN", 400, invalid),
    ]

    static let searches: [Call] = [
        post("runs/search", #"{"experiment_ids":["$EXPERIMENT"],"filter":"metrics.m > 1","order_by":["params.p"]}"#),
        post("runs/search", #"{"experiment_ids":[]}"#), post("runs/search", #"{"experiment_ids":["9999"]}"#),
        post("runs/search", #"{"experiment_ids":["abc"]}"#, 400, invalid),
        post("runs/search", #"{"experiment_ids":["0"],"max_results":0}"#, 400, invalid),
        post("runs/search", #"{"experiment_ids":["0"],"max_results":50001}"#, 400, invalid),
        post("runs/search", #"{"experiment_ids":["0"],"page_token":"junk"}"#, 400, invalid),
        post("runs/search", #"{"experiment_ids":["0"],"filter":"params.p = 1"}"#, 400, invalid),
        post("runs/search", #"{"experiment_ids":["0"],"filter":"metrics.m > '1'"}"#, 400, invalid),
        post("runs/search", #"{"experiment_ids":["0"],"order_by":["metrics.m upwards"]}"#, 400, invalid),
        post("runs/search", #"{"experiment_ids":["0"],"order_by":["datasets.name"]}"#, 400, invalid),
        post("runs/search", #"{"experiment_ids":["0"],"run_view_type":"DELETED_ONLY"}"#),
        post("runs/search", #"{"experiment_ids":["0"],"run_view_type":3}"#),
    ]

    static let registry: [Call] = [
        post("registered-models/create", #"{"name":"a.b"}"#),
        post("registered-models/create", #"{"name":"m1"}"#, 400, taken),
        post("registered-models/create", #"{"name":""}"#, 400, invalid),
        post("registered-models/create", #"{"name":"a/b"}"#, 400, invalid),
        post("registered-models/create", #"{"name":".."}"#, 400, invalid), get("registered-models/get?name=m1"),
        get("registered-models/get?name=zz", 404, missing), get("registered-models/get", 400, invalid),
        get("registered-models/search?filter=name+LIKE+%27m%25%27&order_by=name+DESC"),
        get("registered-models/search?filter=bogus%3D%27x%27", 400, invalid),
        get("registered-models/search?order_by=bogus", 400, invalid),
        get("registered-models/search?max_results=1001", 400, invalid),
        get("registered-models/search?page_token=junk", 400, invalid),
        Call(.patch, "registered-models/update", #"{"name":"m1","description":"d"}"#, 200, ""),
        Call(.patch, "registered-models/update", #"{"name":"zz","description":"d"}"#, 404, missing),
        post("registered-models/rename", #"{"name":"m1","new_name":"m2"}"#),
        post("registered-models/rename", #"{"name":"m1","new_name":"a/b"}"#, 400, invalid),
        post("registered-models/rename", #"{"name":"zz","new_name":"m2"}"#, 404, missing),
        post("registered-models/rename", #"{"name":"m1"}"#, 400, invalid),
        Call(.delete, "registered-models/delete", #"{"name":"m1"}"#, 200, ""),
        Call(.delete, "registered-models/delete", #"{"name":"zz"}"#, 404, missing),
        post("registered-models/get-latest-versions", #"{"name":"m1","stages":["nONE"]}"#),
        post("registered-models/get-latest-versions", #"{"name":"m1","stages":["bogus"]}"#, 400, invalid),
        post("registered-models/get-latest-versions", #"{"name":"zz"}"#, 404, missing),
        post("registered-models/set-tag", #"{"name":"m1","key":"k","value":"v"}"#),
        post("registered-models/set-tag", #"{"name":"m1","key":"/k","value":"v"}"#, 400, invalid),
        post("registered-models/set-tag", #"{"name":"zz","key":"k","value":"v"}"#, 404, missing),
        Call(.delete, "registered-models/delete-tag", #"{"name":"m1","key":"none"}"#, 200, ""),
        post("registered-models/alias", #"{"name":"m1","alias":"prod","version":"1"}"#),
        post("registered-models/alias", #"{"name":"m1","alias":"v1","version":"1"}"#, 400, invalid),
        post("registered-models/alias", #"{"name":"m1","alias":"LATEST","version":"1"}"#, 400, invalid),
        post("registered-models/alias", #"{"name":"m1","alias":"a b","version":"1"}"#, 400, invalid),
        post("registered-models/alias", #"{"name":"m1","alias":"q","version":"99"}"#, 404, missing),
        post("registered-models/alias", #"{"name":"m1","version":"1"}"#, 400, invalid),
        get("registered-models/alias?name=m1&alias=best"), get("registered-models/alias?name=m1&alias=latest"),
        get("registered-models/alias?name=m1&alias=none", 400, invalid),
        get("registered-models/alias?name=zz&alias=none", 404, missing),
        Call(.delete, "registered-models/alias", #"{"name":"m1","alias":"none"}"#, 200, ""),
        Call(.delete, "registered-models/alias", #"{"name":"zz","alias":"none"}"#, 404, missing),
    ]

    static let versions: [Call] = [
        post("model-versions/create", #"{"name":"m1","source":"s3://b/x","run_id":"nope"}"#),
        post("model-versions/create", #"{"name":"m1","source":"models:/$MODEL"}"#),
        post("model-versions/create", #"{"name":"m1","source":"models:/m1/1"}"#),
        post("model-versions/create", #"{"name":"m1","source":"models:/m1/9"}"#, 404, missing),
        post("model-versions/create", #"{"name":"m1"}"#, 400, invalid),
        post("model-versions/create", #"{"name":"zz","source":"s3://b/x"}"#, 404, missing),
        post("model-versions/create", #"{"name":"m1","source":"/etc/passwd"}"#, 400, invalid),
        post("model-versions/create", #"{"name":"m1","source":"file:///etc"}"#, 400, invalid),
        post("model-versions/create", #"{"name":"m1","source":"mlflow-artifacts:/1/../../x"}"#, 400, invalid),
        get("model-versions/get?name=m1&version=1"), get("model-versions/get?name=m1&version=99", 404, missing),
        get("model-versions/get?name=m1&version=-1", 404, missing),
        get("model-versions/get?name=m1&version=x", 400, invalid), get("model-versions/get?name=m1", 400, invalid),
        get("model-versions/get-download-uri?name=m1&version=1"),
        get("model-versions/search?filter=name%3D%27m1%27&order_by=version_number+ASC"), get("model-versions/search"),
        get("model-versions/search?filter=run_id+IN+(%27$RUN%27)"),
        get("model-versions/search?filter=bogus%3D%27x%27", 400, invalid),
        get("model-versions/search?filter=name", 400, invalid),
        get("model-versions/search?order_by=bogus", 400, invalid),
        get("model-versions/search?max_results=200001", 400, invalid),
        Call(.patch, "model-versions/update", #"{"name":"m1","version":"1","description":"d"}"#, 200, ""),
        post("model-versions/transition-stage", #"{"name":"m1","version":"1","stage":"production"}"#),
        post("model-versions/transition-stage", #"{"name":"m1","version":"1","stage":"x"}"#, 400, invalid),
        post("model-versions/set-tag", #"{"name":"m1","version":"1","key":"k","value":"v"}"#),
        post("model-versions/set-tag", #"{"name":"m1","version":"99","key":"k","value":"v"}"#, 404, missing),
        Call(.delete, "model-versions/delete-tag", #"{"name":"m1","version":"1","key":"none"}"#, 200, ""),
        Call(.delete, "model-versions/delete", #"{"name":"m1","version":"2"}"#, 200, ""),
        Call(.delete, "model-versions/delete", #"{"name":"m1","version":"9"}"#, 404, missing),
    ]

    static let models: [Call] = [
        post("logged-models", #"{"experiment_id":"$EXPERIMENT","name":"mod","source_run_id":"$RUN"}"#),
        post("logged-models", #"{"experiment_id":"$EXPERIMENT"}"#),
        post("logged-models", #"{"experiment_id":"$EXPERIMENT","name":"a.b"}"#, 400, invalid),
        post("logged-models", #"{"name":"mod"}"#, 400, invalid),
        post("logged-models", #"{"experiment_id":"9999","name":"mod"}"#, 404, missing), get("logged-models/$MODEL"),
        get("logged-models/m-0", 404, missing),
        Call(.patch, "logged-models/$MODEL", #"{"model_id":"$MODEL","status":"LOGGED_MODEL_READY"}"#, 200, ""),
        Call(.patch, "logged-models/$MODEL", #"{"model_id":"$MODEL","status":2}"#, 200, ""),
        Call(.patch, "logged-models/$MODEL", #"{"model_id":"$MODEL"}"#, 400, invalid),
        post("logged-models/$MODEL/params", #"{"model_id":"$MODEL","params":[{"key":"b","value":"2"}]}"#),
        Call(.patch, "logged-models/$MODEL/tags", #"{"tags":[{"key":"a b/c","value":"2"}]}"#, 200, ""),
        Call(.delete, "logged-models/$MODEL/tags/none", nil, 404, missing),
        Call(.delete, "logged-models/$MODEL", nil, 200, ""), Call(.delete, "logged-models/m-0", nil, 404, missing),
        post("logged-models/search", #"{"experiment_ids":["$EXPERIMENT"],"filter":"params.a = '1'"}"#),
        post("logged-models/search", #"{"experiment_ids":["0"],"order_by":[{"field_name":"bogus"}]}"#, 400, invalid),
        post("logged-models/search", #"{}"#, 400, invalid), get("logged-models/$MODEL/artifacts/directories"),
    ]

    @Test(arguments: experiments + runs + batches + searches + registry + versions + models)
    func `a call is answered as MLflow's own server answers it`(call: Call) async throws {
        try await World.run { world in
            let answer = try await world.server.call(call.method, world.filled(call.path), call.body.map(world.filled))
            #expect(answer.status == call.status, "\(String(buffer: answer.body))")
            #expect(answer.code == call.code)
            #expect(answer.message.isEmpty == call.code.isEmpty)
        }
    }
}
