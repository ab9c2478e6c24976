// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Files
import ProjectTesting
import SystemPackage
import Testing

@testable import Pipelines

/// Templates that users write for plots, filled as the real dvc fills them.
struct PlotTemplateTests {
    private static let template = """
        {"$schema": "https://vega.github.io/schema/vega-lite/v5.json", "data": {"values": "<DVC_METRIC_DATA>"},
         "title": "About <DVC_METRIC_TITLE>", "width": "<DVC_METRIC_PLOT_WIDTH>", "params": ["<DVC_METRIC_ZOOM_AND_PAN>"],
         "mark": {"type": "point", "size": 3.5, "filled": true, "tooltip": null},
         "transform": [{"pivot": "<DVC_METRIC_PIVOT_FIELD>", "groupby": "<DVC_METRIC_GROUP_BY_X>"}],
         "encoding": {"x": {"field": "<DVC_METRIC_X>", "title": "<DVC_METRIC_X_LABEL>"}, "y": {"field": "<DVC_METRIC_Y>"},
          "color": "<DVC_METRIC_COLOR>", "tooltip": "<DVC_METRIC_TOOLTIP>", "shape": "<DVC_METRIC_SHAPE>"}}
        """

    private func laboratory(_ template: String = template) async throws -> Laboratory {
        let lab = try await Laboratory(
            "plots:\n- l.csv: {template: mine, x: step, y: the.loss, title: \"Loss \\\"now\\\"\", x_label: Steps}\n"
        )
        try lab.folder.write("step,the.loss\n1,3\n2,1\n", to: "l.csv")
        try lab.folder.write(template, to: ".dvc/plots/mine.json")
        try await lab.project.commit("One")
        try lab.folder.write("step,the.loss\n1,2\n", to: "l.csv")
        return lab
    }

    private func plots(_ lab: Laboratory) async throws -> [Plot] {
        var revisions: [ProjectRevision] = []
        for name in ["workspace", "HEAD"] {
            revisions.append(try await ProjectRevision(name, of: lab.project.data))
        }
        return try await Plot.collect(revisions, targets: ["l.csv"]).plots
    }

    @Test func `the anchors are filled as dvc fills them`() async throws {
        let lab = try await laboratory()
        let ours = try #require(try await plots(lab).first.flatMap(PlotPage.vega))
        let theirs = try await lab.project.dvc("plots", "diff", "--show-vega", "--targets", "l.csv").output
        let program = "import json,sys; a,b=[json.loads(x) for x in sys.stdin.read().split('\\0')]; sys.exit(a!=b)"
        let same = try await Tool.dvcPython.run(
            ["-c", program],
            in: lab.project.root,
            expecting: nil,
            input: ours + "\0" + theirs
        )
        #expect(same.code == 0, "\(ours)\n\(theirs)\(same.error)")
    }

    @Test(arguments: [("{\"mark\": 1}", "<DVC_METRIC_DATA>"), ("[1", "mine")])
    func `a template that cannot be filled is refused by name`(template: String, words: String) async throws {
        let lab = try await laboratory(template)
        let error = try await #require(throws: (any Error).self) { try await plots(lab) }
        #expect("\(error)".contains(words), "\(error)")
    }

    @Test func `a template that is nowhere is refused, not replaced by another`() async throws {
        let lab = try await laboratory()
        try lab.folder.remove(".dvc/plots/mine.json")
        let error = try await #require(throws: PipelinesError.self) { try await plots(lab) }
        #expect(error.what.contains("mine") && error.next?.contains("plots templates") == true)
    }

    @Test func `a page of the user's gets scripts and plots where it wants them`() async throws {
        let plots = try await plots(try await laboratory())
        let page = try PlotPage.html(plots, frame: "<head>{scripts}</head><main>{plot_divs}</main>")
        #expect(page.hasPrefix("<head><script src=") && page.contains("</head><main>") && page.contains("vegaEmbed("))
        #expect(throws: PipelinesError.self) { try PlotPage.html(plots, frame: "<main></main>") }
    }

    @Test func `each name that dvc has draws dvc's data on dvc's axes`() async throws {
        let lab = try await laboratory()
        let names = try await lab.project.dvc("plots", "templates").output.split(separator: "\n").map(String.init)
        #expect(PlotPage.templates == names)
        var revisions: [ProjectRevision] = []
        for name in ["workspace", "HEAD"] {
            revisions.append(try await ProjectRevision(name, of: lab.project.data))
        }
        let program = """
            import json, subprocess, sys
            def fields(node, axis):
                if isinstance(node, list):
                    return {f for item in node for f in fields(item, axis)}
                if not isinstance(node, dict):
                    return set()
                own = node.get("encoding", {}).get(axis, {})
                return {own[k] for k in ("field",) if k in own} | {f for item in node.values() for f in fields(item, axis)}
            ours, theirs = [json.loads(text) for text in sys.stdin.read().split("\\0")]
            assert "<DVC_METRIC" not in json.dumps(ours)
            assert ours["data"] == theirs["data"] and ours["title"]["text"] == theirs["title"]["text"]
            for axis in "xy":
                assert fields(ours, axis) == fields(theirs, axis), (axis, fields(ours, axis), fields(theirs, axis))
            """
        for name in names {
            let plots = try await Plot.collect(revisions, targets: ["l.csv"], options: ["template": name]).plots
            let ours = try #require(plots.first.flatMap(PlotPage.vega))
            let theirs = try await lab.project.dvc("plots", "diff", "-t", name, "--targets", "l.csv", "--show-vega")
                .output
            let same = try await Tool.dvcPython.run(
                ["-c", program],
                in: lab.project.root,
                expecting: nil,
                input: ours + "\0" + theirs
            )
            #expect(same.code == 0, "\(name): \(same.error)\n\(ours)\n\(theirs)")
        }
    }
}
