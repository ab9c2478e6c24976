// SPDX-License-Identifier: Apache-2.0

import Files
import Foundation
import JSONText
import ProjectTesting
import Subprocess
import SystemPackage
import Testing

@testable import Pipelines

/// Notebooks in the real Jupyter: `GYRE_TEST_NOTEBOOK_PYTHON`, or that of `.venv-notebook` in the package.
struct NotebookTests {
    private let folder: TestFolder

    init() throws { folder = try TestFolder() }

    private static let python: FilePath = {
        if let named = ProcessInfo.processInfo.environment["GYRE_TEST_NOTEBOOK_PYTHON"], !named.isEmpty {
            return FilePath(named)
        }
        var root = FilePath(#filePath)
        for _ in 0..<4 { root.removeLastComponent() }
        return root.appending(".venv-notebook/bin/python")
    }()

    /// A notebook of code cells.
    private func write(_ cells: [(source: String, tags: [String])], to name: String, kernel: String = "python3") throws
    {
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("nbformat", 4)
            writer.field("nbformat_minor", 5)
            writer.key("metadata")
            writer.raw(
                #"{"kernelspec": {"name": "\#(kernel)", "display_name": "x", "language": "python"}, "language_info": {"name": "python"}}"#
            )
            writer.key("cells")
            writer.array { writer in
                for (index, cell) in cells.enumerated() {
                    writer.object { writer in
                        writer.field("id", "c\(index)")
                        writer.field("cell_type", "code")
                        writer.field("source", cell.source)
                        writer.key("execution_count")
                        writer.null()
                        writer.key("outputs")
                        writer.raw("[]")
                        writer.key("metadata")
                        writer.object { writer in
                            writer.key("tags")
                            writer.array { writer in cell.tags.forEach { writer.string($0) } }
                        }
                    }
                }
            }
        }
        try folder.write(writer.text, to: name)
    }

    private func request(_ name: String, _ output: String, _ settings: [String] = []) throws -> NotebookRunner.Request {
        var request = NotebookRunner.Request(
            notebook: folder.path.appending(name),
            output: folder.path.appending(output),
            folder: folder.path
        )
        request.parameters = try settings.map { try NotebookParameter($0) }
        return request
    }

    private func run(
        _ request: NotebookRunner.Request
    ) async throws -> (ending: NotebookRunner.Ending, events: [NotebookRunner.Event]) {
        let (stream, continuation) = AsyncStream.makeStream(of: NotebookRunner.Event.self)
        let ending = try await NotebookRunner(python: Self.python).run(request) { continuation.yield($0) }
        continuation.finish()
        var events: [NotebookRunner.Event] = []
        for await event in stream { events.append(event) }
        return (ending, events)
    }

    /// The code and tags of the cells.
    private func cells(_ name: String) throws -> [String] {
        let text = try #require(try folder.text(name))
        return try JSONDocument(Array(text.utf8)).root["cells"].map { cells in
            cells.elements.map { cell in
                let source = cell["source"].map { source in
                    source.string ?? source.elements.compactMap(\.string).joined()
                }
                let tags = cell["metadata"]?["tags"]?.elements.compactMap(\.string) ?? []
                return "\(tags) \(source ?? "")"
            }
        } ?? []
    }

    @Test func `parameters stand where papermill puts them, and the cells see them`() async throws {
        try write([("depth = 1\nname = 'a'", ["parameters"]), ("print(depth * 2, name, opts)", [])], to: "a.ipynb")
        let settings = ["opts=[1, true, null]", "depth=5"]
        let (ending, events) = try await run(try request("a.ipynb", "out/a.ipynb", settings))
        #expect(ending == .done(cells: 3))
        #expect(events.contains(.text("10 a [1, True, None]\n")))
        try await Tool(.path(Self.python)).run(
            ["-m", "papermill", "-p", "depth", "5", "-y", "opts: [1, true, null]", "a.ipynb", "p.ipynb"],
            in: folder.path
        )
        #expect(try cells("out/a.ipynb") == cells("p.ipynb"))
    }

    @Test func `the same results are the same bytes, and injecting again replaces`() async throws {
        try write([("print(depth)", [])], to: "a.ipynb")
        _ = try await run(try request("a.ipynb", "b.ipynb", ["depth=5"]))
        let first = try #require(try folder.text("b.ipynb"))
        _ = try await run(try request("b.ipynb", "c.ipynb", ["depth=5"]))
        #expect(try folder.text("c.ipynb") == first)
    }

