// SPDX-License-Identifier: Apache-2.0

import Files
package import SystemPackage

/// Where the libraries and programs that are not in the binary may be.
package struct RuntimePlaces: Sendable {
    /// The Python that somebody named; it alone is taken then.
    package var python: FilePath?
    /// The Python of an environment that is active; taken if it is there.
    package var activePython: FilePath?
    /// DuckDB's library; nil to look for it in the Python's packages.
    package var duckDB: FilePath?
    /// ONNX Runtime's library; nil to look for it in the Python's packages.
    package var onnxRuntime: FilePath?
    /// The folders that programs are looked for in.
    package var searchPath: [FilePath]

    /// Places as the environment variables `GYRE_PYTHON`, `GYRE_DUCKDB`, `GYRE_ONNXRUNTIME`, `VIRTUAL_ENV` and `PATH`
    /// name them.
    package init(environment: [String: String]) {
        func place(_ name: String) -> FilePath? {
            environment[name].flatMap { $0.isEmpty ? nil : FilePath($0) }
        }
        python = place("GYRE_PYTHON")
        activePython = place("VIRTUAL_ENV").map { $0.appending("bin").appending("python") }
        duckDB = place("GYRE_DUCKDB")
        onnxRuntime = place("GYRE_ONNXRUNTIME")
        searchPath = (environment["PATH"] ?? "").split(separator: ":").map { FilePath(String($0)) }
    }

    /// The Python for a project: the one named; else that of the active environment, of the project's `.venv`, or the first
    /// `python3` of the search path.
    package func python(for root: FilePath) -> FilePath? {
        if let python { return FileSystem.exists(python) ? python : nil }
        let own = root.appending(".venv").appending("bin").appending("python")
        let candidates = [activePython, own].compactMap { $0 } + searchPath.map { $0.appending("python3") }
        return candidates.first { FileSystem.exists($0) }
    }

    /// The first program called `name`.
    package func program(_ name: String) -> FilePath? {
        searchPath.map { $0.appending(name) }.first { FileSystem.exists($0) }
    }
}
