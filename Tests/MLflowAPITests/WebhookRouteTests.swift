// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import JSONText
import NIOCore
import Testing
import WebhookTesting

/// `/webhooks`: calls and the answers that MLflow 3.17's own server gave to them; where that one fails by 500, a 400.
@Suite(.timeLimit(.minutes(3)))
struct WebhookRouteTests {
    private static let made = #"[{"entity":"REGISTERED_MODEL","action":"CREATED"}]"#

    private static func body(_ fields: String) -> String {
        #"{"name":"w","url":"http://127.0.0.1:9/x","events":\#(made)\#(fields.isEmpty ? "" : ",\(fields)")}"#
    }

    private static func make(_ server: TestServer, _ fields: String = "") async throws -> JSONElement {
        try #require(try await server.post("webhooks", body(fields))["webhook"])
    }

    static let creations: [(body: String, status: Int)] = [
        (body(""), 200), (named(#""""#), 400), (named(#"5"#), 400), (named(#""-a""#), 400),
        (named(#""a b""#), 400), (body(#""extra":1"#), 200), (body(#""description":5"#), 400),
        (body(#""description":"""#), 200), (body(#""secret":5"#), 400), (body(#""secret":"""#), 200),
        (body(#""status":"DISABLED""#), 200), (body(#""status":2"#), 200), (body(#""status":"""#), 200),
        (body(#""status":null"#), 200), (body(#""status":"off""#), 400),
        (#"{"url":"http://127.0.0.1:9/x","events":\#(made)}"#, 400), (#"{"name":"w","events":\#(made)}"#, 400),
        (#"{"name":"w","url":"http://127.0.0.1:9/x"}"#, 400), (events("[]"), 400), (events(#""x""#), 400),
        (events(#"["x"]"#), 400), (events("[{}]"), 400), (events(#"[{"entity":"REGISTERED_MODEL"}]"#), 400),
        (events(#"[{"action":"CREATED"}]"#), 400),
        (events(#"[{"entity":"REGISTERED_MODEL","action":"DELETED"}]"#), 400),
        (events(#"[{"entity":"NOPE","action":"CREATED"}]"#), 400), (events(#"[{"entity":1,"action":1}]"#), 200),
        (events(#"[{"entity":99,"action":1}]"#), 400), (events(#"[{"entity":0,"action":0}]"#), 400),
        (events(#"[{"entity":-9223372036854775808,"action":9223372036854775807}]"#), 400),
        (events(#"[{"entity":"PROMPT","action":"CREATED"},{"entity":"BUDGET_POLICY","action":"EXCEEDED"}]"#), 200),
        (events(#"[{"entity":"REGISTERED_MODEL","action":"CREATED"},{"entity":1,"action":1}]"#), 400),
        (events(#"[{"entity":"RUN","action":"CREATED"}]"#), 400), (url("ftp://x/"), 400), (url("nope"), 400),
        (url("http:///x"), 400), (url("http://[bad/"), 400), (url("HTTP://127.0.0.1/x"), 200), (url("   "), 400),
        (url("http://[::1]/"), 200), ("{", 400), ("[]", 400), ("", 400),
    ]

    private static func events(_ list: String) -> String {
        #"{"name":"w","url":"http://127.0.0.1:9/x","events":\#(list)}"#
    }

    private static func named(_ name: String) -> String {
        #"{"name":\#(name),"url":"http://127.0.0.1:9/x","events":\#(made)}"#
    }

    private static func url(_ url: String) -> String { #"{"name":"w","url":"\#(url)","events":\#(made)}"# }

    @Test(arguments: creations)
    func `what MLflow takes is taken, and what it refuses is refused`(body: String, status: Int) async throws {
        try await TestServer.run { server in
            let answer = try await server.call(.post, "webhooks", body)
            #expect(answer.status == status, "\(answer.message)")
            if status == 400 { #expect(["INVALID_PARAMETER_VALUE", "BAD_REQUEST"].contains(answer.code)) }
        }
    }

    @Test func `a webhook answers in MLflow's shape, without its secret, on both roots`() async throws {
        try await TestServer.run { server in
            let hook = try await Self.make(server, #""description":"d","secret":"very-secret""#)
            let id = try #require(hook["webhook_id"]?.string)
            let members = ["webhook_id", "name", "description", "url", "events", "status", "creation_timestamp"]
            #expect(hook.members.map(\.key) == members + ["last_updated_timestamp"])
            #expect(hook["events"]?.json == Self.made)
            #expect(hook["status"]?.string == "ACTIVE")
            for path in ["/api/2.0/mlflow/webhooks", "/ajax-api/2.0/mlflow/webhooks/\(id)"] {
                let answer = try await server.send(.get, path)
                #expect(answer.status == 200)
                #expect(String(buffer: answer.body).contains(id))
                #expect(!String(buffer: answer.body).contains("secret"))
            }
        }
    }

    @Test func `a change is as MLflow's: what is empty stays, but a description and a secret go`() async throws {
        try await TestServer.run { server in
            let id = try #require(try await Self.make(server, #""description":"d""#)["webhook_id"]?.string)
            func change(_ body: String?) async throws -> JSONElement {
                let answer = try await server.call(.patch, "webhooks/\(id)", body)
                #expect(answer.status == 200)
                return try #require(try answer.json["webhook"])
            }
            let same = try await change(#"{"name":"","url":"","events":[],"status":""}"#)
            #expect(same["name"]?.string == "w")
            #expect(same["events"]?.json == Self.made)
            #expect(same["description"]?.string == "d")
            #expect(try await change(nil)["name"]?.string == "w")
            #expect(try await change(#"{"description":""}"#)["description"] == nil)
            let new = try await change(
                #"{"name":"n","url":"http://127.0.0.1:9/y","status":"DISABLED","events":[{"entity":2,"action":"CREATED"}]}"#
            )
            #expect(new["name"]?.string == "n")
            #expect(new["url"]?.string == "http://127.0.0.1:9/y")
            #expect(new["status"]?.string == "DISABLED")
            #expect(new["events"]?.json == #"[{"entity":"MODEL_VERSION","action":"CREATED"}]"#)
            #expect(try await server.call(.patch, "webhooks/\(id)", #"{"name":"-"}"#).code == "INVALID_PARAMETER_VALUE")
        }
    }

    @Test(arguments: [HTTPRequest.Method.get, .patch, .delete])
    func `a webhook that is not there is told so`(method: HTTPRequest.Method) async throws {
        try await TestServer.run { server in
            let answer = try await server.call(method, "webhooks/nope", method == .get ? nil : "{}")
            #expect(answer.status == 404)
            #expect(answer.code == "RESOURCE_DOES_NOT_EXIST")
            #expect(try await server.call(.post, "webhooks/nope/test", "{}").status == 404)
        }
    }

    @Test(arguments: [("0", 200), ("-1", 400), ("1001", 400), ("1000", 200), ("abc", 400), ("1&page_token=junk", 400)])
    func `a list has MLflow's limits`(text: String, status: Int) async throws {
        try await TestServer.run { server in
            let answer = try await server.call(.get, "webhooks?max_results=\(text)")
            #expect(answer.status == status)
        }
    }

    @Test func `a list goes on where its token says`() async throws {
        try await TestServer.run { server in
            for _ in 0..<3 { _ = try await Self.make(server) }
            let first = try await server.get("webhooks?max_results=2")
            #expect(first["webhooks"]?.count == 2)
            let token = try #require(first["next_page_token"]?.string)
            let second = try await server.get("webhooks?max_results=2&page_token=\(token)")
            #expect(second["webhooks"]?.count == 1)
            #expect(second["next_page_token"] == nil)
        }
    }

    // MARK: Events of runs

    @Test func `events of runs stand in a field that MLflow's clients pass over`() async throws {
        try await TestServer.run { server in
            let hook = try await Self.make(server, #""run_events":["FINISHED","FAILED"]"#)
            #expect(hook["events"]?.json == Self.made)
            #expect(hook["run_events"]?.json == #"["FAILED","FINISHED"]"#)
            let id = try #require(hook["webhook_id"]?.string)
            let models = #"{"events":[{"entity":"MODEL_VERSION","action":"CREATED"}]}"#
            let changed = try await server.call(.patch, "webhooks/\(id)", models)
            #expect(try changed.json["webhook"]?["run_events"]?.json == #"["FAILED","FINISHED"]"#)
            let cleared = try await server.call(.patch, "webhooks/\(id)", #"{"run_events":[]}"#)
            #expect(try cleared.json["webhook"]?["run_events"] == nil)
            let bad = try await server.call(.post, "webhooks", Self.body(#""run_events":["STARTED"]"#))
            #expect(bad.status == 400)
            #expect(bad.message.contains("`run` has created, finished, failed"), "\(bad.message)")
        }
    }

    @Test func `a webhook for runs alone is listed on request`() async throws {
        try await TestServer.run { server in
            let made = try await server.post(
                "webhooks",
                #"{"name":"w","url":"http://127.0.0.1:9/x","run_events":["CREATED"]}"#
            )
            #expect(made["webhook"]?["events"]?.count == 0)
            #expect(try await server.get("webhooks")["webhooks"]?.count == 0)
            #expect(try await server.get("webhooks?all=true")["webhooks"]?.count == 1)
        }
    }

    // MARK: Sending

    @Test func `a trial answers what the receiver said`() async throws {
        try await Receiver.run(reacting: { arrival, _ in .answer(arrival.path == "/ok" ? 200 : 404, body: "hello") }) {
            receiver in
            try await TestServer.run { server in
                for (path, success, status) in [("/ok", true, 200), ("/gone", false, 404)] {
                    let body = #"{"name":"w","url":"\#(receiver.url)\#(path)","events":\#(Self.made)}"#
                    let id = try #require(try await server.post("webhooks", body)["webhook"]?["webhook_id"]?.string)
                    let result = try #require(try await server.post("webhooks/\(id)/test", "{}")["result"])
                    #expect(result["success"]?.bool == success)
                    #expect(result["response_status"]?.int64 == Int64(status))
                    #expect(result["response_body"]?.string == "hello")
                    let run = #"{"event":{"entity":"RUN","action":"FINISHED"}}"#
                    _ = try await server.post("webhooks/\(id)/test", run)
                    #expect(receiver.arrivals.last?.body.contains(#""entity":"run","action":"finished""#) == true)
                    let bad = #"{"event":{"entity":"MODEL_VERSION","action":"SET"}}"#
                    #expect(try await server.call(.post, "webhooks/\(id)/test", bad).code == "INVALID_PARAMETER_VALUE")
                }
            }
        }
    }

    @Test func `what became of deliveries is listed`() async throws {
        try await TestServer.run { server in
            let id = try #require(try await Self.make(server)["webhook_id"]?.string)
            try await server.post("registered-models/create", #"{"name":"m"}"#)
            let list = try #require(try await server.get("webhooks/\(id)/deliveries")["deliveries"])
            let delivery = try #require(list.elements.first { _ in true })
            #expect(delivery["event"]?.string == "registered_model.created")
            #expect(delivery["state"]?.string == "waiting")
            #expect(delivery["attempts"]?.int64 == 0)
            #expect(try await server.call(.get, "webhooks/nope/deliveries").status == 404)
        }
    }
}
