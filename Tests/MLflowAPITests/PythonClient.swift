// SPDX-License-Identifier: Apache-2.0

import Files
import HummingbirdTesting
import Subprocess
import SystemPackage
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// The real `mlflow` client of `Python/requirements.txt`, unmodified, as a child process.
struct PythonClient {
    /// A Python with the packages of `Python/requirements.txt`.
    private static var python: FilePath {
        if let path = getenv("GYRE_TEST_PYTHON") { return FilePath(String(cString: path)) }
        var package = FilePath(#filePath)
        for _ in 0..<3 { package.removeLastComponent() }
        return package.appending(".venv/bin/python")
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
    static func run(
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
                arguments: Arguments(["-c", prelude + program]),
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
