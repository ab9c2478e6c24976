// SPDX-License-Identifier: Apache-2.0

import Files
import Subprocess
import SystemPackage
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// The built program, driven as a user drives it.
struct Program: Sendable {
    /// What a command did.
    struct Answer {
        let output: String
        let error: String
        /// -1 if a signal ended it.
        let code: Int32

        init(_ status: TerminationStatus, output: String, error: String) {
            (self.output, self.error) = (output, error)
            code = if case .exited(let code) = status { Int32(code) } else { -1 }
        }
    }

    /// A folder of the test's own.
    let folder: FilePath

    /// The program beside the tests.
    static var file: FilePath {
        get throws { try FileSystem.realPath("/proc/self/exe").removingLastComponent().appending("gyre") }
    }

    /// The package's folder.
    static var package: FilePath {
        var path = FilePath(#filePath)
        for _ in 0..<3 { path.removeLastComponent() }
        return path
    }

    /// A Python with the packages of `Python/requirements.txt`.
    static var python: FilePath {
        getenv("GYRE_TEST_PYTHON").map { FilePath(String(cString: $0)) } ?? package.appending(".venv/bin/python")
    }

    /// The Python that has the clients of others.
    static var clients: FilePath {
        getenv("GYRE_TEST_CLIENTS").map { FilePath(String(cString: $0)) }
            ?? package.appending(".venv-clients/bin/python")
    }

    /// Runs `body` with a program in an empty folder, which is gone afterwards.
    @discardableResult
    static func inEmptyFolder<Result>(_ body: (Program) async throws -> Result) async throws -> Result {
        let folder = try FileSystem.realPath(try FileSystem.temporaryDirectory(prefix: "gyre-test"))
        defer {
            // What cannot be removed lies in the system's temporary folder.
            try? FileSystem.removeTree(folder)
        }
        return try await body(Program(folder: folder))
    }

    /// Runs `body` in a folder that `gyre init` made a project.
    @discardableResult
    static func inProject<Result>(_ body: (Program) async throws -> Result) async throws -> Result {
        try await inEmptyFolder { gyre in
            let made = try await gyre.run("init")
            try #require(made.code == 0, "\(made.error)")
            return try await body(gyre)
        }
    }

    // MARK: Commands

    /// Runs a command to its end.
    func run(
        _ arguments: String...,
        environment: [String: String?] = [:],
        in path: FilePath? = nil
    ) async throws -> Answer {
        try await run(arguments, environment: environment, in: path)
    }

    /// Runs a command to its end.
    func run(
        _ arguments: [String],
        environment: [String: String?] = [:],
        in path: FilePath? = nil
    ) async throws -> Answer {
        try await run(.path(try Self.file), arguments, environment, in: path)
    }

    /// Runs a line of the shell, in which `$GYRE` is the program.
    func shell(_ line: String, environment: [String: String?] = [:]) async throws -> Answer {
        let more = environment.merging(["GYRE": try Self.file.string]) { own, _ in own }
        return try await run(.path("/bin/sh"), ["-c", line], more)
    }

    /// Runs a Python program to its end.
    func python(_ source: String, _ arguments: String...) async throws -> Answer {
        try await python(source, arguments)
    }

    /// Runs a Python program to its end.
    func python(_ source: String, _ arguments: [String]) async throws -> Answer {
        try await run(.path(Self.python), ["-c", source] + arguments)
    }

    /// Runs another program of the system to its end.
    func tool(_ name: String, _ arguments: String...) async throws -> Answer { try await run(.name(name), arguments) }

    private func run(
        _ executable: Executable,
        _ arguments: [String],
        _ environment: [String: String?] = [:],
        in path: FilePath? = nil
    ) async throws -> Answer {
        let configuration = configuration(executable, arguments, environment, in: path)
        let result = try await Subprocess.run(
            configuration,
            output: .string(limit: 32 << 20),
            error: .string(limit: 16 << 20)
        )
        return Answer(result.terminationStatus, output: result.standardOutput, error: result.standardError)
    }

    /// How programs are started: in the folder, with a Python that has the packages, and with nobody's settings of git.
    func configuration(
        _ executable: Executable,
        _ arguments: [String],
        _ environment: [String: String?] = [:],
        in path: FilePath? = nil
    ) -> Configuration {
        var variables: [Subprocess.Environment.Key: String?] = [
            "GYRE_PYTHON": Self.python.string, "GYRE_DUCKDB": nil, "GYRE_ONNXRUNTIME": nil, "VIRTUAL_ENV": nil,
            "NO_COLOR": "1", "GIT_CONFIG_GLOBAL": "/dev/null",
        ]
        for (name, value) in environment { variables[.init(stringLiteral: name)] = value }
        var options = PlatformOptions()
        options.teardownSequence = [.send(signal: .terminate, allowedDurationToNextStep: .seconds(5))]
        return Configuration(
            executable: executable,
            arguments: Arguments(arguments),
            environment: .inherit.updating(variables),
            workingDirectory: path ?? folder,
            platformOptions: options
        )
    }
}
