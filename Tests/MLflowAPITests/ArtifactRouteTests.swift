// SPDX-License-Identifier: Apache-2.0

import Files
import HTTPTypes
import JSONText
import NIOCore
import SystemPackage
import Testing
import Tracking

@testable import MLflowAPI

struct ArtifactRouteTests {
    private static let proxy = "/api/2.0/mlflow-artifacts/artifacts"

    private func put(_ server: TestServer, _ path: String, _ content: String) async throws -> TestServer.Answer {
        try await server.send(.put, Self.proxy + "/" + path, body: ByteBuffer(string: content))
    }

    @Test(
        arguments: [
            ("a.txt", "a.txt"), ("deep/er/still/a.txt", "deep/er/still/a.txt"), ("a%20b.txt", "a b.txt"),
            ("%C3%BC.txt", "ü.txt"), ("100%25.txt", "100%.txt"), ("a+b.txt", "a+b.txt"), ("a%2Fb.txt", "a/b.txt"),
            ("%2541.txt", "%41.txt"), ("...txt", "...txt"), (".hidden", ".hidden"),
        ]
    )
    func `a file goes up, is listed, comes down and goes`(path: String, name: String) async throws {
        try await TestServer.run { server in
            #expect(try await put(server, "0/r/artifacts/" + path, "hello").status == 200)
            #expect(try FileReader.text(of: server.folder.appending("artifacts/0/r/artifacts/" + name)) == "hello")
            let got = try await server.send(.get, Self.proxy + "/0/r/artifacts/" + path)
            #expect(got.status == 200)
            #expect(String(buffer: got.body) == "hello")
            #expect(got.headers[.contentSecurityPolicy] == "sandbox")
            #expect(try await server.send(.delete, Self.proxy + "/0/r/artifacts/" + path).status == 200)
            let gone = try await server.send(.get, Self.proxy + "/0/r/artifacts/" + path)
            #expect(gone.status == 404)
            #expect(gone.code == "RESOURCE_DOES_NOT_EXIST")
            #expect(!gone.message.contains(server.folder.string))
        }
    }

    @Test func `a listing is one level, sorted, with sizes`() async throws {
        try await World.run { world in
            let server = world.server
            let root = world.filled("$EXPERIMENT/$RUN/artifacts/")
            for (path, content) in [("b.txt", "12345"), ("a/x.txt", "1"), ("a/y/z.txt", "1"), ("B.txt", "")] {
                #expect(try await put(server, root + path, content).status == 200)
            }
            let all = try await server.get(world.filled("artifacts/list?run_id=$RUN"))
            #expect(all["root_uri"]?.string == world.filled("mlflow-artifacts:/$EXPERIMENT/$RUN/artifacts"))
            let files = #"{"path":"B.txt","is_dir":false,"file_size":0},{"path":"a","is_dir":true},"#
            #expect(all["files"]?.json == "[\(files){\"path\":\"b.txt\",\"is_dir\":false,\"file_size\":5}]")
            let nested = try await server.get(world.filled("artifacts/list?run_id=$RUN&path=a"))
            #expect(nested["files"]?.elements.map { $0["path"]?.string } == ["a/x.txt", "a/y"])
            let proxied = try await server.send(.get, Self.proxy + "?path=" + root + "a")
            #expect(try proxied.json["files"]?.elements.map { $0["path"]?.string } == ["x.txt", "y"])
            for path in ["b.txt", "none"] {
                let none = try await server.get(world.filled("artifacts/list?run_id=$RUN&path=\(path)"))
                #expect(none["files"]?.count == 0)
            }
        }
    }

