// SPDX-License-Identifier: Apache-2.0

import DataVersions
import Files
import JSONText
import ObjectStorage
import Subprocess
import SystemPackage
import Tracking

#if canImport(Glibc)
import Glibc
#endif

/// Writes down what a reproduction does, in one run.
struct RunRecorder: Sendable {
    let runID: String
    private let artifactPrefix: String?
    private let tracking: TrackingService
    private let python: FilePath?

    /// Opens the run with all that is known before the first stage: commit, changes, machine.
    static func begin(
        _ root: FilePath,
        _ tracking: TrackingService,
        _ options: ReproduceOptions
    ) async throws -> RunRecorder {
        let experiment = try await tracking.ensureExperiment(named: options.experiment)
        var tags =
            options.tags + [
                KeyValue("mlflow.source.type", "PROJECT"), KeyValue("mlflow.source.name", "gyre repro"),
                KeyValue("gyre.version", options.gyreVersion), KeyValue("gyre.machine", machine()),
            ]
        let git = Git(root: root)
        var diff = ""
        if try await git.isRepository(), let head = try? await git.head() {
            diff = try await git.diff()
            tags.append(KeyValue("mlflow.source.git.commit", head))
            tags.append(KeyValue("gyre.git.dirty", diff.isEmpty ? "false" : "true"))
            if let branch = try await git.branch() { tags.append(KeyValue("mlflow.source.git.branch", branch)) }
            if let remote = try await git.remote() { tags.append(KeyValue("mlflow.source.git.repoURL", remote)) }
        }
        let user = SystemEnvironment.value("USER") ?? SystemEnvironment.value("LOGNAME") ?? "unknown"
        tags.append(KeyValue("mlflow.user", user))
        let run = try await tracking.createRun(
            RunDraft(experimentID: experiment, name: options.runName, userID: user, tags: tags)
        )
        let recorder = RunRecorder(
            runID: run.id,
            artifactPrefix: TrackingService.artifactPrefix(of: run.artifactURI),
            tracking: tracking,
            python: options.python
        )
        if !diff.isEmpty { try await recorder.store(Array(diff.utf8), as: "gyre/uncommitted.patch") }
        return recorder
    }

    /// Notes what a stage read and wrote, and how long it took.
    func note(_ stage: Stage, inputs: [DataPointer], outputs: [DataPointer], seconds: Double) async throws {
        let datasets = inputs.map { pointer in
            DatasetInput(
                name: pointer.path,
                digest: pointer.md5,
                sourceType: "local",
                source: #"{"uri":"\#(pointer.path)","stage":"\#(stage.name)"}"#,
                tags: [KeyValue("mlflow.data.context", stage.name)]
            )
        }
        try await tracking.logInputs(datasets, run: runID)
        let tags = outputs.map { KeyValue("gyre.output.\($0.path)", $0.md5) }.filter { Self.isName($0.key) }
        let metric = Metric(key: "gyre.stage.\(stage.name).seconds", value: seconds, timestampMs: nowMs())
        try await tracking.log(.init(metrics: Self.isName(metric.key) ? [metric] : [], tags: tags), run: runID)
    }

    /// Ends the run well: parameters that the script did not log itself, the environment, the status.
    func finish(_ params: [(key: String, value: String)]) async throws {
        let known = Set(try await tracking.run(id: runID).params.map(\.key))
        let missing = params.filter { !known.contains($0.key) && Self.isName($0.key) }.map {
            KeyValue($0.key, $0.value)
        }
        for start in stride(from: 0, to: missing.count, by: 100) {
            try await tracking.log(.init(params: Array(missing[start..<min(start + 100, missing.count)])), run: runID)
        }
        if let freeze = try await environment() { try await store(Array(freeze.utf8), as: "gyre/requirements.txt") }
        _ = try await tracking.updateRun(id: runID, status: .finished, endMs: nowMs())
    }

    /// Ends the run badly.
    ///
    /// A failure to say so must not hide the one that ended it.
    func end(_ status: RunStatus) async {
        let (tracking, runID, endMs) = (tracking, runID, nowMs())
        // The task may be cancelled already; the note must be written all the same.
        await Task.detached { _ = try? await tracking.updateRun(id: runID, status: status, endMs: endMs) }.value
    }

    private func nowMs() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }

    private func store(_ bytes: [UInt8], as name: String) async throws {
        guard let artifactPrefix else { return }
        try await tracking.artifacts.put(try ObjectKey("\(artifactPrefix)/\(name)"), bytes: bytes)
    }

    /// The packages of the Python, by name and version, from what is installed beside it.
    private func environment() async throws -> String? {
        guard let python else { return nil }
        let library = python.removingLastComponent().removingLastComponent().appending("lib")
        return try await BlockingPool.shared.run {
            guard FileSystem.isDirectory(library) else { return nil }
            var lines: [String] = []
            for version in try FileSystem.list(library) where version.hasPrefix("python3") {
                let packages = library.appending(version).appending("site-packages")
                guard FileSystem.isDirectory(packages) else { continue }
                for name in try FileSystem.list(packages) where name.hasSuffix(".dist-info") {
                    let parts = name.dropLast(".dist-info".count).split(separator: "-", maxSplits: 1)
                    if parts.count == 2 { lines.append("\(parts[0])==\(parts[1])") }
                }
                lines.insert("# \(version)", at: 0)
            }
            return lines.isEmpty ? nil : lines.joined(separator: "\n") + "\n"
        }
    }

    private static func isName(_ key: String) -> Bool {
        key.utf8.count <= 250
            && key.unicodeScalars.allSatisfy {
                "_-.: /".unicodeScalars.contains($0) || $0.properties.isAlphabetic || ("0"..."9").contains($0)
            }
    }

    private static func machine() -> String {
        var name = utsname()
        guard uname(&name) == 0 else { return "unknown" }
        func text<Field>(_ field: Field) -> String {
            withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        }
        return
            "\(text(name.sysname)) \(text(name.release)) \(text(name.machine)), \(sysconf(Int32(_SC_NPROCESSORS_ONLN))) cores"
    }
}

/// The environment of this process, which stages inherit.
enum SystemEnvironment {
    static func value(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
