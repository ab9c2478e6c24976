// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import HTTPConnections
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Subprocess
import Synchronization
import Testing

@testable import WebPages

/// The pages in a real browser, under the headers that they are served with.
///
/// With `GYRE_SCREENSHOTS=FOLDER` the pages are also drawn there, light and dark, to be looked at.
@Suite(.serialized, .timeLimit(.minutes(2)))  // one browser at a time: each takes hundreds of MiB
struct BrowserTests {
    @Test func `the overview shows its rows, and nothing breaks the content policy`() async throws {
        try await withServer { port in
            let shown = try await Self.browser(["--dump-dom", "http://127.0.0.1:\(port)/"])
            for text in ["grandiose-shrike-514", "false negative", "promoted", "class=\"badge accent\">champion<"] {
                #expect(shown.output.contains(text), "\(text)")
            }
            // Only the script writes this: it was loaded and it ran.
            #expect(shown.output.contains("<span id=\"freshness\" role=\"status\" class=\"live\">live</span>"))
            #expect(!shown.errors.contains("Content Security Policy"), "\(shown.errors)")
            #expect(!shown.errors.contains("CONSOLE"), "\(shown.errors)")
        }
    }

    @Test func `news appears without a reload`() async throws {
        try await withServer { port in
            let url = "http://127.0.0.1:\(port)/growing"
            let shown = try await Self.browser(["--virtual-time-budget=12000", "--dump-dom", url])
            #expect(shown.output.contains("the-newest-run"))
        }
    }

    @Test func `a model is tried, and its answer shown with its status`() async throws {
        try await withServer { port in
            for (path, words) in [("/try", "200, "), ("/try-refused", "400, ")] {
                let url = "http://127.0.0.1:\(port)\(path)"
                let shown = try await Self.browser(["--virtual-time-budget=4000", "--dump-dom", url])
                #expect(shown.output.contains(words) && shown.output.contains(" ms</span>"), "\(shown.output)")
                #expect(shown.output.contains(path == "/try" ? "  \"prediction\": 1" : "is no number"))
                #expect(!shown.errors.contains("Content Security Policy"), "\(shown.errors)")
            }
        }
    }

    @Test func `a script in a name does not run`() async throws {
        try await withServer { port in
            let shown = try await Self.browser(["--dump-dom", "http://127.0.0.1:\(port)/hostile"])
            #expect(shown.output.contains("&lt;script&gt;document.title='taken'&lt;/script&gt;"))
            #expect(!shown.output.contains("<title>taken"))
            #expect(!shown.errors.contains("CONSOLE"), "\(shown.errors)")
        }
    }

    @Test(
        .enabled(if: ProcessInfo.processInfo.environment["GYRE_SCREENSHOTS"] != nil, "set GYRE_SCREENSHOTS to a folder")
    )
    func `the pages are drawn`() async throws {
        let folder = try #require(ProcessInfo.processInfo.environment["GYRE_SCREENSHOTS"])
        try await withServer { port in
            for (name, path, size) in [
                ("overview", "/", "1360,1900"), ("run", "/run", "1360,1150"), ("empty", "/empty", "1360,1300"),
                ("phone", "/", "500,2600"), ("try", "/try", "1100,1100"), ("message", "/message", "1000,420"),
                ("hostile", "/hostile", "1360,1000"),
            ] {
                for dark in [false, true] {
                    let scheme =
                        dark ? ["--blink-settings=preferredColorScheme=0"] : ["--blink-settings=preferredColorScheme=1"]
                    let file = "\(folder)/\(name)-\(dark ? "dark" : "light").png"
                    let options = ["--window-size=\(size)", "--hide-scrollbars", "--screenshot=\(file)"]
                    _ = try await Self.browser(scheme + options + ["http://127.0.0.1:\(port)\(path)"])
                }
            }
        }
    }

    // MARK: Server and browser

