// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Documents
import Files
import ProjectTesting
import SystemPackage
import Testing

@testable import Pipelines

/// Metrics, parameters, plots and pictures of pipelines, beside the real dvc's.
struct ReportTests {
    private static let pipeline = """
        stages:
          clean: {cmd: cp raw clean.csv, deps: [raw], outs: [clean.csv]}
          train:
            cmd: sh train.sh
            deps: [clean.csv]
            params: [lr, train, {other.toml: [deep.key]}]
            outs: [folder]
            metrics: [m.json: {cache: false}, cached.yaml]
            plots: [p.csv: {x: epoch, y: loss}]
          each:
            foreach: [a, b]
            do: {cmd: "echo ${item} > e-${item}", deps: [clean.csv], outs: ["e-${item}"]}
        metrics: [extra.yaml]
        plots:
        - two: {x: epoch, y: {p.csv: loss, "folder/q.csv": [gain, loss]}}
        """
    private static let script = """
        echo '{"auc": 0.5, "deep": {"f1": 1}, "name": "x", "list": [1, 2], "none": null, "ok": true}' > m.json
        echo 'rows: 3' > cached.yaml
        printf 'epoch,loss\\n0,1\\n1,0.5\\n' > p.csv
        mkdir -p folder; printf 'epoch,loss,gain\\n0,2,3\\n' > folder/q.csv
        """

    /// A project with one commit and changes after it.
    private func ready() async throws -> Laboratory {
        let lab = try await Laboratory(Self.pipeline, params: "lr: 0.1\ntrain: {a: [1, 2], b: x}\nother: 5\n")
        try lab.folder.write(Self.script, to: "train.sh")
        try lab.folder.write("z: 3\n", to: "extra.yaml")
        try lab.folder.write("[deep]\nkey = 'one'\n", to: "other.toml")
        try lab.folder.write("1", to: "raw")
        try await lab.reproduce()
        try await lab.project.commit("One")
        try lab.folder.write("lr: 0.2\ntrain: {a: [1, 3], b: x}\nother: 5\n", to: "params.yaml")
        try lab.folder.write("[deep]\nkey = 'two'\n", to: "other.toml")
        try lab.folder.write("{\"auc\": 0.625, \"deep\": {\"f1\": 2.5}, \"new\": 5, \"ok\": false}", to: "m.json")
        return lab
    }

    private func isSame(_ left: String, _ right: String, in lab: Laboratory) async throws -> Bool {
        let program = "import json,sys; a,b=[json.loads(x) for x in sys.stdin.read().split('\\0')]; sys.exit(a!=b)"
        return try await Tool.dvcPython.run(
            ["-c", program],
            in: lab.project.root,
            expecting: nil,
            input: left + "\0" + right
        ).code == 0
    }

    private func revision(_ name: String, _ lab: Laboratory) async throws -> ProjectRevision {
        try await ProjectRevision(name, of: lab.project.data)
    }

    @Test func `metrics are shown and compared as by dvc`() async throws {
        let lab = try await ready()
        let (old, new) = (try await revision("HEAD", lab), try await revision("workspace", lab))
        let shown = ValueReport.json([try await ValueReport.metrics(of: new)])
        let other = try await lab.project.dvc("metrics", "show", "--json").output
        #expect(try await isSame(shown, other, in: lab), "\(shown)\n\(other)")
        for all in [false, true] {
            let difference = ValueDifference(
                from: try await ValueReport.metrics(of: old),
                to: try await ValueReport.metrics(of: new),
                includingUnchanged: all
            ).json
            let other =
                try await all
                ? lab.project.dvc("metrics", "diff", "--json", "--all").output
                : lab.project.dvc("metrics", "diff", "--json").output
            #expect(try await isSame(difference, other, in: lab), "\(difference)\n\(other)")
        }
    }

    @Test(arguments: [false, true]) func `parameters are compared as by dvc`(ofStages: Bool) async throws {
        let lab = try await ready()
        let (old, new) = (try await revision("HEAD", lab), try await revision("workspace", lab))
        let difference = ValueDifference(
            from: try await ValueReport.params(of: old, ofStages: ofStages),
            to: try await ValueReport.params(of: new, ofStages: ofStages)
        ).json
        let other =
            try await ofStages
            ? lab.project.dvc("params", "diff", "--json", "--deps").output
            : lab.project.dvc("params", "diff", "--json").output
        #expect(try await isSame(difference, other, in: lab), "\(difference)\n\(other)")
    }

