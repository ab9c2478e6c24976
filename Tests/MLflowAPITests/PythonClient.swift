// SPDX-License-Identifier: Apache-2.0

import Files
import HummingbirdTesting
import Subprocess
import SystemPackage
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// A real `mlflow` client, unmodified, as a child process.
enum PythonClient: String, CaseIterable, CustomTestStringConvertible {
    /// The newest minor, of `Python/requirements-clients.txt`, with what else logs through it.
    case current = "the current minor"
    /// The minor before, of `Python/requirements.txt`, as the examples use it.
    case previous = "the previous minor"

    var testDescription: String { rawValue }

    /// A Python with the client's packages.
    private var python: FilePath {
        let (variable, folder) =
            self == .current ? ("GYRE_TEST_CLIENTS", ".venv-clients") : ("GYRE_TEST_PYTHON", ".venv")
        if let path = getenv(variable) { return FilePath(String(cString: path)) }
        var package = FilePath(#filePath)
        for _ in 0..<3 { package.removeLastComponent() }
        return package.appending("\(folder)/bin/python")
    }

    /// The minor of its release, as 17 of 3.17.0.
    var minor: Int {
        get async throws {
            let program =
                "import importlib.metadata as m; print(m.version('mlflow\(self == .current ? "" : "-skinny")'))"
            let result = try await Subprocess.run(
                .path(python),
                arguments: ["-c", program],
                output: .string(limit: 100),
                error: .string(limit: 10_000)
            )
            let parts = result.standardOutput.split(separator: ".")
            try #require(parts.count > 2 && parts.first == "3", "\(result.standardError)")
            return try #require(Int(parts[1]))
        }
    }

    /// What every program begins with.
    private static let prelude = """
        import os, json, mlflow
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException
        client = MlflowClient()
        def refused(code, call, *arguments, **named):
            try:
                call(*arguments, **named)
            except MlflowException as error:
                assert error.error_code == code, (error.error_code, str(error))
                return str(error)
            raise AssertionError("was not refused")

        """

    /// Runs a program of the client against a listening server; what it asserts must hold.
    func run(
        guarded: Set<String> = [],
        variables more: [String: String] = [:],
        _ program: String,
        delivering: Bool = false,
        then check: @escaping @Sendable (TestServer) async throws -> Void = { _ in }
    ) async throws {
        try await TestServer.run(.live, guarded: guarded, delivering: delivering) { server in
            let port = try #require(server.client.port)
            let home = server.folder.appending("home")
            try FileSystem.createDirectory(home)
            var variables: [Environment.Key: String?] = [
                "MLFLOW_TRACKING_URI": "http://localhost:\(port)", "HOME": home.string, "TMPDIR": home.string,
                // One try and a short patience: a failure must show as itself.
                "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
                // Its thread changes the environment while others read it; and a test calls nobody outside.
                "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true",
                "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false", "GIT_PYTHON_REFRESH": "quiet",
                "PYTHONDONTWRITEBYTECODE": nil, "MLFLOW_RUN_ID": nil, "MLFLOW_EXPERIMENT_ID": nil,
            ]
            for (name, value) in more { variables[Environment.Key(stringLiteral: name)] = value }
            let result = try await Subprocess.run(
                .path(python),
                arguments: Arguments(["-c", Self.prelude + program]),
                environment: .inherit.updating(variables),
                workingDirectory: home,
                output: .string(limit: 1 << 20),
                error: .string(limit: 1 << 20)
            )
            try #require(result.terminationStatus.isSuccess, "\(result.standardError.suffix(3_000))")
            try await check(server)
        }
    }
}
