// SPDX-License-Identifier: Apache-2.0

import Files
import JSONText
import SystemPackage
import Testing

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

    private static func make() async throws -> DemoProject {
        let folder = try FileSystem.realPath(try FileSystem.temporaryDirectory(prefix: "gyre-demo"))
        KeptFolders.keep(folder)
        let answer = try await Program(folder: folder).run("demo", "--exit", "--json")
        try #require(answer.code == 0, "\(answer.error)")
        return DemoProject(folder: folder, result: answer.output, story: answer.error)
    }

    /// Calls `body` with a copy of the project that it may change, without the images.
    @discardableResult
    static func copied<Result>(_ body: (Program) async throws -> Result) async throws -> Result {
        try await Program.inCopy(of: try await shared.folder, body)
    }
}

extension Program {
    /// Calls `body` with a copy of a project, without the images.
    static func inCopy<Result>(of project: FilePath, _ body: (Program) async throws -> Result) async throws -> Result {
        try await inEmptyFolder { gyre in
            let copy = try await gyre.shell(
                "cd '\(project)' && tar -c --exclude .gyre/images . | tar -x -C '\(gyre.folder)'"
            )
            try #require(copy.code == 0, "\(copy.error)")
            return try await body(gyre)
        }
    }

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
