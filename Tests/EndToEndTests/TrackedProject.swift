// SPDX-License-Identifier: Apache-2.0

import Files
import HTTPTransport
import JSONText
import SystemPackage
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// A project whose runs and models were logged through MLflow's API, once for all tests that look at them.
///
/// Three runs of the experiment `churn`, begun three, two and one hours ago: `first` finished, `second` failed, `third` goes on.
/// They differ in `depth`, and in `prompt`, which has 6,000 characters in the later ones. The model `churn` has a version of each
/// of the first two, and its `champion` needs a pass.
struct TrackedProject: Sendable {
    /// The project's folder; tests work in copies.
    let folder: FilePath
    /// The ids of the runs, the first first.
    let runs: [String]

    /// The first caller waits for the project.
    static var shared: TrackedProject {
        get async throws { try await making.value }
    }

    private static let making = Task { try await make() }

    /// Calls `body` with a copy of the project that it may change.
    static func copied<Result>(_ body: (Program, TrackedProject) async throws -> Result) async throws -> Result {
        let project = try await shared
        return try await Program.inCopy(of: project.folder) { try await body($0, project) }
    }

    /// A text without what differs from time to time: ids, moments, ages of under an hour.
    func steady(_ text: String) -> String {
        var text = text
        for (index, id) in runs.enumerated() {
            text = text.replacing(id, with: String(repeating: "\(index + 1)", count: 32))
            text = text.replacing(id.prefix(12), with: String(repeating: "\(index + 1)", count: 12))
        }
        text = text.replacing(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/, with: "YYYY-MM-DD hh:mm:ss")
        text = text.replacing(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/, with: "YYYY-MM-DDThh:mm:ss.000Z")
        text = text.replacing(/_ms":\d+/, with: "_ms\":0")
        return text
    }

    /// As ``steady(_:)``, of a table with ages of seconds, whose width differs too: its columns are two spaces apart.
    func steadyTable(_ text: String) -> String {
        steady(text).replacing(/\d+ (s|min) ago|just now/, with: "AGE").replacing(/\ {2,}/, with: "  ")
    }

    // MARK: Making it

    private static func make() async throws -> TrackedProject {
        let folder = try FileSystem.realPath(try FileSystem.temporaryDirectory(prefix: "gyre-tracked"))
        KeptFolders.keep(folder)
        let gyre = Program(folder: folder)
        try #require(try await gyre.run("init").code == 0)
        let settings = "project: trial\nmodel: {name: churn}\nevaluation: {require: [recall >= 0.9]}\n"
        try AtomicFile.write(settings, to: folder.appending("gyre.yaml"))
        var runs: [String] = []
        try await gyre.up { server in
            let experiment = try await server.call("experiments/create", #"{"name":"churn"}"#)["experiment_id"]?.string
            try #require(experiment == "1")
            for (index, name) in ["first", "second", "third"].enumerated() {
                runs.append(try await log(name, index, server))
            }
            try await logModels(of: runs, server)
        }
        return TrackedProject(folder: folder, runs: runs)
    }

    private static func log(_ name: String, _ index: Int, _ server: RunningServer) async throws -> String {
        // Ten minutes more, so that the age in hours is the same for all of the tests.
        let start = nowMs - Int64(3 - index) * 3_600_000 - 600_000
        let made = try await server.call(
            "runs/create",
            """
            {"experiment_id":"1","run_name":"\(name)","start_time":\(start),"user_id":"ada","tags":[
             {"key":"team","value":"risk"},{"key":"mlflow.source.name","value":"train.py"},
             {"key":"mlflow.source.git.commit","value":"4a6e3f17c0ffee00\(index)"}]}
            """
        )
        let id = try #require(made["run"]?["info"]?["run_id"]?.string)
        let losses = (0..<40).map { step in
            #"{"key":"loss","value":\#(1 / Double(step + index + 1)),"timestamp":\#(start + Int64(step)),"step":\#(step)}"#
        }
        let prompt = index == 0 ? "short" : String(repeating: "long ", count: 1_200)
        _ = try await server.call(
            "runs/log-batch",
            """
            {"run_id":"\(id)","params":[{"key":"depth","value":"\(index == 0 ? 4 : 6)"},{"key":"kind","value":"linear"},
             {"key":"prompt","value":"\(prompt)"}],
             "metrics":[{"key":"recall","value":\(0.8 + Double(index) / 20),"timestamp":\(start),"step":0},
             {"key":"width","value":7,"timestamp":\(start),"step":0},\(losses.joined(separator: ","))]}
            """
        )
        let data =
            #"{"name":"train","digest":"abc\#(index)","source_type":"local","source":"{\"uri\":\"data/train.csv\"}"}"#
        let context = #"[{"key":"mlflow.data.context","value":"training"}]"#
        _ = try await server.call(
            "runs/log-inputs",
            #"{"run_id":"\#(id)","datasets":[{"dataset":\#(data),"tags":\#(context)}]}"#
        )
        for (file, size) in [("model/MLmodel", 7), ("model/model.pkl", 20_000), ("notes.txt", 5)] {
            let path = "/api/2.0/mlflow-artifacts/artifacts/1/\(id)/artifacts/\(file)"
            let stored = try await server.send("PUT", path, String(repeating: "x", count: size))
            try #require(stored.status == 200, "\(stored.text)")
        }
        if index < 2 {
            let status = index == 0 ? "FINISHED" : "FAILED"
            _ = try await server.call(
                "runs/update",
                #"{"run_id":"\#(id)","status":"\#(status)","end_time":\#(start + 65_000)}"#
            )
        }
        return id
    }

    private static func logModels(of runs: [String], _ server: RunningServer) async throws {
        _ = try await server.call(
            "registered-models/create",
            #"{"name":"churn","description":"who leaves","tags":[{"key":"team","value":"risk"}]}"#
        )
        for run in runs.prefix(2) {
            let source = "mlflow-artifacts:/1/\(run)/artifacts/model"
            _ = try await server.call(
                "model-versions/create",
                #"{"name":"churn","source":"\#(source)","run_id":"\#(run)"}"#
            )
        }
        _ = try await server.call(
            "registered-models/alias",
            #"{"name":"churn","alias":"challenger","version":"2"}"#
        )
    }

    private static var nowMs: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000
    }
}

extension RunningServer {
    /// Calls MLflow's API, and returns the answer's document.
    func call(_ path: String, _ body: String) async throws -> JSONElement {
        let answer = try await send("POST", "/api/2.0/mlflow/\(path)", body)
        try #require(answer.status == 200, "\(path): \(answer.text)")
        return try JSONDocument(answer.text.isEmpty ? "{}" : answer.text).root
    }
}
