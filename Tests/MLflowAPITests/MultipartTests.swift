// SPDX-License-Identifier: Apache-2.0

import Files
import HTTPTypes
import HummingbirdTesting
import JSONText
import NIOCore
import SystemPackage
import Testing

/// Artefacts that come in parts, as the client sends them that is told to.
@Suite(.timeLimit(.minutes(5)))
struct MultipartTests {
    private static let base = "/api/2.0/mlflow-artifacts/mpu/"

    private struct Begun {
        let id: String
        let urls: [String]
    }

    private func post(_ server: TestServer, _ path: String, _ body: String) async throws -> TestServer.Answer {
        try await server.send(
            .post,
            Self.base + path,
            headers: [.contentType: "application/json"],
            body: ByteBuffer(string: body)
        )
    }

    private func begin(_ server: TestServer, parts: Int, headers: HTTPFields = [:]) async throws -> Begun {
        var headers = headers
        headers[.contentType] = "application/json"
        let answer = try await server.send(
            .post,
            Self.base + "create/0/r/artifacts",
            headers: headers,
            body: ByteBuffer(string: #"{"path":"/data/a b.bin","num_parts":\#(parts)}"#)
        )
        try #require(answer.status == 200, "\(String(buffer: answer.body))")
        let json = try answer.json
        let credentials = json["credentials"]?.elements.map { $0 } ?? []
        #expect(credentials.map { $0["part_number"]?.int64 } == (1...Int64(parts)).map { $0 })
        return Begun(id: json["upload_id"]?.string ?? "", urls: credentials.map { $0["url"]?.string ?? "" })
    }

    private func path(_ url: String) throws -> String {
        String(url[try #require(url.firstRange(of: "/api/")).lowerBound...])
    }

    @Test func `parts go to the URLs that were given, and their tags put the file together`() async throws {
        try await TestServer.run(.live) { server in
            let begun = try await begin(server, parts: 2)
            // The test's client calls the server so.
            #expect(begun.urls.allSatisfy { $0.hasPrefix("http://localhost/api/") })
            var named: [String] = []
            for (index, text) in [(1, "world"), (0, "hello ")] {
                let sent = try await server.send(.put, try path(begun.urls[index]), body: ByteBuffer(string: text))
                #expect(sent.status == 200)
                let tag = try #require(sent.headers[.eTag]).replacing("\"", with: #"\""#)
                named.append(#"{"part_number":\#(index + 1),"etag":"\#(tag)","url":"\#(begun.urls[index])"}"#)
            }
            let done = #"{"path":"a b.bin","upload_id":"\#(begun.id)","parts":[\#(named.joined(separator: ","))]}"#
            for _ in 0..<2 {
                let completed = try await post(server, "complete/0/r/artifacts", done)
                #expect(completed.status == 200, "\(String(buffer: completed.body))")
            }
            let file = server.folder.appending("artifacts/0/r/artifacts/a b.bin")
            #expect(try FileReader.text(of: file) == "hello world")
        }
    }

    @Test func `behind a proxy that ends TLS the parts go by TLS too`() async throws {
        try await TestServer.run(.live) { server in
            let forwarded = try #require(HTTPField.Name("X-Forwarded-Proto"))
            let begun = try await begin(server, parts: 1, headers: [forwarded: "https"])
            #expect(begun.urls.first?.hasPrefix("https://") == true)
        }
    }

    @Test func `an upload that is given up leaves nothing`() async throws {
        try await TestServer.run(.live) { server in
            let begun = try await begin(server, parts: 2)
            let url = try path(begun.urls[0])
            #expect(try await server.send(.put, url, body: ByteBuffer(string: "x")).status == 200)
            let body = #"{"path":"a b.bin","upload_id":"\#(begun.id)"}"#
            #expect(try await post(server, "abort/0/r/artifacts", body).status == 200)
            #expect(try FileSystem.list(server.folder.appending("uploads")).isEmpty)
            let late = try await server.send(.put, url, body: ByteBuffer(string: "x"))
            #expect(late.status == 404)
            #expect(late.code == "RESOURCE_DOES_NOT_EXIST")
        }
    }

    @Test(
        arguments: [
            ("create/0", #"{"num_parts":1}"#, 400), ("create/0", #"{"path":"a","num_parts":0}"#, 413),
            ("create/0", #"{"path":"a","num_parts":10001}"#, 413), ("create/0", #"{"path":"a","num_parts":"x"}"#, 400),
            ("create/0", #"{"path":"..","num_parts":1}"#, 400), ("create/0", #"{"path":"a/","num_parts":1}"#, 200),
            ("create/%2e%2e/x", #"{"path":"a","num_parts":1}"#, 400),
            ("create/%252e%252e/x", #"{"path":"a","num_parts":1}"#, 400),
            ("create//etc", #"{"path":"a","num_parts":1}"#, 400),
            ("create/0", #"{"path":"C:\\x\\a","num_parts":1}"#, 200),
            ("complete/0", #"{"path":"a","upload_id":"x","parts":[{"part_number":1}]}"#, 404),
            ("complete/0", #"{"path":"a","upload_id":"x"}"#, 400), ("complete/0", #"{"path":"a","parts":5}"#, 400),
            ("abort/0", #"{"path":"a","upload_id":"../../x"}"#, 404), ("abort/0", "{", 400),
        ]
    )
    func `what cannot be uploaded is refused in MLflow's shape`(path: String, body: String, status: Int) async throws {
        try await TestServer.run(.live) { server in
            let answer = try await post(server, path, body)
            #expect(answer.status == status, "\(String(buffer: answer.body))")
            #expect(status == 200 || !answer.code.isEmpty)
        }
    }

    @Test(arguments: ["x/1", "0123456789abcdef0123456789abcdef/1", "%2e%2e/1", "0123456789abcdef0123456789abcdef/x"])
    func `a part of no upload is refused`(path: String) async throws {
        try await TestServer.run { server in
            let answer = try await server.send(.put, Self.base + "part/" + path, body: ByteBuffer(string: "x"))
            #expect((400..<500).contains(answer.status))
            #expect(!answer.code.isEmpty)
            #expect(try FileSystem.list(server.folder.appending("uploads")).isEmpty)
        }
    }

    @Test(arguments: PythonClient.allCases)
    func `the client uploads in parts when it is told to`(client: PythonClient) async throws {
        try await client.run(
            variables: [
                "MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD": "true", "MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE": "1000000",
                "MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE": "5242880",
            ],
            """
            import pathlib, random
            content = random.Random(1).randbytes(12_345_678)
            pathlib.Path("big file.bin").write_bytes(content)
            pathlib.Path("small.txt").write_text("small")
            with mlflow.start_run() as run:
                mlflow.log_artifact("big file.bin", "models/deep")
                mlflow.log_artifact("small.txt")
            local = pathlib.Path(mlflow.artifacts.download_artifacts(run_id=run.info.run_id, dst_path="down"))
            assert (local / "models/deep/big file.bin").read_bytes() == content
            assert (local / "small.txt").read_text() == "small"
            """
        ) { server in
            // What is left of an upload is that it is done.
            let uploads = try FileSystem.list(server.folder.appending("uploads"))
            #expect(uploads.count == 1)
            let left = try FileSystem.list(server.folder.appending("uploads").appending(uploads.first ?? ""))
            #expect(left.sorted() == ["done", "upload"])
        }
    }
}
