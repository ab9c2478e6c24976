// SPDX-License-Identifier: Apache-2.0

import Files
import HTTPTransport
import JSONText
import SystemPackage
import Testing

/// `gyre serve` on the model of a built image, with nothing else: no project, no DuckDB, no Python.
@Suite(.afterTheDemo, .timeLimit(.minutes(10)))
struct ServeTests {
    private func alone(_ body: (RunningServer, _ library: String) async throws -> Void) async throws -> ServerEnd {
        let demo = try await DemoProject.shared
        return try await Program.inEmptyFolder { gyre in
            let unpack = """
                mkdir image && tar -xf '\(demo.folder)/.gyre/images/breast-cancer-1.tar' -C image && mkdir root
                for layer in $(\(Program.python) -c 'import json; print(*json.load(open("image/manifest.json"))[0]["Layers"])'); do
                    tar -xzf "image/$layer" -C root || exit 1
                done
                """
            let unpacked = try await gyre.shell(unpack)
            try #require(unpacked.code == 0, "\(unpacked.error)")
            let library = gyre.folder.appending("root/usr/lib/libonnxruntime.so").string
            let nothing: [String: String?] = [
                "PATH": "/nowhere", "GYRE_PYTHON": "/nowhere/python", "GYRE_DUCKDB": "/nowhere/libduckdb.so",
                "GYRE_ONNXRUNTIME": library,
            ]
            return try await gyre.serve(["serve", "root/model", "--port", "0"], environment: nothing) { server in
                try await body(server, library)
            }
        }
    }

    @Test func `a model alone answers both protocols, with health and metrics`() async throws {
        let end = try await alone { server, _ in
            for path in [
                "/health", "/ping", "/v2/health/live", "/v2/health/ready", "/v2", "/v2/models/breast-cancer/ready",
            ] {
                #expect(try await server.send("GET", path).status == 200, "\(path)")
            }
            let scored = try await server.send("POST", "/invocations", try await ShutdownTests.scoring(server))
            let answer = try JSONDocument(scored.body).root
            #expect(scored.status == 200, "\(scored.text)")
            #expect(answer["predictions"]?.count == 1 && answer["model_version"]?.string == "1")
            let row = Array(repeating: "1", count: 30).joined(separator: ",")
            let tensor = #"{"name": "input", "shape": [1, 30], "datatype": "FP64", "data": [\#(row)]}"#
            let path = "/v2/models/breast-cancer/versions/1/infer"
            let inferred = try await server.send("POST", path, #"{"id": "q", "inputs": [\#(tensor)]}"#)
            #expect(inferred.status == 200, "\(inferred.text)")
            #expect(try JSONDocument(inferred.body).root["id"]?.string == "q")
            let metrics = try await server.send("GET", "/metrics").text
            #expect(metrics.contains(#"gyre_serving_prediction_seconds_count{api="mlflow"} 1"#), "\(metrics)")
            #expect(metrics.contains(#"gyre_serving_prediction_seconds_count{api="open_inference"} 1"#))
            #expect(metrics.hasSuffix("# EOF\n"))
        }
        #expect(end.code == 0, "\(end.log)")
    }

    @Test func `bad input is refused in the words of its protocol, and the model goes on answering`() async throws {
        _ = try await alone { server, _ in
            let infer = "/v2/models/breast-cancer/infer"
            for (path, body, status) in [
                ("/invocations", "{", 400), ("/invocations", "{}", 400), ("/invocations", "[]", 400),
                ("/invocations", #"{"dataframe_records": [{"no": 1}]}"#, 400),
                ("/invocations", String(repeating: " ", count: 17 << 20), 413), (infer, "{}", 400),
                (infer, #"{"inputs": [{"name": "input", "shape": [1, 2], "datatype": "FP64", "data": [1, 2]}]}"#, 400),
                (infer, #"{"inputs": [{"name": "input", "shape": [-1], "datatype": "FP64", "data": []}]}"#, 400),
                ("/v2/models/other/infer", "{}", 404), ("/v2/models/breast-cancer/versions/9/infer", "{}", 404),
            ] {
                let answer = try await server.send("POST", path, body)
                #expect(answer.status == status, "\(path) \(body.prefix(60)): \(answer.text)")
                let root = try JSONDocument(answer.body).root
                #expect(root[path == "/invocations" ? "message" : "error"]?.string?.isEmpty == false)
            }
            let body = try await ShutdownTests.scoring(server)
            #expect(try await server.send("POST", "/invocations", body).status == 200)
            // There are no pages here, so that a browser gets the same words as others.
            let page = try await server.client.send("GET", server.url + "/", headers: [("Accept", "text/html")])
            #expect(page.status == 404 && page.header("Content-Type") == "application/problem+json")
        }
    }

    @Test func `registered versions and what a run logged are served side by side`() async throws {
        try await DemoProject.copied { gyre in
            let versions = Array(try await gyre.json("models", "versions", "breast-cancer").elements)
            let first = try #require(versions.first { $0["version"]?.int64 == 1 })
            let run = try #require(first["run_id"]?.string)
            let models = [
                "models:/breast-cancer/1", "models:/breast-cancer@champion", "newest=models:/breast-cancer",
                "logged=runs:/\(run)/model",
            ]
            let end = try await gyre.serve(["serve", "--port", "0"] + models) { server in
                let metadata = try JSONDocument(try await server.send("GET", "/v2/models/breast-cancer").body).root
                #expect(metadata["versions"]?.json == #"["2","1"]"#)
                let row = Array(repeating: "1", count: 30).joined(separator: ",")
                let body = #"{"inputs": [{"name": "input", "shape": [1, 30], "datatype": "FP64", "data": [\#(row)]}]}"#
                var answers: [String: JSONElement] = [:]
                for path in ["breast-cancer", "breast-cancer/versions/1", "newest", "logged"] {
                    let answer = try await server.send("POST", "/v2/models/\(path)/infer", body)
                    #expect(answer.status == 200, "\(answer.text)")
                    answers[path] = try JSONDocument(answer.body).root
                }
                #expect(answers["breast-cancer"]?["model_version"]?.string == "2")
                #expect(answers["newest"]?["model_version"]?.string == "2")
                #expect(answers["breast-cancer/versions/1"]?["model_version"]?.string == "1")
                let probability = { (path: String) in
                    answers[path]?["outputs"]?.elements.dropFirst().first { _ in true }?["data"]?.json
                }
                #expect(probability("logged") == probability("breast-cancer/versions/1"))
                #expect(probability("logged") != probability("newest"))
                let metrics = try await server.send("GET", "/metrics").text
                #expect(metrics.contains(#"gyre_serving_batch_rows_count{model="logged",version="1"} 1"#), "\(metrics)")
            }
            #expect(end.code == 0, "\(end.log)")
        }
    }

    @Test func `a folder that is no model is told`() async throws {
        try await Program.inEmptyFolder { gyre in
            let none = try await gyre.run("serve", "nothing")
            #expect(none.code == 1)
            #expect(none.error.contains("cannot serve `nothing`"))
            try FileSystem.createDirectory(gyre.folder.appending("m"))
            let empty = try await gyre.run("serve", "m")
            #expect(empty.code == 1)
            #expect(empty.error.contains("it has neither `MLmodel`"))
            try AtomicFile.write(#"{"name":"m","version":"1"}"#, to: gyre.folder.appending("m/service.json"))
            let half = try await gyre.run("serve", "m")
            #expect(half.code == 1)
            #expect(half.error.contains("prepared.json"), "\(half.error)")
        }
    }
}
