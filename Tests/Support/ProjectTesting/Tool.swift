// SPDX-License-Identifier: Apache-2.0

package import Subprocess
package import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// A program outside of Gyre that tests compare with.
package struct Tool: Sendable {
    /// What a call answered.
    package struct Answer: Sendable {
        /// The exit code; -1 if a signal ended it.
        package let code: Int32
        /// What it wrote.
        package let output: String
        /// What it complained of.
        package let error: String
    }

    /// A call that ended otherwise than the test needs.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    private let program: Executable
    private let variables: [Environment.Key: String?]

    /// A program with variables of its own.
    package init(_ program: Executable, variables: [String: String] = [:]) {
        self.program = program
        var all: [Environment.Key: String?] = [
            "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "GIT_AUTHOR_NAME": "Test",
            "GIT_AUTHOR_EMAIL": "test@localhost", "GIT_COMMITTER_NAME": "Test", "GIT_COMMITTER_EMAIL": "test@localhost",
            "LC_ALL": "C.UTF-8",
        ]
        for (name, value) in variables { all[Environment.Key(stringLiteral: name)] = value }
        self.variables = all
    }

    /// The system's git.
    package static let git = Tool(.name("git"))

    /// The real dvc, which keeps its state in `folder`: `GYRE_TEST_DVC`, or that of `.venv-dvc` in the package.
    package static func dvc(state folder: FilePath) -> Tool {
        Tool(
            .path(dvcPath),
            variables: [
                "DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": folder.appending("dvc-site").string,
                "DVC_GLOBAL_CONFIG_DIR": folder.appending("dvc-global").string,
                "DVC_SYSTEM_CONFIG_DIR": folder.appending("dvc-system").string,
            ]
        )
    }

    /// The program of the real dvc.
    package static var dvcPath: FilePath { peer("GYRE_TEST_DVC", ".venv-dvc/bin/dvc") }

    /// The Python that dvc runs in.
    package static var dvcPython: Tool {
        Tool(.path(dvcPath.removingLastComponent().appending("python")))
    }

    /// The Python with the packages of `Python/requirements.txt`.
    package static var pythonPath: FilePath { peer("GYRE_TEST_PYTHON", ".venv/bin/python") }

    /// Runs it to its end.
    @discardableResult
    package func run(
        _ arguments: [String],
        in folder: FilePath,
        expecting code: Int32? = 0,
        input: String = ""
    ) async throws -> Answer {
        let result = try await Subprocess.run(
            program,
            arguments: Arguments(arguments),
            environment: .inherit.updating(variables),
            workingDirectory: folder,
            input: .string(input),
            output: .string(limit: 64 << 20),
            error: .string(limit: 64 << 20)
        )
        let ended: Int32 = if case .exited(let code) = result.terminationStatus { Int32(code) } else { -1 }
        let answer = Answer(code: ended, output: result.standardOutput, error: result.standardError)
        if let code, code != ended {
            throw Failure(description: "\(arguments.joined(separator: " ")) ended with \(ended): \(answer)")
        }
        return answer
    }

    private static func peer(_ variable: String, _ fallback: String, _ file: String = #filePath) -> FilePath {
        if let named = getenv(variable).map({ String(cString: $0) }), !named.isEmpty { return FilePath(named) }
        var root = FilePath(file)
        for _ in 0..<4 { root.removeLastComponent() }
        return root.pushing(FilePath(fallback))
    }
}
