// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import JSONText
import NIOCore
import Testing

/// Some two thousand requests get the answers that MLflow 3.17's own server gave to them, or those that
/// `differences.jsonl` gives reasons for.
@Suite(.timeLimit(.minutes(5)))
struct RecordedAnswersTests {
    @Test(arguments: try RecordedTable.names)
    func `the answers are those that MLflow gave`(table: String) async throws {
        try await Self.replay(table, below: "/api/")
    }

    private static func replay(_ table: String, below prefix: String) async throws {
        try await TestServer.run { server in
            var names = RecordedNames()
            let steps = try RecordedTable(named: table).steps
            try #require(steps.count > 10)
            for step in steps {
                let answer = try await Self.send(step, below: prefix, names, server)
                for (name, path) in step.saved {
                    if let value = try? answer.json.value(at: path)?.string { names.save(name, value) }
                }
                let found = Self.plain(answer, step, names)
                var expected = step.expected
                if step.isAnyRefusalFine {
                    #expect((400..<500).contains(found.status), "\(step.method) \(step.uri): \(found)")
                    continue
                }
                // Where MLflow's framework refuses, it is not in MLflow's own shape.
                if expected.status >= 400, expected.code.isEmpty { expected.code = found.code }
                #expect(
                    found == expected,
                    "\(step.method) \(step.uri) \(step.body(names).map { String(buffer: $0).prefix(300) } ?? "")"
                )
            }
        }
    }

    @Test(arguments: ["experiments", "logged_models", "registry"])
    func `the page's calls get the same answers`(table: String) async throws {
        try await Self.replay(table, below: "/ajax-api/")
    }

    @Test func `each difference has its reason`() throws {
        var count = 0
        for name in try RecordedTable.names {
            for step in try RecordedTable(named: name).steps where step.why != nil {
                #expect((step.why ?? "").count > 10)
                count += 1
            }
        }
        #expect(count < 400)
    }

    private static func send(
        _ step: RecordedTable.Step,
        below prefix: String,
        _ names: RecordedNames,
        _ server: TestServer
    ) async throws -> TestServer.Answer {
        var headers: HTTPFields = [:]
        for (name, value) in step.headers {
            headers[try #require(HTTPField.Name(name))] = names.filled(value)
        }
        let body = step.body(names)
        if body != nil, headers[.contentType] == nil { headers[.contentType] = "application/json" }
        let method = try #require(HTTPRequest.Method(step.method))
        let uri = step.uri.hasPrefix("/api/") ? prefix + step.uri.dropFirst("/api/".count) : step.uri
        return try await server.send(method, names.filled(uri), headers: headers, body: body)
    }

    private static func plain(
        _ answer: TestServer.Answer,
        _ step: RecordedTable.Step,
        _ names: RecordedNames
    ) -> RecordedTable.Answer {
        var found = RecordedTable.Answer(status: Int64(answer.status))
        let json = try? answer.json
        if answer.status >= 400 {
            found.code = answer.code
        } else if let json, !step.isText {
            found.content = content(json, step.part[...], names) ?? "null"
        } else {
            found.content = String(buffer: answer.body)
        }
        for name in step.seenHeaders {
            found.headers[name] = HTTPField.Name(name).flatMap { answer.headers[$0] } ?? ""
        }
        return found
    }

    /// The part of an answer at `a.*.b`, where `*` stands for all elements.
    private static func content(_ value: JSONElement?, _ path: Substring, _ names: RecordedNames) -> String? {
        let parts = path.split(separator: ".", maxSplits: 1)
        guard let head = parts.first else { return value.flatMap { names.plain($0) } }
        let rest = parts.count == 2 ? parts[1] : ""
        if head == "*" {
            let items = value?.elements.map { content($0, rest, names) ?? "null" } ?? []
            return items.isEmpty ? nil : "[\(items.joined(separator: ","))]"
        }
        guard rest.isEmpty else { return content(value?[String(head)], rest, names) }
        return value?[String(head)].flatMap { names.plain($0, String(head)) }
    }
}