    @Test func `a failed cell is told, and the copy holds what ran`() async throws {
        try write([("x = 7", []), ("raise ValueError(f'bad {x}')", []), ("open('never', 'w')", [])], to: "a.ipynb")
        let (ending, _) = try await run(try request("a.ipynb", "b.ipynb"))
        guard case .failed(let failure) = ending else {
            Issue.record("no cell failed")
            return
        }
        #expect(failure.number == 2 && failure.source == "raise ValueError(f'bad {x}')")
        #expect(failure.name == "ValueError" && failure.value == "bad 7")
        #expect(try #require(try folder.text("b.ipynb")).contains("bad 7"))
        #expect(!folder.holds("never"))
    }

    @Test func `a kernel that is not here gives way to the project's own Python`() async throws {
        try write([("1", [])], to: "a.ipynb", kernel: "somebodys-env")
        let (ending, events) = try await run(try request("a.ipynb", "b.ipynb"))
        #expect(ending == .done(cells: 1))
        #expect(events.contains { if case .note(let text) = $0 { text.contains("somebodys-env") } else { false } })
    }

    @Test(.timeLimit(.minutes(1))) func `a cancelled notebook ends soon, and keeps its copy`() async throws {
        try write([("import time\nprint('go', flush=True)\ntime.sleep(600)", [])], to: "a.ipynb")
        let request = try request("a.ipynb", "b.ipynb")
        let (stream, continuation) = AsyncStream.makeStream(of: NotebookRunner.Event.self)
        let running = Task {
            try await NotebookRunner(python: Self.python).run(request) { continuation.yield($0) }
        }
        for await event in stream where event == .text("go\n") { break }
        running.cancel()
        await #expect(throws: CancellationError.self) { _ = try await running.value }
        #expect(try #require(try folder.text("b.ipynb")).contains("go"))
    }

    @Test func `a notebook is not replaced by its copy, and a text is no notebook`() async throws {
        try write([("1", [])], to: "a.ipynb")
        func code(_ request: NotebookRunner.Request) async throws -> NotebookError.Code {
            try await #require(throws: NotebookError.self) { _ = try await run(request) }.code
        }
        #expect(try await code(try request("a.ipynb", "./a.ipynb")) == .wouldOverwrite)
        #expect(try await code(try request("no.ipynb", "b.ipynb")) == .missingNotebook)
        try folder.write("hello", to: "t.ipynb")
        #expect(try await code(try request("t.ipynb", "b.ipynb")) == .invalidNotebook)
        #expect(!folder.holds("b.ipynb"))
    }

    @Test func `a Python without the packages is told what to install`() async throws {
        try write([("1", [])], to: "a.ipynb")
        let error = try await #require(throws: NotebookError.self) {
            _ = try await NotebookRunner(python: "/usr/bin/python3").run(try request("a.ipynb", "b.ipynb")) { _ in }
        }
        #expect(error.code == .missingRuntime && error.next?.contains("nbclient") == true)
    }
}

struct NotebookParameterTests {
    @Test(arguments: [
        ("a=5", "5"), ("a=-1.5", "-1.5"), ("a=1e3", "1000"), ("a=True", "true"), ("a=false", "false"),
        ("a=None", "null"), ("a=007", "7"), ("a=5 apples", #""5 apples""#), ("a=", #""""#), ("a=b=c", #""b=c""#),
        ("a=[1,2]", "[1,2]"), ("a=[1", #""[1""#), (#"a={"k": 1}"#, #"{"k": 1}"#), ("a=nan", "NaN"),
        ("a=.inf", "Infinity"), ("ä_1=x", #""x""#),
    ])
    func `a value's type is told from its text`(setting: String, json: String) throws {
        let parameter = try NotebookParameter(setting)
        #expect(Self.number(parameter.json) == Self.number(json))
    }

    /// `1000` and `1000.0` are one number.
    private static func number(_ text: String) -> String { Double(text).map { "\($0)" } ?? text }

    @Test func `a raw value stays a text`() throws {
        #expect(try NotebookParameter("a=5", isRaw: true).json == #""5""#)
    }

    @Test(arguments: ["a", "=1", "1a=1", "a-b=1", "a.b=1", "a b=1"])
    func `what is no variable is refused`(setting: String) {
        #expect(throws: NotebookError.self) { try NotebookParameter(setting) }
    }

    @Test func `a file gives its keys`() throws {
        let text = "depth: 5\nrate: 0.1\nname: x\nlist: [1, a]\nnested:\n  on: true\nnone:\n"
        let found = try NotebookParameter.parameters(in: text, file: "p.yaml")
        #expect(found.map(\.name) == ["depth", "rate", "name", "list", "nested", "none"])
        #expect(found.map(\.json) == ["5", "0.1", #""x""#, #"[1, "a"]"#, #"{"on": true}"#, "null"])
    }
}
