// SPDX-License-Identifier: Apache-2.0

import Files
package import Serving
package import SystemPackage
package import Tables

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
        let named = places.python
        throw ServerError(
            .missingRuntime,
            what: "cannot find a Python",
            why: named.map { "there is none at `\($0)`, which `GYRE_PYTHON` or an option names" }
                ?? "there is neither `.venv/bin/python` in the project nor a `python3` in PATH",
            next: named == nil ? "run `gyre doctor --fix`, or set `GYRE_PYTHON`" : "correct the path"
        )
    }

    /// DuckDB.
    package func tables() async throws -> TableEngine {
        if let openTables { return openTables }
        let (places, root) = (places, root)
        let engine = try await BlockingPool.shared.run {
            try TableEngine(
                library: try DuckDBLibrary.find(python: places.python(for: root), explicit: places.duckDB)
            )
        }
        // Somebody else may have opened it meanwhile; then theirs is the one.
        if let openTables { return openTables }
        openTables = engine
        return engine
    }

    /// ONNX Runtime.
    package func onnxRuntime() async throws -> OnnxRuntime {
        if let openOnnxRuntime { return openOnnxRuntime }
        let (places, root) = (places, root)
        let runtime = try await BlockingPool.shared.run {
            try OnnxRuntime.find(python: places.python(for: root), explicit: places.onnxRuntime)
        }
        openOnnxRuntime = runtime
        return runtime
    }
}
