// SPDX-License-Identifier: Apache-2.0

import HTTPConnections
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Feedback
import JSONText
import NIOCore
import SystemPackage
@testable import Server
import Testing

/// What a client sees who asks for something wrong, on the router in memory and on a listening server.
struct RouteTests {
    /// A request and what it gets: the status, and the field that says why in the shape of its API.
    struct Case: Sendable, CustomTestStringConvertible {
        let method: HTTPRequest.Method
        let path: String
        let body: String
        let status: Int
        let field: String?
        var testDescription: String { "\(method) \(path) \(body.prefix(40))" }

        init(_ method: HTTPRequest.Method, _ path: String, _ status: HTTPResponse.Status, _ field: String? = nil) {
            self.init(method, path, "", status, field)
        }

        init(
            _ method: HTTPRequest.Method,
            _ path: String,
            _ body: String,
            _ status: HTTPResponse.Status,
            _ field: String? = nil
        ) {
            (self.method, self.path, self.body, self.status, self.field) = (method, path, body, status.code, field)
        }
    }

    static let cases: [Case] = [
        Case(.get, "/health", .ok), Case(.head, "/health", .ok), Case(.get, "/metrics", .ok),
        Case(.get, "/version", .ok),
        Case(.get, "/v2/health/live", .ok), Case(.get, "/v2/health/ready", .serviceUnavailable),
        Case(.get, "/v2/models/none", .serviceUnavailable, "error"), Case(.get, "/v2/nothing", .notFound, "error"),
        Case(.post, "/v2/models/none/infer", "{}", .serviceUnavailable, "error"),
        Case(.post, "/invocations", "{}", .serviceUnavailable, "message"),
        Case(.get, "/invocations", .notFound, "message"), Case(.get, "/ping", .serviceUnavailable, "message"),
        Case(.post, "/api/gyre/v1/labels", "{", .badRequest, "detail"),
        Case(.post, "/api/gyre/v1/labels", #"{"labels": 1}"#, .badRequest, "detail"),
        Case(.post, "/api/gyre/v1/labels", #"{"labels": [{"truth": 1}]}"#, .badRequest, "detail"),
        Case(.post, "/api/gyre/v1/labels", #"{"labels": [{"prediction_id": "", "truth": 1}]}"#, .badRequest, "detail"),
        Case(.post, "/api/gyre/v1/labels", #"{"labels": []}"#, .accepted),
        Case(.post, "/api/gyre/v1/labels", String(repeating: " ", count: 5 << 20), .contentTooLarge, "detail"),
        Case(.post, "/api/gyre/v1/feedback", "[]", .badRequest, "detail"),
        Case(.post, "/api/gyre/v1/feedback", #"{"prediction_id": "x", "usable": "yes"}"#, .badRequest, "detail"),
        Case(.get, "/api/gyre/v1/errors?kind=nothing", .badRequest, "detail"),
        Case(.get, "/api/gyre/v1/errors?page=x", .badRequest, "detail"),
        Case(.get, "/api/gyre/v1/errors?limit=many", .badRequest, "detail"),
        Case(.get, "/api/gyre/v1/errors?limit=0", .badRequest, "detail"),
        Case(.get, "/api/gyre/v1/lineage/nothing", .notFound, "detail"),
        Case(.get, "/api/gyre/v1/predictions/nothing", .notFound, "detail"),
        Case(.get, "/api/gyre/v1/nothing", .notFound, "detail"), Case(.get, "/nothing", .notFound, "detail"),
        Case(.post, "/health", .notFound, "detail"), Case(.get, "/assets/nothing.js", .notFound, "detail"),
        Case(.post, "/api/2.0/mlflow/runs/create", "{", .badRequest, "message"),
        Case(.get, "/api/2.0/mlflow/runs/get?run_id=nothing", .notFound, "message"),
        Case(.post, "/api/2.0/mlflow/experiments/create", "{}", .badRequest, "message"),
        Case(.post, "/api/2.0/mlflow/nothing", "{}", .notFound, "message"),
        Case(.put, "/api/2.0/mlflow/nothing", "{}", .notFound, "message"),
        Case(.get, "/api/2.0/mlflow-artifacts/artifacts/..%2f..%2fgyre.db", .badRequest, "message"),
    ]

    @Test(arguments: cases, [TestingSetup.router, .live])
    func `bad input is told in the shape of its own API, and never as a fault of ours`(
        _ wanted: Case,
        setup: TestingSetup
    ) async throws {
        try await TestProject.with { project in
            try await Application(router: project.router, server: .connections(), logger: .silent).test(setup) {
                client in
                let body = wanted.body.isEmpty ? nil : ByteBuffer(string: wanted.body)
                try await client.execute(uri: wanted.path, method: wanted.method, body: body) { answer in
                    #expect(answer.status.code == wanted.status, "\(String(buffer: answer.body))")
                    guard let field = wanted.field else { return }
                    let why = try JSONDocument(Array(buffer: answer.body)).root[field]?.string
                    // MLflow has words of its own; ours say what failed, and why.
                    #expect(try #require(why).contains(field == "message" ? " " : ": "))
                }
                try await client.execute(uri: "/health", method: .get) { #expect($0.status == .ok) }
            }
        }
    }

    @Test(arguments: ["/runs/nothing", "/nothing"])
    func `a browser gets a page that says why`(path: String) async throws {
        try await TestProject.with { project in
            try await Application(router: project.router, logger: .silent).test(.router) { client in
                let accepts: HTTPFields = [.accept: "text/html,application/xhtml+xml"]
                try await client.execute(uri: path, method: .get, headers: accepts) { answer in
                    #expect(answer.status == .notFound)
                    #expect(answer.headers[.contentType]?.hasPrefix("text/html") == true)
                    #expect(String(buffer: answer.body).contains("trial"))
                }
            }
        }
    }

    @Test(arguments: [
        ("http://evil.example", HTTPResponse.Status.forbidden), ("null", .forbidden),
        ("http://127.0.0.1:1", .forbidden),
        ("http://localhost", .accepted), ("", .accepted),
    ])
    func `a page of another site changes nothing`(origin: String, status: HTTPResponse.Status) async throws {
        try await TestProject.with { project in
            try await Application(router: project.router, logger: .silent).test(.router) { client in
                var headers: HTTPFields = [.contentType: "text/plain"]
                // A program sends none.
                if !origin.isEmpty { headers[.origin] = origin }
                let body = ByteBuffer(string: #"{"labels": [{"prediction_id": "a", "truth": 1}]}"#)
                let path = "/api/gyre/v1/labels"
                try await client.execute(uri: path, method: .post, headers: headers, body: body) { answer in
                    #expect(answer.status == status)
                }
                try await client.execute(uri: "/health", method: .get, headers: headers) { #expect($0.status == .ok) }
            }
            #expect(try await project.services.feedback.counts().labels == (status == .accepted ? 1 : 0))
        }
    }

    @Test func `the first page of a new project needs no configuration`() async throws {
        try await TestProject.with("") { project in
            try await Application(router: project.router, logger: .silent).test(.router) { client in
                try await client.execute(uri: "/", method: .get) { answer in
                    #expect(answer.status == .ok)
                    #expect(String(buffer: answer.body).contains(project.folder.lastComponent?.string ?? "-"))
                }
            }
        }
    }

    @Test func `labels are taken all or none`() async throws {
        try await TestProject.with { project in
            try await Application(router: project.router, logger: .silent).test(.router) { client in
                let good = #"{"prediction_id": "a", "truth": true}"#
                let mixed = ByteBuffer(string: #"{"labels": [\#(good), {"prediction_id": "b"}]}"#)
                try await client.execute(uri: "/api/gyre/v1/labels", method: .post, body: mixed) { answer in
                    #expect(answer.status == .badRequest)
                    #expect(String(buffer: answer.body).contains("label 1"))
                }
                #expect(try await project.services.feedback.counts().labels == 0)
                let whole = ByteBuffer(string: #"{"labels": [\#(good), {"prediction_id": "b", "truth": 1.5}]}"#)
                try await client.execute(uri: "/api/gyre/v1/labels", method: .post, body: whole) { answer in
                    #expect(answer.status == .accepted)
                    let root = try JSONDocument(Array(buffer: answer.body)).root
                    #expect(root["accepted"]?.int64 == 2)
                }
                #expect(try await project.services.feedback.counts().labels == 2)
            }
        }
    }
}
