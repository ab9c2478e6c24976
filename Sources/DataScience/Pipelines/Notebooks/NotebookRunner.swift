// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText
import PythonWorker
import Subprocess
package import SystemPackage

/// Executes Jupyter notebooks in a project's own Python, with parameters as papermill injects them.
///
/// A program that this binary carries drives the kernel by `nbclient`. The executed copy appears whole, also when a cell fails;
/// without times in it, so that the same results are the same bytes.
package struct NotebookRunner: Sendable {
    /// What to execute.
    package struct Request: Sendable {
        /// The notebook.
        package let notebook: FilePath
        /// Where its executed copy goes.
        package let output: FilePath
        /// Set in front of, or behind the cell tagged `parameters`; of one name the last counts.
        package var parameters: [NotebookParameter] = []
        /// The folder that the cells work in.
        package var folder: FilePath
        /// The longest that one cell may take.
        package var timeout: Duration?
        /// The kernel; the notebook's own if nil.
        package var kernel: String?

        /// A request without parameters.
        package init(notebook: FilePath, output: FilePath, folder: FilePath) {
            self.notebook = notebook
            self.output = output
            self.folder = folder
        }
    }

    /// What happens meanwhile.
    package enum Event: Sendable, Hashable {
        /// A cell begins: its number among the cells of code, and how many there are.
        case cell(Int, of: Int)
        /// What a cell printed.
        case text(String)
        /// Something to know, such as another kernel than the notebook names.
        case note(String)
    }

    /// A cell that failed.
    package struct Failure: Sendable, Hashable {
        /// Its number among the cells of code, from 1.
        package let number: Int
        /// Its code.
        package let source: String
        /// The kind of the error, such as `ValueError`.
        package let name: String
        /// What it says.
        package let value: String
        /// Where it happened, with colours as IPython writes them.
        package let trace: [String]
    }

    /// How it ended; the executed copy is there in both cases.
    package enum Ending: Sendable, Hashable {
        /// All cells ran; so many.
        case done(cells: Int)
        /// A cell failed, and those behind it did not run.
        case failed(Failure)
    }

    private let python: FilePath

    /// A runner with a Python that has `nbclient` and a kernel.
    package init(python: FilePath) { self.python = python }

    /// Executes a notebook.
    ///
    /// If the task is cancelled the kernel ends, and the copy has what was executed so far.
    ///
    /// - Parameters:
    ///   - request: What to execute.
    ///   - note: Called with what happens, in order.
    /// - Returns: Whether all cells ran, or which failed.
    /// - Throws: ``NotebookError`` if it cannot begin.
    package func run(_ request: Request, note: @escaping @Sendable (Event) -> Void) async throws -> Ending {
        try check(request)
        var length = 0
        let source = gyre_notebook_py(&length)
        let program = String(decoding: UnsafeBufferPointer(start: source, count: length), as: UTF8.self)
        var options = PlatformOptions()
        options.processGroupID = 0
        // The driver ends its kernel, and keeps what was executed.
        options.teardownSequence = [
            .send(signal: .terminate, toProcessGroup: false, allowedDurationToNextStep: .seconds(10)),
            .send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .zero),
        ]
        let configuration = Configuration(
            executable: .path(python),
            // Modules of the folder belong to the notebook, not to the driver.
            arguments: ["-I", "-c", program],
            environment: .inherit.updating(["PYDEVD_DISABLE_FILE_VALIDATION": "1"]),
            workingDirectory: request.folder,
            platformOptions: options
        )
        let reader = EventReader(note: note)
        do {
            let result = try await Subprocess.run(
                configuration,
                input: .string(Self.json(request)),
                output: .sequence,
                error: .string(limit: 1 << 20)
            ) { execution in
                for try await chunk in execution.standardOutput { chunk.withUnsafeBytes { reader.take($0) } }
            }
            try Task.checkCancellation()
            return try reader.ending(of: request, python: python, words: result.standardError)
        } catch let error as SubprocessError {
            try Task.checkCancellation()
            throw NotebookError(
                .failed,
                what: "cannot execute `\(request.notebook)`",
                why: "`\(python)` cannot be started, or says too much",
                cause: error
            )
        }
    }

    private func check(_ request: Request) throws {
        func refusal(_ code: NotebookError.Code, _ why: String, _ next: String? = nil) -> NotebookError {
            NotebookError(code, what: "cannot execute `\(request.notebook)`", why: why, next: next)
        }
        guard FileSystem.exists(request.notebook) else { throw refusal(.missingNotebook, "there is no such file") }
        let source = try FileSystem.realPath(request.notebook)
        if FileSystem.exists(request.output), try FileSystem.realPath(request.output) == source {
            throw refusal(.wouldOverwrite, "the executed copy would replace it", "name another file by `-o`")
        }
        guard FileSystem.exists(python) else {
            throw refusal(.missingRuntime, "there is no Python at `\(python)`", "run `gyre doctor --fix`")
        }
        try FileSystem.createDirectory(request.output.removingLastComponent())
    }

    private static func json(_ request: Request) -> String {
        // Of one name the last counts, at the place of the first.
        var values: [String: String] = [:]
        for parameter in request.parameters { values[parameter.name] = parameter.json }
        var names: Set<String> = []
        let ordered = request.parameters.map(\.name).filter { names.insert($0).inserted }
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("notebook", request.notebook.string)
            writer.field("output", request.output.string)
            writer.field("folder", request.folder.string)
            writer.field("kernel", request.kernel)
            writer.field("timeout", request.timeout.map { Int64($0.components.seconds) })
            writer.key("parameters")
            writer.object { writer in
                for name in ordered {
                    writer.key(name)
                    writer.raw(values[name] ?? "null")
                }
            }
        }
        return writer.text
    }
}
