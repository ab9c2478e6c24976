// SPDX-License-Identifier: Apache-2.0

import Files
import HTTPTransport
import JSONText
import Subprocess
import SystemPackage
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// The first web page over a project in full use, in a real browser.
///
/// With `GYRE_SCREENSHOTS=FOLDER` the pages are also drawn there, to be looked at.
@Suite(.afterTheDemo, .timeLimit(.minutes(10)))
struct PageTests {
    @Test func `the page lists experiments, runs, models, the live service and gathered errors`() async throws {
        try await DemoProject.copied { gyre in
            let runs = try await gyre.json("runs").elements
            let errors = try await gyre.json("errors").elements
            try await gyre.up { server in
                try await server.await200("/v2/health/ready")
                let scored = try await server.send("GET", "/v2/models/breast-cancer")
                #expect(scored.text.contains("\"versions\":[\"2\"]"))
                let shown = try await gyre.browse("--dump-dom", server.url + "/")
                #expect(!shown.error.contains("CONSOLE"), "\(shown.error)")
                #expect(shown.output.contains("class=\"live\">live<"), "the script of the page runs")
                #expect(shown.output.contains("breast-cancer"))
                for run in runs {
                    let (name, id) = (try #require(run["name"]?.string), try #require(run["run_id"]?.string))
                    #expect(shown.output.contains(name) && shown.output.contains("/runs/\(id)"))
                }
                #expect(shown.output.contains("champion"))
                #expect(shown.output.contains("\(server.url)/invocations"))
                #expect(shown.output.contains(/Drifted features<\/dt>\s*<dd>[1-9][0-9.]* %/), "\(shown.output)")
                for error in errors {
                    let id = try #require(error["prediction_id"]?.string)
                    #expect(shown.output.contains(id), "the gathered error \(id)")
                }
                #expect(shown.output.contains("false negative") && shown.output.contains("false positive"))
                #expect(shown.output.contains("promoted"))

                let run = try #require(runs.first { _ in true }?["run_id"]?.string)
                let page = try await gyre.browse("--dump-dom", "\(server.url)/runs/\(run)")
                #expect(!page.error.contains("CONSOLE"), "\(page.error)")
                for text in [run, "roc_auc", "max_iter", "data/train.csv", "md5"] {
                    #expect(page.output.contains(text), "\(text)")
                }
                try await draw(gyre, server, run)
            }
        }
    }

    private func draw(_ gyre: Program, _ server: RunningServer, _ run: String) async throws {
        guard let folder = getenv("GYRE_SCREENSHOTS").map({ String(cString: $0) }) else { return }
        for (name, path, height) in [("overview", "/", 2_000), ("run", "/runs/\(run)", 1_400)] {
            _ = try await gyre.browse(
                "--window-size=1360,\(height)",
                "--hide-scrollbars",
                "--blink-settings=preferredColorScheme=1",
                "--screenshot=\(folder)/demo-\(name).png",
                server.url + path
            )
        }
    }
}

extension Program {
    /// Opens an address in Chromium; standard error holds what its console says.
    func browse(_ arguments: String...) async throws -> Answer {
        let profile = try FileSystem.temporaryDirectory(prefix: "gyre-browser")
        defer {
            // What cannot be removed lies in the system's temporary folder.
            try? FileSystem.removeTree(profile)
        }
        let options = [
            "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage",
            "--enable-logging=stderr", "--disable-background-networking", "--user-data-dir=\(profile)",
        ]
        let result = try await Subprocess.run(
            configuration(.name("chromium"), options + arguments),
            output: .string(limit: 8 << 20),
            error: .string(limit: 1 << 20)
        )
        let answer = Answer(result.terminationStatus, output: result.standardOutput, error: result.standardError)
        try #require(answer.code == 0, "\(answer.error)")
        return answer
    }
}
