// SPDX-License-Identifier: Apache-2.0

import Files
import HTTPTransport
import Subprocess
import SystemPackage
import Testing

/// The built program, driven as a user drives it.
struct Program {
    /// What a command did.
    struct Answer {
        let output: String
        let error: String
        /// -1 if a signal ended it.
        let code: Int32
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
        Environment.value("GYRE_TEST_PYTHON").map { FilePath($0) } ?? package.appending(".venv/bin/python")
    }

    /// Runs `body` with a program in an empty folder, which is gone afterwards.
    static func inEmptyFolder<Result>(_ body: (Program) async throws -> Result) async throws -> Result {
        let folder = try FileSystem.realPath(try FileSystem.temporaryDirectory(prefix: "gyre-test"))
        defer {
            // What cannot be removed lies in the system's temporary folder.
            try? FileSystem.removeTree(folder)
        }
        return try await body(Program(folder: folder))
    }

    /// Runs a command to its end.
    func run(
        _ arguments: String...,
        environment: [String: String] = [:],
        in path: FilePath? = nil
    ) async throws -> Answer {
        let result = try await Subprocess.run(
            .path(try Self.file),
            arguments: Arguments(arguments),
            environment: .inherit.updating(variables(environment)),
            workingDirectory: path ?? folder,
            output: .string(limit: 16 << 20),
            error: .string(limit: 16 << 20)
        )
        let code: Int32 = if case .exited(let code) = result.terminationStatus { Int32(code) } else { -1 }
        return Answer(output: result.standardOutput, error: result.standardError, code: code)
    }

    /// Runs a Python program to its end.
    func python(_ source: String, _ arguments: String..., environment: [String: String] = [:]) async throws -> Answer {
        let result = try await Subprocess.run(
            .path(Self.python),
            arguments: Arguments(["-c", source] + arguments),
            environment: .inherit.updating(variables(environment)),
            workingDirectory: folder,
            output: .string(limit: 16 << 20),
            error: .string(limit: 16 << 20)
        )
        let code: Int32 = if case .exited(let code) = result.terminationStatus { Int32(code) } else { -1 }
        return Answer(output: result.standardOutput, error: result.standardError, code: code)
    }

    /// Runs `gyre up` while `body` works with its URL, and ends it by `signal`.
    ///
    /// - Returns: The exit code; -1 if the signal itself ended it.
    @discardableResult
    func up(
        endingBy signal: Signal = .terminate,
        environment: [String: String] = [:],
        _ body: (_ url: String) async throws -> Void
    ) async throws -> Int32 {
        var options = PlatformOptions()
        options.teardownSequence = [.send(signal: .kill, allowedDurationToNextStep: .seconds(1))]
        let result = try await Subprocess.run(
            Configuration(
                executable: .path(try Self.file),
                arguments: ["up", "--port", "0"],
                environment: .inherit.updating(variables(environment)),
                workingDirectory: folder,
                platformOptions: options
            ),
            input: .none,
            output: .sequence,
            error: .discarded
        ) { execution in
            var text: [UInt8] = []
            for try await chunk in execution.standardOutput {
                chunk.withUnsafeBytes { text.append(contentsOf: $0) }
                if text.contains(UInt8(ascii: "\n")) { break }
            }
            let url = String(decoding: text.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
            try #require(url.hasPrefix("http://127.0.0.1:"))
            try await body(url)
            try execution.send(signal: signal)
        }
        if case .exited(let code) = result.terminationStatus { return Int32(code) }
        return -1
    }

    private func variables(_ more: [String: String]) -> [Subprocess.Environment.Key: String?] {
        var variables: [Subprocess.Environment.Key: String?] = ["GYRE_PYTHON": Self.python.string, "NO_COLOR": "1"]
        for (name, value) in more { variables[.init(stringLiteral: name)] = value }
        return variables
    }

    private enum Environment {
        static func value(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
    }
}

#if canImport(Glibc)
import Glibc
#endif
