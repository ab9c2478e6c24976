// SPDX-License-Identifier: Apache-2.0

import CDuckDB
import Files
package import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// The DuckDB library, opened at run time.
package final class DuckDBLibrary: Sendable {
    /// Where the library was found.
    package let path: FilePath
    /// The library's own version.
    package let version: String
    // The table of functions is filled once and never changed; the library is never closed.
    nonisolated(unsafe) let handle: OpaquePointer

    /// Opens the library at `path`.
    ///
    /// - Parameters:
    ///   - path: `libduckdb.so`, or DuckDB's Python extension module, which exports the same functions.
    ///   - libpython: The library that an extension module needs first; nil if there is none.
    /// - Throws: ``TablesError`` `.missingRuntime` with what the linker says.
    package init(path: FilePath, libpython: FilePath?) throws(TablesError) {
        var handle: OpaquePointer?
        let problem = takeMessage(gyre_duckdb_open(path.string, libpython?.string, &handle))
        guard problem == nil, let handle else {
            throw Self.missing("`\(path)` cannot be opened: \(problem ?? "no reason given")")
        }
        self.handle = handle
        self.path = path
        version = String(cString: gyre_duckdb_version(handle))
    }

    /// Finds and opens the library: the path named, the packages of a Python, then the system's folders.
    package static func find(python: FilePath?, explicit: FilePath?) throws(TablesError) -> DuckDBLibrary {
        if let explicit { return try DuckDBLibrary(path: explicit, libpython: python.flatMap(libpython)) }
        guard let (path, libpython) = locate(python: python) else {
            throw missing("neither the packages of \(python.map { "`\($0)`" } ?? "a Python") nor the system have it")
        }
        return try DuckDBLibrary(path: path, libpython: libpython)
    }

    /// The library and the libpython that it needs; nil if there is none.
    package static func locate(python: FilePath?) -> (path: FilePath, libpython: FilePath?)? {
        if let python {
            let library = python.removingLastComponent().removingLastComponent().appending("lib")
            // A folder that cannot be listed holds no packages.
            for version in (try? FileSystem.list(library)) ?? [] where version.hasPrefix("python3") {
                let packages = library.appending(version).appending("site-packages")
                let names = (try? FileSystem.list(packages)) ?? []
                if let name = names.first(where: { $0.hasPrefix("_duckdb.") && $0.hasSuffix(".so") }) {
                    return (packages.appending(name), libpython(of: python))
                }
            }
        }
        let folders: [FilePath] = [
            "/usr/local/lib", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib",
        ]
        return folders.map { $0.appending("libduckdb.so") }.first(where: FileSystem.exists).map { ($0, nil) }
    }

    /// The shared library of a Python: beside its real program, or in the system's folders.
    static func libpython(of python: FilePath) -> FilePath? {
        guard let program = try? FileSystem.realPath(python) else { return nil }
        let name = program.lastComponent?.string ?? ""
        let folders = [
            program.removingLastComponent().removingLastComponent().appending("lib"),
            "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib",
        ]
        for folder in folders {
            let found = ((try? FileSystem.list(folder)) ?? []).first {
                $0.hasPrefix("lib\(name).so") && name != "python3"
            }
            if let found { return folder.appending(found) }
        }
        return nil
    }

    private static func missing(_ why: String) -> TablesError {
        TablesError(
            .missingRuntime,
            what: "cannot open DuckDB",
            why: why,
            next: "run `gyre doctor --fix`, or set `GYRE_DUCKDB` to the library"
        )
    }
}

/// A message of the C room as text; frees it.
func takeMessage(_ message: UnsafeMutablePointer<CChar>?) -> String? {
    guard let message else { return nil }
    defer { free(message) }
    return String(cString: message)
}
