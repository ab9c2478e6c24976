// SPDX-License-Identifier: Apache-2.0

import Documents
import ProjectTesting
import Testing

@testable import Pipelines

/// Changes to a `dvc.yaml` that people wrote.
struct StageEditorTests {
    private static let written = """
        # our pipeline
        stages:
          clean:
            cmd: cp raw clean.csv   # fast
            deps: [raw]
            outs:
            - clean.csv

          # trains
          train:
            cmd: echo 1
            frozen: true
          each:
            foreach: [a]
            do: {cmd: echo}
        metrics: [extra.yaml]

        """

    private func ready(_ text: String = Self.written) throws -> (folder: TestFolder, editor: StageEditor) {
        let folder = try TestFolder()
        if !text.isEmpty { try folder.write(text, to: "dvc.yaml") }
        return (folder, StageEditor(root: folder.path))
    }

    private func stage(_ name: String, in folder: TestFolder) throws -> Stage {
        let text = try #require(try folder.text("dvc.yaml"))
        return try #require(try Pipeline(text).stages.first { $0.name == name })
    }

    @Test func `a stage is frozen and unfrozen with all that people wrote around it kept`() throws {
        let (folder, editor) = try ready()
        #expect(try editor.freeze(try stage("clean", in: folder), true))
        let frozen = try #require(try folder.text("dvc.yaml"))
        #expect(frozen == Self.written.replacing("    - clean.csv\n", with: "    - clean.csv\n    frozen: true\n"))
        #expect(try !editor.freeze(try stage("clean", in: folder), true))
        #expect(try editor.freeze(try stage("clean", in: folder), false))
        #expect(try editor.freeze(try stage("train", in: folder), false))
        #expect(try folder.text("dvc.yaml") == Self.written.replacing("    frozen: true\n", with: ""))
        let error = try #require(throws: PipelinesError.self) {
            try editor.freeze(try stage("each@a", in: folder), true)
        }
        #expect(error.why.contains("`each`"))
    }

    @Test func `a stage is added as dvc adds it`() async throws {
        let lab = try await Laboratory("stages:\n  old:\n    cmd: echo   # mine\n\nmetrics: [x.json]\n")
        let other = try await Laboratory(copying: lab.project)
        var draft = StageDraft(name: "new", command: "echo a; echo 'b: c'")
        draft.dependencies = ["raw", "code.py"]
        draft.params = ["lr,train.a", "other.json:x", "whole.yaml:"]
        draft.outputs = [.init("out"), .init("kept", isCached: false, persists: true)]
        draft.metrics = [.init("m.json", isCached: false)]
        draft.plots = [.init("p.csv")]
        draft.alwaysChanged = true
        draft.description = "words"
        let stage = try StageEditor(root: lab.project.root).add(draft, in: "", force: false)
        #expect(stage.name == "new" && stage.outputs.count == 4)
        try await other.project.dvc(
            "stage",
            "add",
            "-q",
            "-n",
            "new",
            "-d",
            "raw",
            "-d",
            "code.py",
            "-p",
            "lr,train.a",
            "-p",
            "other.json:x",
            "-p",
            "whole.yaml:",
            "-o",
            "out",
            "--outs-persist-no-cache",
            "kept",
            "-M",
            "m.json",
            "--plots",
            "p.csv",
            "--always-changed",
            "--desc",
            "words",
            "echo a; echo 'b: c'"
        )
        let theirs = try YAMLDocument.parse(try #require(try other.folder.text("dvc.yaml")), file: "dvc.yaml")
        let text = try #require(try lab.folder.text("dvc.yaml"))
        let ours = try YAMLDocument.parse(text, file: "dvc.yaml")
        #expect(PythonText.ordered(ours) == PythonText.ordered(theirs))
        #expect(text.contains("cmd: echo   # mine"))
    }

    @Test(arguments: [
        "", "# nothing yet\n", "stages:\n", "metrics: [a.json]", "stages:\n    four:\n        cmd: x\nvars: []\n",
    ])
    func `the first and the next stage find their place in any file`(text: String) throws {
        let (folder, editor) = try ready(text)
        for name in ["one", "two"] {
            _ = try editor.add(StageDraft(name: name, command: "echo \(name)"), in: "", force: false)
        }
        let names = try Pipeline(try #require(try folder.text("dvc.yaml"))).stages.map(\.name)
        #expect(names.suffix(2) == ["one", "two"])
    }

    @Test func `a stage of that name is replaced only by force, and its neighbours stay`() throws {
        let (folder, editor) = try ready()
        let draft = StageDraft(name: "clean", command: "echo new")
        #expect(throws: PipelinesError.self) { try editor.add(draft, in: "", force: false) }
        _ = try editor.add(draft, in: "", force: true)
        let text = try #require(try folder.text("dvc.yaml"))
        #expect(text.hasPrefix("# our pipeline\nstages:\n  clean:\n    cmd: echo new\n\n  # trains\n  train:\n"))
    }

    @Test(arguments: [("bad name", "x", "` `"), ("a@b", "x", "`@`"), ("clean", "", "no command"), ("", "x", "no name")])
    func `a stage that cannot be is refused`(name: String, command: String, reason: String) throws {
        let (folder, editor) = try ready()
        let error = try #require(throws: PipelinesError.self) {
            try editor.add(StageDraft(name: name, command: command), in: "", force: false)
        }
        #expect(error.why.contains(reason))
        #expect(try folder.text("dvc.yaml") == Self.written)
    }

    @Test func `outputs that belong to another stage, and circles, are refused before anything is written`() throws {
        let (folder, editor) = try ready()
        var draft = StageDraft(name: "new", command: "x")
        draft.outputs = [.init("clean.csv")]
        #expect(throws: DocumentError.self) { try editor.add(draft, in: "", force: false) }
        draft.outputs = [.init("raw")]
        draft.dependencies = ["clean.csv"]
        let error = try #require(throws: PipelinesError.self) { try editor.add(draft, in: "", force: false) }
        #expect(error.code == .cycle)
        #expect(try folder.text("dvc.yaml") == Self.written)
    }

    @Test func `a stage says what it is for`() throws {
        let pipeline = try Pipeline(
            """
            stages:
              a: {cmd: x, desc: "\\n makes a \\n more"}
              b: {cmd: x, deps: [z, y], params: [lr, {o.yaml: [k]}]}
              c: {cmd: x, outs: [o], metrics: [m.json], plots: [p.csv]}
              d: {cmd: x}
            """
        )
        #expect(
            pipeline.stages.map(\.summary) == [
                "makes a ", "Depends on z, y, params.yaml, o.yaml", "Outputs o; Reports m.json, p.csv",
                "No outputs or dependencies",
            ]
        )
    }

    // MARK: Plots

    private static let plotted = """
        # head
        stages:
          train:   # the one
            cmd: echo hi
            outs:
            - model:
                cache: false
            - raw.csv
            # plots here
            plots:
            - acc.csv:
                x: step   # mine
                cache: false
            - loss.csv   # plain
            - 'quoted.csv'

          # the other
          eval:
            cmd: echo e
            outs: [only.csv]
          flow:
            cmd: echo f
            plots: [flow.csv, {known.csv: {x: a}}]
          loop:
            foreach: [a, b]
            do:
              cmd: echo ${item}
              plots:
              - p_${item}.csv

        """

    private func modify(
        _ path: String,
        _ settings: KeyValuePairs<String, String> = [:],
        unset: [String] = [],
        header: Bool? = nil,
        _ folder: TestFolder
    ) throws -> String {
        let text = try #require(try folder.text("dvc.yaml"))
        let stage = try #require(try Pipeline(text).stages.first { $0.outputs.contains { $0.path == path } })
        var change = StageEditor.PlotChange()
        change.settings = settings.map { ($0.key, $0.value) }
        change.unset = unset
        change.hasHeader = header
        _ = try StageEditor(root: folder.path).modifyPlot(path, of: stage, change)
        return try #require(try folder.text("dvc.yaml"))
    }

    @Test func `how a plot is shown is changed with all that people wrote around it kept`() throws {
        let (folder, _) = try ready(Self.plotted)
        var expected = Self.plotted
        func expect(_ text: String, _ old: String, _ new: String) {
            expected.replace(old, with: new)
            #expect(text == expected)
        }
        expect(
            try modify("loss.csv", ["x": "epoch", "title": "A: b"], folder),
            "- loss.csv   # plain\n",
            "- loss.csv:   # plain\n        x: epoch\n        title: 'A: b'\n"
        )
        expect(try modify("loss.csv", unset: ["title"], folder), "        title: 'A: b'\n", "")
        expect(
            try modify("loss.csv", unset: ["x"], folder),
            "loss.csv:   # plain\n        x: epoch\n",
            "loss.csv   # plain\n"
        )
        expect(
            try modify("acc.csv", ["x": "n"], header: false, folder),
            "x: step   # mine\n        cache: false\n",
            "x: n   # mine\n        cache: false\n        header: false\n"
        )
        expect(
            try modify("quoted.csv", ["x": "1", "x_label": "true"], folder),
            "- 'quoted.csv'\n",
            "- 'quoted.csv':\n        x: '1'\n        x_label: 'true'\n"
        )
        expect(try modify("flow.csv", ["y": "b, c"], folder), "[flow.csv,", "[{flow.csv: {y: \"b, c\"}},")
        expect(try modify("known.csv", ["y": "b"], folder), "{x: a}", "{x: a, \"y\": b}")
    }

    @Test func `an output becomes a plot, among the plots`() throws {
        let (folder, _) = try ready(Self.plotted)
        var expected = Self.plotted.replacing("    - raw.csv\n", with: "")
        expected.replace("    - 'quoted.csv'\n", with: "    - 'quoted.csv'\n    - raw.csv:\n        y: b\n")
        #expect(try modify("raw.csv", ["y": "b"], folder) == expected)
        expected.replace("    outs:\n    - model:\n        cache: false\n", with: "")
        expected.replace(
            "    - 'quoted.csv'\n",
            with: "    - model:\n        cache: false\n        x: a\n    - 'quoted.csv'\n"
        )
        #expect(try modify("model", ["x": "a"], folder) == expected)
        expected.replace("    outs: [only.csv]\n", with: "    plots:\n    - only.csv:\n        x: a\n")
        #expect(try modify("only.csv", ["x": "a"], folder) == expected)
    }

    @Test(arguments: [("p_a.csv", [], "loop"), ("raw.csv", ["x"], "no plot"), ("acc.csv", ["cache"], "`cache`")])
    func `what cannot be changed is refused, and nothing is written`(path: String, unset: [String], why: String) throws
    {
        let (folder, _) = try ready(Self.plotted)
        let error = try #require(throws: PipelinesError.self) {
            try modify(path, unset.isEmpty ? ["x": "a"] : [:], unset: unset, folder)
        }
        #expect(error.why.contains(why))
        #expect(try folder.text("dvc.yaml") == Self.plotted)
    }

    @Test func `a file in the form of dvc is changed to the bytes that dvc writes`() async throws {
        let lab = try await Laboratory(
            """
            stages:
              train:
                cmd: echo hi
                outs:
                - model
                plots:
                - acc.csv:
                    cache: false
                    x: step
                - loss.csv

            """
        )
        let other = try await Laboratory(copying: lab.project)
        let state = try TestFolder()
        let dvc = Tool.dvc(state: state.path)
        let steps: [(path: String, flags: [String], settings: KeyValuePairs<String, String>, unset: [String])] = [
            ("loss.csv", ["-x", "epoch", "-t", "simple"], ["template": "simple", "x": "epoch"], []),
            ("acc.csv", ["-y", "b", "--title", "A: 'b'"], ["y": "b", "title": "A: 'b'"], []),
            ("loss.csv", ["--unset", "x", "template"], [:], ["x", "template"]),
            ("model", ["-y", "no"], ["y": "no"], []),
            ("acc.csv", ["--x-label", "1", "--unset", "x"], ["x_label": "1"], ["x"]),
        ]
        for step in steps {
            try await dvc.run(["plots", "modify", "-q", step.path] + step.flags, in: other.project.root)
            let ours = try modify(step.path, step.settings, unset: step.unset, lab.project.folder)
            #expect(ours == (try other.project.folder.text("dvc.yaml")), "\(step)")
        }
    }
}
