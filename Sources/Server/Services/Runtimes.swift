// SPDX-License-Identifier: Apache-2.0

import Files
package import Serving
package import SystemPackage
package import Tables

/// Where the libraries and programs that are not in the binary may be.
package struct RuntimePlaces: Sendable {
    /// A Python that has the model's packages; nil to look for one.
    package var python: FilePath?
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
        python = place("GYRE_PYTHON") ?? place("VIRTUAL_ENV").map { $0.appending("bin/python") }
        duckDB = place("GYRE_DUCKDB")
        onnxRuntime = place("GYRE_ONNXRUNTIME")
        searchPath = (environment["PATH"] ?? "").split(separator: ":").map { FilePath(String($0)) }
    }

    /// The Python for a project: the one named, its `.venv`, or the first `python3` of the search path.
    package func python(for root: FilePath) -> FilePath? {
        let candidates =
            [python, root.appending(".venv").appending("bin").appending("python")].compactMap { $0 }
            + searchPath.map { $0.appending("python3") }
        return candidates.first { FileSystem.exists($0) }
    }

    /// The first program called `name`.
    package func program(_ name: String) -> FilePath? {
        searchPath.map { $0.appending(name) }.first { FileSystem.exists($0) }
    }
}

/// Opens the runtime libraries when they are first needed, once each.
///
/// A server that only tracks never opens any of them, which keeps its start and its memory small.
package actor Runtimes {
    private let places: RuntimePlaces
    private let root: FilePath
    private var openTables: TableEngine?
    private var openOnnxRuntime: OnnxRuntime?

    /// Libraries for the project at `root`.
    package init(places: RuntimePlaces, root: FilePath) {
        self.places = places
        self.root = root
    }

    /// The Python that trainings and conversions run in.
    ///
    /// - Throws: ``ServerError`` `.missingRuntime` if there is none.
    package nonisolated func python() throws(ServerError) -> FilePath {
        if let python = places.python(for: root) { return python }
        throw ServerError(
            .missingRuntime,
            what: "cannot find a Python",
            why: "there is neither `.venv/bin/python` in the project nor a `python3` in PATH",
            next: "run `gyre doctor --fix`, or set `GYRE_PYTHON`"
        )
    }

    /// DuckDB.
    package func tables() throws -> TableEngine {
        if let openTables { return openTables }
        let library = try DuckDBLibrary.find(python: places.python(for: root), explicit: places.duckDB)
        let engine = try TableEngine(library: library)
        openTables = engine
        return engine
    }

    /// ONNX Runtime.
    package func onnxRuntime() throws -> OnnxRuntime {
        if let openOnnxRuntime { return openOnnxRuntime }
        let runtime = try OnnxRuntime.find(python: places.python(for: root), explicit: places.onnxRuntime)
        openOnnxRuntime = runtime
        return runtime
    }
}
