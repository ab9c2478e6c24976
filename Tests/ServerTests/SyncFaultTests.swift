// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import HTTPTransport
import HTTPTypes
import Hummingbird
import MLflowAPI
import Registry
@testable import Server
import Synchronization
import Testing
import Tracking
import Transfer

/// Syncs that are cut off, and servers that are none.
@Suite(.timeLimit(.minutes(2)))
struct SyncFaultTests {
    @Test(arguments: [1, 2, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28])
    func `a sync that was cut off is run again, and gives the same`(after limit: Int) async throws {
        try await TestProject.with { laptop in
            for name in ["first", "second"] { try await laptop.register(try await laptop.log(name), as: "churn") }
            try await laptop.services.registry.setAlias(model: "churn", alias: "candidate", version: 2)
            try await TestProject.with { server in
                try await server.listening(Interrupter(after: limit)) { url in
                    await #expect(throws: TransferError.self) { try await laptop.sync(url) }
                }
                for run in try await server.services.tracking.searchRuns(RunSearch(view: .all)) {
                    // Who sees that a run is finished can rely on what it holds.
                    guard run.status == .finished else { continue }
                    #expect(run.metrics.count == 3)
                }
                let report = try await server.listening { try await laptop.sync($0) }
                #expect(report.conflicts == [])
                #expect(try await server.content() == laptop.content())
            }
        }
    }

    @Test func `a run goes on until its points and files are there`() async throws {
        try await TestProject.with { laptop in
            let run = try await laptop.log("first")
            try await TestProject.with { server in
                try await server.listening(Interrupter(before: "points")) { url in
                    await #expect(throws: TransferError.self) { try await laptop.sync(url) }
                }
                let there = try await server.services.tracking.run(id: run)
                #expect(there.status == .running)
                #expect(there.endMs == nil)
            }
        }
    }

    @Test func `a file that changed on its way is not stored`() async throws {
        try await TestProject.with { server in
            let run = try await server.log("first")
            let before = try await server.content()
            try await server.listening { url in
                let client = HTTPTransportClient()
                let digest = String(repeating: "a", count: 64)
                let answer = try await client.send(
                    "PUT",
                    "\(url)/api/gyre/v1/sync/files?run=\(run)&path=model/MLmodel&digest=\(digest)",
                    body: Array("other".utf8)
                )
                await client.shutdown()
                #expect(answer.status == 400)
            }
            #expect(try await server.content() == before)
        }
    }

