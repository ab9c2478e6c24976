// SPDX-License-Identifier: Apache-2.0

import Files
import HTTPTransport
import JSONText
import SystemPackage
import Testing

/// A project in full use that lacks a library, a program, or a piece of its log.
@Suite(.afterTheDemo, .timeLimit(.minutes(10)))
struct MissingPartTests {
    @Test func `a damaged piece of the inference log costs what it held, and nothing else`() async throws {
        try await DemoProject.copied { gyre in
            let before = try await gyre.json("errors").count
            let ids = try await gyre.shell(
                "cat .gyre/inference/spool/* | grep -ao '01[0-9a-f]*-[0-9a-f-]*' | sort -u | head -2"
            )
            let first = try #require(ids.output.split(separator: "\n").first)
            // One byte of the first record, which its checksum then refuses.
            let damage = """
                import glob, sys
                path = sorted(glob.glob(".gyre/inference/spool/*"))[0]
                with open(path, "r+b") as file:
                    file.seek(40)
                    byte = file.read(1)
                    file.seek(40)
                    file.write(bytes([byte[0] ^ 0x55]))
                """
            #expect(try await gyre.python(damage).code == 0)
            #expect(!first.isEmpty)
            try await gyre.up { server in
                try await server.await200("/invocations", try await ready(server))
                #expect(try await server.json("/api/gyre/v1/errors")["errors"]?.count == before)
                #expect(try await server.send("GET", "/").status == 200)
            }
        }
    }

    private func ready(_ server: RunningServer) async throws -> String {
        try await server.await200("/v2/health/ready")
        return try await ShutdownTests.scoring(server)
    }

    // MARK: What is missing

    @Test func `what is missing is told by the verb that needs it`() async throws {
        try await DemoProject.copied { gyre in
            let cases: [(String, [String: String?], String)] = [
                ("serve 2 --port 0", ["GYRE_ONNXRUNTIME": "/nowhere/libonnxruntime.so"], "cannot open ONNX Runtime"),
                ("promote --best recall", ["GYRE_DUCKDB": "/nowhere/libduckdb.so"], "cannot open DuckDB"),
                ("repro --force", ["GYRE_PYTHON": "/nowhere/python"], "cannot find a Python"),
                ("add train.py -m x", ["PATH": "/nowhere"], "cannot run `git`"),
            ]
            for (line, environment, words) in cases {
                let answer = try await gyre.shell("\"$GYRE\" \(line)", environment: environment)
                #expect(answer.code == 1, "\(line)")
                #expect(answer.output.isEmpty, "\(line): \(answer.output)")
                #expect(answer.error.hasPrefix("error: \(words)"), "\(line): \(answer.error)")
                #expect(answer.error.contains("  next: "), "\(line): \(answer.error)")
            }
        }
    }

    @Test func `a server without ONNX Runtime tracks, says why it does not serve, and says it once`() async throws {
        try await DemoProject.copied { gyre in
            let end = try await gyre.up(environment: ["GYRE_ONNXRUNTIME": "/nowhere/libonnxruntime.so"]) { server in
                try await server.awaitLog("cannot open ONNX Runtime")
                #expect(try await server.send("GET", "/").status == 200)
                #expect(try await server.send("POST", "/invocations", "{}").status == 503)
                #expect(try await server.json("/api/2.0/mlflow/experiments/get?experiment_id=0")["experiment"] != nil)
            }
            #expect(end.code == 0)
            #expect(end.log.ranges(of: "cannot open ONNX Runtime").count == 1, "\(end.log)")
        }
    }
}
