// SPDX-License-Identifier: Apache-2.0

import Testing
import WebPages

struct HomePageTests {
    @Test func `runs, models, the service, errors and turns are on the page`() throws {
        let html = try Pages.busy.render()
        for text in [
            "stately-koi-871", "grandiose-shrike-514", "<progress value=\"1\" max=\"8\">", "false negative", "1.87 ms",
            "40 %",
            "recall &gt;= 0.90 is not met: measured 0.0", "href=\"/runs/\(Pages.challenger)\"", "1\u{2009}204",
            "promoted",
            "http://127.0.0.1:5000/v2/models/breast-cancer/infer", "4 min ago", "datetime=\"2026-11-",
        ] {
            #expect(html.contains(text), "\(text)")
        }
    }

    @Test func `only params that differ become columns`() throws {
        let html = try Pages.busy.render()
        #expect(html.contains(">error_rows</th>"))
        #expect(html.contains(">C</th>"))
        #expect(!html.contains("max_iter"))  // the run that has just begun has no params yet
        var alike = Pages.busy
        alike.runs = Array(alike.runs.prefix(2))
        let html2 = try alike.render()
        #expect(!html2.contains(">C</th>"))
        #expect(!html2.contains("max_iter"))
    }

    @Test func `the best value is marked, and nothing where no one knows which way is better`() throws {
        var page = Pages.busy
        for index in page.runs.indices {
            page.runs[index].metrics = ["log_loss": Double(index + 1), "steps": Double(index)]
        }
        let html = try page.render()
        #expect(html.contains("<td class=\"number best\">1</td>"))
        #expect(html.matches(of: /number best/).count == 1)
    }

    @Test func `a new project says how to begin`() throws {
        let html = try HomePage(project: "new", nowMs: 0).render()
        for text in [
            "No run yet.", "No model is registered yet.", "Nothing is served yet.", "No experiment yet.",
            "No error is known.",
            "The loop has not run yet.",
        ] {
            #expect(html.contains(text), "\(text)")
        }
        #expect(!html.contains("<table"))
    }

    @Test func `numbers that are not there show as a dash`() throws {
        let page = HomePage(
            project: "p",
            nowMs: 0,
            experiments: [ExperimentRow(id: "0", name: "e")],
            runs: [
                RunRow(id: "r1", name: "one", experiment: "e", status: "FINISHED", metrics: ["recall": 1]),
                RunRow(id: "r2", name: "two", experiment: "e", status: "FINISHED"),
            ],
            services: [ServiceCard(model: "m")]
        )
        let html = try page.render()
        #expect(html.contains("<td class=\"number\">–</td>"))
        #expect(html.contains("<dt>Requests</dt><dd>–</dd>"))
        #expect(!html.contains("nil") && !html.contains("Optional"))
    }

    @Test func `an experiment that was chosen is named and marked`() throws {
        var page = Pages.busy
        page.experimentID = "1"
        let html = try page.render()
        #expect(html.contains("Experiment <strong>breast-cancer</strong>"))
        #expect(html.contains("<tr class=\"chosen\">"))
    }
}
