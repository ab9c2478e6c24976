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
}
