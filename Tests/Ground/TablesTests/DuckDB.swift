// SPDX-License-Identifier: Apache-2.0

import Files
import Foundation
import SystemPackage

@testable import Tables

/// The real library, from the Python that `GYRE_TEST_PYTHON` names or the package's `.venv`.
enum DuckDB {
    static func python(_ file: String = #filePath) -> FilePath {
        if let named = ProcessInfo.processInfo.environment["GYRE_TEST_PYTHON"], !named.isEmpty {
            return FilePath(named)
        }
        var root = FilePath(file)
        for _ in 0..<4 { root.removeLastComponent() }
        return root.appending(".venv/bin/python")
    }

    static func engine(memoryLimit: String = "1GB") throws -> TableEngine {
        try TableEngine(library: try .find(python: python(), explicit: nil), memoryLimit: memoryLimit)
    }
}

/// A fresh folder, removed with the test.
final class Folder: Sendable {
    let path: FilePath

    init() throws { path = try FileSystem.temporaryDirectory(prefix: "tables") }

    // What cannot be removed now lies in the system's folder for such things.
    deinit { try? FileSystem.removeTree(path) }

    func file(_ name: String, _ text: String? = nil) throws -> FilePath {
        let file = path.appending(name)
        if let text { try AtomicFile.write(text, to: file) }
        return file
    }
}