    @Test(arguments: [
        ("PUT", "files?run=RUN&path=..%2F..%2Fx&digest=a", ""),
        ("PUT", "files?run=RUN&path=%2Fetc%2Fpasswd&digest=a", ""),
        ("PUT", "files?run=RUN&digest=a", ""), ("PUT", "files?path=x&digest=a", ""),
        ("PUT", "files?run=none&path=x&digest=a", ""),
        ("POST", "runs", "{"), ("POST", "runs", "[]"), ("POST", "runs", #"{"source":"s","run":{"id":1}}"#),
        ("POST", "points", #"{"run":"RUN","histories":[{"key":"a","points":[[1]]}]}"#),
        ("POST", "points", #"{"run":"RUN","histories":[{"key":"a","points":[[-1,0,0]]}]}"#),
        ("POST", "points", #"{"run":"none","histories":[{"key":"a","points":[[1,0,0]]}]}"#),
        ("POST", "histories", #"{"run":"RUN","keys":[1]}"#),
        ("POST", "lacking", #"{"source":"s","kind":"run","items":[["a"]]}"#),
        ("POST", "files", #"{"run":"RUN","files":[["../x",1]]}"#),
        ("POST", "aliases", #"{"source":"s","model":"none","alias":"a","version":1}"#),
        ("POST", "aliases", #"{"source":"s","model":"none","alias":"champion","version":1}"#),
        ("POST", "nothing", "{}"),
    ])
    func `what no Gyre sends is refused, and nothing changes`(method: String, route: String, body: String) async throws
    {
        try await TestProject.with { server in
            let run = try await server.log("first")
            let before = try await server.content()
            try await server.listening { url in
                let client = HTTPTransportClient()
                let answer = try await client.send(
                    method,
                    "\(url)/api/gyre/v1/sync/\(route.replacing("RUN", with: run))",
                    body: Array(body.replacing("RUN", with: run).utf8)
                )
                await client.shutdown()
                #expect((400..<500).contains(answer.status), "\(answer.status) \(answer.text)")
            }
            #expect(try await server.content() == before)
        }
    }

    // MARK: Servers that are none

    private func refusal(_ router: Router<BasicRequestContext>, token: String? = nil) async throws -> TransferError {
        try await TestProject.with { laptop in
            try await laptop.log("first")
            return try await TestProject.listening(router.buildResponder()) { url in
                try await #require(throws: TransferError.self) { try await laptop.sync(url, token: token) }
            }
        }
    }

    @Test func `an MLflow server is called by its name`() async throws {
        try await TestProject.with { other in
            let router = Router()
            let (tracking, registry) = (other.services.tracking, other.services.registry)
            MLflowRoutes(tracking: tracking, registry: registry).add(to: router)
            let error = try await refusal(router)
            #expect(error.why.hasPrefix("it is MLflow 3."), "\(error)")
            #expect(error.why.hasSuffix(", which cannot take runs with their ids"))
            #expect(error.next?.contains("gyre up") == true)
        }
    }

    @Test func `a Gyre of before, a newer one, and something else are told apart`() async throws {
        let old = Router()
        old.get("api/gyre/v1/status") { _, _ in #"{"project":"x"}"# }
        #expect(try await refusal(old).why == "it is a Gyre of before `gyre sync`")
        let newer = Router()
        newer.get("api/gyre/v1/sync") { _, _ in #"{"protocol":2,"gyre":"9.0"}"# }
        let error = try await refusal(newer)
        #expect(error.why.hasPrefix("it is Gyre 9.0, which syncs in a newer way (2)"))
        #expect(error.next == "update this Gyre")
        #expect(try await refusal(Router()).why == "what answers there is neither Gyre nor MLflow")
    }

    @Test func `a token goes to the server that was named, and to no other`() async throws {
        let seen = Mutex<[String]>([])
        let thief = Router()
        thief.get("**") { request, _ -> String in
            seen.withLock { $0.append("thief") }
            return "{}"
        }
        try await TestProject.listening(thief.buildResponder()) { elsewhere in
            let router = Router()
            router.get("api/gyre/v1/sync") { request, _ -> Response in
                seen.withLock { $0.append(request.headers[.authorization] ?? "") }
                return Response(status: .found, headers: [.location: "\(elsewhere)/api/gyre/v1/sync"])
            }
            let error = try await refusal(router, token: "secret")
            #expect(error.why == "it sends to `\(elsewhere)/api/gyre/v1/sync`, and a sync follows nobody")
        }
        #expect(seen.withLock { $0 } == ["Bearer secret"])
    }

    @Test(arguments: ["http://gyre.example.org", "http://10.0.0.1:5000", "http://127.0.0.1.example.org"])
    func `a token does not travel unencrypted`(url: String) {
        #expect(throws: TransferError.self) { try SyncAddress(url, from: "the test", token: "secret") }
    }

    @Test(arguments: ["http://127.0.0.1:5000/", "http://[::1]:5000", "http://localhost", "https://gyre.example.org"])
    func `a token goes over a loop or TLS`(url: String) throws {
        #expect(try SyncAddress(url, from: "the test", token: "secret").url + (url.hasSuffix("/") ? "/" : "") == url)
    }

    @Test(arguments: ["mlruns", "ftp://a", "http://", "http://me:secret@host", "http://host/?a=b"])
    func `an address of another kind is refused without its secrets`(text: String) throws {
        let error = try #require(throws: TransferError.self) { try SyncAddress(text, from: "the test", token: nil) }
        #expect(error.code == .unknownSource)
        #expect(!error.description.contains("secret"))
    }
}