    @Test func `params.yaml is compared whole, also if stages name keys of it`() async throws {
        let lab = try await ready()
        let text = try #require(try lab.folder.text("params.yaml"))
        try lab.folder.write(text + "of_no_stage: 1\n", to: "params.yaml")
        let difference = ValueDifference(
            from: try await ValueReport.params(of: try await revision("HEAD", lab)),
            to: try await ValueReport.params(of: try await revision("workspace", lab))
        ).json
        #expect(difference.contains("of_no_stage"))
        #expect(try await isSame(difference, try await lab.project.dvc("params", "diff", "--json").output, in: lab))
    }

    @Test func `metrics that only the cache has are shown, and what is nowhere is told`() async throws {
        let lab = try await ready()
        try lab.folder.remove("cached.yaml")
        let report = try await ValueReport.metrics(of: try await revision("workspace", lab))
        #expect(report.files.first { $0.path == "cached.yaml" }?.values?["rows"]?.integer == 3)
        try lab.folder.remove(".dvc/cache/files")
        let later = try await ValueReport.metrics(of: try await revision("workspace", lab))
        #expect(later.files.first { $0.path == "cached.yaml" }?.problem == "there is no `cached.yaml`")
    }

    @Test func `every commit is shown once with all of its names`() async throws {
        let lab = try await ready()
        try await lab.project.git("tag", "v1")
        try await lab.project.git("branch", "other")
        var choice = ProjectRevision.Choice()
        (choice.branches, choice.tags) = (true, true)
        let names = try await ProjectRevision.all(choice, of: lab.project.data).map(\.name)
        #expect(names == ["workspace", "main, other, v1"])
        await #expect(throws: DataVersionsError.self) { try await revision("nowhere", lab) }
    }

    @Test func `what changed is told as by dvc`() async throws {
        let lab = try await Laboratory(
            """
            stages:
              a: {cmd: cp raw a, deps: [raw], params: [lr, {other.yaml: }, {gone.yaml: [x]}], outs: [a]}
              b: {cmd: cp a b, deps: [a], outs: [b, {plain: {cache: false}}]}
              new: {cmd: touch new, deps: [b], params: [lr], outs: [new]}
              always: {cmd: echo, deps: [raw], always_changed: true}
              call: {cmd: echo}
              ice: {cmd: touch ice, deps: [raw], outs: [ice], frozen: true}
            """,
            params: "lr: 1\n"
        )
        for (name, text) in [("other.yaml", "one: 1\ntwo: 2\n"), ("gone.yaml", "x: 1\n"), ("plain", "1"), ("raw", "1")]
        {
            try lab.folder.write(text, to: name)
        }
        let pipeline = try #require(try lab.folder.text("dvc.yaml"))
        try lab.folder.write(
            pipeline.replacing("cp a b,", with: "'cp a b; echo > plain',").replacing("true}\n", with: "true}\n")
                .replacing(", frozen: true", with: ""),
            to: "dvc.yaml"
        )
        try await lab.reproduce("a", "b", "always", "ice")
        try lab.folder.write(pipeline, to: "dvc.yaml")
        try lab.folder.write("one: 2\nthree: 3\n", to: "other.yaml")
        try lab.folder.write("lr: 2\n", to: "params.yaml")
        try lab.folder.write("2", to: "raw")
        for name in ["gone.yaml", "a", "ice"] { try lab.folder.remove(name) }
        try lab.folder.write("changed", to: "plain")
        var everything = StageSelection()
        everything.reach = .all
        let status = try await PipelineStatus.of(lab.project.data, everything).json
        let other = try await lab.project.dvc("status", "--json").output
        #expect(try await isSame(status, other, in: lab), "\(status)\n\(other)")
    }

    // MARK: Pictures of the graph

    @Test(arguments: [[], ["--outs"], ["--collapse-foreach-matrix"], ["each@a"], ["train", "--full"]])
    func `the graph is drawn for Mermaid as by dvc`(arguments: [String]) async throws {
        let lab = try await ready()
        let pipeline = try await revision("workspace", lab).pipeline()
        var drawing = PipelineDrawing(pipeline, outputs: arguments.contains("--outs"))
        if let target = arguments.first, !target.hasPrefix("-") {
            drawing = drawing.around([target], full: arguments.contains("--full"))
        }
        if arguments.contains("--collapse-foreach-matrix") { drawing = drawing.collapsed() }
        let program = Tool.dvc(state: lab.project.root.appending(".state"))
        let other = try await program.run(["dag", "--mermaid"] + arguments, in: lab.project.root)
        #expect(drawing.mermaid + "\n" == other.output)
    }

