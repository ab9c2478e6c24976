// SPDX-License-Identifier: Apache-2.0

import Files
import Foundation
import SystemPackage
import Tables

@testable import Monitoring

/// A log in a fresh folder, with the real DuckDB from the Python that `GYRE_TEST_PYTHON` names or the package's `.venv`.
final class LogFolder: Sendable {
    let path: FilePath
    let engine: TableEngine

    init(_ file: String = #filePath) throws {
        path = try FileSystem.temporaryDirectory(prefix: "log [1]")
        var root = FilePath(file)
        for _ in 0..<4 { root.removeLastComponent() }
        let named = ProcessInfo.processInfo.environment["GYRE_TEST_PYTHON"].map { FilePath($0) }
        engine = try TableEngine(library: try .find(python: named ?? root.appending(".venv/bin/python"), explicit: nil))
    }

    // What cannot be removed now lies in the system's folder for such things.
    deinit { try? FileSystem.removeTree(path) }

    func log() throws -> InferenceLog { try InferenceLog(directory: path) }

    /// Names in the spool with this suffix.
    func segments(_ suffix: String) throws -> [FilePath] {
        let spool = path.appending("spool")
        return try FileSystem.list(spool).filter { $0.hasSuffix(suffix) }.map { spool.appending($0) }
    }

    /// What the Parquet files hold, asked as an analyst would.
    func parquet(_ sql: String) async throws -> TableResult {
        let files = TableEngine.pattern(in: path, "parquet/*/*/*.parquet")
        let source = "read_parquet(\(files), union_by_name = true, hive_partitioning = true)"
        return try await engine.query(sql.replacing("predictions", with: source))
    }
}

/// A prediction of no particular kind.
func prediction(
    _ number: Int,
    model: String = "churn",
    version: String = "1",
    timeMs: Int64? = nil,
    features: [LoggedPrediction.Feature]? = nil
) -> LoggedPrediction {
    LoggedPrediction(
        id: "019ab-\(100_000 + number)",
        model: model,
        version: version,
        runID: "run",
        timeMs: timeMs ?? 1_764_000_000_000 + Int64(number),
        durationNs: 1_500,
        features: features ?? [
            .init(name: "age", value: .number(Double(number) + 0.5)), .init(name: "plan", value: .text("basic")),
        ],
        label: "1",
        score: 0.75,
        traceID: nil
    )
}

/// For reads that must not need DuckDB.
struct NoEngine: Error {}
func noEngine() throws -> TableEngine { throw NoEngine() }