    @Test func `a large file streams both ways without a change`() async throws {
        try await TestServer.run { server in
            let bytes = (0..<(5 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
            let sent = try await server.send(.put, Self.proxy + "/0/big", body: ByteBuffer(bytes: bytes))
            #expect(sent.status == 200)
            let got = try await server.send(.get, Self.proxy + "/0/big")
            #expect(got.headers[.contentLength] == "\(bytes.count)")
            #expect(got.body == ByteBuffer(bytes: bytes))
        }
    }

    @Test(
        arguments: [
            "../../x", "..%2f..%2fx", "%2e%2e/x", "a/%2e%2e/%2e%2e/x", "%2fetc%2fpasswd", "a%00b", "%2e%2e%5cx",
            "a%5c..%5cb",
            "a%zz", "%ff", "..", "a/./b", "a%2F%2Fb",
        ]
    )
    func `no path leads out of the store`(path: String) async throws {
        try await TestServer.run { server in
            try AtomicFile.write("secret", to: server.folder.appending("x"))
            for method in [HTTPRequest.Method.get, .put, .delete] {
                let answer = try await server.send(method, Self.proxy + "/" + path, body: ByteBuffer(string: "evil"))
                #expect((400..<500).contains(answer.status), "\(method) \(path): \(answer.status)")
                #expect(!answer.code.isEmpty)
                #expect(!String(buffer: answer.body).contains("secret"))
            }
            #expect(try FileReader.text(of: server.folder.appending("x")) == "secret")
            #expect(try FileSystem.list(server.folder.appending("artifacts")).isEmpty)
        }
    }

    @Test(arguments: ["..", "../..", "%2Fetc", "a/../..", "a%2F..", ".", "a%00b", "%2e%2e"])
    func `no listing leads out of the store`(path: String) async throws {
        try await World.run { world in
            for uri in [
                "artifacts/list?run_id=$RUN&path=\(path)",
                "logged-models/$MODEL/artifacts/directories?artifact_directory_path=\(path)",
            ] {
                let answer = try await world.server.call(.get, world.filled(uri))
                #expect(answer.status == 400)
                #expect(answer.code == "INVALID_PARAMETER_VALUE")
            }
            let proxied = try await world.server.send(.get, Self.proxy + "?path=" + path)
            #expect(proxied.status == 400)
        }
    }

    @Test(arguments: ["s3://bucket/x", "file:///etc"])
    func `artefacts of another store are not looked for here`(location: String) async throws {
        try await TestServer.run { server in
            let experiment = try await server.tracking.createExperiment(name: "far", artifactLocation: location)
            let created = try await server.post("runs/create", #"{"experiment_id":"\#(experiment)"}"#)
            let run = try #require(created["run"]?["info"]?["run_id"]?.string)
            let answer = try await server.call(.get, "artifacts/list?run_id=\(run)")
            #expect(answer.status == 400)
            #expect(answer.message.contains(location))
        }
    }

    @Test(
        arguments: [
            ("bytes=0-4", 206, "01234", "bytes 0-4/10"), ("bytes=7-", 206, "789", "bytes 7-9/10"),
            ("bytes=-3", 206, "789", "bytes 7-9/10"), ("bytes=5-100", 206, "56789", "bytes 5-9/10"),
            ("bytes=10-", 416, "", "bytes */10"), ("bytes=-0", 416, "", "bytes */10"),
            ("bytes=4-2", 200, "0123456789", ""), ("bytes=0-1,3-4", 200, "0123456789", ""),
            ("lines=1-2", 200, "0123456789", ""), ("bytes=x-", 200, "0123456789", ""),
            ("bytes=99999999999999999999-", 200, "0123456789", ""),
        ]
    )
    func `a part of a file comes down as it is asked for`(
        range: String,
        status: Int,
        content: String,
        place: String
    ) async throws {
        try await TestServer.run { server in
            _ = try await put(server, "0/digits", "0123456789")
            let answer = try await server.send(.get, Self.proxy + "/0/digits", headers: [.range: range])
            #expect(answer.status == status)
            #expect(String(buffer: answer.body) == content)
            #expect(answer.headers[.contentRange] ?? "" == place)
        }
    }

    @Test(
        arguments: [
            ("plain.txt", "attachment; filename=plain.txt", "text/plain"),
            ("a b.csv", "attachment; filename=\"a b.csv\"", "text/plain"),
            ("q\"uote.png", "attachment; filename=\"q\\\"uote.png\"", "image/png"),
            ("ü.bin", "attachment; filename=\".bin\"; filename*=UTF-8''%C3%BC.bin", "application/octet-stream"),
            (
                "日本", "attachment; filename=\"download\"; filename*=UTF-8''%E6%97%A5%E6%9C%AC",
                "application/octet-stream"
            ),
            (
                "line\nbreak", "attachment; filename=\"linebreak\"; filename*=UTF-8''line%0Abreak",
                "application/octet-stream"
            ),
            (".json", "attachment; filename=.json", "application/octet-stream"),
            ("MLmodel", "attachment; filename=MLmodel", "text/plain"),
            ("page.HTML", "attachment; filename=page.HTML", "text/html"),
        ]
    )
    func `a download is an attachment of its name and kind`(name: String, disposition: String, kind: String) {
        #expect(ArtifactDownload.disposition(of: name) == disposition)
        #expect(ArtifactDownload.mediaType(of: name) == kind)
    }

    @Test(
        arguments: [
            "/get-artifact?run_id=$RUN&path=", "/model-versions/get-artifact?name=here&version=1&path=",
            "/ajax-api/2.0/mlflow/logged-models/$MODEL/artifacts/files?artifact_file_path=",
            "/api/2.0/mlflow-artifacts/artifacts/$EXPERIMENT/$RUN/artifacts/",
        ]
    )
    func `no link leads out of the store`(route: String) async throws {
        try await World.run { world in
            let server = world.server
            let secret = server.folder.appending("secret")
            try AtomicFile.write("secret", to: secret)
            for root in ["artifacts/$EXPERIMENT/$RUN/artifacts", "artifacts/$EXPERIMENT/models/$MODEL/artifacts"] {
                let folder = server.folder.appending(world.filled(root))
                try FileSystem.createDirectory(folder)
                try FileSystem.symlink(secret, at: folder.appending("file"))
                try FileSystem.symlink(server.folder, at: folder.appending("folder"))
            }
            try await server.post("registered-models/create", #"{"name":"here"}"#)
            let source = #""source":"mlflow-artifacts:/$EXPERIMENT/$RUN/artifacts","run_id":"$RUN""#
            try await server.post("model-versions/create", world.filled("{\"name\":\"here\",\(source)}"))
            for path in ["file", "folder/secret"] {
                let answer = try await server.send(.get, world.filled(route + path))
                #expect((400..<500).contains(answer.status), "\(path): \(answer.status)")
                #expect(!answer.code.isEmpty)
                #expect(!String(buffer: answer.body).contains("secret\""))
            }
        }
    }

    @Test func `a full disk is said to be full`() async throws {
        try await TestServer.run(reserve: .max) { server in
            let answer = try await put(server, "0/a", "x")
            #expect(answer.status == 507)
            #expect(answer.code == "RESOURCE_EXHAUSTED")
            #expect(answer.message.contains("no space"))
            #expect(!answer.message.contains(server.folder.string))
        }
    }

    @Test func `a folder is removed with all that lies below, and again without a word`() async throws {
        try await TestServer.run { server in
            for path in ["0/r/a/x", "0/r/a/b/y", "0/r/c"] { _ = try await put(server, path, "1") }
            for _ in 0..<2 {
                let answer = try await server.send(.delete, Self.proxy + "/0/r/a")
                #expect(answer.status == 200)
            }
            #expect(try FileSystem.list(server.folder.appending("artifacts/0/r")) == ["c"])
        }
    }
}
