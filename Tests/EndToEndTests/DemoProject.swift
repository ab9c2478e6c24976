// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText
import SystemPackage
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// What `gyre demo --exit` left, run once for all tests that need a project in full use.
struct DemoProject: Sendable {
    /// The project's folder; tests only read it.
    let folder: FilePath
    /// The document that `gyre demo --json` printed.
    let result: String
    /// The story that it told meanwhile.
    let story: String

    /// The first caller waits for the demo.
    static var shared: DemoProject {
        get async throws { try await making.value }
    }

    private static let making = Task { try await make() }

    private static let folderToRemove = Folder()

    private static func make() async throws -> DemoProject {
        let folder = try FileSystem.realPath(try FileSystem.temporaryDirectory(prefix: "gyre-demo"))
        folderToRemove.keep(folder)
        let answer = try await Program(folder: folder).run("demo", "--exit", "--json")
        try #require(answer.code == 0, "\(answer.error)")
        return DemoProject(folder: folder, result: answer.output, story: answer.error)
    }

    /// Calls `body` with a copy of the project that it may change, without the images.
    @discardableResult
    static func copied<Result>(_ body: (Program) async throws -> Result) async throws -> Result {
        let demo = try await shared
        return try await Program.inEmptyFolder { gyre in
            let copy = try await gyre.shell(
                "cd '\(demo.folder)' && tar -c --exclude .gyre/images . | tar -x -C '\(gyre.folder)'"
            )
            try #require(copy.code == 0, "\(copy.error)")
            return try await body(gyre)
        }
    }
}

/// Removes a folder when the process ends, because no test is the last one that needs it.
private final class Folder: Sendable {
    func keep(_ path: FilePath) {
        Self.path = path.string
        atexit {
            guard let path = Folder.path else { return }
            // What cannot be removed lies in the system's temporary folder.
            try? FileSystem.removeTree(FilePath(path))
        }
    }

    // Set once before the process can end, and read at its end by the thread that ends it.
    nonisolated(unsafe) private static var path: String?
}

extension Program {
    /// What a command says with `--json`.
    func json(_ arguments: String..., environment: [String: String?] = [:]) async throws -> JSONElement {
        let answer = try await run(arguments + ["--json"], environment: environment)
        try #require(answer.code == 0, "\(answer.error)")
        return try JSONDocument(answer.output).root
    }
}

extension Program {
    /// What a query of the project's database gives, read by SQLite's own reader in Python: fields with spaces between.
    func rows(_ query: String) async throws -> [String] {
        let source = """
            import sqlite3, sys
            for row in sqlite3.connect("file:.gyre/gyre.db?mode=ro", uri=True).execute(sys.argv[1]): print(*row)
            """
        let answer = try await python(source, query)
        try #require(answer.code == 0, "\(answer.error)")
        return answer.output.split(separator: "\n").map(String.init)
    }
}