    @Test func `the graph is drawn in boxes, each below what it needs`() throws {
        let pipeline = try Pipeline(
            """
            stages:
              last: {cmd: x, deps: [a, b]}
              left: {cmd: x, deps: [raw], outs: [a]}
              right: {cmd: x, deps: [raw], outs: [b]}
              first: {cmd: x, outs: [raw]}
              alone: {cmd: x}
            """
        )
        let lines = PipelineDrawing(pipeline).text.split(separator: "\n").map(String.init)
        func row(_ name: String) -> Int? { lines.firstIndex { $0.contains("| \(name) |") } }
        let (first, left, last) = (try #require(row("first")), try #require(row("left")), try #require(row("last")))
        #expect(first < left && left == row("right") && left < last && last < (row("alone") ?? 0))
        #expect(lines.contains { $0.contains("*") })
        #expect(PipelineDrawing(pipeline).dot.contains("\"first\" -> \"left\";\n"))
    }

    @Test func `a line that passes rows does not cross boxes`() throws {
        let pipeline = try Pipeline(
            """
            stages:
              a: {cmd: x, outs: [a]}
              b: {cmd: x, deps: [a], outs: [b]}
              c: {cmd: x, deps: [a, b], outs: [c]}
            """
        )
        let text = PipelineDrawing(pipeline).text
        for name in ["a", "b", "c"] { #expect(text.contains("| \(name) |"), "\(text)") }
    }

    // MARK: Plots

    @Test func `series of two revisions are drawn in one`() async throws {
        let lab = try await ready()
        try lab.folder.write("epoch,loss\n0,\"0,5\"\n1,\"a \"\"b\"\"\"\n", to: "p.csv")
        let revisions = [try await revision("workspace", lab), try await revision("HEAD", lab)]
        let (plots, problems) = try await Plot.collect(revisions)
        #expect(problems.isEmpty && plots.map(\.id) == ["two", "p.csv"])
        let plot = try #require(plots.last)
        #expect(plot.x == "epoch" && plot.y == "loss")
        let document = try #require(PlotPage.vega(plot))
        #expect(
            document.contains(
                #"{"epoch": "0", "loss": "0,5", "rev": "workspace"}, {"epoch": "1", "loss": "a \"b\"", "rev": "workspace"}"#
            )
        )
        #expect(document.contains(#"{"epoch": "1", "loss": "0.5", "rev": "HEAD"}"#))
        let joined = try #require(plots.first.flatMap(PlotPage.vega))
        #expect(joined.contains(#""field": "folder/q.csv::gain""#) && joined.contains(#""strokeDash""#))
        #expect(try await isSame(PlotPage.json(plots, problems), PlotPage.json(plots, problems), in: lab), "it is JSON")
    }

    @Test func `a page shows series and pictures, and no data breaks out of it`() async throws {
        let lab = try await ready()
        try lab.folder.write([0x89, 0x50, 0x4E, 0x47], to: "a<b>.png")
        try lab.folder.write("[{\"</script>\": 1}]", to: "s.json")
        let workspace = try await revision("workspace", lab)
        let (plots, problems) = try await Plot.collect([workspace], targets: ["a<b>.png", "s.json", "gone.csv"])
        #expect(problems.map(\.message) == ["there is no `gone.csv`"])
        let page = try PlotPage.html(plots)
        #expect(page.contains("src=\"data:image/png;base64,iVBORw==\"") && page.contains("<h2>a&lt;b&gt;.png</h2>"))
        #expect(page.split(separator: "</script>").count - 1 == 3 + 1, "those of the page, and one plot")
    }

    @Test(arguments: PlotPage.templates) func `every template gives a document`(template: String) async throws {
        let lab = try await ready()
        let options = ["template": template, "x": "epoch", "y": "loss", "title": "A \"b\"", "y_label": "L"]
        let plots = try await Plot.collect([try await revision("workspace", lab)], targets: ["p.csv"], options: options)
            .plots
        let document = try #require(plots.first.flatMap(PlotPage.vega))
        #expect(try await isSame(document, document, in: lab), "\(document)")
        #expect(document.contains("A \\\"b\\\""))
    }
}
