// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import WebPages

struct HostileNamesTests {
    static let names = [
        "<script>alert(1)</script>",
        "\" onmouseover=\"alert(1)",
        "' onmouseover='alert(1)",
        // With a combining mark behind it, a quote or bracket is one Character with the mark.
        "\"\u{301} onmouseover=alert(1) x=",
        "<\u{338}script>alert(1)<\u{338}/script>",
        "{{project}}{{{project}}}{{>layout}}",
        "javascript:alert(1)",
        "</title><script>alert(1)</script>",
        "a\u{0}b\u{202E}c",
        "../../etc/passwd",
    ]

    @Test(arguments: names)
    func `a name of any kind stays text`(name: String) throws {
        let plain = try Self.pages(named: "plain").map { try $0() }
        let hostile = try Self.pages(named: name).map { try $0() }
        for (expected, page) in zip(plain, hostile) {
            // The same elements and attributes as with a harmless name: nothing broke out of its place.
            #expect(Self.skeleton(of: page) == Self.skeleton(of: expected))
            #expect(!page.contains("\u{0}") && !page.contains("\u{202E}"))
        }
    }

    @Test func `a name cannot lead a link away`() throws {
        let run = RunRow(id: "../../evil?x=\"#", name: "r", experiment: "e", status: "FINISHED")
        let html = try HomePage(project: "p", nowMs: 0, runs: [run]).render()
        #expect(html.contains("href=\"/runs/..%2F..%2Fevil%3Fx%3D%22%23\""))
        #expect(Format.urlSegment("..") == "%252E%252E")
    }

    @Test func `an example for the shell stays one word`() throws {
        let card = ServiceCard(model: "m", address: "http://h/'; rm -rf ~ #", exampleBody: "{\"a\": \"it's\"}")
        let html = try HomePage(project: "p", nowMs: 0, services: [card]).render()
        #expect(html.contains(#"curl &#39;http://h/&#39;\&#39;&#39;; rm -rf ~ #&#39; \"#))
    }

    private static func pages(named name: String) -> [() throws -> String] {
        let run = RunRow(
            id: name,
            name: name,
            experiment: name,
            status: name,
            user: name,
            commit: name,
            params: [name: name],
            metrics: [name: 1]
        )
        let home = HomePage(
            project: name,
            nowMs: 0,
            experimentID: name,
            experiments: [ExperimentRow(id: name, name: name)],
            runs: [run, run],
            models: [
                ModelRow(
                    name: name,
                    versions: [.init(number: name, aliases: [name], runID: name, note: name, metrics: [name: 1])]
                )
            ],
            services: [ServiceCard(model: name, version: name, runID: name, address: name, exampleBody: name)],
            errors: [
                ErrorRow(
                    predictionID: name,
                    kind: name,
                    version: name,
                    predicted: name,
                    truth: name,
                    comment: name,
                    dataVersion: name
                )
            ],
            turns: [TurnRow(number: 1, state: name, runID: name, version: name, note: name)]
        )
        let page = RunPage(
            project: name,
            nowMs: 0,
            run: run,
            experimentID: name,
            params: [.init(name, name)],
            metrics: [.init(name, 1)],
            tags: [.init(name, name)],
            inputs: [.init(name, context: name, digest: name, source: name)],
            versions: [(name, name)],
            artifactLocation: name
        )
        let message = MessagePage(project: name, what: name, why: name, next: name)
        return [home.render, page.render, message.render]
    }

    /// Tags with their attributes' names, without text and values.
    private static func skeleton(of html: String) -> [String] {
        var tags: [String] = []
        let scalars = Array(html.unicodeScalars)
        var index = 0
        while index < scalars.count {
            guard scalars[index] == "<" else {
                index += 1
                continue
            }
            var tag = ""
            var isQuoted = false
            while index < scalars.count {
                let scalar = scalars[index]
                index += 1
                if scalar == "\"" { isQuoted.toggle() }
                if !isQuoted { tag.unicodeScalars.append(scalar) }
                if scalar == ">", !isQuoted { break }
            }
            tags.append(tag)
        }
        return tags
    }
}
