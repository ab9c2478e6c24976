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
    private let experimentID: String
    private let user: String
    /// Notes that the runs of stages share; where the code is from, the run above them says.
    private let common: [KeyValue]

    /// Opens the run with all that is known before the first stage: commit, changes, machine.
    ///
    /// - Parameters:
    ///   - root: The project.
    ///   - tracking: Where the run is kept.
    ///   - options: The experiment, names and tags.
    ///   - scratch: A folder for files under way.
    /// - Returns: The recorder of the new run.
    /// - Throws: Errors of Tracking and DataVersions.
    static func begin(
        _ root: FilePath,
        _ tracking: TrackingService,
        _ options: ReproduceOptions,
        scratch: FilePath
    ) async throws -> RunRecorder {
        let experiment = try await tracking.ensureExperiment(named: options.experiment)
        var tags =
            options.tags + [
                KeyValue("mlflow.source.type", "PROJECT"), KeyValue("mlflow.source.name", "gyre repro"),
                KeyValue("gyre.version", options.gyreVersion), KeyValue("gyre.machine", machine()),
            ]
        let git = Git(root: root)
        var patch: String?
        if try await git.isRepository(), let head = try await git.commitIfAny() {
            let changes = try await git.changes(scratch: scratch)
            patch = changes.patch
            tags.append(KeyValue("mlflow.source.git.commit", head))
            tags.append(KeyValue("gyre.git.dirty", changes.isDirty ? "true" : "false"))
            if patch == nil { tags.append(KeyValue("gyre.git.patch", "left out: it is larger than 16 MiB")) }
            if let branch = try await git.branch() { tags.append(KeyValue("mlflow.source.git.branch", branch)) }
            if let remote = try await git.remote() { tags.append(KeyValue("mlflow.source.git.repoURL", remote)) }
        }
        let user = try await user(git)
        tags.append(KeyValue("mlflow.user", user))
        let run = try await tracking.createRun(
            RunDraft(experimentID: experiment, name: options.runName, userID: user, tags: tags)
        )
        let recorder = RunRecorder(
            runID: run.id,
            artifactPrefix: TrackingService.artifactPrefix(of: run.artifactURI),
            tracking: tracking,
            python: options.python,
            experimentID: experiment,
            user: user,
            common: tags.filter {
                ["mlflow.user", "mlflow.source.type", "mlflow.source.name", "gyre.version"].contains($0.key)
            }
        )
        do {
            if let patch, !patch.isEmpty { try await recorder.store(Array(patch.utf8), as: "gyre/uncommitted.patch") }
        } catch {
            await recorder.end(.failed)
            throw error
        }
        return recorder
    }

    /// Who runs it: the login as MLflow's client tells it; where the environment names nobody, as in containers, who commits, or
    /// the owner of the process.
    static func user(
        _ git: Git,
        variable: (String) -> String? = SystemEnvironment.value
    ) async throws -> String {
        // The order of Python's `getpass.getuser`, which the client asks.
        for name in ["LOGNAME", "USER", "LNAME", "USERNAME"] {
            if let user = variable(name), !user.isEmpty { return user }
        }
        let user = try await git.userName() ?? SystemEnvironment.owner ?? "unknown"
        return String(user.prefix(256))
    }

    /// Opens the run of a stage, below this one.
    ///
    /// What the command logs goes to this run, where models and metrics are looked for; the stage's own tells what it read and
    /// wrote, and how it ended.
    ///
    /// - Parameters:
    ///   - stage: The stage.
    ///   - params: The parameters that it depends on.
    ///   - isCached: Whether its outputs come from the cache.
    /// - Returns: The run's id.
    /// - Throws: Errors of Tracking.
    func begin(_ stage: Stage, params: ParameterValues, isCached: Bool) async throws -> String {
        let tags =
            common + [
                KeyValue("mlflow.parentRunId", runID), KeyValue("gyre.stage", stage.address),
                KeyValue("gyre.stage.command", Self.cut(stage.commands.joined(separator: "\n"), to: 5_000)),
                KeyValue("gyre.stage.cached", isCached ? "true" : "false"),
            ]
        let name = String(stage.address.prefix(200))
        let run = try await tracking.createRun(
            RunDraft(experimentID: experimentID, name: name, userID: user, tags: tags)
        )
        var known: Set<String> = []
        let values = params.flatMap { file, values in
            values.flatMap { ParameterFiles.flat($0.value, prefix: $0.key) }.map { key, value in
                (file == ParameterFiles.main ? key : "\(file):\(key)", value)
            }
        }
        let logged = values.filter { Self.isName($0.0) && known.insert($0.0).inserted }.map {
            KeyValue($0.0, Self.cut($0.1, to: 6_000))
        }
        for batch in logged.chunks(of: 100) { try await tracking.log(.init(params: batch), run: run.id) }
        return run.id
    }

    /// Notes what a stage read and wrote, what it measured, and how long it took.
    ///
    /// - Parameters:
    ///   - stage: The stage.
    ///   - child: The run of the stage, which ends well.
    ///   - inputs: What it read.
    ///   - outputs: What it wrote.
    ///   - metrics: Values of metrics files; one that the script logged itself is left as it is.
    ///   - seconds: How long it took.
    /// - Throws: Errors of Tracking.
    func note(
        _ stage: Stage,
        child: String?,
        inputs: [DataPointer],
        outputs: [DataPointer],
        metrics: [(key: String, value: Double)],
        seconds: Double
    ) async throws {
        // Paths count from the project here, wherever the stage runs.
        let inputs = inputs.map { pointer in
            stage.dependencies.first { $0.written == pointer.path }.map { pointer.at($0.path) } ?? pointer
        }
        let outputs = outputs.map { pointer in
            stage.outputs.first { $0.place.written == pointer.path }.map { pointer.at($0.path) } ?? pointer
        }
        let datasets = inputs.map { pointer in
            var source = JSONWriter()
            source.object { source in
                source.field("uri", pointer.path)
                source.field("stage", stage.address)
            }
            return DatasetInput(
                name: String(pointer.path.prefix(500)),
                digest: pointer.md5,
                sourceType: "local",
                source: source.text,
                tags: [KeyValue("mlflow.data.context", stage.address)]
            )
        }
        try await tracking.logInputs(datasets, run: runID)
        let known = Set(try await tracking.run(id: runID).metrics.map(\.key))
        let timestampMs = nowMs()
        let values =
            metrics.filter { !known.contains($0.key) } + [(key: "gyre.stage.\(stage.address).seconds", value: seconds)]
        let measured = values.filter { Self.isName($0.key) }.map {
            Metric(key: $0.key, value: $0.value, timestampMs: timestampMs)
        }
        for batch in measured.chunks(of: 1_000) { try await tracking.log(.init(metrics: batch), run: runID) }
        let tags = outputs.map { KeyValue("gyre.output.\($0.path)", $0.md5) }.filter { Self.isName($0.key) }
        for batch in tags.chunks(of: 100) { try await tracking.log(.init(tags: batch), run: runID) }
        guard let child else { return }
        let time = Metric(key: "gyre.seconds", value: seconds, timestampMs: timestampMs)
        try await tracking.log(.init(metrics: [time]), run: child)
        // Not as inputs: what read and wrote a content is looked for among the runs above.
        let named = [("input", inputs), ("output", outputs)].flatMap { kind, pointers in
            pointers.map { KeyValue("gyre.stage.\(kind).\($0.path)", $0.md5) }.filter { Self.isName($0.key) }
        }
        for batch in named.chunks(of: 100) { try await tracking.log(.init(tags: batch), run: child) }
        _ = try await tracking.updateRun(id: child, status: .finished, endMs: nowMs())
    }

    /// Notes metrics that no stage of the run wrote.
    func measure(_ metrics: [(key: String, value: Double)]) async throws {
        let timestampMs = nowMs()
        let measured = metrics.filter { Self.isName($0.key) }.map {
            Metric(key: $0.key, value: $0.value, timestampMs: timestampMs)
        }
        for batch in measured.chunks(of: 1_000) { try await tracking.log(.init(metrics: batch), run: runID) }
    }

    /// Ends the run well: parameters that the script did not log itself, the environment, the status.
    func finish(
        _ params: [(key: String, value: String)],
        note states: [(stage: String, state: StageResult.State)]
    ) async throws {
        try await log(params)
        try await note(states)
        if let freeze = try await environment() { try await store(Array(freeze.utf8), as: "gyre/requirements.txt") }
        _ = try await tracking.updateRun(id: runID, status: .finished, endMs: nowMs())
    }

    /// Ends the run badly; a failure to say so must not hide the one that ended it.
    func end(
        _ status: RunStatus,
        _ params: [(key: String, value: String)] = [],
        note states: [(stage: String, state: StageResult.State)] = []
    ) async {
        let (recorder, endMs) = (self, nowMs())
        // The task may be cancelled already; the note must be written all the same.
        await Task.detached {
            try? await recorder.log(params)
            try? await recorder.note(states)
            _ = try? await recorder.tracking.updateRun(id: recorder.runID, status: status, endMs: endMs)
        }.value
    }

    /// Ends the run of a stage badly.
    func end(_ child: String, _ status: RunStatus) async {
        let (tracking, endMs) = (tracking, nowMs())
        await Task.detached { _ = try? await tracking.updateRun(id: child, status: status, endMs: endMs) }.value
    }

    /// Logs parameters that the script did not log itself.
    private func log(_ params: [(key: String, value: String)]) async throws {
        var known = Set(try await tracking.run(id: runID).params.map(\.key))
        let missing = params.filter { Self.isName($0.key) && known.insert($0.key).inserted }.map {
            KeyValue($0.key, Self.cut($0.value, to: 6_000))
        }
        for batch in missing.chunks(of: 100) { try await tracking.log(.init(params: batch), run: runID) }
    }

    /// Marks what became of each stage: which ran, which came from the cache, which were up to date.
    private func note(_ states: [(stage: String, state: StageResult.State)]) async throws {
        let tags = states.map { KeyValue("gyre.stage.\($0.stage)", $0.state.rawValue) }.filter { Self.isName($0.key) }
        for batch in tags.chunks(of: 100) { try await tracking.log(.init(tags: batch), run: runID) }
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

    /// Whether tracking takes the name.
    private static func isName(_ key: String) -> Bool {
        let parts = key.split(separator: "/", omittingEmptySubsequences: false)
        return key.utf8.count <= 250 && !parts.contains { ["", ".", ".."].contains($0) }
            && key.unicodeScalars.allSatisfy {
                "_-.: /".unicodeScalars.contains($0) || $0.properties.isAlphabetic || ("0"..."9").contains($0)
            }
    }

    /// A text with at most so many bytes, and a mark where it was cut.
    private static func cut(_ text: String, to count: Int) -> String {
        guard text.utf8.count > count else { return text }
        return String(decoding: text.utf8.prefix(count - 7), as: UTF8.self).filter { $0 != "\u{FFFD}" } + "…"
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

    /// The name of the user that the process runs as; nil if the system knows none.
    static var owner: String? {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16_384)
        guard getpwuid_r(geteuid(), &entry, &buffer, buffer.count, &found) == 0, found != nil else { return nil }
        return entry.pw_name.map { String(cString: $0) }
    }
}

extension Array {
    /// The elements in their order, so many at a time.
    fileprivate func chunks(of count: Int) -> [[Element]] {
        stride(from: 0, to: self.count, by: count).map { Array(self[$0..<Swift.min($0 + count, self.count)]) }
    }
}
