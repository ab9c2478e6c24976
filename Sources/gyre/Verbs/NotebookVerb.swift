// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Files
import JSONText
import Pipelines
import Server
import SystemPackage
import Terminal

/// `gyre notebook`: a notebook as a stage.
struct NotebookVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "notebook",
        abstract: "Execute a Jupyter notebook with parameters, and keep the executed copy.",
        discussion: """
            Parameters go into a cell behind the one tagged `parameters`, else in front, as papermill does. The cells run in
            the project's own Python, which needs `nbclient` and `ipykernel`. If a cell fails the copy is kept up to there,
            and the exit code is 1. The copy holds no times: the same results are the same file, so a stage that runs
            it can be skipped, and its copy restored, like any other.

            Example:
              gyre notebook train.ipynb -p depth=5 -p name=forest -o out/train.ipynb

            As a stage of dvc.yaml:
              train:
                cmd: gyre notebook train.ipynb -p depth=${train.depth} -o out/train.ipynb
                deps: [train.ipynb, data/train.csv]
                outs: [out/train.ipynb]
            """
    )

    @Argument(help: ArgumentHelp("The notebook; it stays as it is.", valueName: "notebook"))
    var notebook: String

    @Option(
        name: [.customShort("p"), .customLong("parameter")],
        help: ArgumentHelp(
            "Set a parameter; numbers, truth values and JSON are told from texts.",
            valueName: "name=value"
        )
    )
    var parameters: [String] = []

    @Option(
        name: [.customShort("r"), .customLong("raw")],
        help: ArgumentHelp("Set a parameter to a text, whatever it looks like.", valueName: "name=text")
    )
    var raw: [String] = []

    @Option(
        name: [.customShort("f"), .customLong("parameters-file")],
        help: ArgumentHelp("Set the keys of a YAML or JSON file; `-p` and `-r` win.", valueName: "file")
    )
    var files: [String] = []

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The executed copy; `<notebook>.executed.ipynb` if missing.", valueName: "file")
    )
    var output: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The kernel; the notebook's own if missing.", valueName: "name")
    )
    var kernel: String?

    @Option(help: ArgumentHelp("The longest that one cell may take, in seconds.", valueName: "seconds"))
    var timeout: Int?

    @Option(help: ArgumentHelp("The folder that the cells work in; this one if missing.", valueName: "folder"))
    var cwd: String?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if let timeout, timeout < 1 { throw ValidationError("--timeout must be 1 or more") }
    }

    func run() async throws {
        let notebook = common.path(notebook)
        let copy = output.map { common.path($0) } ?? Self.copy(of: notebook)
        var request = NotebookRunner.Request(
            notebook: notebook,
            output: copy,
            folder: cwd.map { common.path($0) } ?? common.folder
        )
        for file in files {
            let text = try FileReader.text(of: common.path(file), limit: 16 << 20)
            request.parameters += try NotebookParameter.parameters(in: text, file: file)
        }
        request.parameters += try parameters.map { try NotebookParameter($0) }
        request.parameters += try raw.map { try NotebookParameter($0, isRaw: true) }
        request.timeout = timeout.map { .seconds($0) }
        request.kernel = kernel
        let screen = common.output
        let ending = try await NotebookRunner(python: try python()).run(request) { event in
            switch event {
            case .cell(let number, let count): screen.progress("cell \(number)/\(count)")
            case .text(let text):
                for line in text.split(whereSeparator: \.isNewline) { screen.progress("  \(line)") }
            case .note(let text): screen.warning(text)
            }
        }
        let answer = NotebookAnswer(ending: ending, copy: copy, parameters: request.parameters)
        guard case .failed(let failure) = ending else {
            return try screen.answer(json: answer.json, text: answer.text)
        }
        screen.progress(answer.text(of: failure, screen))
        guard screen.json else { throw answer.error(failure, notebook) }
        try screen.answer(json: answer.json, text: "")
        throw ExitCode(1)
    }

    private func python() throws -> FilePath {
        // A notebook need not lie in a project.
        let root = (try? common.workspace().root) ?? common.folder
        return try Runtimes(places: Session.places, root: root).python()
    }

    private static func copy(of notebook: FilePath) -> FilePath {
        let stem = notebook.stem ?? "notebook"
        return notebook.removingLastComponent().appending("\(stem).executed.ipynb")
    }
}

/// What the command says about an executed notebook.
struct NotebookAnswer {
    let ending: NotebookRunner.Ending
    let copy: FilePath
    let parameters: [NotebookParameter]

    var json: String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("output", copy.string)
            switch ending {
            case .done(let cells):
                writer.field("status", "done")
                writer.field("cells", cells)
            case .failed(let failure):
                writer.field("status", "failed")
                writer.key("failure")
                writer.object { writer in
                    writer.field("cell", failure.number)
                    writer.field("source", failure.source)
                    writer.field("error", failure.name)
                    writer.field("message", failure.value)
                }
            }
        }
        return writer.text
    }

    var text: String {
        switch ending {
        case .done(let cells): "executed \(cells) cells; the copy is `\(copy)`"
        case .failed: ""
        }
    }

    /// The failed cell, and its error.
    func text(of failure: NotebookRunner.Failure, _ output: Output) -> String {
        var lines = [output.paint("cell \(failure.number) failed:", .bad, on: .error)]
        lines += failure.source.split(separator: "\n", omittingEmptySubsequences: false).map { "  | \($0)" }
        return lines.joined(separator: "\n")
    }

    func error(_ failure: NotebookRunner.Failure, _ notebook: FilePath) -> NotebookError {
        NotebookError(
            .cellFailed,
            what: "cannot execute `\(notebook)`",
            why: "its cell \(failure.number) failed with \(failure.name): \(failure.value)",
            next: "look at the copy up to there, `\(copy)`"
        )
    }
}