    private func withServer(_ body: @escaping @Sendable (Int) async throws -> Void) async throws {
        let router = Router()
        router.get("/assets/:path") { _, context in
            guard let asset = WebAsset.named(try context.parameters.require("path")) else { throw HTTPError(.notFound) }
            return Response(
                status: .ok,
                headers: [.contentType: asset.contentType, .eTag: asset.etag, .cacheControl: asset.cacheControl],
                body: .init(byteBuffer: ByteBuffer(bytes: asset.bytes))
            )
        }
        let visits = Mutex(0)
        Self.page("/", router) { try Pages.busy.render() }
        Self.page("/run", router) { try Pages.runPage.render() }
        Self.page("/empty", router) { try HomePage(project: "new-project", nowMs: 0).render() }
        Self.page("/message", router) {
            try MessagePage(
                project: "breast-cancer",
                what: "cannot show the run `42`",
                why: "there is no such run",
                next: "look it up in the list"
            ).render()
        }
        Self.page("/hostile", router) {
            let name =
                "<script>document.title='taken'</script>\"><img src=x onerror=alert(1)>\u{202E}"
                + String(repeating: "x", count: 200)
            var page = Pages.busy
            page.project = name
            page.runs[0].name = name
            page.errors[0].comment = name
            page.models[0].versions[0].note = name
            return try page.render()
        }
        // A press of the button, as a person does it.
        router.get("/click.js") { _, _ in
            Response(
                status: .ok,
                headers: [.contentType: "text/javascript"],
                body: .init(byteBuffer: ByteBuffer(string: "document.querySelector('form.try button').click()"))
            )
        }
        for (path, model) in [("/try", "churn"), ("/try-refused", "other")] {
            Self.page(RouterPath(path), router) {
                try Pages.trial(of: model).render()
                    .replacing("</body>", with: #"<script src="/click.js" defer></script></body>"#)
            }
        }
        router.post("/predict/churn") { request, _ in
            let body = try await request.body.collect(upTo: 1 << 16)
            return Response(
                status: String(buffer: body).contains("\"months\": 7") ? .ok : .badRequest,
                headers: [.contentType: "application/json"],
                body: .init(byteBuffer: ByteBuffer(string: #"{"prediction":1,"prediction_id":"x"}"#))
            )
        }
        router.post("/predict/other") { _, _ in
            Response(
                status: .badRequest,
                body: .init(byteBuffer: ByteBuffer(string: #"{"detail":"it is no number"}"#))
            )
        }
        Self.page("/growing", router) {
            let visit = visits.withLock { count in
                count += 1
                return count
            }
            var page = Pages.busy
            if visit > 1 {
                page.runs.insert(RunRow(id: "new", name: "the-newest-run", experiment: "e", status: "RUNNING"), at: 0)
            }
            return try page.render()
        }
        try await Application(router: router, server: .connections()).test(.live) { client in
            try await body(try #require(client.port))
        }
    }

    private static func page(
        _ path: RouterPath,
        _ router: Router<BasicRequestContext>,
        _ render: @escaping @Sendable () throws -> String
    ) {
        router.get(path) { _, _ in
            var headers = HTTPFields()
            for (name, value) in PageHeaders.all { headers[try #require(HTTPField.Name(name))] = value }
            return Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(string: try render())))
        }
    }

    private static func browser(_ arguments: [String]) async throws -> (output: String, errors: String) {
        let profile = FileManager.default.temporaryDirectory.appending(path: "gyre-browser-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: profile) }  // a folder left in /tmp harms nobody
        let options = [
            "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage",
            "--enable-logging=stderr",
            "--disable-background-networking", "--user-data-dir=\(profile.path)",
        ]
        let result = try await run(
            .name("chromium"),
            arguments: Arguments(options + arguments),
            output: .string(limit: 8 << 20),
            error: .string(limit: 1 << 20)
        )
        try #require(
            result.terminationStatus.isSuccess,
            "\(result.terminationStatus): \(result.standardError.suffix(2_000))"
        )
        return (result.standardOutput, result.standardError)
    }
}
