// SPDX-License-Identifier: Apache-2.0

import COnnxRuntime
import Files
package import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// The ONNX Runtime library, opened at run time.
package final class OnnxRuntime: Sendable {
    /// Where the library was found.
    package let path: FilePath
    /// The library's own version.
    package let version: String
    // The library may be called from any thread once it is open, and is never closed.
    nonisolated(unsafe) let handle: OpaquePointer

    /// Opens the library at `path`.
    ///
    /// - Throws: ``ServingError`` `.missingRuntime` with what the linker says.
    package init(path: FilePath) throws(ServingError) {
        var handle: OpaquePointer?
        if let problem = takeMessage(gyre_ort_open(path.string, &handle)) {
            throw Self.missing("`\(path)` cannot be opened: \(problem)")
        }
        guard let handle else { throw Self.missing("`\(path)` cannot be opened") }
        self.handle = handle
        self.path = path
        version = String(cString: gyre_ort_version(handle))
    }

    /// Finds and opens the library: the path named, the packages of a Python, then the system's folders.
    package static func find(python: FilePath?, explicit: FilePath?) throws(ServingError) -> OnnxRuntime {
        if let explicit { return try OnnxRuntime(path: explicit) }
        guard let path = locate(python: python) else {
            throw missing("neither the packages of \(python.map { "`\($0)`" } ?? "a Python") nor the system have it")
        }
        return try OnnxRuntime(path: path)
    }

    /// The library in the packages of a Python or in the system's folders; nil if it is in none.
    package static func locate(python: FilePath?) -> FilePath? {
        var folders: [FilePath] = []
        if let python {
            let library = python.removingLastComponent().removingLastComponent().appending("lib")
            // A folder that cannot be listed holds no packages.
            for name in (try? FileSystem.list(library)) ?? [] where name.hasPrefix("python3") {
                folders.append(library.appending(name).appending("site-packages/onnxruntime/capi"))
            }
        }
        folders += ["/usr/local/lib", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib"]
        for folder in folders {
            let names = ((try? FileSystem.list(folder)) ?? []).filter { $0.hasPrefix("libonnxruntime.so") }
            if let name = names.last { return folder.appending(name) }
        }
        return nil
    }

    private static func missing(_ why: String) -> ServingError {
        ServingError(
            .missingRuntime,
            what: "cannot open ONNX Runtime",
            why: why,
            next: "run `gyre doctor --fix`, or set `GYRE_ONNXRUNTIME` to the library"
        )
    }
}

/// A message of the C room as text; frees it.
func takeMessage(_ message: UnsafeMutablePointer<CChar>?) -> String? {
    guard let message else { return nil }
    defer { free(message) }
    return String(cString: message)
}
